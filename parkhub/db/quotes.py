"""Quotes as drivers saw them."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.local_time import Span
from parkhub.domain.quotes import Line, Quote
from parkhub.errors import NotFoundError

read_lines = msgspec.json.Decoder(tuple[Line, ...]).decode


@dataclass(frozen=True, slots=True)
class StoredQuote:
    """A quote that is to be paid, of a session or of a booking. ``amount_cents`` of ``quote.gross_cents``: the rest had
    been paid before. ``paid_until``: it pays a session ahead until then.
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
    language: str = "en"
    booking_id: int | None = None
    paid_until: datetime | None = None


async def add_quote(
    public_id: str,
    lot_id: int,
    session_id: int | None,
    ticket: str,
    email: str,
    amount_cents: int,
    quote: Quote,
    now: datetime,
    language: str = "en",
    booking_id: int | None = None,
    paid_until: datetime | None = None,
) -> StoredQuote:
    """Keep a quote, of a session or of a booking; ``language`` is what its driver reads."""
    rows = await fetch(
        "INSERT INTO quote (public_id, lot, session, ticket, currency, lines, net_cents, tax_cents, gross_cents, "
        "tax_percent, amount_cents, starts_at, ends_at, changes_at, created_at, email, language, booking, "
        "paid_until) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) RETURNING id",
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
        language,
        booking_id,
        paid_until,
    )
    return await get_quote(rows[0]["id"])


async def get_quote(quote_id: int) -> StoredQuote:
    """The quote. Raises NotFoundError."""
    return _stored(await _one("SELECT * FROM quote WHERE id = {}", quote_id))


async def get_by_public_id(public_id: str) -> StoredQuote:
    """The quote. Raises NotFoundError."""
    return _stored(await _one("SELECT * FROM quote WHERE public_id = {}", public_id))


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
        language=row["language"],
        booking_id=row["booking"],
        paid_until=row["paid_until"],
    )


def _quote(row: Row) -> Quote:
    return Quote(
        currency=row["currency"],
        lines=read_lines(row["lines"]),
        net_cents=row["net_cents"],
        tax_cents=row["tax_cents"],
        gross_cents=row["gross_cents"],
        tax_percent=Fraction(row["tax_percent"]),
        span=Span(row["starts_at"], row["ends_at"]),
        changes_at=row["changes_at"],
    )
