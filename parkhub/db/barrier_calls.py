"""Calls for a person from barriers: at most one of each that is not resolved."""

from datetime import datetime
from typing import Any

from parkhub.db.engine import Row, fetch
from parkhub.domain.barriers import Call, CallCause
from parkhub.errors import ConflictError, NotFoundError

_SELECT = (
    "SELECT barrier_call.*, account.email FROM barrier_call LEFT JOIN account ON account.id = barrier_call.taken_by "
)


async def add_call(barrier_id: int, passage_id: int | None, cause: CallCause, now: datetime) -> int | None:
    """Call somebody; None when somebody is called already."""
    rows = await fetch(
        "INSERT INTO barrier_call (barrier, passage, cause, called_at) VALUES ({}, {}, {}, {}) "
        "ON CONFLICT DO NOTHING RETURNING id",
        barrier_id,
        passage_id,
        cause.value,
        now,
    )
    return rows[0]["id"] if rows else None


async def get_call(call_id: int) -> Call:
    """The call. Raises NotFoundError."""
    found = await _found("WHERE barrier_call.id = {}", call_id)
    if not found:
        raise NotFoundError("There is no such call.")
    return found[0]


async def find_open(barrier_id: int) -> Call | None:
    """The call from a barrier that is not resolved."""
    found = await _found("WHERE barrier = {} AND resolved_at IS NULL", barrier_id)
    return found[0] if found else None


async def was_called(barrier_id: int, passage_id: int) -> bool:
    """Whether somebody was called for a passage before."""
    return bool(await _found("WHERE barrier = {} AND passage = {}", barrier_id, passage_id))


async def list_open(lot_id: int | None = None) -> list[Call]:
    """Calls that are not resolved, the longest waiting first."""
    where = "WHERE resolved_at IS NULL"
    if lot_id is not None:
        where += " AND barrier IN (SELECT id FROM barrier WHERE lot = {})"
    return await _found(where, *([] if lot_id is None else [lot_id]))


async def take(call_id: int, account_id: int | None, now: datetime) -> None:
    """Note who takes a call. Raises ConflictError when somebody else has, or it is resolved."""
    rows = await fetch(
        "UPDATE barrier_call SET taken_by = {}, taken_at = {} WHERE id = {} AND taken_at IS NULL "
        "AND resolved_at IS NULL RETURNING id",
        account_id,
        now,
        call_id,
    )
    if not rows:
        raise ConflictError("Somebody has taken this call already.")


async def resolve(call_id: int, account_id: int | None, now: datetime) -> bool:
    """Note that a call is over; False when it was."""
    rows = await fetch(
        "UPDATE barrier_call SET resolved_by = {}, resolved_at = {} WHERE id = {} AND resolved_at IS NULL RETURNING id",
        account_id,
        now,
        call_id,
    )
    return bool(rows)


async def delete_resolved_before(before: datetime) -> int:
    """Forget calls that were over before then; returns how many."""
    return len(await fetch("DELETE FROM barrier_call WHERE resolved_at < {} RETURNING id", before))


async def _found(where: str, *given: Any) -> list[Call]:
    return [_call(row) for row in await fetch(f"{_SELECT} {where} ORDER BY barrier_call.id", *given)]


def _call(row: Row) -> Call:
    return Call(
        id=row["id"],
        barrier_id=row["barrier"],
        passage_id=row["passage"],
        cause=CallCause(row["cause"]),
        called_at=row["called_at"],
        taken_by=row["taken_by"],
        taken_at=row["taken_at"],
        resolved_by=row["resolved_by"],
        resolved_at=row["resolved_at"],
        taken_by_email=row["email"],
    )
