"""Receipts of quotes that were paid, numbered in each lot."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from parkhub.db.engine import fetch
from parkhub.db.payments import AT_DESK
from parkhub.db.quotes import read_lines
from parkhub.domain.local_time import Span
from parkhub.domain.quotes import Line
from parkhub.domain.receipts import Operator
from parkhub.errors import NotFoundError


@dataclass(frozen=True, slots=True)
class StoredReceipt:
    """What a receipt tells, in minor units. ``paid_cents`` was paid this time, ``refunded_cents`` given back.

    ``public_id`` is its own and leads nowhere else; ``number`` counts the lot's receipts.
    """

    public_id: str
    number: int
    operator: Operator
    lot_id: int
    lines: tuple[Line, ...]
    net: int
    tax: int
    gross: int
    tax_percent: Fraction
    currency: str
    span: Span
    paid_at: datetime
    paid_cents: int
    refunded_cents: int
    email: str
    language: str
    is_booking: bool = False


async def add_receipt(public_id: str, quote_id: int, lot_id: int, operator: Operator, now: datetime) -> int:
    """Give a quote that was paid the lot's next number. With the lot's books held: what is undone leaves no gap."""
    rows = await fetch(
        "INSERT INTO receipt "
        "(public_id, quote, lot, number, operator_name, operator_address, operator_tax_number, issued_at, paid_cents) "
        "SELECT {}, {}, {}, coalesce(max(number), 0) + 1, {}, {}, {}, {}, "
        "(SELECT paid_cents FROM payment WHERE quote = {}) FROM receipt WHERE lot = {} RETURNING number",
        public_id,
        quote_id,
        lot_id,
        operator.name,
        operator.address,
        operator.tax_number,
        now,
        quote_id,
        lot_id,
    )
    number: int = rows[0]["number"]
    return number


async def find_of_quote(quote_id: int) -> str | None:
    """The public id of a quote's receipt."""
    rows = await fetch("SELECT public_id FROM receipt WHERE quote = {}", quote_id)
    return rows[0]["public_id"] if rows else None


async def list_of_session(session_id: int) -> list[str]:
    """Public ids of a session's receipts, the last first."""
    rows = await fetch(
        "SELECT receipt.public_id FROM receipt JOIN quote ON quote.id = receipt.quote WHERE quote.session = {} "
        "ORDER BY receipt.number DESC",
        session_id,
    )
    return [row["public_id"] for row in rows]


async def list_to_correct(session_id: int) -> list[str]:
    """Public ids of the receipts of what a stay had of money, those that staff issued first, then the last first.

    What was paid for its booking is the stay's, too. What staff give back corrects what staff took: a provider tells
    by itself what it gave back, and then its own receipt must have something left to correct.
    """
    rows = await fetch(
        "SELECT receipt.public_id FROM receipt JOIN quote ON quote.id = receipt.quote "
        "JOIN payment ON payment.quote = quote.id "
        "WHERE quote.session = {} OR quote.booking IN "
        "(SELECT booking FROM ledger_transaction WHERE session = {} AND booking IS NOT NULL) "
        "ORDER BY CASE WHEN payment.provider IN ({}, {}) THEN 0 ELSE 1 END, receipt.number DESC",
        session_id,
        session_id,
        *AT_DESK,
    )
    return [row["public_id"] for row in rows]


async def add_given_back(public_id: str, cents: int) -> None:
    """Note what staff gave back of money that they had taken; what a provider gave back it tells itself."""
    await fetch(
        "UPDATE payment SET refunded_cents = refunded_cents + {} "
        "WHERE provider IN ({}, {}) AND quote = (SELECT quote FROM receipt WHERE public_id = {})",
        cents,
        *AT_DESK,
        public_id,
    )


async def get_receipt(public_id: str) -> StoredReceipt:
    """The receipt. Raises NotFoundError."""
    rows = await fetch(
        "SELECT quote.*, receipt.public_id AS receipt_id, receipt.number, receipt.operator_name, "
        "receipt.operator_address, receipt.operator_tax_number, "
        "payment.paid_at, payment.paid_cents, payment.refunded_cents "
        "FROM receipt JOIN quote ON quote.id = receipt.quote JOIN payment ON payment.quote = quote.id "
        "WHERE receipt.public_id = {}",
        public_id,
    )
    if not rows:
        raise NotFoundError("There is no such receipt.")
    row = rows[0]
    return StoredReceipt(
        public_id=row["receipt_id"],
        number=row["number"],
        operator=Operator(row["operator_name"], row["operator_address"], row["operator_tax_number"]),
        lot_id=row["lot"],
        lines=read_lines(row["lines"]),
        net=row["net_cents"],
        tax=row["tax_cents"],
        gross=row["gross_cents"],
        tax_percent=Fraction(row["tax_percent"]),
        currency=row["currency"],
        span=Span(row["starts_at"], row["ends_at"]),
        paid_at=row["paid_at"],
        paid_cents=row["paid_cents"],
        refunded_cents=row["refunded_cents"],
        email=row["email"],
        language=row["language"],
        is_booking=row["booking"] is not None,
    )
