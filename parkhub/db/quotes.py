"""Quotes as drivers saw them, and as their receipts show them."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.local_time import Span
from parkhub.domain.quotes import Line, Quote
from parkhub.errors import NotFoundError

_read_lines = msgspec.json.Decoder(tuple[Line, ...]).decode


@dataclass(frozen=True, slots=True)
class StoredQuote:
    """A quote that is to be paid, of a session or of a booking. ``amount_cents`` of ``quote.gross_cents``: the rest had
    been paid before.
    """

    id: int
    public_id: str
    lot_id: int
    session_id: int | None
    ticket: str
    email: str
    amount_cents: int
    created_at: datetime
    quote: Quote
    booking_id: int | None = None


@dataclass(frozen=True, slots=True)
class PaidQuote:
    """What a receipt tells, in minor units. ``paid_cents`` was paid this time, ``refunded_cents`` given back."""

    public_id: str
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
    lot_id: int
    session_id: int
    ticket: str
    email: str


async def add_quote(
    public_id: str,
    lot_id: int,
    session_id: int,
    ticket: str,
    email: str,
    amount_cents: int,
    quote: Quote,
    now: datetime,
) -> StoredQuote:
    """Keep a quote."""
    rows = await fetch(
        "INSERT INTO quote (public_id, lot, session, ticket, currency, lines, net_cents, tax_cents, gross_cents, "
        "tax_percent, amount_cents, starts_at, ends_at, changes_at, created_at, email) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) RETURNING id",
        public_id,
        lot_id,
        session_id,
        ticket,
        quote.currency,
        msgspec.json.encode(quote.lines).decode(),
        quote.net_cents,
        quote.tax_cents,
        quote.gross_cents,
        str(quote.tax_percent),
        amount_cents,
        quote.span.start,
        quote.span.end,
        quote.changes_at,
        now,
        email,
    )
    return StoredQuote(rows[0]["id"], public_id, lot_id, session_id, ticket, email, amount_cents, now, quote)


async def get_quote(quote_id: int) -> StoredQuote:
    """The quote. Raises NotFoundError."""
    return _stored(await _one("SELECT * FROM quote WHERE id = {}", quote_id))


async def get_by_public_id(public_id: str) -> StoredQuote:
    """The quote. Raises NotFoundError."""
    return _stored(await _one("SELECT * FROM quote WHERE public_id = {}", public_id))


async def get_paid_quote(public_id: str) -> PaidQuote:
    """A quote that was paid. Raises NotFoundError, also for one that was not."""
    row = await _one(
        "SELECT quote.*, payment.paid_at, payment.paid_cents, payment.refunded_cents FROM quote "
        "JOIN payment ON payment.quote = quote.id WHERE public_id = {} AND payment.state = 'paid'",
        public_id,
    )
    quote = _quote(row)
    return PaidQuote(
        public_id=row["public_id"],
        lines=quote.lines,
        net=quote.net_cents,
        tax=quote.tax_cents,
        gross=quote.gross_cents,
        tax_percent=quote.tax_percent,
        currency=quote.currency,
        span=quote.span,
        paid_at=row["paid_at"],
        paid_cents=row["paid_cents"],
        refunded_cents=row["refunded_cents"],
        lot_id=row["lot"],
        session_id=row["session"],
        ticket=row["ticket"],
        email=row["email"],
    )


async def list_paid(session_id: int) -> list[PaidQuote]:
    """What was paid for a session, the first first."""
    rows = await fetch(
        "SELECT public_id FROM quote JOIN payment ON payment.quote = quote.id "
        "WHERE session = {} AND payment.state = 'paid' ORDER BY payment.paid_at, quote.id",
        session_id,
    )
    return [await get_paid_quote(row["public_id"]) for row in rows]


async def _one(sql: str, arg: object) -> Row:
    rows = await fetch(sql, arg)
    if not rows:
        raise NotFoundError("There is no such payment.")
    return rows[0]


def _stored(row: Row) -> StoredQuote:
    return StoredQuote(
        id=row["id"],
        public_id=row["public_id"],
        lot_id=row["lot"],
        session_id=row["session"],
        ticket=row["ticket"],
        email=row["email"],
        amount_cents=row["amount_cents"],
        created_at=row["created_at"],
        quote=_quote(row),
    )


def _quote(row: Row) -> Quote:
    return Quote(
        currency=row["currency"],
        lines=_read_lines(row["lines"]),
        net_cents=row["net_cents"],
        tax_cents=row["tax_cents"],
        gross_cents=row["gross_cents"],
        tax_percent=Fraction(row["tax_percent"]),
        span=Span(row["starts_at"], row["ends_at"]),
        changes_at=row["changes_at"],
    )
