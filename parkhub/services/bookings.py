"""Booking places, and what becomes of bookings: cars that come early, late, elsewhere or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from parkhub.clients import Clients
from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import lots as lot_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import in_transaction, transaction
from parkhub.domain import bookings as rules_of
from parkhub.domain.bookings import Booking, BookingRules, BookingState
from parkhub.domain.local_time import Span
from parkhub.domain.plates import normalise
from parkhub.domain.pricing import price
from parkhub.domain.quotes import Quote
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import audit

log = structlog.get_logger(__name__)

TRIES: Final = 5
BATCH: Final = 500
FULL: Final = "No place is free for the whole of this time."


@dataclass(frozen=True, slots=True)
class Wish:
    """A booking somebody wants. ``spot``: the name of a certain one, empty for any."""

    lot_id: int
    plate: str
    start: datetime
    end: datetime
    spot: str = ""
    holder: str = ""


async def quote(lot_id: int, span: Span) -> Quote | None:
    """What a booked time costs if the car comes and leaves in it; None without a tariff. Raises NotFoundError."""
    lot = await lot_rows.get_lot(lot_id)
    version = await tariff_rows.find_in_force(lot_id, None, span.start)
    return price(version.tariff, span, ZoneInfo(lot.time_zone), booked=span) if version else None


async def book(clients: Clients, wish: Wish, account_id: int | None, now: datetime) -> Booking:
    """Hold a place. Raises FieldsError, NotFoundError, ConflictError when none is free or the plate has one then."""
    wish = replace(wish, plate=normalise(wish.plate), holder=wish.holder.strip())
    wrong = rules_of.faults(wish.plate, wish.holder, wish.start, wish.end, now)
    if wrong:
        raise FieldsError(wrong)
    span = Span(wish.start, wish.end)
    quoted = await quote(wish.lot_id, span)
    booking = await _hold(wish, span, quoted, account_id, now)
    await clients.live.announce(f"bookings:{booking.lot_id}")
    return booking


class _TakenError(ConflictError):
    """Somebody else took the place between looking and writing."""


async def _hold(wish: Wish, span: Span, quoted: Quote | None, account_id: int | None, now: datetime) -> Booking:
    for tries_left in reversed(range(TRIES)):
        try:
            async with transaction():
                return await _try(wish, span, quoted, account_id, now)
        except _TakenError:
            if not tries_left or in_transaction():
                raise
    raise AssertionError("the last try answers or raises")


async def _try(wish: Wish, span: Span, quoted: Quote | None, account_id: int | None, now: datetime) -> Booking:
    places = await rule_rows.list_places(wish.lot_id)
    if wish.spot and not any(place.spot == wish.spot for place in places):
        raise FieldsError({"spot": "This place cannot be booked."})
    known = await booking_rows.list_of_plate(wish.lot_id, wish.plate, span.start, span.end)
    holding = (BookingState.RESERVED, BookingState.ARRIVED)
    if any(each.plate == wish.plate and each.state in holding for each in known):
        raise ConflictError("This plate has a booking at that time already.")
    place = rules_of.choose_place(places, await booking_rows.list_taken(wish.lot_id, span), wish.spot)
    if place is None:
        raise ConflictError(FULL)
    booking = Booking(
        lot_id=wish.lot_id,
        plate=wish.plate,
        span=span,
        place=place.number,
        held=span,
        spot=wish.spot,
        holder=wish.holder,
        price_cents=quoted.gross_cents if quoted else 0,
        currency=quoted.currency if quoted else "",
    )
    try:
        booking = replace(booking, id=await booking_rows.add_booking(booking, now))
    except ConflictError:
        raise _TakenError(FULL) from None
    await _note("booking.made", None, booking, account_id, now)
    return booking


async def cancel(clients: Clients, booking_id: int, account_id: int | None, now: datetime) -> Booking:
    """Give a booking up; what that costs is its fee. A cancelled one stays as it is. Raises InvalidInputError."""
    async with transaction():
        booking = await booking_rows.get_booking(booking_id)
        if booking.state is BookingState.CANCELLED:
            return booking
        rules_of.check_cancel(booking)
        fee = rules_of.cancel_fee_cents(booking, await rule_rows.get_rules(booking.lot_id), now)
        booking = await _end(booking, BookingState.CANCELLED, fee, account_id, now)
    await clients.live.announce(f"bookings:{booking.lot_id}")
    return booking


async def find_booking(lot_id: int, plate: str, at: datetime) -> Booking | None:
    """The booking on which a car with this plate arrives at ``at``, if it has one and there is room for it then."""
    rules = await rule_rows.get_rules(lot_id)
    until = at + timedelta(minutes=rules.early_minutes, microseconds=1)
    for booking in await booking_rows.list_of_plate(lot_id, plate, at, until) if plate else ():
        if rules_of.is_awaited(booking, at, rules) and await _room(booking, at) is not None:
            return booking
    return None


async def arrived(booking_id: int, session_id: int, at: datetime) -> None:
    """The car of a booking has come, early or late. The same again changes nothing.

    Raises ConflictError when the booking is over or there is no place for it any more.
    """
    async with transaction():
        booking = await _held(booking_id)
        if booking.state is BookingState.ARRIVED and booking.session_id == session_id:
            return
        room = await _room(booking, at)
        if room is None:
            raise ConflictError(FULL)
        if not await booking_rows.set_arrived(booking, session_id, at, *room):
            raise ConflictError("This booking is over.")


async def left(booking_id: int, at: datetime) -> None:
    """The car of a booking has left: its place is free, whatever is left of the time."""
    async with transaction():
        booking = await booking_rows.get_booking(booking_id)
        if booking.state is BookingState.ARRIVED:
            await booking_rows.end_booking(booking_id, booking.state, BookingState.DONE, at, booking.fee_cents)


async def follow(session: ParkingSession, now: datetime) -> None:
    """A person has corrected a session that has a booking: the booking goes with it, as far as there is a place.

    An open session holds it again, a cancelled one gives it back to a car that may still come, any other has used it.
    """
    if session.booking_id is None:
        return
    async with transaction():
        booking = await _held(session.booking_id)
        if booking.session_id != session.id:
            return
        if session.state is SessionState.OPEN and booking.state is BookingState.DONE:
            room = await _room(booking, now)
            if room is not None:
                await booking_rows.set_arrived(booking, session.id, booking.arrived_at or now, *room)
        elif session.state is SessionState.CANCELLED and booking.state is BookingState.ARRIVED:
            await booking_rows.take_back(booking.id)
        elif session.state is SessionState.CLOSED:
            await left(booking.id, session.exited_at or now)


async def release_no_shows(clients: Clients, now: datetime) -> int:
    """Give up bookings whose car has not come in time; answers how many."""
    released, rules, lots = 0, dict[int, BookingRules](), set[int]()
    for booking in await booking_rows.list_begun(now, BATCH):
        if booking.lot_id not in rules:
            rules[booking.lot_id] = await rule_rows.get_rules(booking.lot_id)
        given_up_at = rules_of.given_up_at(booking.span, rules[booking.lot_id])
        if now < given_up_at:
            continue
        fee = rules_of.cancel_fee_cents(booking, rules[booking.lot_id], given_up_at)
        try:
            async with transaction():
                await _end(booking, BookingState.NO_SHOW, fee, None, now)
        except ConflictError:  # it has just come, or was cancelled
            continue
        released += 1
        lots.add(booking.lot_id)
    for lot_id in lots:
        await clients.live.announce(f"bookings:{lot_id}")
    if released:
        log.info("bookings.given_up", count=released)
    return released


async def _held(booking_id: int) -> Booking:
    """The booking, with its lot's places held, so that nobody takes one meanwhile."""
    await rule_rows.list_places((await booking_rows.get_booking(booking_id)).lot_id)
    return await booking_rows.get_booking(booking_id)


async def _room(booking: Booking, at: datetime) -> tuple[int, Span] | None:
    """The place for a car that arrives at ``at``, and for what time; None when there is none.

    Its own is kept for it in the booked time until it is given up, even if another car should have left it by then.
    Before, after that, and in such a case another one does as well.
    """
    kept = booking.state is BookingState.RESERVED and at >= booking.span.start
    standing = await booking_rows.list_standing(booking.lot_id)
    if kept and booking.place not in standing:
        return booking.place, booking.held
    held = Span(at, booking.span.end) if at < booking.span.end else booking.held
    taken = standing | await booking_rows.list_taken(booking.lot_id, held, booking.id)
    if booking.place not in taken:
        return booking.place, held
    free = rules_of.choose_place(await rule_rows.list_places(booking.lot_id), taken, booking.spot)
    if free is not None:
        return free.number, held
    return (booking.place, booking.held) if kept else None


async def _end(booking: Booking, state: BookingState, fee: int, account_id: int | None, now: datetime) -> Booking:
    if not await booking_rows.end_booking(booking.id, booking.state, state, now, fee):
        raise ConflictError("The booking has changed meanwhile.")
    ended = replace(booking, state=state, ended_at=now, fee_cents=fee)
    await _note(f"booking.{state.value}", booking, ended, account_id, now)
    return ended


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


async def _note(action: str, before: Booking | None, after: Booking, account_id: int | None, now: datetime) -> None:
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
