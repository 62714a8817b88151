"""What barriers were asked to do, and what became of it: once noted, for good."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parkhub.db.engine import Row, fetch
from parkhub.domain.barriers import Cause, Opening, OpeningOutcome
from parkhub.errors import NotFoundError

_SELECT = (
    "SELECT barrier_opening.*, account.email FROM barrier_opening "
    "LEFT JOIN account ON account.id = barrier_opening.account "
)


@dataclass(frozen=True, slots=True)
class OpeningFilter:
    """Which openings; None is any."""

    barrier_id: int | None = None
    session_id: int | None = None
    cause: Cause | None = None
    outcome: OpeningOutcome | None = None
    since: datetime | None = None
    until: datetime | None = None


_CONDITIONS = {
    "barrier_id": "barrier_opening.barrier = {}",
    "session_id": "barrier_opening.session = {}",
    "cause": "barrier_opening.cause = {}",
    "outcome": "barrier_opening.outcome = {}",
    "since": "barrier_opening.asked_at >= {}",
    "until": "barrier_opening.asked_at < {}",
}


async def add_opening(opening: Opening) -> int | None:
    """Keep a command; None when its barrier has one for that passage, or one of that uid."""
    rows = await fetch(
        "INSERT INTO barrier_opening (uid, barrier, session, passage, cause, account, reason, asked_at, expires_at, "
        "attempts, outcome, told) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, 0, '', '') "
        "ON CONFLICT DO NOTHING RETURNING id",
        opening.uid,
        opening.barrier_id,
        opening.session_id,
        opening.passage_id,
        opening.cause.value,
        opening.account_id,
        opening.reason,
        opening.asked_at,
        opening.expires_at,
    )
    return rows[0]["id"] if rows else None


async def get_opening(opening_id: int) -> Opening:
    """The command. Raises NotFoundError."""
    rows = await fetch(_SELECT + "WHERE barrier_opening.id = {}", opening_id)
    if not rows:
        raise NotFoundError("There is no such opening.")
    return _opening(rows[0])


async def find_opening(uid: str) -> Opening | None:
    """The command by what its barrier knows it by."""
    rows = await fetch(_SELECT + "WHERE uid = {}", uid)
    return _opening(rows[0]) if rows else None


async def find_of_passage(barrier_id: int, passage_id: int) -> Opening | None:
    """The command for a passage."""
    rows = await fetch(_SELECT + "WHERE barrier = {} AND passage = {}", barrier_id, passage_id)
    return _opening(rows[0]) if rows else None


async def list_of_session(session_id: int) -> list[Opening]:
    """The commands for a session's car, the oldest first."""
    return [
        _opening(row) for row in await fetch(_SELECT + "WHERE session = {} ORDER BY barrier_opening.id", session_id)
    ]


async def has_let_through(barrier_id: int, session_id: int) -> bool:
    """Whether a barrier has opened by itself for a session, be it late, or may yet."""
    rows = await fetch(
        "SELECT id FROM barrier_opening WHERE session = {} AND barrier = {} AND passage IS NOT NULL "
        "AND (outcome IN ('', 'acknowledged') OR acknowledged_at IS NOT NULL) LIMIT 1",
        session_id,
        barrier_id,
    )
    return bool(rows)


async def claim(opening_id: int, now: datetime) -> bool:
    """Take it on oneself to send a command; False when somebody has, or it has ended."""
    rows = await fetch(
        "UPDATE barrier_opening SET sent_at = {}, attempts = 1 WHERE id = {} AND sent_at IS NULL AND outcome = '' "
        "AND expires_at > {} RETURNING id",
        now,
        opening_id,
        now,
    )
    return bool(rows)


async def note_attempt(opening_id: int) -> None:
    """Count one more try to send it."""
    await fetch("UPDATE barrier_opening SET attempts = attempts + 1 WHERE id = {}", opening_id)


async def settle(opening_id: int, outcome: OpeningOutcome, told: str, acknowledged_at: datetime | None) -> bool:
    """Note what became of a command; False when that is known already."""
    rows = await fetch(
        "UPDATE barrier_opening SET outcome = {}, told = {}, acknowledged_at = {} WHERE id = {} AND outcome = '' "
        "RETURNING id",
        outcome.value,
        told,
        acknowledged_at,
        opening_id,
    )
    return bool(rows)


async def note_late(opening_id: int, now: datetime) -> None:
    """Note that an answer came when nobody waited for it any more, the first time."""
    await fetch(
        "UPDATE barrier_opening SET acknowledged_at = {} WHERE id = {} AND acknowledged_at IS NULL", now, opening_id
    )


async def list_unsettled(before: datetime, limit: int) -> list[Opening]:
    """Commands that ended before without an answer."""
    rows = await fetch(
        _SELECT + "WHERE outcome = '' AND expires_at < {} ORDER BY expires_at LIMIT {}",
        before,
        limit,
    )
    return [_opening(row) for row in rows]


async def list_unsent(now: datetime, limit: int) -> list[Opening]:
    """Commands that hold and nobody has sent."""
    rows = await fetch(
        _SELECT + "WHERE outcome = '' AND expires_at > {} AND sent_at IS NULL ORDER BY expires_at LIMIT {}", now, limit
    )
    return [_opening(row) for row in rows]


async def list_for(barrier_ids: Sequence[int], now: datetime) -> list[Opening]:
    """Commands of these barriers that hold and have no answer, the oldest first."""
    if not barrier_ids:
        return []
    marks = ", ".join("{}" for _ in barrier_ids)
    rows = await fetch(
        _SELECT + f"WHERE outcome = '' AND expires_at > {{}} AND barrier IN ({marks}) ORDER BY barrier_opening.id",
        now,
        *barrier_ids,
    )
    return [_opening(row) for row in rows]


async def list_openings(
    barrier_ids: Sequence[int], wanted: OpeningFilter, before_id: int | None, limit: int
) -> list[Opening]:
    """Openings of these barriers, the newest first, with ids below ``before_id``."""
    if not barrier_ids:
        return []
    given: dict[str, Any] = {}
    for name, condition in _CONDITIONS.items():
        value = getattr(wanted, name)
        if value is not None:
            given[condition] = getattr(value, "value", value)
    if before_id is not None:
        given["barrier_opening.id < {}"] = before_id
    marks = ", ".join("{}" for _ in barrier_ids)
    where = " AND ".join([f"barrier IN ({marks})", *given])
    rows = await fetch(
        f"{_SELECT} WHERE {where} ORDER BY barrier_opening.id DESC LIMIT {{}}", *barrier_ids, *given.values(), limit
    )
    return [_opening(row) for row in rows]


def _opening(row: Row) -> Opening:
    return Opening(
        id=row["id"],
        uid=row["uid"],
        barrier_id=row["barrier"],
        session_id=row["session"],
        passage_id=row["passage"],
        cause=Cause(row["cause"]),
        account_id=row["account"],
        reason=row["reason"],
        asked_at=row["asked_at"],
        expires_at=row["expires_at"],
        sent_at=row["sent_at"],
        attempts=row["attempts"],
        acknowledged_at=row["acknowledged_at"],
        outcome=OpeningOutcome(row["outcome"]),
        told=row["told"],
        email=row["email"],
    )
