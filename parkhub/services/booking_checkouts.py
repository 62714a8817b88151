"""Paying for bookings: a place is held while its driver pays, and what a payment brings about.

A payment that is told after the hold is over is honoured while a place is free: the driver's bank has said that it is
paid. Else it goes back, as does what was paid for a time when its driver has chosen another one since. A dearer time is
paid first and had then, so that nobody holds for little what is worth more.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import booking_holds as hold_rows
from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db.engine import transaction
from parkhub.db.payments import Payment
from parkhub.db.quotes import StoredQuote
from parkhub.domain import booking_entries
from parkhub.domain import bookings as rules_of
from parkhub.domain.bookings import Booking, BookingState
from parkhub.domain.local_time import Span
from parkhub.domain.payments import CHECKOUT_LIFE, OPENED_WITHIN, PAYABLE_LEFT, PaymentState
from parkhub.domain.quotes import Quote
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import booking_letters, booking_money, booking_refunds, bookings, checkouts
from parkhub.services.checkouts import ID_BYTES, Checkout
from parkhub.settings import Settings

HELD_ON: Final = timedelta(minutes=1)
"""A hold goes on by so much while it is not known whether it was paid in the last moment."""
BANK_TAKES: Final = timedelta(hours=1)
_BATCH: Final = 200

log = structlog.get_logger(__name__)


async def start_checkout(
    clients: Clients, settings: Settings, booking_id: int, now: datetime, span: Span | None = None
) -> Checkout:
    """Open a page where a booking is paid: its price, a fee, or what another ``span`` costs beyond what was paid.

    Raises InvalidInputError when nothing is due or it is over, ConflictError while a payment is on its way, BusyError.
    """
    async with transaction():
        booking = await booking_money.lock(booking_id)
        quote, due = await _asked(booking, span, now)
        stored, payment, outdated = await _keep(clients.payments.name, booking, quote, due, now)
    return await checkouts.open_page(clients, settings, stored, payment, outdated, now)


async def pay(
    settings: Settings, quote: StoredQuote, amount_cents: int, uid: str, references: Mapping[str, str], now: datetime
) -> None:
    """A booking's quote was paid. Inside the transaction that handles the event, with the lot's books held."""
    assert quote.booking_id is not None
    booking = await booking_rows.get_booking(quote.booking_id)
    await booking_money.pay(booking, amount_cents, uid, now, references)
    if booking.state is BookingState.EXPIRED:
        again = await _hold_again(booking, now)
        what = booking_letters.TOO_LATE if again is None else booking_letters.BOOKED
        await booking_letters.write(settings, again or booking, what, now)
    elif booking.state is BookingState.RESERVED:
        await _paid(settings, booking, quote, now)
    elif booking.hold_until is not None:  # its car came while a bank had the payment in hand
        await hold_rows.set_paid(booking.id)


async def dispute(quote: StoredQuote, amount_cents: int, won: bool | None, uid: str, now: datetime) -> None:
    """A driver's bank took back what was paid for a booking, and may have decided. Inside such a transaction, too."""
    assert quote.booking_id is not None
    booking = await booking_rows.get_booking(quote.booking_id)
    await booking_money.dispute(booking, amount_cents, uid, now)
    if won is not None:
        await booking_money.end_dispute(booking, amount_cents, won, f"{uid}:closed", now)


async def after_payment(clients: Clients, settings: Settings, quote: StoredQuote, now: datetime) -> None:
    """After the commit: no other page shall take money for it, and what came too late goes back."""
    if quote.booking_id is None:
        return
    booking = await booking_rows.get_booking(quote.booking_id)
    await bookings.end_payments(clients, booking, now)
    await booking_refunds.give_back_soon(clients, settings, [booking.id], now)
    await booking_letters.ask(clients, booking)
    await clients.live.announce(f"bookings:{booking.lot_id}")


async def expire_unpaid(clients: Clients, now: datetime) -> int:
    """Let bookings go that were not paid in time; answers how many."""
    let_go = 0
    for booking in await hold_rows.list_unpaid_past(now, _BATCH):
        await bookings.end_payments(clients, booking, now)
        async with transaction():
            held = await booking_money.lock(booking.id)
            if held.state is not BookingState.RESERVED or held.hold_until is None or held.hold_until > now:
                continue
            on = _held_on(await payment_rows.list_of_booking(held.id), now)
            if on is not None:
                await hold_rows.keep_hold(held.id, now + on)
                continue
            await bookings.end(held, BookingState.EXPIRED, 0, None, now)
        let_go += 1
        await clients.live.announce(f"bookings:{booking.lot_id}")
    return let_go


def _held_on(payments: list[Payment], now: datetime) -> timedelta | None:
    """How much longer a place is held for a payment that may have been made."""
    if any(payment.state is PaymentState.PROCESSING for payment in payments):
        return BANK_TAKES
    if any(payment.state is PaymentState.OPEN and now < payment.expires_at for payment in payments):
        return HELD_ON
    return None


async def _asked(booking: Booking, span: Span | None, now: datetime) -> tuple[Quote, int]:
    """What is to be paid now, explained, and how much of it."""
    if booking.hold_until is not None and booking.hold_until <= now:
        raise InvalidInputError("The time to pay is over. Book again.")
    books = await booking_money.get_books(booking)
    quote: Quote | None
    if booking.state is not BookingState.RESERVED:
        quote = booking_entries.fee_quote(booking.fee_cents, booking.tax_percent, booking.currency, booking.span)
        due = books.open_cents
    elif span is not None and span != booking.span:
        rules_of.check_change(booking, await rule_rows.get_rules(booking.lot_id), span, now)
        quote, _ = await bookings.priced(booking.lot_id, span)
        due = (quote.gross_cents if quote else 0) - books.credit_cents
    else:
        quote, _ = await bookings.priced(booking.lot_id, booking.span, booking.tariff_id)
        due = booking.price_cents - books.credit_cents
    if quote is None or due <= 0:
        raise InvalidInputError("There is nothing to pay for this booking.")
    return quote, due


async def _keep(
    provider: str, booking: Booking, quote: Quote, due_cents: int, now: datetime
) -> tuple[StoredQuote, Payment, list[Payment]]:
    known = await payment_rows.list_of_booking(booking.id)
    if any(payment.state is PaymentState.PROCESSING for payment in known):
        raise ConflictError("A payment for this booking is on its way. There is nothing more to do.")
    still_open = [payment for payment in known if payment.state is PaymentState.OPEN]
    for payment in still_open:
        stored = await quote_rows.get_quote(payment.quote_id)
        if payment.provider == provider and _is_same(stored, payment, quote, due_cents, booking.email, now):
            return stored, payment, [other for other in still_open if other is not payment]
    stored = await quote_rows.add_quote(
        secrets.token_urlsafe(ID_BYTES),
        booking.lot_id,
        None,
        booking.code,
        booking.email,
        due_cents,
        replace(quote, changes_at=None),
        now,
        booking.language,
        booking.id,
    )
    return stored, await payment_rows.add_payment(stored.id, provider, now + CHECKOUT_LIFE), still_open


def _is_same(stored: StoredQuote, payment: Payment, quote: Quote, due_cents: int, email: str, now: datetime) -> bool:
    """Whether a page is for what is asked now, and can be paid for a while."""
    asked = (stored.amount_cents, stored.email, stored.quote.span, stored.quote.lines)
    until = payment.expires_at - PAYABLE_LEFT if payment.checkout else stored.created_at + OPENED_WITHIN
    return asked == (due_cents, email, quote.span, quote.lines) and now < until


async def _paid(settings: Settings, booking: Booking, quote: StoredQuote, now: datetime) -> None:
    """It is paid: it waits for nothing more, and has the time that was paid for."""
    what = booking_letters.BOOKED
    if quote.quote.span != booking.span:
        changed = None if _is_outdated(booking, quote) else await _move(booking, quote.quote, now)
        what = booking_letters.NOT_CHANGED if changed is None else booking_letters.CHANGED
        booking = changed or booking
    if await booking_money.held_cents(booking) >= booking.price_cents:
        await hold_rows.set_paid(booking.id)
    await booking_letters.write(settings, await booking_rows.get_booking(booking.id), what, now)


def _is_outdated(booking: Booking, quote: StoredQuote) -> bool:
    """Whether its driver has chosen another time since that was to be paid: what was chosen last holds."""
    return booking.moved_at is not None and quote.created_at < booking.moved_at


async def _move(booking: Booking, quote: Quote, now: datetime) -> Booking | None:
    """The booking at the time that was paid for; None when no place is free then any more."""
    try:
        return await move(booking, replace(booking, span=quote.span, held=quote.span), quote.gross_cents, now)
    except (ConflictError, InvalidInputError) as error:
        log.info("booking.not_moved", booking=booking.id, reason=str(error))
        return None


async def move(
    booking: Booking, wanted: Booking, price_cents: int, now: datetime, account_id: int | None = None
) -> Booking:
    """Save a booking with another plate or time, on its own place if that is free then. With the lot's books held.

    Raises ConflictError when no place is free or the plate has a booking then, InvalidInputError when it is over.
    """
    places = await rule_rows.list_places(booking.lot_id)
    booking = await booking_rows.get_booking(booking.id)
    if booking.state is not BookingState.RESERVED:
        raise InvalidInputError("This booking is over.")
    await bookings.check_plate(wanted)
    place = wanted.place
    if wanted.span != booking.span:
        taken = await booking_rows.list_taken(booking.lot_id, wanted.span, booking.id)
        if place in taken:
            found = rules_of.choose_place(places, taken, booking.spot)
            if found is None:
                raise ConflictError(bookings.FULL)
            place = found.number
        quoted, tariff_id = await bookings.priced(booking.lot_id, wanted.span)
        wanted = replace(wanted, tariff_id=tariff_id, moved_at=now)
        if quoted is not None:
            wanted = replace(wanted, currency=quoted.currency, tax_percent=quoted.tax_percent)
    changed = replace(wanted, place=place, price_cents=price_cents, changes=booking.changes + 1)
    if not await hold_rows.change(changed):
        raise InvalidInputError("This booking is over.")
    await bookings.note("booking.changed", booking, changed, account_id, now)
    return changed


async def _hold_again(booking: Booking, now: datetime) -> Booking | None:
    """A place for a booking whose payment came late; None when there is none any more, or its time is over."""
    places = await rule_rows.list_places(booking.lot_id)
    if booking.span.end <= now:
        return None
    try:
        await bookings.check_plate(booking)
    except ConflictError:
        return None
    taken = await booking_rows.list_taken(booking.lot_id, booking.span)
    place = rules_of.choose_place(places, taken, booking.spot)
    if place is None or not await hold_rows.reserve_again(booking, place.number):
        return None
    again = await booking_rows.get_booking(booking.id)
    await bookings.note("booking.held_again", booking, again, None, now)
    return again
