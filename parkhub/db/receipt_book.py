"""All receipts and credit notes of a lot, in the order in which they were issued."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from parkhub.db.engine import fetch


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


async def list_entries(lot_id: int, since: datetime, until: datetime) -> Sequence[BookEntry]:
    """Those issued in ``since`` <= at < ``until``, the first first."""
    rows = await fetch(
        "SELECT r.public_id, r.number, r.issued_at, p.paid_cents AS amount, q.currency, p.provider AS way, "
        "CAST(NULL AS BIGINT) AS corrects FROM receipt AS r JOIN quote AS q ON q.id = r.quote "
        "JOIN payment AS p ON p.quote = q.id WHERE r.lot = {} AND r.issued_at >= {} AND r.issued_at < {} "
        "UNION ALL "
        "SELECT n.public_id, n.number, n.issued_at, -n.amount_cents, q.currency, n.why, r.number "
        "FROM credit_note AS n JOIN receipt AS r ON r.id = n.receipt JOIN quote AS q ON q.id = r.quote "
        "WHERE n.lot = {} AND n.issued_at >= {} AND n.issued_at < {} ORDER BY 3, 7, 2",
        lot_id,
        since,
        until,
        lot_id,
        since,
        until,
    )
    return [
        BookEntry(
            row["public_id"],
            row["number"],
            row["issued_at"],
            row["amount"],
            row["currency"],
            row["way"],
            row["corrects"],
        )
        for row in rows
    ]
