"""Staff put sessions right: every change has a reason and an audit entry, the price follows, and it can be undone."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from parkhub.clients import Clients
from parkhub.db import discount_codes as code_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.plates import normalise
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Ending, ParkingSession, SessionState, new_ticket
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import billing, permits, session_spans
from parkhub.services.session_changes import (
    PLATE_CHANGED,
    answer,
    answer_settled,
    ask_price,
    change,
    find_booking,
    follow_exits,
    note,
)

PLATE_LENGTH_MAX: Final = 12
BACK_MAX: Final = timedelta(days=366)
"""How far back a session may begin that a person opens: a price is counted from its beginning."""


async def edit_plate(
    clients: Clients, session_id: int, text: str, reason: str, account_id: int | None, now: datetime
) -> int:
    """Give a session another plate, or none; its right, booking and price follow. Answers the audit entry's id.

    Raises ConflictError when that plate is inside already: merge the two.
    """
    plate = _plate(text)
    async with transaction():
        session = await session_rows.lock_session(session_id)
        if session.plate == plate:
            raise InvalidInputError("It has this plate already.")
        right = await permits.find_right(session.lot_id, plate, session.entered_at) if plate else None
        free = right if right and not right.full else None
        after = replace(
            session,
            plate=plate,
            permit_id=free.permit_id if free else None,
            right=free.kind.value if free else "",
            booking_id=await find_booking(session, plate),
        )
        entry = await change(PLATE_CHANGED, [session], [after], reason, account_id, now)
        await answer(session.id, (Question.ENTRY_WITHOUT_PLATE,), "plate_given", account_id, now)
    await clients.live.announce(f"sessions:{session.lot_id}")
    return entry


async def close_by_hand(
    clients: Clients, session_id: int, exited_at: datetime, reason: str, account_id: int | None, now: datetime
) -> int:
    """Say when a car left, also of a session that ended unpriced. Raises InvalidInputError for a time before its entry
    or ahead, ConflictError for a session that is over.
    """
    async with transaction():
        session = await session_rows.lock_session(session_id)
        if session.state is SessionState.CANCELLED or session.is_priced:
            raise ConflictError("This session is over. Reopen it first.")
        if not session.entered_at <= exited_at <= now:
            raise InvalidInputError("The exit lies between the entry and now.")
        after = replace(session, state=SessionState.CLOSED, ending=Ending.BY_HAND, exited_at=exited_at)
        entry = await change("session.closed_by_hand", [session], [after], reason, account_id, now)
        await answer_settled(after, "exit_given", account_id, now)
    await clients.live.announce(f"sessions:{session.lot_id}")
    return entry


async def reopen(clients: Clients, session_id: int, reason: str, account_id: int | None, now: datetime) -> int:
    """Take an exit back: the car is inside. What it was charged is charged anew when it leaves.

    Whose car it was that a camera saw leave is asked.
    """
    async with transaction():
        session = await session_rows.lock_session(session_id)
        if session.state is SessionState.OPEN:
            raise ConflictError("This session is open.")
        if session.state is SessionState.CANCELLED:
            raise ConflictError("This session was cancelled. Take that back first.")
        after = replace(session, state=SessionState.OPEN, ending=Ending.NONE, exited_at=None, exit_passage_id=None)
        entry = await change("session.reopened", [session], [after], reason, account_id, now)
        await follow_exits([session], [after], account_id, now)
    await clients.live.announce(f"sessions:{session.lot_id}")
    return entry


async def merge(
    clients: Clients, session_id: int, other_id: int, reason: str, account_id: int | None, now: datetime
) -> int:
    """Make two sessions of one visit one: the first keeps plate and ticket, takes the earlier entry and the last exit;
    the other is cancelled and costs nothing. Raises ConflictError when the other was paid or partly waived, has a
    booking or a code: those stay where they are.
    """
    async with transaction():
        session, other = await session_rows.lock_session(session_id), await session_rows.get_session(other_id)
        cancelled = SessionState.CANCELLED in (session.state, other.state)
        if session.id == other.id or session.lot_id != other.lot_id or cancelled:
            raise InvalidInputError("Two sessions of the same lot can be merged, and neither may be cancelled.")
        if (await billing.get_bill(other.id, now)).books.is_settled_partly:
            raise ConflictError("Something was paid, waived or refunded for the other session. Merge into that one.")
        if other.booking_id is not None or await code_rows.list_given(other.id):
            raise ConflictError("The other session has a booking or a code. Merge into that one.")
        first, second = sorted((session, other), key=lambda each: each.entered_at)
        last = _last(first, second)
        whole = replace(
            session,
            entered_at=first.entered_at,
            entry_passage_id=first.entry_passage_id,
            tariff_id=first.tariff_id,
            state=last.state,
            ending=last.ending,
            exited_at=last.exited_at,
            exit_passage_id=last.exit_passage_id,
        )
        gone = replace(other, state=SessionState.CANCELLED)
        entry = await change("session.merged", [other, session], [gone, whole], reason, account_id, now)
        for each in (gone, whole):
            await answer_settled(each, "merged", account_id, now)
        await ask_price(whole, now)
    await clients.live.announce(f"sessions:{session.lot_id}")
    return entry


async def split(
    clients: Clients,
    session_id: int,
    left_at: datetime,
    came_at: datetime,
    reason: str,
    account_id: int | None,
    now: datetime,
) -> int:
    """Make one session two: the car had left at ``left_at`` and come again at ``came_at``."""
    async with transaction():
        session = await session_rows.lock_session(session_id)
        if session.state is SessionState.CANCELLED or not (
            session.entered_at <= left_at <= came_at <= (session.exited_at or now)
        ):
            raise InvalidInputError("Both times lie within the stay, the exit first.")
        first = replace(
            session,
            state=SessionState.CLOSED,
            ending=Ending.BY_HAND,
            exited_at=left_at,
            exit_passage_id=None,
            leave_by=None,
        )
        await session_rows.save_session(first)
        second = await session_rows.add_session(
            replace(
                session,
                id=0,
                ticket=new_ticket(),
                entered_at=came_at,
                entry_passage_id=None,
                leave_by=None,
                booking_id=None,
            )
        )
        unborn = replace(second, state=SessionState.CANCELLED)
        entry = await change("session.split", [session, unborn], [first, second], reason, account_id, now)
        await answer_settled(first, "split", account_id, now)
        await ask_price(second, now)
    await clients.live.announce(f"sessions:{session.lot_id}")
    return entry


async def cancel(clients: Clients, session_id: int, reason: str, account_id: int | None, now: datetime) -> int:
    """Say that a visit never was: a car that turned away, lettering taken for a plate. It costs nothing."""
    async with transaction():
        session = await session_rows.lock_session(session_id)
        if session.state is SessionState.CANCELLED:
            raise ConflictError("This session is cancelled already.")
        after = replace(session, state=SessionState.CANCELLED)
        entry = await change("session.cancelled", [session], [after], reason, account_id, now)
        await answer_settled(after, "cancelled", account_id, now)
    await clients.live.announce(f"sessions:{session.lot_id}")
    return entry


async def open_by_hand(
    clients: Clients,
    lot_id: int,
    text: str,
    kind: VehicleKind | None,
    entered_at: datetime,
    reason: str,
    account_id: int | None,
    now: datetime,
    *,
    lost_ticket: bool = False,
) -> ParkingSession:
    """Begin a session that no camera saw; with ``lost_ticket`` it is over at once and costs the fee for that."""
    if entered_at > now:
        raise InvalidInputError("The entry cannot lie ahead.")
    if entered_at < now - BACK_MAX:
        raise InvalidInputError("The entry lies within the last year.")
    plate = _plate(text)
    async with transaction():
        await session_rows.lock_lot(lot_id)
        if plate and await session_rows.find_inside(lot_id, plate):
            raise ConflictError("A session with this plate is open already.")
        session = await session_spans.open_session(lot_id, plate, kind, entered_at)
        if lost_ticket:
            await session_spans.close_session(
                session, now, Ending.LOST_TICKET, f"session:{session.id}:lost_ticket", now
            )
        unborn = replace(session, state=SessionState.CANCELLED)
        after = await session_rows.get_session(session.id)
        await note("session.opened_by_hand", [unborn], [after], reason, account_id, now)
    await clients.live.announce(f"sessions:{lot_id}")
    return after


def _plate(text: str) -> str:
    plate = normalise(text)
    if len(plate) > PLATE_LENGTH_MAX or (text.strip() and not plate):
        raise InvalidInputError(f"A plate has at most {PLATE_LENGTH_MAX} letters and digits.")
    return plate


def _last(first: ParkingSession, second: ParkingSession) -> ParkingSession:
    """Whose end is the end of the visit: where they overlap, the later one that is known; else that of the second."""
    ends = [(each.is_priced, each.exited_at, each) for each in (first, second) if each.exited_at is not None]
    later = [end for end in ends if end[1] > second.entered_at]
    return max(later, key=lambda end: end[:2])[2] if later else second
