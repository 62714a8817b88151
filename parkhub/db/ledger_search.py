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
    conditions, values = ["lot = {}"], list[object]((wanted.lot_id,))
    for condition, value in (
        ("kind = {}", wanted.kind.value if wanted.kind else None),
        ("at >= {}", wanted.since),
        ("at < {}", wanted.until),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if before is not None:
        at = await _at(wanted.lot_id, before)
        if at is None:
            return []
        conditions.append("at <= {} AND (at < {} OR sequence < {})")
        values += [at, at, before]
    found = await load(
        "ledger_transaction.id IN (SELECT id FROM ledger_transaction WHERE "  # noqa: S608
        f"{' AND '.join(conditions)} ORDER BY at DESC, sequence DESC LIMIT {{}})",
        *values,
        limit,
    )
    return sorted(found, key=lambda each: (each.transaction.at, each.sequence), reverse=True)


async def _at(lot_id: int, sequence: int) -> datetime | None:
    rows = await fetch("SELECT at FROM ledger_transaction WHERE lot = {} AND sequence = {}", lot_id, sequence)
    return rows[0]["at"] if rows else None
