"""Receipts of what drivers paid: issued with the payment, numbered, under an id that leads to nothing else."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from parkhub.db import credit_notes as note_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import receipts as receipt_rows
from parkhub.db.credit_notes import CreditNote
from parkhub.db.quotes import StoredQuote
from parkhub.db.receipts import StoredReceipt
from parkhub.domain.lots import Lot
from parkhub.domain.mail import read_address
from parkhub.domain.money import rounded
from parkhub.domain.receipts import Operator, credit_note_number, receipt_number
from parkhub.services import mail
from parkhub.settings import Settings

ID_BYTES: Final = 18


@dataclass(frozen=True, slots=True)
class Receipt:
    """One payment for a stay or a booking, with the credit notes that correct it."""

    paid: StoredReceipt
    lot: Lot
    notes: tuple[CreditNote, ...] = ()

    @property
    def number(self) -> str:
        """What it is called, for people."""
        return receipt_number(self.lot.id, self.paid.number)

    @property
    def before_cents(self) -> int:
        """What was paid for the stay before this."""
        return max(0, self.paid.gross - self.paid.paid_cents)

    @property
    def tax_cents(self) -> int:
        """The tax in what was paid this time."""
        if self.paid.paid_cents == self.paid.gross:
            return self.paid.tax
        return self.paid.paid_cents - self.net_cents

    @property
    def net_cents(self) -> int:
        """What was paid this time, without its tax."""
        if self.paid.paid_cents == self.paid.gross:
            return self.paid.net
        return rounded(Fraction(self.paid.paid_cents) * 100 / (100 + self.paid.tax_percent))


async def get_receipt(public_id: str) -> Receipt:
    """The receipt. Raises NotFoundError."""
    paid = await receipt_rows.get_receipt(public_id)
    notes = await note_rows.list_of_receipt(public_id)
    return Receipt(paid, await lot_rows.get_lot(paid.lot_id), tuple(notes))


async def issue(settings: Settings, quote: StoredQuote, now: datetime) -> str:
    """Give a quote that has just been paid its receipt, and send it to who asked for it.

    Inside the transaction that books it, the lot's books held: its number follows the lot's last one, and a booking
    that is undone, or told again, takes none.
    """
    usual = Operator(settings.operator_name, settings.operator_address, settings.operator_tax_number)
    operator = (await rule_rows.get_rules(quote.lot_id)).operator(usual)
    public_id = secrets.token_urlsafe(ID_BYTES)
    await receipt_rows.add_receipt(public_id, quote.id, quote.lot_id, operator, now)
    await _write(settings, "receipt", f"receipt:{public_id}", public_id, {}, now)
    return public_id


async def tell_of_refund(
    settings: Settings, quote: StoredQuote, back_cents: int, note: str | None, made_cents: int, now: datetime
) -> None:
    """Write to who asked for a receipt that something of it was given back. Inside the transaction that books it.

    ``back_cents`` was given back this time; all of it stands on the receipt. ``note``: the credit note that says so.
    ``made_cents``: all refunds of the payment by now, which no other letter is of.
    """
    public_id = await receipt_rows.find_of_quote(quote.id)
    if public_id is not None:
        uid = f"refund:{public_id}:{made_cents}"
        more: dict[str, object] = {"back_cents": back_cents}
        if note is not None:
            more |= _noted(settings, await note_rows.get_note(note))
        await _write(settings, "refund", uid, public_id, more, now)


async def tell_of_dispute(settings: Settings, note: str | None, now: datetime) -> None:
    """Write to who asked for a receipt that it is corrected by what their bank took back, if it is by a credit note."""
    if note is not None:
        found = await note_rows.get_note(note)
        more = {"back_cents": found.amount_cents, **_noted(settings, found)}
        await _write(settings, "dispute_lost", f"dispute:{note}", found.receipt, more, now)


def _noted(settings: Settings, note: CreditNote) -> dict[str, object]:
    """What a letter says of a credit note."""
    number = credit_note_number(note.lot_id, note.number)
    return {"note_number": number, "link": f"{settings.address}/credit-notes/{note.public_id}"}


async def _write(
    settings: Settings, letter: str, uid: str, public_id: str, more: Mapping[str, object], now: datetime
) -> None:
    receipt = await get_receipt(public_id)
    paid, lot = receipt.paid, receipt.lot
    if read_address(paid.email) is None:  # none was given, or it has been forgotten by now
        return
    values = {
        "number": receipt.number,
        "lot": lot.name,
        "zone": lot.time_zone,
        "operator": paid.operator.name,
        "paid_cents": paid.paid_cents,
        "currency": paid.currency,
        "paid_at": paid.paid_at.isoformat(),
        "link": f"{settings.address}/receipts/{public_id}",
        **more,
    }
    await mail.write(uid, paid.email, paid.language, letter, values, now)
