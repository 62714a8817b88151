"""What becomes of bookings: cars that come early, late, elsewhere or not at all."""

from datetime import datetime, timedelta

import structlog

from parkhub.clients import Clients
from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import payments as payment_rows
from parkhub.db.engine import transaction
from parkhub.domain import bookings as rules_of
from parkhub.domain.bookings import Booking, BookingRules, BookingState, Paying
from parkhub.domain.local_time import Span
from parkhub.domain.payments import PaymentState
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.errors import ConflictError
from parkhub.services import booking_letters, booking_money, booking_refunds
from parkhub.services.bookings import BATCH, FULL, end
from parkhub.settings import Settings

log = structlog.get_logger(__name__)


async def find_booking(lot_id: int, plate: str, at: datetime) -> Booking | None:
    """The booking on which a car with this plate arrives at ``at``, if it has one and there is room for it then."""
    rules = await rule_rows.get_rules(lot_id)
    until = at + timedelta(minutes=rules.early_minutes, microseconds=1)
    known = await booking_rows.list_of_plate(lot_id, plate, at, until) if plate else []
    for booking in sorted(known, key=lambda each: (each.plate != plate, _standing(each))):
        if rules_of.is_awaited(booking, at, rules) and await _room(booking, at) is not None:
            return booking
    return None


async def arrived(booking_id: int, session_id: int, at: datetime) -> None:
    """The car of a booking has come, early or late; its stay uses what was paid. The same again changes nothing.

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
        await booking_money.settle_fee(booking, 0, at)
        await booking_money.use(await booking_rows.get_booking(booking_id), at)


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
                await booking_money.use(await booking_rows.get_booking(booking.id), now)
        elif session.state is SessionState.CANCELLED and booking.state is BookingState.ARRIVED:
            await booking_rows.take_back(booking.id)
            await booking_money.unuse(booking, session.id, now)
        elif session.state is SessionState.CLOSED:
            await left(booking.id, session.exited_at or now)


async def release_no_shows(clients: Clients, settings: Settings, now: datetime) -> int:
    """Give up bookings whose car has not come in time; answers how many."""
    released, rules, lots = list[int](), dict[int, BookingRules](), set[int]()
    for booking in await booking_rows.list_begun(now, BATCH):
        if booking.lot_id not in rules:
            rules[booking.lot_id] = await rule_rows.get_rules(booking.lot_id)
        if now < rules_of.given_up_at(booking.span, rules[booking.lot_id]):
            continue
        async with transaction():
            held = await booking_money.lock(booking.id)
            given_up_at = rules_of.given_up_at(held.span, rules[held.lot_id])
            if held.state is not BookingState.RESERVED or now < given_up_at:
                continue  # it has just come, was cancelled, or stays longer
            if held.hold_until is not None and not await _is_being_paid(held):
                continue  # nobody has paid for it: it costs nothing, and its hold ends by itself
            fee = rules_of.cancel_fee_cents(held, rules[held.lot_id], given_up_at)
            ended = await end(held, BookingState.NO_SHOW, fee, None, now)
            await booking_letters.write(settings, ended, booking_letters.NOT_COME, now)
        released.append(booking.id)
        lots.add(booking.lot_id)
    for lot_id in lots:
        await clients.live.announce(f"bookings:{lot_id}")
    if released:
        log.info("bookings.given_up", count=len(released))
        await booking_refunds.give_back_soon(clients, settings, released, now)
    return len(released)


async def _is_being_paid(booking: Booking) -> bool:
    """Whether a bank has its payment in hand."""
    return any(each.state is PaymentState.PROCESSING for each in await payment_rows.list_of_booking(booking.id))


def _standing(booking: Booking) -> int:
    """Anybody can book for a plate: what is paid or was made by staff is the driver's before what is not."""
    return 2 if booking.hold_until is not None else int(booking.paying is Paying.ON_SITE)


async def _held(booking_id: int) -> Booking:
    """The booking, with its lot's books and places held, so that nobody takes one meanwhile."""
    await rule_rows.list_places((await booking_money.lock(booking_id)).lot_id)
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
