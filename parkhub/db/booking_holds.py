"""Bookings that people make by themselves: those that wait for their payment, are changed, or paid too much."""

from datetime import datetime

from parkhub.db.bookings import HOLDS, read_booking
from parkhub.db.engine import fetch
from parkhub.db.refunds import UNFINISHED
from parkhub.domain.bookings import Booking
from parkhub.domain.local_time import Span
from parkhub.domain.plates import fold

_WAITS = f"{HOLDS} AND state = 'reserved'"  # the first for the sake of its index


async def list_held(lot_id: int, within: Span) -> list[tuple[int, Span]]:
    """Numbers of a lot's places with the times they are held that touch a span."""
    rows = await fetch(
        f"SELECT place, held_from, held_until FROM booking WHERE lot = {{}} AND {HOLDS} "  # noqa: S608
        "AND held_from < {} AND held_until > {}",
        lot_id,
        within.end,
        within.start,
    )
    return [(row["place"], Span(row["held_from"], row["held_until"])) for row in rows]


async def count_unpaid(lot_id: int, within: Span, but_id: int = 0) -> int:
    """How many reservations that are to be paid on site touch a span and wait for their car, without ``but_id``."""
    rows = await fetch(
        f"SELECT count(*) AS found FROM booking WHERE lot = {{}} AND {_WAITS} AND payment = 'on_site' "  # noqa: S608
        "AND id <> {} AND held_from < {} AND held_until > {}",
        lot_id,
        but_id,
        within.end,
        within.start,
    )
    return int(rows[0]["found"])


async def count_unpaid_of(lot_id: int, email: str) -> int:
    """How many reservations that are to be paid on site wait for who has this e-mail address."""
    rows = await fetch(
        f"SELECT count(*) AS found FROM booking WHERE lot = {{}} AND {_WAITS} AND payment = 'on_site' "  # noqa: S608
        "AND email = {}",
        lot_id,
        email,
    )
    return int(rows[0]["found"])


async def set_paid(booking_id: int) -> None:
    """It is paid in advance, and waits for nothing any more."""
    await fetch("UPDATE booking SET payment = 'advance', hold_until = NULL WHERE id = {}", booking_id)


async def keep_hold(booking_id: int, until: datetime | None) -> None:
    """Until when it waits for its payment; None: for as long as a bank takes."""
    await fetch("UPDATE booking SET hold_until = {} WHERE id = {} AND state = 'reserved'", until, booking_id)


async def reserve_again(booking: Booking, place: int) -> bool:
    """A booking whose payment came too late is held again. ConflictError when the place is held by another."""
    rows = await fetch(
        "UPDATE booking SET state = 'reserved', place = {}, held_from = starts_at, held_until = ends_at, "
        "ended_at = NULL, hold_until = NULL, payment = 'advance' WHERE id = {} AND state = 'expired' RETURNING id",
        place,
        booking.id,
    )
    return bool(rows)


async def change(booking: Booking) -> bool:
    """Save another plate, time, place and price; False when it does not wait for its car any more.

    ConflictError when the place is held by another one.
    """
    rows = await fetch(
        "UPDATE booking SET plate = {}, folded = {}, starts_at = {}, ends_at = {}, held_from = {}, held_until = {}, "
        "place = {}, price_cents = {}, currency = {}, tariff = {}, tax_percent = {}, moved_at = {}, "
        "changes = changes + 1 WHERE id = {} AND state = 'reserved' RETURNING id",
        booking.plate,
        fold(booking.plate),
        booking.span.start,
        booking.span.end,
        booking.span.start,
        booking.span.end,
        booking.place,
        booking.price_cents,
        booking.currency,
        booking.tariff_id,
        str(booking.tax_percent),
        booking.moved_at,
        booking.id,
    )
    return bool(rows)


async def list_unpaid_past(now: datetime, limit: int) -> list[Booking]:
    """Bookings that wait for their payment and whose time for that is over."""
    rows = await fetch(
        "SELECT * FROM booking WHERE hold_until IS NOT NULL AND hold_until <= {} AND state = 'reserved' "
        "ORDER BY hold_until LIMIT {}",
        now,
        limit,
    )
    return [read_booking(row) for row in rows]


async def list_overpaid(since: datetime, limit: int) -> list[int]:
    """Ids of bookings that hold more money than they cost: those that wait for their car, and ended since then.

    What is being given back, or waits for a person to ask again, does not count; what a driver's bank has taken back
    is not held.
    """
    rows = await fetch(
        "WITH asked AS (SELECT id, price_cents AS costs_cents FROM booking WHERE state = 'reserved' UNION ALL "  # noqa: S608
        "SELECT id, 0 FROM booking WHERE ended_at >= {} AND state IN ('cancelled', 'no_show', 'expired')) "
        "SELECT asked.id FROM asked JOIN ledger_transaction ON ledger_transaction.booking = asked.id "
        'JOIN ledger_posting ON ledger_posting."transaction" = ledger_transaction.id '
        "WHERE ledger_posting.account IN ('prepaid', 'disputed') GROUP BY asked.id, asked.costs_cents "
        "HAVING -sum(ledger_posting.amount_cents) > asked.costs_cents + (SELECT "
        "COALESCE(sum(payment_refund.amount_cents), 0) FROM payment_refund "
        "JOIN payment ON payment.id = payment_refund.payment JOIN quote ON quote.id = payment.quote "
        f"WHERE quote.booking = asked.id AND {UNFINISHED}) ORDER BY asked.id LIMIT {{}}",
        since,
        limit,
    )
    return [row["id"] for row in rows]


async def forget_driver(driver_id: int) -> None:
    """A driver's account is deleted: its bookings are nobody's, and those that are over forget the address."""
    await fetch(
        f"UPDATE booking SET driver = NULL, email = CASE WHEN {HOLDS} THEN email ELSE '' END WHERE driver = {{}}",  # noqa: S608
        driver_id,
    )
