"""Booking places and giving them up again, by staff and by drivers. What becomes of them is in `booking_stays`."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Final
from zoneinfo import ZoneInfo

from parkhub.clients import Clients
from parkhub.db import booking_holds as hold_rows
from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import lots as lot_rows
from parkhub.db import payments as payment_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import in_transaction, transaction
from parkhub.domain import bookings as rules_of
from parkhub.domain.bookings import Booking, BookingState, Paying
from parkhub.domain.local_time import Span
from parkhub.domain.payments import PaymentState
from parkhub.domain.plates import normalise
from parkhub.domain.pricing import price
from parkhub.domain.quotes import Quote
from parkhub.errors import ConflictError, FieldsError, InvalidInputError
from parkhub.services import audit, booking_letters, booking_money, booking_refunds, checkouts
from parkhub.settings import Settings

TRIES: Final = 5
BATCH: Final = 500
ID_BYTES: Final = 18
FULL: Final = "No place is free for the whole of this time."
CROWDED: Final = "All places that can be had without paying in advance are taken for this time."
TOO_MANY: Final = "You have several reservations here already. Cancel one of them, or pay in advance."
OTHERWISE: Final = "Bookings are not paid that way here."
TWICE: Final = "This plate has a booking at that time already."


@dataclass(frozen=True, slots=True)
class Wish:
    """A booking somebody wants. ``spot``: the name of a certain one, empty for any.

    Who books without staff says an ``email``, and a ``paying`` other than `STAFF`. ``public_id``: what the booking's
    page is to be called, if that was decided before, so that asking twice books once.
    """

    lot_id: int
    plate: str
    start: datetime
    end: datetime
    spot: str = ""
    holder: str = ""
    paying: Paying = Paying.STAFF
    email: str = ""
    language: str = "en"
    driver_id: int | None = None
    public_id: str = ""


async def quote(lot_id: int, span: Span) -> Quote | None:
    """What a booked time costs if the car comes and leaves in it; None without a tariff. Raises NotFoundError."""
    return (await priced(lot_id, span))[0]


async def priced(lot_id: int, span: Span, tariff_id: int | None = None) -> tuple[Quote | None, int | None]:
    """The same, and the id of the tariff's version that it is by: ``tariff_id``, or that in force at the beginning."""
    lot = await lot_rows.get_lot(lot_id)
    if tariff_id is not None:
        version = await tariff_rows.get_version(tariff_id)
    else:
        found = await tariff_rows.find_in_force(lot_id, None, span.start)
        if found is None:
            return None, None
        version = found
    return price(version.tariff, span, ZoneInfo(lot.time_zone), booked=span), version.id


async def book(
    clients: Clients, wish: Wish, account_id: int | None, now: datetime, settings: Settings | None = None
) -> Booking:
    """Hold a place; with ``settings`` its driver gets a letter, unless it is to be paid first.

    Raises FieldsError, NotFoundError, ConflictError when none is free, the plate has one then, or too many are unpaid.
    """
    wish = replace(wish, plate=normalise(wish.plate), holder=wish.holder.strip())
    wrong = rules_of.faults(wish.plate, wish.holder, wish.start, wish.end, now)
    if wrong:
        raise FieldsError(wrong)
    span = Span(wish.start, wish.end)
    quoted, tariff_id = await priced(wish.lot_id, span)
    if wish.paying is Paying.ADVANCE and (quoted is None or not quoted.gross_cents):
        wish = replace(wish, paying=Paying.ON_SITE)  # who has nothing to pay holds a place for nothing, as those do
    booking = _wished(wish, span, quoted, tariff_id, now)
    booking = await _hold(booking, account_id, settings, now)
    await booking_letters.ask(clients, booking)
    await clients.live.announce(f"bookings:{booking.lot_id}")
    return booking


class _TakenError(ConflictError):
    """Somebody else took the place between looking and writing."""


async def _hold(booking: Booking, account_id: int | None, settings: Settings | None, now: datetime) -> Booking:
    for tries_left in reversed(range(TRIES)):
        try:
            async with transaction():
                return await _try(booking, account_id, settings, now)
        except _TakenError:
            if not tries_left or in_transaction():
                raise
    raise AssertionError("the last try answers or raises")


async def _try(booking: Booking, account_id: int | None, settings: Settings | None, now: datetime) -> Booking:
    places = await rule_rows.list_places(booking.lot_id)
    if booking.spot and not any(place.spot == booking.spot for place in places):
        raise FieldsError({"spot": "This place cannot be booked."})
    await _check_unpaid(booking, len(places))
    await check_plate(booking)
    taken = await booking_rows.list_taken(booking.lot_id, booking.span)
    place = rules_of.choose_place(places, taken, booking.spot)
    if place is None:
        raise ConflictError(FULL)
    booking = replace(booking, place=place.number)
    try:
        booking = replace(booking, id=await booking_rows.add_booking(booking, now))
    except ConflictError:
        raise _TakenError(FULL) from None
    await note("booking.made", None, booking, account_id, now)
    if settings is not None and booking.hold_until is None:
        await booking_letters.write(settings, booking, booking_letters.BOOKED, now)
    return booking


def _wished(wish: Wish, span: Span, quoted: Quote | None, tariff_id: int | None, now: datetime) -> Booking:
    return Booking(
        lot_id=wish.lot_id,
        plate=wish.plate,
        span=span,
        place=0,
        held=span,
        spot=wish.spot,
        holder=wish.holder,
        price_cents=quoted.gross_cents if quoted else 0,
        currency=quoted.currency if quoted else "",
        public_id="" if wish.paying is Paying.STAFF else wish.public_id or new_public_id(),
        email=wish.email,
        language=wish.language,
        paying=wish.paying,
        hold_until=now + rules_of.HOLD if wish.paying is Paying.ADVANCE else None,
        tariff_id=tariff_id,
        tax_percent=quoted.tax_percent if quoted else Fraction(0),
        driver_id=wish.driver_id,
    )


def new_public_id() -> str:
    """The address of a booking's page, which nobody can guess."""
    return secrets.token_urlsafe(ID_BYTES)


async def check_plate(booking: Booking) -> None:
    """Raise ConflictError when the plate has another booking at that time.

    Only staff hear of it: whoever types a plate shall not learn where it will be.
    """
    if booking.paying is not Paying.STAFF:
        return
    span, holding = booking.span, (BookingState.RESERVED, BookingState.ARRIVED)
    for each in await booking_rows.list_of_plate(booking.lot_id, booking.plate, span.start, span.end):
        if each.plate == booking.plate and each.state in holding and each.id != booking.id:
            raise ConflictError(TWICE)


async def _check_unpaid(booking: Booking, place_count: int) -> None:
    """Who pays on site takes no more than a share: nobody shall keep a car park empty by reserving it for nothing."""
    if booking.paying is Paying.STAFF:
        return
    payment = (await rule_rows.get_rules(booking.lot_id)).payment
    if booking.price_cents and not payment.allows(booking.paying):
        raise InvalidInputError(OTHERWISE)
    if booking.paying is Paying.ADVANCE:
        return
    if await hold_rows.count_unpaid_of(booking.lot_id, booking.email) >= rules_of.UNPAID_PER_EMAIL:
        raise ConflictError(TOO_MANY)
    if rules_of.is_crowded(place_count, await hold_rows.count_unpaid(booking.lot_id, booking.span)):
        raise ConflictError(CROWDED)


async def cancel(
    clients: Clients, settings: Settings, booking_id: int, account_id: int | None, now: datetime
) -> Booking:
    """Give a booking up; what that costs is its fee, and what was paid beyond it is given back.

    A cancelled one stays as it is. Raises InvalidInputError.
    """
    async with transaction():
        booking = await booking_money.lock(booking_id)
        if booking.state is BookingState.CANCELLED:
            return booking
        rules_of.check_cancel(booking)
        rules = await rule_rows.get_rules(booking.lot_id)
        fee = rules_of.cancel_fee_cents(booking, rules, now) if booking.hold_until is None else 0
        booking = await end(booking, BookingState.CANCELLED, fee, account_id, now)
        await booking_letters.write(settings, booking, booking_letters.CANCELLED, now)
    await end_payments(clients, booking, now)
    await booking_refunds.give_back_soon(clients, settings, [booking.id], now)
    await booking_letters.ask(clients, booking)
    await clients.live.announce(f"bookings:{booking.lot_id}")
    return booking


async def end(booking: Booking, state: BookingState, fee_cents: int, account_id: int | None, now: datetime) -> Booking:
    """Let a booking end, and charge its fee. Inside a transaction with the lot's books held. Raises ConflictError."""
    if not await booking_rows.end_booking(booking.id, booking.state, state, now, fee_cents):
        raise ConflictError("The booking has changed meanwhile.")
    ended = replace(booking, state=state, ended_at=now, fee_cents=fee_cents)
    await booking_money.settle_fee(ended, fee_cents, now)
    await note(f"booking.{state.value}", booking, ended, account_id, now)
    return ended


async def end_payments(clients: Clients, booking: Booking, now: datetime) -> None:
    """End the pages where a booking could be paid. Who pays at this very moment gets it back."""
    known = await payment_rows.list_of_booking(booking.id)
    await checkouts.end_checkouts(clients, [each for each in known if each.state is PaymentState.OPEN], now)


def _shown(booking: Booking | None) -> Mapping[str, Any] | None:
    if booking is None:
        return None
    return {
        "state": booking.state.value,
        "from": booking.span.start.isoformat(),
        "until": booking.span.end.isoformat(),
        "place": booking.place,
        "price_cents": booking.price_cents,
        "fee_cents": booking.fee_cents,
        "currency": booking.currency,
    }


async def note(action: str, before: Booking | None, after: Booking, account_id: int | None, now: datetime) -> None:
    """Note in the audit log what was done to a booking."""
    await audit.note(
        action,
        account_id=account_id,
        lot_id=after.lot_id,
        subject=f"booking:{after.id}",
        before=_shown(before),
        after=_shown(after),
        at=now,
        plates=(before.plate if before else "", after.plate),
    )
