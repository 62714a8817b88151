"""Credit notes of receipts, numbered in each lot."""

from dataclasses import dataclass
from datetime import datetime

from parkhub.db.engine import Row, fetch
from parkhub.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class CreditNote:
    """What corrects a receipt, in minor units above zero; ``tax_cents`` is in ``amount_cents``.

    ``receipt``: the public id of what it corrects; ``why``: "refund" or "dispute".
    """

    public_id: str
    receipt: str
    lot_id: int
    number: int
    amount_cents: int
    tax_cents: int
    why: str
    issued_at: datetime


_NOTES = (
    "SELECT credit_note.*, receipt.public_id AS corrects "
    "FROM credit_note JOIN receipt ON receipt.id = credit_note.receipt "
)


async def add_note(
    public_id: str, uid: str, receipt: str, amount_cents: int, tax_cents: int, why: str, now: datetime
) -> None:
    """Give a note its lot's next number. With the lot's books held: what is undone leaves no gap."""
    await fetch(
        "INSERT INTO credit_note (public_id, uid, receipt, lot, number, amount_cents, tax_cents, why, issued_at) "
        "SELECT {}, {}, receipt.id, receipt.lot, "
        "(SELECT coalesce(max(number), 0) + 1 FROM credit_note WHERE lot = receipt.lot), {}, {}, {}, {} "
        "FROM receipt WHERE receipt.public_id = {}",
        public_id,
        uid,
        amount_cents,
        tax_cents,
        why,
        now,
        receipt,
    )


async def is_issued(uid: str) -> bool:
    """Whether there is a note for that."""
    return bool(await fetch("SELECT 1 AS one FROM credit_note WHERE uid = {}", uid))


async def get_note(public_id: str) -> CreditNote:
    """The note. Raises NotFoundError."""
    rows = await fetch(f"{_NOTES}WHERE credit_note.public_id = {{}}", public_id)
    if not rows:
        raise NotFoundError("There is no such credit note.")
    return _note(rows[0])


async def list_of_receipt(receipt: str) -> list[CreditNote]:
    """A receipt's notes, the first first."""
    rows = await fetch(f"{_NOTES}WHERE receipt.public_id = {{}} ORDER BY credit_note.number", receipt)
    return [_note(row) for row in rows]


def _note(row: Row) -> CreditNote:
    return CreditNote(
        row["public_id"],
        row["corrects"],
        row["lot"],
        row["number"],
        row["amount_cents"],
        row["tax_cents"],
        row["why"],
        row["issued_at"],
    )
