"""Questions to staff."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.matching import Suggestion
from parkhub.domain.reviews import Question, Review
from parkhub.errors import ConflictError, NotFoundError

_read_suggestions = msgspec.json.Decoder(tuple[Suggestion, ...]).decode


def read_review(row: Row) -> Review:
    """A row of the table as a domain value."""
    return Review(
        id=row["id"],
        lot_id=row["lot"],
        question=Question(row["kind"]),
        passage_id=row["passage"],
        session_id=row["session"],
        suggestions=_read_suggestions(row["suggestions"]),
        created_at=row["created_at"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        decision=row["decision"],
    )


async def ask(
    lot_id: int,
    question: Question,
    passage_id: int | None,
    session_id: int | None,
    suggestions: tuple[Suggestion, ...],
    now: datetime,
) -> None:
    """Ask once: a passage's question that was asked before stays as it is."""
    await fetch(
        "INSERT INTO review (lot, kind, passage, session, suggestions, created_at, decision) "
        "VALUES ({}, {}, {}, {}, {}, {}, '') ON CONFLICT DO NOTHING",
        lot_id,
        question.value,
        passage_id,
        session_id,
        msgspec.json.encode(suggestions).decode(),
        now,
    )


async def get_review(review_id: int) -> Review:
    """The question; NotFoundError when there is none."""
    rows = await fetch("SELECT * FROM review WHERE id = {}", review_id)
    if not rows:
        raise NotFoundError("There is no such question.")
    return read_review(rows[0])


async def decide(review_id: int, decision: str, account_id: int | None, now: datetime) -> None:
    """Close a question; ConflictError when somebody has."""
    rows = await fetch(
        "UPDATE review SET decided_at = {}, decided_by = {}, decision = {} WHERE id = {} AND decided_at IS NULL "
        "RETURNING id",
        now,
        account_id,
        decision,
        review_id,
    )
    if not rows:
        raise ConflictError("Somebody has decided this already.")


async def reopen(review_id: int) -> None:
    """Ask again what was decided."""
    await fetch("UPDATE review SET decided_at = NULL, decided_by = NULL, decision = '' WHERE id = {}", review_id)


async def list_open(lot_id: int, question: Question | None = None, limit: int = 100) -> list[Review]:
    """Questions that wait, oldest first."""
    kind = question.value if question else ""
    rows = await fetch(
        "SELECT * FROM review WHERE lot = {} AND decided_at IS NULL AND ({} = '' OR kind = {}) "
        "ORDER BY created_at, id LIMIT {}",
        lot_id,
        kind,
        kind,
        limit,
    )
    return [read_review(row) for row in rows]


async def list_exits_since(lot_id: int, since: datetime) -> list[tuple[Review, int]]:
    """Questions that wait about cars with a plate that left since, the first to leave first; each with its passage.

    Those whose passage is no longer kept are left out.
    """
    rows = await fetch(
        "SELECT review.* FROM review JOIN passage ON passage.id = review.passage WHERE review.lot = {} "
        "AND review.decided_at IS NULL AND review.kind IN ('doubtful_exit', 'exit_without_entry') "
        "AND passage.first_at >= {} ORDER BY passage.first_at, review.id",
        lot_id,
        since,
    )
    return [(read_review(row), row["passage"]) for row in rows]


async def list_of_session(session_id: int) -> list[Review]:
    """A session's own questions that wait."""
    rows = await fetch("SELECT * FROM review WHERE session = {} AND decided_at IS NULL ORDER BY id", session_id)
    return [read_review(row) for row in rows]


async def list_all_of_session(session_id: int) -> list[Review]:
    """A session's own questions, decided or not."""
    return [read_review(row) for row in await fetch("SELECT * FROM review WHERE session = {} ORDER BY id", session_id)]


async def list_decided(session_ids: Sequence[int], at: datetime) -> list[Review]:
    """What was decided about sessions at that very instant: by one correction."""
    marks = ", ".join("{}" for _ in session_ids)
    rows = await fetch(
        f"SELECT * FROM review WHERE session IN ({marks}) AND decided_at = {{}} ORDER BY id",  # noqa: S608
        *session_ids,
        at,
    )
    return [read_review(row) for row in rows]


async def list_of_passage(passage_id: int) -> list[Review]:
    """What was asked about a passage, decided or not."""
    return [read_review(row) for row in await fetch("SELECT * FROM review WHERE passage = {} ORDER BY id", passage_id)]
