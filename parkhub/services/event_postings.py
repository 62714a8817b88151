"""What an event of the payment provider does to the books, in whichever order events come."""

from datetime import datetime

import structlog

from parkhub.db import lot_rules as rule_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import sessions as session_rows
from parkhub.db.payments import Payment
from parkhub.db.quotes import StoredQuote
from parkhub.db.stripe_events import StoredEvent
from parkhub.domain.ledger import Account
from parkhub.domain.payment_events import DisputeTold, PaymentTold, RefundFailed, RefundTold
from parkhub.domain.payments import PaymentState, booking_uid, furthest, paid_as_of
from parkhub.errors import InvalidInputError
from parkhub.services import booking_checkouts, credit_notes, payments, receipts, refunds
from parkhub.services.session_paid_ahead import take
from parkhub.settings import Settings

log = structlog.get_logger(__name__)


class EarlyError(Exception):
    """What the event is about is not known yet."""


async def book(
    settings: Settings,
    stored: StoredEvent,
    told: PaymentTold | RefundTold | RefundFailed | DisputeTold,
    made_cents: int | None,
    now: datetime,
) -> StoredQuote:
    """Book what is told of a payment and answer what it was made for. Inside a transaction.

    ``made_cents``: all refunds of it at the provider, where what is told may lack some. Raises EarlyError.
    """
    payment, quote = await _payment_of(told)
    if isinstance(told, PaymentTold):
        await _book_payment(settings, payment, quote, told, stored, now)
    elif isinstance(told, RefundTold | RefundFailed):
        await _book_refund(settings, payment, quote, told, made_cents, now)
    else:
        await _book_dispute(settings, payment, quote, told, now)
    return quote


async def _payment_of(told: PaymentTold | RefundTold | RefundFailed | DisputeTold) -> tuple[Payment, StoredQuote]:
    """The payment, with its lot's books held. Raises EarlyError for one that is not there, or not paid yet."""
    payment = await payment_rows.find_by_intent(told.intent)
    if payment is None and not isinstance(told, DisputeTold):
        payment = await payment_rows.find_by_quote(told.quote)
    if payment is None and isinstance(told, PaymentTold):
        payment = await payment_rows.find_by_checkout(told.checkout)
    if payment is None:
        raise EarlyError
    quote = await quote_rows.get_quote(payment.quote_id)
    await session_rows.lock_lot(quote.lot_id)
    payment = await payment_rows.get_payment(payment.id)
    if payment.state is not PaymentState.PAID and not isinstance(told, PaymentTold):
        raise EarlyError
    if told.currency != quote.quote.currency:
        raise InvalidInputError(f"It is in {told.currency}, but the quote in {quote.quote.currency}.")
    return payment, quote


async def _book_payment(
    settings: Settings, payment: Payment, quote: StoredQuote, told: PaymentTold, stored: StoredEvent, now: datetime
) -> None:
    state = furthest(payment.state, told.state)
    if state is not PaymentState.PAID:
        await payment_rows.move_to(payment.id, state, told.intent)
        if state is PaymentState.PROCESSING and (await rule_rows.get_rules(quote.lot_id)).processing_leaves:
            await _pay_ahead(quote, min(max(stored.event.created_at, quote.created_at), now), now)
        return
    paid_at = min(max(stored.event.created_at, quote.created_at), now)
    if not await payment_rows.mark_paid(payment.id, told.amount_cents, told.intent, paid_at):
        return
    await receipts.issue(settings, quote, now)
    if told.amount_cents <= 0:
        return
    uid = booking_uid(quote.public_id)
    references = {"quote": quote.public_id, "checkout": told.checkout, "intent": told.intent}
    if quote.session_id is None:
        await booking_checkouts.pay(settings, quote, told.amount_cents, uid, references, now)
        return
    await _pay_ahead(quote, paid_at, now)
    up_to = paid_as_of(paid_at, quote.created_at, quote.quote.changes_at)
    await payments.pay(quote.session_id, told.amount_cents, Account.CLEARING, uid, up_to, references=references)


async def _pay_ahead(quote: StoredQuote, paid_at: datetime, now: datetime) -> None:
    """A stay that is paid ahead lasts until then, whether the money has come or a bank has it in hand."""
    if quote.paid_until is not None:
        await take(quote, booking_uid(quote.public_id), paid_at, now)


async def _book_refund(
    settings: Settings,
    payment: Payment,
    quote: StoredQuote,
    told: RefundTold | RefundFailed,
    made_cents: int | None,
    now: datetime,
) -> None:
    if made_cents is None and (payment.failed_cents or isinstance(told, RefundFailed)):  # one failed just now
        raise EarlyError
    if isinstance(told, RefundTold):
        await refunds.book(settings, payment, quote, made_cents or told.refunded_cents, now)
        return
    for _ in range(2):  # what failed may have to be booked first, and what took its place only after it
        booked = await refunds.book_failed(await payment_rows.get_payment(payment.id), quote, told, now)
        await refunds.book(settings, await payment_rows.get_payment(payment.id), quote, made_cents or 0, now)
    if not booked:
        raise EarlyError


async def _book_dispute(
    settings: Settings, payment: Payment, quote: StoredQuote, told: DisputeTold, now: datetime
) -> None:
    if not told.moved:
        return
    uid = booking_uid(quote.public_id, "dispute", told.dispute)
    if quote.session_id is None:
        await booking_checkouts.dispute(quote, told.amount_cents, told.won, uid, now)
    else:
        await payments.dispute(quote.session_id, told.amount_cents, uid, now)
        if told.won is not None:
            end = payments.win_dispute if told.won else payments.lose_dispute
            await end(quote.session_id, told.amount_cents, f"{uid}:closed", now)
        log.info("dispute.told", payment=payment.id, won=told.won)
    if told.won is False:
        note = await credit_notes.issue(quote.id, told.amount_cents, credit_notes.DISPUTE, f"{uid}:closed", now)
        await receipts.tell_of_dispute(settings, note, now)
