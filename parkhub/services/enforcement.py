"""The patrol's question: may this plate stand here now?

It may by a stay that is paid for or free so far, a permit, a booking, or the allow list.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from parkhub.clients import Clients
from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import lot_rules as lot_rule_rows
from parkhub.db import pay_ahead as ahead_rows
from parkhub.db import permits as permit_rows
from parkhub.db import plate_lists as list_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.bookings import Booking, BookingState, is_awaited
from parkhub.domain.enforcement import AHEAD_MAX, BACK_MAX, VISIBLE, Because, Claim, Verdict, judge
from parkhub.domain.local_time import Span
from parkhub.domain.lots import Lot
from parkhub.domain.pay_ahead import STANDS_FOR, standing
from parkhub.domain.permits import RightKind, covered, covers, is_plate
from parkhub.domain.plate_lists import PlateList
from parkhub.domain.plates import fold, normalise
from parkhub.errors import FieldsError
from parkhub.services import sessions

log = structlog.get_logger(__name__)

LOOK_UPS_MAX: Final = 60
WINDOW_S: Final = 60
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def look_up(clients: Clients, account_id: int, lot: Lot, text: str, at: datetime, now: datetime) -> Verdict:
    """What a signed-in patrol is told of a plate at ``at``. Nothing of it is written down but that somebody asked.

    Raises FieldsError, TooOftenError after `LOOK_UPS_MAX` questions of one account in a minute, and BusyError.
    """
    plate = normalise(text)
    wrong = {} if is_plate(plate) else {"registration_number": "This is no plate."}
    if not now - BACK_MAX <= at <= now + AHEAD_MAX:
        wrong["time"] = "Ask of the last 24 hours."
    if wrong:
        raise FieldsError(wrong)
    await clients.limiter.hit(f"look-up:{account_id}", LOOK_UPS_MAX, WINDOW_S)
    verdict = judge([claim async for claim in _claims(lot, plate, at)], at)
    if not verdict.allowed:
        for other in await _alike(lot.id, plate, at):
            if judge([claim async for claim in _claims(lot, other, at)], at).allowed:
                verdict = Verdict(False, verdict.until, other)
                break
    verdict = await _paid_ahead(verdict, lot.id, plate, at)
    log.info("enforcement.looked_up", account_id=account_id, lot=lot.id, allowed=verdict.allowed)
    return verdict


async def _paid_ahead(verdict: Verdict, lot_id: int, plate: str, at: datetime) -> Verdict:
    """What is told besides where one pays ahead: whether that was done, and until when."""
    if not (await lot_rule_rows.get_rules(lot_id)).paid_ahead:
        return verdict
    ends = [each.paid_until for each in await ahead_rows.list_of_plate(lot_id, plate, at - STANDS_FOR)]
    paid, until = standing([end for end in ends if end is not None], at)
    return replace(verdict, paid=paid, paid_until=until)


async def _claims(lot: Lot, plate: str, at: datetime) -> AsyncIterator[Claim]:
    standing = await sessions.find_standing(lot.id, plate, at)
    if standing is not None:
        yield Claim(standing.allowed, standing.until, await _because_of_stay(lot.id, plate, allowed=standing.allowed))
    for session in await ahead_rows.list_of_plate(lot.id, plate, at - VISIBLE):
        yield Claim(session.paid_until is not None and at < session.paid_until, session.paid_until, Because.PAID)
    allowed = await list_rows.find_listed(PlateList.ALLOW, lot.id, plate, None, alike=False)
    if allowed is not None:
        until = allowed.valid_until
        yield Claim(until is None or at < until, until, Because.LISTED)
    async for claim in _permit_claims(lot, plate, at):
        yield claim
    rules = await rule_rows.get_rules(lot.id)
    for booking in await booking_rows.list_of_plate(lot.id, plate, at - VISIBLE, at + BACK_MAX):
        there = booking.state is BookingState.ARRIVED and at < booking.span.end
        if booking.plate == plate and (there or is_awaited(booking, at, rules) or _is_just_over(booking, at)):
            yield Claim(not _is_just_over(booking, at), booking.span.end, Because.BOOKED)


async def _because_of_stay(lot_id: int, plate: str, *, allowed: bool) -> Because:
    """What a stay may stand by that goes on, or has just ended."""
    session = await session_rows.find_inside(lot_id, plate)
    if session is None:
        return Because.PAID
    if not allowed:
        return Because.PAID if session.paid_until else Because.INSIDE
    if session.right:
        return Because.LISTED if session.right == RightKind.ALLOWED else Because.PERMIT
    if session.booking_id is not None:
        return Because.BOOKED
    return Because.PAID if session.leave_by or session.paid_until else Because.FREE


async def _permit_claims(lot: Lot, plate: str, at: datetime) -> AsyncIterator[Claim]:
    """Of permits that have room, also for a car whose arrival nobody saw."""
    zone = ZoneInfo(lot.time_zone)
    for permit in await permit_rows.list_of_plate(lot.id, plate, alike=False):
        if permit.paused or await permit_rows.count_inside(permit.id, lot.id, plate) >= permit.cars_max:
            continue
        stretch, before = covers(permit, at, zone), covered(permit, Span(at - VISIBLE, at), zone)
        if stretch is not None:
            yield Claim(True, stretch.end if permit.times or permit.valid_until else None, Because.PERMIT)
        elif before:
            yield Claim(False, before[-1].end, Because.PERMIT)


def _is_just_over(booking: Booking, at: datetime) -> bool:
    arrived = booking.state in (BookingState.ARRIVED, BookingState.DONE)
    return arrived and booking.span.end <= at < booking.span.end + VISIBLE


async def _alike(lot_id: int, plate: str, at: datetime) -> list[str]:
    """Other plates that look the same and that something here knows."""
    found = {plate for permit in await permit_rows.list_of_plate(lot_id, plate) for plate in permit.plates}
    found |= {booking.plate for booking in await booking_rows.list_of_plate(lot_id, plate, at - VISIBLE, at + BACK_MAX)}
    session = await session_rows.find_just_entered(lot_id, fold(plate), _EVER, at)
    listed = await list_rows.find_listed(PlateList.ALLOW, lot_id, plate, at)
    found |= {each.plate for each in (session, listed) if each is not None}
    return sorted(other for other in found - {plate} if fold(other) == fold(plate))
