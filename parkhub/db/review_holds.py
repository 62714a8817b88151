"""Who is about to answer which question. A hold ends by itself; the answer itself is a compare-and-set all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parkhub.db.engine import fetch
from parkhub.db.reviews import read_review
from parkhub.domain.reviews import Review

_FREE = "decided_at IS NULL AND (held_until IS NULL OR held_until <= {} OR held_by = {})"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question that waits, and the account that is about to answer it; ``who`` is its name, "" for nobody."""

    review: Review
    held_by: int | None
    who: str


async def hold(review_id: int, account_id: int, now: datetime, until: datetime) -> Review | None:
    """Hold a question, or hold it on; None when it is answered, or somebody else is on it."""
    rows = await fetch(
        f"UPDATE review SET held_by = {{}}, held_until = {{}} WHERE id = {{}} AND {_FREE} RETURNING *",  # noqa: S608
        account_id,
        until,
        review_id,
        now,
        account_id,
    )
    return read_review(rows[0]) if rows else None


async def list_free(
    lot_ids: frozenset[int] | None, account_id: int, now: datetime, after: Review | None, limit: int
) -> list[Review]:
    """Questions that nobody else is on, oldest first, beyond ``after``."""
    where, args = _of_lots(lot_ids)
    if after is not None:
        where += " AND (created_at > {} OR (created_at = {} AND id > {}))"
        args += [after.created_at, after.created_at, after.id]
    rows = await fetch(
        f"SELECT * FROM review WHERE {_FREE}{where} ORDER BY created_at, id LIMIT {{}}",  # noqa: S608
        now,
        account_id,
        *args,
        limit,
    )
    return [read_review(row) for row in rows]


async def let_go(account_id: int, but: int) -> None:
    """Hold nothing any more but one question."""
    await fetch(
        "UPDATE review SET held_by = NULL, held_until = NULL WHERE decided_at IS NULL AND held_by = {} AND id <> {}",
        account_id,
        but,
    )


async def list_waiting(lot_ids: frozenset[int] | None, now: datetime, limit: int) -> list[Waiting]:
    """Questions that wait, oldest first, each with who is on it."""
    where, args = _of_lots(lot_ids)
    rows = await fetch(
        "SELECT review.*, account.name AS who FROM review LEFT JOIN account ON account.id = review.held_by "  # noqa: S608
        f"AND review.held_until > {{}} WHERE decided_at IS NULL{where} ORDER BY created_at, review.id LIMIT {{}}",
        now,
        *args,
        limit,
    )
    return [
        Waiting(read_review(row), row["held_by"] if row["who"] is not None else None, row["who"] or "") for row in rows
    ]


async def count_waiting(lot_ids: frozenset[int] | None) -> int:
    """How many questions wait."""
    where, args = _of_lots(lot_ids)
    rows = await fetch(f"SELECT count(*) AS n FROM review WHERE decided_at IS NULL{where}", *args)  # noqa: S608
    return int(rows[0]["n"])


def _of_lots(lot_ids: frozenset[int] | None) -> tuple[str, list[Any]]:
    if lot_ids is None:
        return "", []
    if not lot_ids:
        return " AND 1 = 0", []
    found: Sequence[int] = sorted(lot_ids)
    return f" AND review.lot IN ({', '.join('{}' for _ in found)})", list(found)
