"""A lot's ledger by pages, the latest first; each filter has an index."""

from dataclasses import dataclass
from datetime import datetime

from parkhub.db.engine import fetch
from parkhub.db.ledger import Posted, load
from parkhub.domain.ledger import Kind


@dataclass(frozen=True, slots=True)
class PostedFilter:
    """Which transactions of a lot: of one kind, of ``since`` <= at < ``until``; None: any."""

    lot_id: int
    kind: Kind | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_latest(wanted: PostedFilter, before: int | None, limit: int) -> list[Posted]:
    """By when they happened, the latest first, from the one after that with the number ``before`` on."""
    conditions, values = _conditions(wanted)
    if before is not None:
        at = await _at(wanted.lot_id, before)
        if at is None:
            return []
        conditions.append("at <= {} AND (at < {} OR sequence < {})")
        values += [at, at, before]
    return sorted(await _load(conditions, values, "DESC", limit), key=_when, reverse=True)


async def list_first(wanted: PostedFilter, after: Posted | None, limit: int) -> list[Posted]:
    """By when they happened, the first one first, from the one behind ``after`` on."""
    conditions, values = _conditions(wanted)
    if after is not None:
        at, number = _when(after)
        conditions.append("at >= {} AND (at > {} OR sequence > {})")
        values += [at, at, number]
    return sorted(await _load(conditions, values, "ASC", limit), key=_when)


def _conditions(wanted: PostedFilter) -> tuple[list[str], list[object]]:
    conditions, values = ["lot = {}"], list[object]((wanted.lot_id,))
    for condition, value in (
        ("kind = {}", wanted.kind.value if wanted.kind else None),
        ("at >= {}", wanted.since),
        ("at < {}", wanted.until),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return conditions, values


async def _load(conditions: list[str], values: list[object], order: str, limit: int) -> list[Posted]:
    return await load(
        "ledger_transaction.id IN (SELECT id FROM ledger_transaction WHERE "  # noqa: S608
        f"{' AND '.join(conditions)} ORDER BY at {order}, sequence {order} LIMIT {{}})",
        *values,
        limit,
    )


def _when(posted: Posted) -> tuple[datetime, int]:
    return posted.transaction.at, posted.sequence


async def _at(lot_id: int, sequence: int) -> datetime | None:
    rows = await fetch("SELECT at FROM ledger_transaction WHERE lot = {} AND sequence = {}", lot_id, sequence)
    return rows[0]["at"] if rows else None
