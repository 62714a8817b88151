"""Receipts of what drivers paid."""

from dataclasses import dataclass
from fractions import Fraction

from parkhub.db import lots as lot_rows
from parkhub.db import quotes as quote_rows
from parkhub.db.quotes import PaidQuote
from parkhub.domain.lots import Lot
from parkhub.domain.money import rounded


@dataclass(frozen=True, slots=True)
class Receipt:
    """One payment for a stay. ``number`` is for people: the stay's ticket, and which of its payments this is."""

    paid: PaidQuote
    lot: Lot
    number: str

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
    """The receipt of a quote that was paid. Raises NotFoundError."""
    paid = await quote_rows.get_paid_quote(public_id)
    payments = [each.public_id for each in await quote_rows.list_paid(paid.session_id)]
    number = f"{paid.ticket}-{payments.index(public_id) + 1}"
    return Receipt(paid, await lot_rows.get_lot(paid.lot_id), number)
