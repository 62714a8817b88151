"""Checkouts: a stay is priced, the quote kept, and the payment provider asked for a page where it can be paid.

The quote's id is the provider's idempotency key. Nothing here marks anything as paid: events do
(`services/payment_events.py`).
"""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.payments import CheckoutOrder
from parkhub.db import bookings as booking_rows
from parkhub.db import lots as lot_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import receipts as receipt_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.db.payments import Payment
from parkhub.db.quotes import StoredQuote
from parkhub.domain import pay_ahead
from parkhub.domain.payments import CHECKOUT_LIFE, OPENED_WITHIN, PAYABLE_LEFT, PaymentState
from parkhub.domain.text import one_line
from parkhub.errors import ConflictError, InvalidInputError, ParkHubError
from parkhub.languages import language as words_of
from parkhub.services import billing
from parkhub.settings import Settings

EMAIL_MAX: Final = 254
ID_BYTES: Final = 18
UNTOLD_AFTER: Final = timedelta(hours=1)
"""An open payment is taken for expired this long after its checkout's end, should the provider never tell."""
_BATCH: Final = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Checkout:
    """A page of the provider where a quote can be paid; ``id`` is the quote's public id."""

    id: str
    url: str
    amount_cents: int
    currency: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class CheckoutState:
    """How far a checkout is, of a quote made at ``created_at``. ``leave_by`` and ``receipt_id`` are there once it is
    paid, ``paid_until`` if it is to pay ahead.
    """

    public_id: str
    state: PaymentState
    session_id: int | None
    amount_cents: int
    currency: str
    leave_by: datetime | None
    receipt_id: str | None
    created_at: datetime
    paid_until: datetime | None = None
    booking_id: int | None = None


async def start_checkout(
    clients: Clients,
    settings: Settings,
    session_id: int,
    email: str,
    now: datetime,
    until: datetime | None = None,
    *,
    language: str = "en",
    customer: str = "",
) -> Checkout:
    """Price a stay now and open a page where that is paid; asked again while that holds, the same page.

    With ``until`` it is paid ahead until then, which the caller has found to be allowed (`domain/pay_ahead.py`). The
    receipt is sent to ``email``, unless empty, in ``language``. The card that pays is kept for ``customer``,
    unless empty. Raises InvalidInputError when nothing is due, ConflictError while a payment is on its way, BusyError.
    """
    email = _checked_email(email)
    async with transaction():
        stored, payment, outdated = await _quoted(
            clients.payments.name, session_id, email, language, now, until, customer
        )
    return await open_page(clients, settings, stored, payment, outdated, now)


async def open_page(
    clients: Clients, settings: Settings, stored: StoredQuote, payment: Payment, outdated: list[Payment], now: datetime
) -> Checkout:
    """The provider's page for a kept quote; the pages of outdated ones end. Raises BusyError."""
    if not payment.checkout:
        opened = await clients.payments.create_checkout(await _order(settings, stored, payment))
        await payment_rows.set_checkout(payment.id, opened.id, opened.url)
        payment = await payment_rows.get_payment(payment.id)
    await end_checkouts(clients, outdated, now)
    return Checkout(stored.public_id, payment.url, stored.amount_cents, stored.quote.currency, payment.expires_at)


async def find_checkout(public_id: str) -> CheckoutState:
    """How far a checkout is. Raises NotFoundError."""
    stored = await quote_rows.get_by_public_id(public_id)
    payment = await payment_rows.get_of_quote(stored.id)
    paid = payment.state is PaymentState.PAID
    session = await session_rows.get_session(stored.session_id) if paid and stored.session_id else None
    return CheckoutState(
        public_id=public_id,
        state=payment.state,
        session_id=stored.session_id,
        amount_cents=stored.amount_cents,
        currency=stored.quote.currency,
        leave_by=session.leave_by if session else None,
        receipt_id=await receipt_rows.find_of_quote(stored.id) if paid else None,
        created_at=stored.created_at,
        paid_until=stored.paid_until,
        booking_id=stored.booking_id,
    )


async def end_checkouts(clients: Clients, payments: list[Payment], now: datetime) -> None:
    """End pages that nobody shall pay on any more. One that is paid at this very moment is paid; its event tells."""
    for payment in payments:
        if payment.provider != clients.payments.name or not payment.checkout:
            continue
        try:
            ended = await clients.payments.expire_checkout(payment.checkout, now)
        except ParkHubError as error:
            log.warning("checkout.not_ended", payment=payment.id, reason=str(error))
            continue
        if ended:
            await payment_rows.expire(payment.id)


async def expire_untold(now: datetime) -> int:
    """Take for expired what the provider never told of; if it was paid after all, that still counts when told."""
    past = await payment_rows.list_open_past(now - UNTOLD_AFTER, _BATCH)
    for payment in past:
        await payment_rows.expire(payment.id)
    return len(past)


async def _quoted(
    provider: str, session_id: int, email: str, language: str, now: datetime, until: datetime | None, customer: str
) -> tuple[StoredQuote, Payment, list[Payment]]:
    """The quote that holds now with its payment, and the open payments of quotes that do not hold any more."""
    lot_id = (await session_rows.get_session(session_id)).lot_id
    await session_rows.lock_lot(lot_id)
    session = await session_rows.get_session(session_id)
    if until is not None:
        session = replace(session, paid_until=until, entered_at=pay_ahead.begin_of(session, now))
    bill = await billing.bill_of(session, now)
    if bill.quote is None or bill.due_cents <= 0:
        raise InvalidInputError("There is nothing to pay for this stay.")
    known = await payment_rows.list_of_session(session_id)
    if any(payment.state is PaymentState.PROCESSING for payment in known):
        raise ConflictError("A payment for this stay is on its way. There is nothing more to do.")
    still_open = [payment for payment in known if payment.state is PaymentState.OPEN]
    for payment in still_open:
        stored = await quote_rows.get_quote(payment.quote_id)
        same = (payment.provider, payment.customer) == (provider, customer)
        if same and _holds(stored, payment, bill.due_cents, email, until, now):
            return stored, payment, [other for other in still_open if other is not payment]
    public_id = secrets.token_urlsafe(ID_BYTES)
    stored = await quote_rows.add_quote(
        public_id,
        session.lot_id,
        session.id,
        session.ticket,
        email,
        bill.due_cents,
        bill.quote,
        now,
        language,
        paid_until=until,
    )
    return stored, await payment_rows.add_payment(stored.id, provider, now + CHECKOUT_LIFE, customer), still_open


def _holds(
    stored: StoredQuote, payment: Payment, due_cents: int, email: str, until: datetime | None, now: datetime
) -> bool:
    """Whether a quote is what would be quoted now, and can be paid for a while."""
    changes_at = stored.quote.changes_at
    asked = (stored.amount_cents, stored.email, stored.paid_until) == (due_cents, email, until)
    same = asked and (changes_at is None or now < changes_at)
    ends_at = payment.expires_at - PAYABLE_LEFT if payment.checkout else stored.created_at + OPENED_WITHIN
    return same and now < ends_at


async def _order(settings: Settings, stored: StoredQuote, payment: Payment) -> CheckoutOrder:
    lot = await lot_rows.get_lot(stored.lot_id)
    back = f"{settings.address}/pay/checkouts/{stored.public_id}"
    of = {"session": str(stored.session_id)}
    if stored.booking_id is not None:
        back = f"{settings.address}/bookings/{(await booking_rows.get_booking(stored.booking_id)).public_id}"
        of = {"booking": str(stored.booking_id)}
    return CheckoutOrder(
        key=stored.public_id,
        amount_cents=stored.amount_cents,
        currency=stored.quote.currency,
        title=words_of(stored.language).gettext("Parking, %(lot)s", lot=lot.name),
        email=stored.email,
        return_url=back if stored.booking_id is None else f"{back}?back=1",
        cancel_url=f"{back}?cancelled=1",
        created_at=stored.created_at,
        expires_at=payment.expires_at,
        metadata={"quote": stored.public_id, "lot": lot.slug, **of},
        customer=payment.customer,
    )


def _checked_email(email: str) -> str:
    email = email.strip()
    name, at, domain = email.rpartition("@")
    if email and (not at or not name or "." not in domain or len(email) > EMAIL_MAX or not one_line(email)):
        raise InvalidInputError("This is no e-mail address. Leave it empty if you want no receipt by e-mail.")
    return email
