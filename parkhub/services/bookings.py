"""Booking places, and what becomes of bookings: cars that come early, late, elsewhere or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import structlog

from parkhub.clients import Clients
from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spots as spot_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import in_transaction, transaction
from parkhub.domain import bookings as rules_of
from parkhub.domain.bookings import Booking, BookingRules, BookingState, Place
from parkhub.domain.local_time import Span
from parkhub.domain.plates import normalise
from parkhub.domain.pricing import price
from parkhub.domain.quotes import Quote
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

    Also for a session that had ended and goes on after all. Raises ConflictError when the booking is over or its place
    is somebody else's by now.
    """
    async with transaction():
        booking = await booking_rows.get_booking(booking_id)
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


async def set_rules(
    lot_id: int, rules: BookingRules, any_count: int, spots: Sequence[str], account_id: int | None, now: datetime
) -> list[Place]:
    """Set a lot's rules and its places: ``any_count`` that are anybody's, and ``spots`` that can be asked for by name.

    Raises FieldsError, NotFoundError, and ConflictError while a place that would go is booked.
    """
    wrong = rules_of.rule_faults(rules)
    async with transaction():
        await lot_rows.get_lot(lot_id)
        names = {known.spot.name for known in (await spot_rows.load_lot_status(lot_id)).spots}
        if not 0 <= any_count + len(spots) <= rules_of.PLACES_MAX or any_count < 0:
            wrong["any_places"] = f"A lot has at most {rules_of.PLACES_MAX} places that can be booked."
        unknown = next((spot for spot in spots if spot not in names), None)
        if unknown is not None:
            wrong["spots"] = f"There is no place {unknown[:40]!r} on the map."
        if wrong:
            raise FieldsError(wrong)
        before = await rule_rows.list_places(lot_id)
        after = rules_of.renumber(before, any_count, spots)
        going = {place.number for place in before} - {place.number for place in after}
        if going & (await booking_rows.list_taken(lot_id, Span(now, now + 2 * rules_of.AHEAD_MAX))):
            raise ConflictError("Some of the places that would go are booked.")
        was = await rule_rows.get_rules(lot_id)
        await rule_rows.save_rules(lot_id, rules)
        await rule_rows.replace_places(lot_id, before, after)
        await audit.note(
            "booking.rules_set",
            account_id=account_id,
            lot_id=lot_id,
            subject=f"lot:{lot_id}",
            before=_shown_rules(was, before),
            after=_shown_rules(rules, after),
            at=now,
        )
    return after


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


def _shown_rules(rules: BookingRules, places: Sequence[Place]) -> Mapping[str, Any]:
    return {
        "early_minutes": rules.early_minutes,
        "no_show_minutes": rules.no_show_minutes,
        "cancel_free_hours": rules.cancel_free_hours,
        "cancel_fee_percent": rules.cancel_fee_percent,
        "any_places": sum(not place.spot for place in places),
        "spots": [place.spot for place in places if place.spot],
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
