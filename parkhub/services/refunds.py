"""Giving back through the payment provider what was paid through it, all or a part, with a reason."""

import secrets
from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.payments import RefundOrder
from parkhub.db import bookings as booking_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import refunds as refund_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.db.payments import Payment
from parkhub.db.quotes import StoredQuote
from parkhub.db.refunds import AskedRefund
from parkhub.domain.ledger import Account
from parkhub.domain.payment_events import RefundFailed
from parkhub.domain.payments import PaymentState, booking_uid
from parkhub.domain.reasons import checked_reason
from parkhub.errors import BusyError, ConflictError, InvalidInputError, NotFoundError, ParkHubError
from parkhub.services import billing, booking_money, credit_notes, mail, payments, receipts
from parkhub.settings import Settings

AT_PROVIDER: Final = "Given back at the payment provider"
CAME_BACK: Final = "The driver's bank did not take it"
STUCK_AFTER: Final = timedelta(minutes=1)
ASKED_AGAIN_FOR: Final = timedelta(hours=20)
"""The provider knows a refund by its key for a day; after that asking again would give back twice."""
REFUSAL_LENGTH_MAX: Final = 300
_BATCH: Final = 50

log = structlog.get_logger(__name__)


async def refund_payment(
    clients: Clients,
    settings: Settings,
    public_id: str,
    amount_cents: int | None,
    reason: str,
    account_id: int | None,
    now: datetime,
    uid: str = "",
) -> Payment:
    """Give back a paid quote through the provider, all that is left of it if no amount is said.

    ``uid`` is made by whoever asks: asked again with it, nothing more is given back. Raises InvalidInputError,
    ConflictError for a quote that is not paid, BusyError when the provider is away: then it is asked again by itself.
    """
    name = f"asked:{uid}" if uid else secrets.token_urlsafe(12)
    async with transaction():
        quote = await quote_rows.get_by_public_id(public_id)
        await session_rows.lock_lot(quote.lot_id)
        payment = await payment_rows.get_of_quote(quote.id)
        reason = checked_reason(reason, [await _plate(quote)])
        known = await refund_rows.find_refund(name)
        if known is not None:
            if known.payment_id != payment.id or amount_cents not in (None, known.amount_cents):
                raise ConflictError("Another refund was asked for with this id.")
            return payment
        amount = await _checked_amount(clients, payment, quote, amount_cents, now)
        refund = await refund_rows.add_refund(name, payment.id, amount, reason, account_id, now)
    return await _give_back(clients, settings, refund, now)


async def retry(
    clients: Clients, settings: Settings, session_id: int, public_id: str, account_id: int | None, now: datetime
) -> Payment:
    """Ask once more for a refund of a session that was refused or failed, see `ask_anew`."""
    known = await refund_rows.list_refused(session_id)
    return await ask_anew(clients, settings, known, public_id, account_id, now)


async def ask_anew(
    clients: Clients,
    settings: Settings,
    known: list[AskedRefund],
    public_id: str,
    account_id: int | None,
    now: datetime,
) -> Payment:
    """Ask once more for one of the refunds that were refused or failed, for as much and with the same reason.

    It is another one to the provider, which answers a refund of the same key as it did before. Nobody but a person
    asks, because what it refused it mostly refuses until something was done, such as money put into its account.
    Raises NotFoundError, ConflictError when it was asked for again already, and what `refund_payment` raises.
    """
    refused = next((each for each in known if each.public_id == public_id), None)
    if refused is None:
        raise NotFoundError("There is no such refund that was refused.")
    async with transaction():
        payment = await payment_rows.get_payment(refused.payment_id)
        quote = await quote_rows.get_quote(payment.quote_id)
        await session_rows.lock_lot(quote.lot_id)
        payment = await payment_rows.get_payment(payment.id)
        amount = await _checked_amount(clients, payment, quote, refused.amount_cents, now)
        if not await refund_rows.reopen_refund(refused.id):
            raise ConflictError("Somebody has asked for this refund again already.")
        name = secrets.token_urlsafe(12)
        refund = await refund_rows.add_refund(name, payment.id, amount, refused.reason, account_id, now)
    return await _give_back(clients, settings, refund, now)


async def ask_again(clients: Clients, settings: Settings, now: datetime) -> int:
    """Ask again for refunds of which it is not known whether they were made."""
    stuck = await refund_rows.list_stuck_refunds(now - STUCK_AFTER, now - ASKED_AGAIN_FOR, _BATCH)
    for refund in stuck:
        try:
            await _give_back(clients, settings, refund, now)
        except ParkHubError as error:
            log.warning("refund.not_made", refund=refund.id, reason=str(error))
    return len(stuck)


async def book(settings: Settings, payment: Payment, quote: StoredQuote, made_cents: int, now: datetime) -> None:
    """Book what was given back beyond what is booked. Inside a transaction that holds the lot's books.

    ``made_cents`` is all that was given back of the payment by then, what failed later too, so that neither order nor
    repetition matters. What goes beyond what was paid waits until it is told which refund failed. The reason is that of
    a refund asked for here, if one is of just this amount. What was given back before and failed is noted on a credit
    note already.
    """
    difference = min(made_cents - payment.ever_refunded_cents, payment.paid_cents - payment.refunded_cents)
    if difference <= 0:
        return
    made_cents = payment.ever_refunded_cents + difference
    asked = await refund_rows.list_asked_refunds(payment.id)
    ours = next((refund for refund in asked if refund.amount_cents == difference), None)
    reason, account_id = (ours.reason, ours.account_id) if ours else (AT_PROVIDER, None)
    uid = booking_uid(quote.public_id, "refund", str(made_cents))
    if quote.session_id is None:
        booking = await booking_rows.get_booking(quote.booking_id or 0)
        await booking_money.refund(booking, difference, reason, uid, account_id, now)
    else:
        await payments.refund(quote.session_id, difference, Account.CLEARING, reason, uid, account_id, now, told=True)
    again = min(difference, payment.returned_cents)
    returned = payment.returned_cents - again
    await payment_rows.set_refunded(payment.id, payment.refunded_cents + difference, payment.failed_cents, returned)
    note = None
    if difference > again:
        note = await credit_notes.issue(quote.id, difference - again, credit_notes.REFUND, uid, now)
    await receipts.tell_of_refund(settings, quote, difference, note, made_cents, now)


async def book_failed(payment: Payment, quote: StoredQuote, told: RefundFailed, now: datetime) -> bool:
    """Book that a refund came back, once, and show it as one to be asked for again. Inside such a transaction, too.

    False when it is not booked as made yet.
    """
    uid, amount = booking_uid(quote.public_id, "refund-failed", told.refund), told.amount_cents
    if await ledger_rows.find_transaction(uid) is not None:
        return True
    if payment.refunded_cents < amount:
        return False
    if quote.session_id is None:
        booking = await booking_rows.get_booking(quote.booking_id or 0)
        await booking_money.refund_failed(booking, amount, CAME_BACK, uid, now)
    else:
        await payments.refund_failed(quote.session_id, amount, CAME_BACK, uid, now)
    await payment_rows.set_refunded(
        payment.id, payment.refunded_cents - amount, payment.failed_cents + amount, payment.returned_cents + amount
    )
    why = told.why.replace("_", " ")[:REFUSAL_LENGTH_MAX]
    if not await refund_rows.fail_refund(payment.id, told.asked, amount, why):
        made = await refund_rows.add_refund(f"failed:{told.refund}", payment.id, amount, AT_PROVIDER, None, now)
        await refund_rows.end_refund(made.id, "failed", why)
    log.warning("refund.came_back", payment=payment.id, amount_cents=amount, why=why)
    return True


async def _give_back(clients: Clients, settings: Settings, refund: AskedRefund, now: datetime) -> Payment:
    payment = await payment_rows.get_payment(refund.payment_id)
    quote = await quote_rows.get_quote(payment.quote_id)
    order = RefundOrder(
        key=refund.public_id,
        intent=payment.intent,
        amount_cents=refund.amount_cents,
        currency=quote.quote.currency,
        now=now,
        metadata={"quote": quote.public_id, "refund": refund.public_id},
    )
    try:
        made_cents = (await clients.payments.refund(order)).refunded_cents
        if payment.failed_cents:  # of one with failed refunds that sum may lack them
            made_cents = await clients.payments.sum_refunds(payment.intent, quote.quote.currency)
    except InvalidInputError as error:
        await refund_rows.end_refund(refund.id, "refused", str(error)[:REFUSAL_LENGTH_MAX])
        raise
    async with transaction():
        await session_rows.lock_lot(quote.lot_id)
        found = await payment_rows.get_payment(payment.id)
        if found.failed_cents != payment.failed_cents:
            raise BusyError("A refund failed just now; this one is asked about again by itself.")
        await book(settings, found, quote, made_cents, now)
        await refund_rows.end_refund(refund.id, "done")
    await clients.live.announce(f"quote:{quote.public_id}")
    await clients.live.announce(f"sessions:{quote.lot_id}")
    if quote.email:
        await mail.ask(clients)
    return await payment_rows.get_payment(payment.id)


async def _checked_amount(
    clients: Clients, payment: Payment, quote: StoredQuote, amount_cents: int | None, now: datetime
) -> int:
    if payment.state is not PaymentState.PAID:
        raise ConflictError("This has not been paid, so there is nothing to give back.")
    if payment.provider != clients.payments.name:
        raise InvalidInputError("This was paid through another payment provider than the one set up now.")
    asked = sum(refund.amount_cents for refund in await refund_rows.list_asked_refunds(payment.id))
    left = payment.paid_cents - payment.refunded_cents - asked
    most = min(left, await _refundable_cents(quote, now) - asked)
    amount = most if amount_cents is None else amount_cents
    if amount <= 0 or amount > most:
        raise InvalidInputError("That is more than was paid and not yet given back.")
    return amount


async def _refundable_cents(quote: StoredQuote, now: datetime) -> int:
    if quote.session_id is not None:
        return (await billing.get_bill(quote.session_id, now)).books.refundable_cents
    return await booking_money.refundable_cents(await booking_rows.get_booking(quote.booking_id or 0), now)


async def _plate(quote: StoredQuote) -> str:
    if quote.session_id is not None:
        return (await session_rows.get_session(quote.session_id)).plate
    return (await booking_rows.get_booking(quote.booking_id or 0)).plate
