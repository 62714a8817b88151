"""Bookings are changed: another plate at once, another time as far as it is paid for."""

from dataclasses import replace
from datetime import datetime

from parkhub.clients import Clients
from parkhub.db import booking_holds as hold_rows
from parkhub.db import booking_rules as rule_rows
from parkhub.db.engine import transaction
from parkhub.domain import bookings as rules_of
from parkhub.domain.bookings import Booking, Paying
from parkhub.domain.local_time import Span
from parkhub.domain.plates import normalise
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import booking_checkouts, booking_letters, booking_money, booking_refunds, bookings
from parkhub.settings import Settings


class PayFirstError(ConflictError):
    """The new time costs more than was paid: it is had once the difference is (`booking_checkouts`)."""


async def change(
    clients: Clients,
    settings: Settings,
    booking_id: int,
    plate: str,
    span: Span,
    now: datetime,
    account_id: int | None = None,
) -> Booking:
    """Give a booking another plate and time; what was paid beyond the new price is given back.

    ``account_id``: of staff; without one it is its driver who does so.
    Raises PayFirstError, with the plate changed already, FieldsError, InvalidInputError when it is too late, and
    ConflictError when no place is free or the plate has a booking then.
    """
    plate = normalise(plate)
    async with transaction():
        booking = await booking_money.lock(booking_id)
        wanted = replace(booking, plate=plate, span=span, held=span)
        wrong = faults(booking, wanted, now)
        if wrong:
            raise FieldsError(wrong)
        rules_of.check_change(booking, await rule_rows.get_rules(booking.lot_id), span, now)
        price = await _price(booking, span)
        dearer = booking.paying is Paying.ADVANCE and price > max(
            booking.price_cents, await booking_money.held_cents(booking)
        )
        if dearer:
            wanted = replace(wanted, span=booking.span, held=booking.span)
            price = booking.price_cents
        elif span != booking.span and account_id is None and (booking.paying is Paying.ON_SITE or not price):
            await _check_crowd(booking, span)
        changed = booking
        if wanted != booking:
            changed = await booking_checkouts.move(booking, wanted, price, now, account_id)
            await booking_letters.write(settings, changed, booking_letters.CHANGED, now)
    if changed != booking:
        await bookings.end_payments(clients, changed, now)
        await booking_refunds.give_back_soon(clients, settings, [booking_id], now)
        await booking_letters.ask(clients, booking)
        await clients.live.announce(f"bookings:{booking.lot_id}")
    if dearer:
        raise PayFirstError("The new time costs more. Pay the difference to have it.")
    return changed


def faults(booking: Booking, wanted: Booking, now: datetime) -> dict[str, str]:
    """What is wrong with a wish for another plate and time, a sentence by field; what stays as it was never is."""
    wrong = rules_of.faults(wanted.plate, "", wanted.span.start, wanted.span.end, now)
    if wanted.span.start == booking.span.start:
        wrong.pop("from", None)
    return wrong


async def _check_crowd(booking: Booking, span: Span) -> None:
    """Who moves a reservation holds no place for nothing that could not have been reserved so."""
    unpaid = await hold_rows.count_unpaid(booking.lot_id, span, booking.id)
    if rules_of.is_crowded(await rule_rows.count_places(booking.lot_id), unpaid):
        raise ConflictError(bookings.CROWDED)


async def _price(booking: Booking, span: Span) -> int:
    if span == booking.span:
        return booking.price_cents
    quoted = await bookings.quote(booking.lot_id, span)
    return quoted.gross_cents if quoted else 0
