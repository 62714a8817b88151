"""Staff answer what the cameras could not tell."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from parkhub.clients import Clients
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.audit import EntryFilter
from parkhub.domain.plates import normalise
from parkhub.domain.reasons import checked_reason
from parkhub.domain.reviews import EXITS, PRICES, Question, Review
from parkhub.domain.sessions import Ending, Outcome, SessionState
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import audit, session_changes, session_corrections
from parkhub.services.session_changes import answer_settled, change

DISMISSED: Final = "review.dismissed"


async def assign_exit(
    clients: Clients, review_id: int, session_id: int, reason: str, account_id: int | None, now: datetime
) -> int:
    """Decide that the car of a question about an exit was this session's: it ends when the car was seen."""
    async with transaction():
        session = await session_rows.lock_session(session_id)
        review = await review_rows.get_review(review_id)
        if review.passage_id is None or review.lot_id != session.lot_id or review.question not in EXITS:
            raise InvalidInputError("This question is not about a car that left this session's lot.")
        passage = await passage_rows.get_passage(review.passage_id)
        if review.decided_at is not None:
            raise ConflictError("Somebody has decided this already.")
        if session.state is SessionState.CANCELLED or session.is_priced:
            raise ConflictError("This session is over. Reopen it first.")
        if passage.at < session.entered_at:
            raise InvalidInputError("The car was seen before this session began.")
        await review_rows.decide(review.id, f"session:{session.id}", account_id, now)
        after = replace(
            session,
            state=SessionState.CLOSED,
            ending=Ending.EXIT,
            exited_at=passage.at,
            exit_passage_id=passage.id,
        )
        entry = await change("session.exit_assigned", [session], [after], reason, account_id, now)
        await passage_rows.set_outcome(passage.id, Outcome.LEFT.value, "decided by a person", session.id)
        await answer_settled(after, "exit_given", account_id, now)
    await clients.live.announce(f"sessions:{session.lot_id}")
    return entry


async def dismiss(clients: Clients, review_id: int, reason: str, account_id: int | None, now: datetime) -> Review:
    """Close a question without changing anything."""
    async with transaction():
        review = await _lock(review_id)
        await review_rows.decide(review.id, "dismissed", account_id, now)
        await audit.note(
            DISMISSED,
            account_id=account_id,
            lot_id=review.lot_id,
            subject=f"review:{review.id}",
            before=None,
            after={"decision": "dismissed"},
            reason=checked_reason(reason, await _plates(review)),
            at=now,
        )
    await clients.live.announce(f"sessions:{review.lot_id}")
    return await review_rows.get_review(review_id)


async def enter(clients: Clients, review_id: int, text: str, reason: str, account_id: int | None, now: datetime) -> int:
    """Decide that a car whose direction nobody knew came in: a session begins when it was seen, with this plate."""
    async with transaction():
        review = await _lock(review_id)
        if review.question is not Question.DIRECTION or review.passage_id is None:
            raise InvalidInputError("This question is not about a car whose direction nobody knows.")
        passage = await passage_rows.get_passage(review.passage_id)
        begun = await session_corrections.open_by_hand(
            clients, review.lot_id, text, passage.kind, passage.first_at, reason, account_id, now
        )
        await review_rows.decide(review.id, f"entered:{begun.id}", account_id, now)
        await passage_rows.set_outcome(passage.id, Outcome.ENTERED.value, "decided by a person", begun.id)
        entry = await _last_entry(f"session:{begun.id}")
    await clients.live.announce(f"sessions:{review.lot_id}")
    return entry


async def split_entry(
    clients: Clients, review_id: int, left_at: datetime, reason: str, account_id: int | None, now: datetime
) -> int:
    """Decide that a car seen to come in twice had left at ``left_at``: the stay becomes two."""
    async with transaction():
        review = await _lock(review_id)
        if review.question is not Question.SECOND_ENTRY or None in (review.passage_id, review.session_id):
            raise InvalidInputError("This question is not about a car that came in twice.")
        passage = await passage_rows.get_passage(review.passage_id or 0)
        entry = await session_corrections.split(
            clients, review.session_id or 0, left_at, passage.first_at, reason, account_id, now
        )
        if (await review_rows.get_review(review.id)).decided_at is None:
            await review_rows.decide(review.id, "split", account_id, now)
    await clients.live.announce(f"sessions:{review.lot_id}")
    return entry


async def charge_until_noticed(
    clients: Clients, review_id: int, reason: str, account_id: int | None, now: datetime
) -> int:
    """Decide that a session which ended without a price is charged until its leaving was noticed."""
    async with transaction():
        review = await _lock(review_id)
        session = await session_rows.get_session(review.session_id or 0)
        if review.question not in PRICES or session.exited_at is None:
            raise InvalidInputError("This question is not about a session that ended without a price.")
        at = session.exited_at
        entry = await session_corrections.close_by_hand(clients, session.id, at, reason, account_id, now)
    await clients.live.announce(f"sessions:{review.lot_id}")
    return entry


async def close_session(
    clients: Clients, review_id: int, left_at: datetime, reason: str, account_id: int | None, now: datetime
) -> int:
    """Decide that the car of the session a question is about left at ``left_at``."""
    async with transaction():
        review = await _lock(review_id)
        if review.session_id is None:
            raise InvalidInputError("This question is not about a time.")
        entry = await session_corrections.close_by_hand(clients, review.session_id, left_at, reason, account_id, now)
    await clients.live.announce(f"sessions:{review.lot_id}")
    return entry


async def name_entry(
    clients: Clients, review_id: int, text: str, reason: str, account_id: int | None, now: datetime
) -> int:
    """Decide which plate a car has that came in without one."""
    async with transaction():
        review = await _lock(review_id)
        if review.question is not Question.ENTRY_WITHOUT_PLATE or review.session_id is None:
            raise InvalidInputError("This question is not about a plate.")
        if not normalise(text):
            raise InvalidInputError("Type the plate, or say that it has none.")
        entry = await session_corrections.edit_plate(clients, review.session_id, text, reason, account_id, now)
    await clients.live.announce(f"sessions:{review.lot_id}")
    return entry


async def take_back(clients: Clients, review_id: int, entry_id: int, account_id: int | None, now: datetime) -> None:
    """Ask a question again as if it had not been answered: ``entry_id`` is the audit entry of the answer.

    Raises ConflictError when the session has changed since, or it was taken back already.
    """
    async with transaction():
        review = await review_rows.get_review(review_id)
        await session_rows.lock_lot(review.lot_id)
        entry = await audit.get_entry(entry_id)
        if entry.lot_id != review.lot_id or entry.at != review.decided_at:
            raise ConflictError("This was answered in another way meanwhile.")
        if entry.action == DISMISSED:
            await audit.note(
                "review.reopened",
                account_id=account_id,
                lot_id=review.lot_id,
                subject=f"review:{review.id}",
                before={"decision": review.decision},
                after=None,
                at=now,
                undoes=entry.id,
            )
        else:
            await session_changes.undo(clients, entry.id, account_id, now)
        await review_rows.reopen(review.id)
        if review.question is Question.DIRECTION and review.passage_id is not None:
            with suppress(NotFoundError):
                await passage_rows.set_outcome(review.passage_id, Outcome.ASKED.value, "taken back", None)
    await clients.live.announce(f"sessions:{review.lot_id}")


async def _lock(review_id: int) -> Review:
    """A question, decided by nobody else until the transaction ends. Raises ConflictError when somebody has already."""
    await session_rows.lock_lot((await review_rows.get_review(review_id)).lot_id)
    review = await review_rows.get_review(review_id)
    if review.decided_at is not None:
        raise ConflictError("Somebody has decided this already.")
    return review


async def find_answer(review_id: int) -> int:
    """The audit entry of a dismissal. Raises NotFoundError."""
    return await _last_entry(f"review:{review_id}")


async def _last_entry(subject: str) -> int:
    entries = await audit.list_entries(EntryFilter(subject=subject), limit=1)
    if not entries:
        raise NotFoundError("There is no such entry in the audit log.")
    return entries[0].id


async def _plates(review: Review) -> set[str]:
    """The plates that a question is about, as far as they are kept."""
    found = set()
    if review.session_id is not None:
        found.add((await session_rows.get_session(review.session_id)).plate)
    if review.passage_id is not None:
        with suppress(NotFoundError):
            found.add((await passage_rows.get_passage(review.passage_id)).plate)
    return found
