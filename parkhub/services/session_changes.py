"""Changes of sessions by people: saved with an audit entry, the price follows, and each can be undone."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, Final

import msgspec

from parkhub.clients import Clients
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Outcome, ParkingSession
from parkhub.domain.text import one_line
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import audit, billing, bookings

REASON_LENGTH_MAX: Final = 300
_KEPT: Final = tuple(each.name for each in fields(ParkingSession) if each.name != "plate")


async def undo(clients: Clients, entry_id: int, account_id: int | None, now: datetime) -> int:
    """Take a correction back: all its sessions are again what they were, and priced so.

    Raises ConflictError when one of them has changed since, or the correction was undone already.
    """
    async with transaction():
        entry = await audit.get_entry(entry_id)
        if entry.lot_id is None or not entry.action.startswith("session.") or not entry.before or not entry.after:
            raise InvalidInputError("This cannot be undone.")
        await session_rows.lock_lot(entry.lot_id)
        ids = [int(each) for each in entry.after]
        now_there = {str(each.id): each for each in await session_rows.get_sessions(ids)}
        if any(_kept(now_there[each]) != entry.after[each] for each in entry.after):
            raise ConflictError("The session has changed since. Undo the later change first.")
        before = []
        for each in reversed(list(entry.before)):
            plate = entry.plates[0] if entry.plates else now_there[each].plate
            before.append(_restored(entry.before[each], plate))
        was = [now_there[str(each.id)] for each in before]
        undone = await change("session.undone", was, before, "", account_id, now, undoes=entry_id)
        if entry.action == "session.exit_assigned":
            await _ask_again(entry.after)
    await clients.live.announce(f"sessions:{entry.lot_id}")
    return undone


async def _ask_again(after: Mapping[str, Any]) -> None:
    """The passage that had been assigned waits for a person again."""
    for kept in after.values():
        passage_id = kept["exit_passage_id"]
        if passage_id is None:
            continue
        await passage_rows.set_outcome(passage_id, Outcome.ASKED.value, "the decision was taken back", None)
        for review in await review_rows.list_of_passage(passage_id):
            await review_rows.reopen(review.id)


async def locked(session_id: int) -> ParkingSession:
    """The session, with its lot held, so that it stays as it is until the transaction ends."""
    await session_rows.lock_lot((await session_rows.get_session(session_id)).lot_id)
    return await session_rows.get_session(session_id)


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

    ``before`` and ``after`` are the same sessions in the same order; a plate is set free before another takes it.
    """
    for session in after:
        await session_rows.save_session(session)
    entry = await note(action, before, after, reason, account_id, now, undoes)
    for session in after:
        await billing.correct(session, f"session:{session.id}:audit:{entry}", now)
        await bookings.follow(session, now)
    return entry


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
    return await audit.note(
        action,
        account_id=account_id,
        lot_id=after[0].lot_id,
        subject=f"session:{after[-1].id}",
        before={str(each.id): _kept(each) for each in before},
        after={str(each.id): _kept(each) for each in after},
        reason=checked_reason(reason) if undoes is None else "",
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


def checked_reason(text: str) -> str:
    """A reason as it is kept. Raises InvalidInputError."""
    text = text.strip()
    if not text:
        raise InvalidInputError("Say why; the next shift reads it.")
    if len(text) > REASON_LENGTH_MAX or not one_line(text):
        raise InvalidInputError(f"Say why on one line of at most {REASON_LENGTH_MAX} letters.")
    return text


async def answer(
    session_id: int, questions: Sequence[Question], decision: str, account_id: int | None, now: datetime
) -> None:
    """Questions that the correction has answered wait no longer."""
    for review in await review_rows.list_of_session(session_id):
        if review.question in questions:
            await review_rows.decide(review.id, decision, account_id, now)
