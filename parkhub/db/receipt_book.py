"""All receipts and credit notes of a lot, in the order in which they were issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.db.engine import Row, fetch


@dataclass(frozen=True, slots=True)
class BookEntry:
    """One receipt, or with ``corrects`` one credit note, in minor units; a note's amounts are below zero.

    ``public_id`` is its page's; ``way``: how it was paid, or why it was corrected; ``corrects``: the receipt's number.
    """

    public_id: str
    number: int
    issued_at: datetime
    amount_cents: int
    currency: str
    way: str
    corrects: int | None


@dataclass(frozen=True, slots=True)
class BookSum:
    """How many receipts, and credit notes, and what they come to in minor units; of notes below zero."""

    receipts: int
    paid_cents: int
    notes: int
    credited_cents: int


_RECEIPTS: Final = (
    "SELECT r.public_id, r.number, r.issued_at, p.paid_cents AS amount, q.currency, p.provider AS way, "
    "CAST(NULL AS BIGINT) AS corrects FROM receipt AS r JOIN quote AS q ON q.id = r.quote "
    "JOIN payment AS p ON p.quote = q.id WHERE r.lot = {} AND r.issued_at >= {} AND r.issued_at < {}"
)
_NOTES: Final = (
    "SELECT n.public_id, n.number, n.issued_at, -n.amount_cents, q.currency, n.why, r.number "
    "FROM credit_note AS n JOIN receipt AS r ON r.id = n.receipt JOIN quote AS q ON q.id = r.quote "
    "WHERE n.lot = {} AND n.issued_at >= {} AND n.issued_at < {}"
)


async def list_entries(lot_id: int, since: datetime, until: datetime) -> Sequence[BookEntry]:
    """Those issued in ``since`` <= at < ``until``, the first first."""
    asked = (lot_id, since, until)
    rows = await fetch(f"{_RECEIPTS} UNION ALL {_NOTES} ORDER BY 3, 7, 2", *asked, *asked)
    return [_entry(row) for row in rows]


async def list_latest(lot_id: int, since: datetime, until: datetime, limit: int) -> Sequence[BookEntry]:
    """The same, the last first, at most so many: of a month of tens of thousands only these are read."""
    asked = (lot_id, since, until, limit)
    rows = await fetch(
        f"SELECT * FROM ({_RECEIPTS} ORDER BY r.issued_at DESC, r.number DESC LIMIT {{}}) AS paid UNION ALL "  # noqa: S608
        f"SELECT * FROM ({_NOTES} ORDER BY n.issued_at DESC, n.number DESC LIMIT {{}}) AS given_back",
        *asked,
        *asked,
    )
    found = sorted((_entry(row) for row in rows), key=_order, reverse=True)
    return found[:limit]


async def sum_entries(lot_id: int, since: datetime, until: datetime) -> BookSum:
    """What those issued in ``since`` <= at < ``until`` come to; of receipts an index alone is read."""
    [paid] = await fetch(
        "SELECT count(*) AS n, CAST(coalesce(sum(paid_cents), 0) AS BIGINT) AS cents FROM receipt "
        "WHERE lot = {} AND issued_at >= {} AND issued_at < {}",
        lot_id,
        since,
        until,
    )
    [back] = await fetch(
        "SELECT count(*) AS n, CAST(coalesce(sum(amount_cents), 0) AS BIGINT) AS cents FROM credit_note "
        "WHERE lot = {} AND issued_at >= {} AND issued_at < {}",
        lot_id,
        since,
        until,
    )
    return BookSum(int(paid["n"]), paid["cents"], int(back["n"]), -back["cents"])


def _order(entry: BookEntry) -> tuple[datetime, bool, int]:
    """As they were issued; of one moment receipts before what corrects them."""
    return entry.issued_at, entry.corrects is not None, entry.number


def _entry(row: Row) -> BookEntry:
    return BookEntry(
        row["public_id"],
        row["number"],
        row["issued_at"],
        row["amount"],
        row["currency"],
        row["way"],
        row["corrects"],
    )
