"""Staff answer what the cameras could not tell."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from parkhub.clients import Clients
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.reasons import checked_reason
from parkhub.domain.reviews import EXITS, Review
from parkhub.domain.sessions import Ending, Outcome, SessionState
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import audit
from parkhub.services.session_changes import answer_settled, change


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
        if passage.last_at < session.entered_at:
            raise InvalidInputError("The car was seen before this session began.")
        await review_rows.decide(review.id, f"session:{session.id}", account_id, now)
        after = replace(
            session,
            state=SessionState.CLOSED,
            ending=Ending.EXIT,
            exited_at=passage.last_at,
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
        review = await review_rows.get_review(review_id)
        await session_rows.lock_lot(review.lot_id)
        await review_rows.decide(review.id, "dismissed", account_id, now)
        await audit.note(
            "review.dismissed",
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


async def _plates(review: Review) -> set[str]:
    """The plates that a question is about, as far as they are kept."""
    found = set()
    if review.session_id is not None:
        found.add((await session_rows.get_session(review.session_id)).plate)
    if review.passage_id is not None:
        with suppress(NotFoundError):
            found.add((await passage_rows.get_passage(review.passage_id)).plate)
    return found
