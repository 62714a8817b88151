"""Staff answer what the cameras could not tell."""

from dataclasses import replace
from datetime import datetime

from parkhub.clients import Clients
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db.engine import transaction
from parkhub.domain.reviews import Question, Review
from parkhub.domain.sessions import Ending, Outcome, SessionState
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import audit
from parkhub.services.session_changes import answer, change, checked_reason, locked


async def assign_exit(
    clients: Clients, review_id: int, session_id: int, reason: str, account_id: int | None, now: datetime
) -> int:
    """Decide that the car of a question about an exit was this session's: it ends when the car was seen."""
    async with transaction():
        session = await locked(session_id)
        review = await review_rows.get_review(review_id)
        if review.passage_id is None or review.lot_id != session.lot_id:
            raise InvalidInputError("This question is not about a car that left this session's lot.")
        passage = await passage_rows.get_passage(review.passage_id)
        if review.decided_at is not None:
            raise ConflictError("Somebody has decided this already.")
        if session.state is not SessionState.OPEN and session.is_priced:
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
        await answer(session.id, (Question.EXIT_MISSED, Question.TOO_LONG), "exit_given", account_id, now)
    await clients.live.announce(f"sessions:{session.lot_id}")
    return entry


async def dismiss(clients: Clients, review_id: int, reason: str, account_id: int | None, now: datetime) -> Review:
    """Close a question without changing anything."""
    async with transaction():
        review = await review_rows.get_review(review_id)
        await review_rows.decide(review.id, "dismissed", account_id, now)
        await audit.note(
            "review.dismissed",
            account_id=account_id,
            lot_id=review.lot_id,
            subject=f"review:{review.id}",
            before=None,
            after={"decision": "dismissed"},
            reason=checked_reason(reason),
            at=now,
        )
    await clients.live.announce(f"sessions:{review.lot_id}")
    return await review_rows.get_review(review_id)
