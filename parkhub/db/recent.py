"""What happened last in some lots, for the live view: a few rows of each kind, found by an index from the end."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.db.engine import Row, fetch

EACH: Final = 8
"""So many of a kind are read: no list is longer."""
LOOKED_AT: Final = 200
"""Among so many of the last of all lots: what is older is not just now, and an index by time finds them at once."""


@dataclass(frozen=True, slots=True)
class Recent:
    """One thing that happened. ``session``: its own, or the one it is about, with its plate ("" when unknown).

    ``word``: what kind of opening or question; ``minutes``: how long a stay was that ended; ``cents`` of a payment.
    """

    kind: str
    id: int
    lot_id: int
    at: datetime
    session_id: int | None = None
    plate: str = ""
    word: str = ""
    reason: str = ""
    minutes: int = 0
    cents: int = 0
    currency: str = ""


async def list_recent(lot_ids: Collection[int]) -> list[Recent]:
    """The last of these lots, the newest first, at most `EACH`."""
    if not lot_ids:
        return []
    found = [
        *await _entries(lot_ids),
        *await _exits(lot_ids),
        *await _payments(lot_ids),
        *await _openings(lot_ids),
        *await _questions(lot_ids),
    ]
    return sorted(found, key=lambda each: (each.at, each.kind, each.id), reverse=True)[:EACH]


async def _entries(lot_ids: Collection[int]) -> list[Recent]:
    rows = await fetch(
        "SELECT id, lot, plate, entered_at FROM (SELECT id, lot, plate, entered_at, state FROM parking_session "  # noqa: S608
        f"ORDER BY entered_at DESC LIMIT {LOOKED_AT}) AS last WHERE lot IN ({_marks(lot_ids)}) "
        f"AND state IN ('open', 'closed') ORDER BY entered_at DESC LIMIT {EACH}",
        *lot_ids,
    )
    return [Recent("entry", row["id"], row["lot"], row["entered_at"], row["id"], row["plate"]) for row in rows]


async def _exits(lot_ids: Collection[int]) -> list[Recent]:
    rows = await fetch(
        "SELECT id, lot, plate, entered_at, exited_at FROM (SELECT id, lot, plate, entered_at, exited_at, state "  # noqa: S608
        f"FROM parking_session WHERE exited_at IS NOT NULL ORDER BY exited_at DESC LIMIT {LOOKED_AT}) AS last "
        f"WHERE lot IN ({_marks(lot_ids)}) AND state = 'closed' ORDER BY exited_at DESC LIMIT {EACH}",
        *lot_ids,
    )
    return [
        Recent("exit", row["id"], row["lot"], row["exited_at"], row["id"], row["plate"], minutes=_minutes(row))
        for row in rows
    ]


async def _payments(lot_ids: Collection[int]) -> list[Recent]:
    rows = await fetch(
        "SELECT last.id, last.lot, last.at, last.currency, last.session, parking_session.plate, "  # noqa: S608
        '(SELECT CAST(SUM(amount_cents) AS BIGINT) FROM ledger_posting WHERE "transaction" = last.id '
        "AND account IN ('cash', 'clearing')) AS cents "
        "FROM (SELECT id, lot, at, currency, session, kind FROM ledger_transaction ORDER BY id DESC "
        f"LIMIT {LOOKED_AT}) AS last LEFT JOIN parking_session ON parking_session.id = last.session "
        f"WHERE last.kind = 'payment' AND last.lot IN ({_marks(lot_ids)}) ORDER BY last.id DESC LIMIT {EACH}",
        *lot_ids,
    )
    return [
        Recent(
            "payment",
            row["id"],
            row["lot"],
            row["at"],
            row["session"],
            row["plate"] or "",
            cents=int(row["cents"] or 0),
            currency=row["currency"],
        )
        for row in rows
    ]


async def _openings(lot_ids: Collection[int]) -> list[Recent]:
    rows = await fetch(
        "SELECT last.id, barrier.lot, last.asked_at, last.session, last.cause, last.reason, parking_session.plate "  # noqa: S608
        f"FROM (SELECT * FROM barrier_opening ORDER BY id DESC LIMIT {LOOKED_AT}) AS last "
        "JOIN barrier ON barrier.id = last.barrier LEFT JOIN parking_session ON parking_session.id = last.session "
        f"WHERE barrier.lot IN ({_marks(lot_ids)}) ORDER BY last.id DESC LIMIT {EACH}",
        *lot_ids,
    )
    return [
        Recent(
            "opening",
            row["id"],
            row["lot"],
            row["asked_at"],
            row["session"],
            row["plate"] or "",
            row["cause"],
            row["reason"],
        )
        for row in rows
    ]


async def _questions(lot_ids: Collection[int]) -> list[Recent]:
    rows = await fetch(
        "SELECT id, lot, kind, created_at FROM (SELECT id, lot, kind, created_at FROM review ORDER BY id DESC "  # noqa: S608
        f"LIMIT {LOOKED_AT}) AS last WHERE lot IN ({_marks(lot_ids)}) ORDER BY id DESC LIMIT {EACH}",
        *lot_ids,
    )
    return [Recent("review", row["id"], row["lot"], row["created_at"], word=row["kind"]) for row in rows]


def _minutes(row: Row) -> int:
    return max(0, int((row["exited_at"] - row["entered_at"]).total_seconds() // 60))


def _marks(lot_ids: Collection[int]) -> str:
    return ", ".join("{}" for _ in lot_ids)
