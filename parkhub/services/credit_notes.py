"""Credit notes: what was given back of a receipt, or lost to a bank, corrects it, once, under a number of its own."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from parkhub.db import credit_notes as rows
from parkhub.db import receipts as receipt_rows
from parkhub.db.credit_notes import CreditNote
from parkhub.domain.receipts import credit_note_number, tax_of_part
from parkhub.services.receipts import ID_BYTES, Receipt, get_receipt

REFUND: Final = "refund"
DISPUTE: Final = "dispute"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Correction:
    """A credit note with the receipt that it corrects."""

    note: CreditNote
    receipt: Receipt

    @property
    def number(self) -> str:
        """What it is called, for people."""
        return credit_note_number(self.note.lot_id, self.note.number)


async def get_correction(public_id: str) -> Correction:
    """The note. Raises NotFoundError."""
    note = await rows.get_note(public_id)
    return Correction(note, await get_receipt(note.receipt))


async def issue(quote_id: int, amount_cents: int, why: str, uid: str, now: datetime) -> str | None:
    """Correct a quote's receipt by what went back of it; answers the note's id, None when there is none to issue.

    Inside the transaction that books it, the lot's books held. ``uid`` is the movement's: told again it issues nothing.
    A receipt is corrected by no more than it tells: what goes back beyond that has no receipt to correct.
    """
    receipt_id = await receipt_rows.find_of_quote(quote_id)
    return await _correct(receipt_id, amount_cents, why, uid, now) if receipt_id else None


async def issue_of_session(session_id: int, amount_cents: int, uid: str, now: datetime) -> list[str]:
    """Correct a session's receipts, those of staff first, by what staff gave back in cash. In the same transaction."""
    issued = []
    for receipt_id in await receipt_rows.list_to_correct(session_id):
        part = min(_left(await get_receipt(receipt_id)), amount_cents)
        if part > 0 and (note := await _correct(receipt_id, part, REFUND, f"{uid}:{receipt_id}", now)):
            await receipt_rows.add_given_back(receipt_id, part)
            issued.append(note)
            amount_cents -= part
    return issued


def _left(receipt: Receipt) -> int:
    return receipt.paid.paid_cents - sum(note.amount_cents for note in receipt.notes)


async def _correct(receipt_id: str, amount_cents: int, why: str, uid: str, now: datetime) -> str | None:
    if await rows.is_issued(uid):
        return None
    receipt = await get_receipt(receipt_id)
    left = _left(receipt)
    amount = min(amount_cents, left)
    if amount < amount_cents:
        log.warning("credit_note.beyond_receipt", receipt=receipt.number, beyond_cents=amount_cents - max(0, amount))
    if amount <= 0:
        return None
    paid = receipt.paid.paid_cents
    tax = tax_of_part(paid, receipt.tax_cents, paid - left, amount)
    public_id = secrets.token_urlsafe(ID_BYTES)
    await rows.add_note(public_id, uid, receipt_id, amount, tax, why, now)
    return public_id
