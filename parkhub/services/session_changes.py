"""Changes of sessions by people: saved with an audit entry, the price follows, and each can be undone."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from datetime import datetime
from typing import Any, Final

import msgspec

from parkhub.clients import Clients
from parkhub.db import bookings as booking_rows
from parkhub.db import matching as matching_rows
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.audit import AuditEntry
from parkhub.domain.matching import match_passage
from parkhub.domain.plates import fold
from parkhub.domain.reasons import checked_reason
from parkhub.domain.reviews import EXITS, PRICES, Question
from parkhub.domain.sessions import Ending, Outcome, ParkingSession, SessionState
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import audit, billing, booking_stays

PLATE_CHANGED: Final = "session.plate_changed"
_KEPT: Final = tuple(each.name for each in fields(ParkingSession) if each.name != "plate")


async def undo(clients: Clients, entry_id: int, account_id: int | None, now: datetime) -> int:
    """Take a correction back: all its sessions are again what they were, priced so, and its questions wait again.

    Raises ConflictError when one of them has changed since, or the correction was undone already.
    """
    async with transaction():
        entry = await audit.get_entry(entry_id)
        if entry.lot_id is None or not entry.before or not entry.after or not is_correction(entry):
            raise InvalidInputError("This cannot be undone.")
        if entry.undone_by is not None:
            raise ConflictError("This was taken back already.")
        await session_rows.lock_lot(entry.lot_id)
        ids = [int(each) for each in entry.after]
        now_there = {str(each.id): each for each in await session_rows.get_sessions(ids)}
        if any(_restored(entry.after[each], now_there[each].plate) != now_there[each] for each in entry.after):
            raise ConflictError("The session has changed since. Undo the later change first.")
        if entry.plates and any(each.plate != entry.plates[1] for each in now_there.values()):
            raise ConflictError("The plate has changed since. Undo the later change first.")
        was, before = [], []
        for each in reversed(list(entry.before)):
            was.append(now_there[each])
            plate = entry.plates[0] if entry.plates else now_there[each].plate
            before.append(_restored(entry.before[each], plate))
        undone = await change("session.undone", was, before, "", account_id, now, undoes=entry_id)
        await follow_exits(was, before, account_id, now)
        for review in await review_rows.list_decided([each.id for each in before], entry.at):
            await review_rows.reopen(review.id)
        for session in before:
            await answer_settled(session, "undone", account_id, now)
    await clients.live.announce(f"sessions:{entry.lot_id}")
    return undone


async def lot_of(entry_id: int) -> int | None:
    """The lot of a correction. Raises NotFoundError."""
    return (await audit.get_entry(entry_id)).lot_id


def is_correction(entry: AuditEntry) -> bool:
    """Whether an entry tells whole sessions; one about a plate that is no longer kept cannot be taken back."""
    names = (*(entry.before or ()), *(entry.after or ()))
    whole = entry.action.startswith("session.") and all(each.isdecimal() for each in names)
    return whole and (entry.plates is not None or entry.action != PLATE_CHANGED)


async def follow_exits(
    before: Sequence[ParkingSession], after: Sequence[ParkingSession], account_id: int | None, now: datetime
) -> None:
    """Ask whose car it was that ends none of these sessions any more, and no more about the one that does again."""
    ended, ends = _exits(before), _exits(after)
    for passage_id in ended.keys() - ends.keys():
        with suppress(NotFoundError):  # no longer kept: there is nothing to decide by
            await _ask_again(passage_id, now)
    for passage_id in ends.keys() - ended.keys():
        with suppress(NotFoundError):
            reason = "a person's decision"
            await passage_rows.set_outcome(passage_id, Outcome.LEFT.value, reason, ends[passage_id])
        for review in await review_rows.list_of_passage(passage_id):
            if review.question in EXITS and review.decided_at is None:
                await review_rows.decide(review.id, f"session:{ends[passage_id]}", account_id, now)


def _exits(sessions: Sequence[ParkingSession]) -> dict[int, int]:
    return {
        each.exit_passage_id: each.id
        for each in sessions
        if each.exit_passage_id is not None and each.state is not SessionState.CANCELLED
    }


async def _ask_again(passage_id: int, now: datetime) -> None:
    passage = await passage_rows.get_passage(passage_id)
    await passage_rows.set_outcome(passage_id, Outcome.ASKED.value, "it was not the car it had been taken for", None)
    asked = [each for each in await review_rows.list_of_passage(passage_id) if each.question in EXITS]
    for review in asked:
        await review_rows.reopen(review.id)
    if not asked:
        inside = await matching_rows.list_inside(passage.lot_id, passage.at)
        suggestions = match_passage(passage, inside).suggestions
        await review_rows.ask(passage.lot_id, Question.DOUBTFUL_EXIT, passage_id, None, suggestions, now)


async def change(
    action: str,
    before: Sequence[ParkingSession],
    after: Sequence[ParkingSession],
    reason: str,
    account_id: int | None,
    now: datetime,
    undoes: int | None = None,
) -> int:
    """Save sessions, note it, and let their prices follow; answers the audit entry's id. The lot must be held.

    ``before`` and ``after`` are the same sessions in the same order, whichever it is.
    Raises ConflictError when another session with a plate is open, NotFoundError for one that its driver has yet to
    pay for: of that nobody is told.
    """
    if any(session.state is SessionState.BEGUN for session in before):
        raise NotFoundError("There is no such session.")
    for session in after:
        if session.state is SessionState.OPEN and session.plate:
            inside = await session_rows.find_inside(session.lot_id, session.plate)
            if inside is not None and all(inside.id != each.id for each in after):
                raise ConflictError("A session with this plate is open already. Merge the two.")
    for _, session in sorted(zip(before, after, strict=True), key=_freeing_first):
        await session_rows.save_session(session)
    entry = await note(action, before, after, reason, account_id, now, undoes)
    for old, new in zip(before, after, strict=True):
        await _move_booking(old, new, now)
        await billing.correct(new, f"session:{new.id}:audit:{entry}", now)
        await booking_stays.follow(new, now)
    return entry


def _freeing_first(both: tuple[ParkingSession, ParkingSession]) -> tuple[bool, bool]:
    """The order in which a plate and a passage are set free before another session takes them."""
    old, new = both
    return new.state is not SessionState.CANCELLED, old.state is SessionState.CANCELLED


async def _move_booking(old: ParkingSession, new: ParkingSession, now: datetime) -> None:
    """A session that gives its booking up leaves it to a car that may still come; one that takes one has come on it."""
    if old.booking_id == new.booking_id:
        return
    await booking_stays.follow(replace(old, state=SessionState.CANCELLED), now)
    if new.booking_id is not None:
        await booking_stays.arrived(new.booking_id, new.id, new.entered_at)


async def find_booking(session: ParkingSession, plate: str) -> int | None:
    """The booking of a session once it has that plate: its own if it is that plate's, else one that waits for it."""
    if session.state is not SessionState.OPEN:
        return session.booking_id
    if session.booking_id is not None:
        own = await booking_rows.get_booking(session.booking_id)
        if fold(own.plate) == fold(plate):
            return own.id
    found = await booking_stays.find_booking(session.lot_id, plate, session.entered_at)
    return found.id if found else None


async def note(
    action: str,
    before: Sequence[ParkingSession],
    after: Sequence[ParkingSession],
    reason: str,
    account_id: int | None,
    now: datetime,
    undoes: int | None = None,
) -> int:
    """Note what sessions were and are. Raises InvalidInputError without a reason."""
    plates = {(old.plate, new.plate) for old, new in zip(before, after, strict=True) if old.plate != new.plate}
    told = {each.plate for each in (*before, *after)}
    return await audit.note(
        action,
        account_id=account_id,
        lot_id=after[0].lot_id,
        subject=f"session:{after[-1].id}",
        before={str(each.id): _kept(each) for each in before},
        after={str(each.id): _kept(each) for each in after},
        reason=checked_reason(reason, told) if undoes is None else "",
        at=now,
        plates=plates.pop() if plates else None,
        undoes=undoes,
    )


def _kept(session: ParkingSession) -> dict[str, Any]:
    """A session without its plate, as it is written into the log."""
    found = msgspec.to_builtins(session)
    return {name: found[name] for name in _KEPT}


def _restored(kept: dict[str, Any], plate: str) -> ParkingSession:
    return msgspec.convert({**kept, "plate": plate}, ParkingSession)


async def answer(
    session_id: int, questions: Sequence[Question], decision: str, account_id: int | None, now: datetime
) -> None:
    """Questions that the correction has answered wait no longer."""
    for review in await review_rows.list_of_session(session_id):
        if review.question in questions:
            await review_rows.decide(review.id, decision, account_id, now)


async def answer_settled(session: ParkingSession, decision: str, account_id: int | None, now: datetime) -> None:
    """Close the questions that a session now answers: about its price, and all about one that never was."""
    if session.state is SessionState.CANCELLED:
        await answer(session.id, tuple(Question), decision, account_id, now)
    elif session.is_priced:
        await answer(session.id, tuple(PRICES), decision, account_id, now)


async def ask_price(session: ParkingSession, now: datetime) -> None:
    """Ask about a session that ended without a price, unless that waits already."""
    if session.state is not SessionState.CLOSED or session.is_priced:
        return
    if not any(each.question in PRICES for each in await review_rows.list_of_session(session.id)):
        question = Question.TOO_LONG if session.ending is Ending.TOO_LONG else Question.EXIT_MISSED
        await review_rows.ask(session.lot_id, question, None, session.id, (), now)
