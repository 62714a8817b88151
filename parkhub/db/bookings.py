"""Bookings. That no place is held twice at once is the database's own rule."""

from datetime import datetime
from fractions import Fraction

from parkhub.db.engine import Row, fetch
from parkhub.domain.bookings import Booking, BookingState, Paying
from parkhub.domain.local_time import Span
from parkhub.domain.plates import fold
from parkhub.errors import NotFoundError

HOLDS = "state IN ('reserved', 'arrived')"
"""Which bookings hold a place."""


async def add_booking(booking: Booking, now: datetime) -> int:
    """Keep a new booking; its id. ConflictError when its place is held by another one, or its address is known."""
    rows = await fetch(
        "INSERT INTO booking (lot, plate, folded, holder, starts_at, ends_at, place, spot, held_from, held_until, "
        "state, price_cents, fee_cents, currency, created_at, public_id, email, language, payment, hold_until, "
        "changes, tariff, tax_percent, driver) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) "
        "RETURNING id",
        booking.lot_id,
        booking.plate,
        fold(booking.plate),
        booking.holder,
        booking.span.start,
        booking.span.end,
        booking.place,
        booking.spot,
        booking.held.start,
        booking.held.end,
        booking.state.value,
        booking.price_cents,
        booking.fee_cents,
        booking.currency,
        now,
        booking.public_id,
        booking.email,
        booking.language,
        booking.paying.value,
        booking.hold_until,
        booking.changes,
        booking.tariff_id,
        str(booking.tax_percent),
        booking.driver_id,
    )
    return int(rows[0]["id"])


async def get_booking(booking_id: int) -> Booking:
    """The booking; NotFoundError when there is none."""
    rows = await fetch("SELECT * FROM booking WHERE id = {}", booking_id)
    if not rows:
        raise NotFoundError("There is no such booking.")
    return read_booking(rows[0])


async def find_by_public_id(public_id: str) -> Booking | None:
    """The booking with that address."""
    rows = await fetch("SELECT * FROM booking WHERE public_id = {} AND public_id <> ''", public_id)
    return read_booking(rows[0]) if rows else None


async def list_of_driver(driver_id: int, limit: int) -> list[Booking]:
    """A driver's bookings, the last to begin first."""
    rows = await fetch("SELECT * FROM booking WHERE driver = {} ORDER BY starts_at DESC LIMIT {}", driver_id, limit)
    return [read_booking(row) for row in rows]


async def list_bookings(lot_id: int, within: Span, after_id: int, limit: int) -> list[Booking]:
    """A lot's bookings of any state whose time touches a span, with ids beyond ``after_id``, by id."""
    rows = await fetch(
        "SELECT * FROM booking WHERE lot = {} AND starts_at < {} AND ends_at > {} AND id > {} ORDER BY id LIMIT {}",
        lot_id,
        within.end,
        within.start,
        after_id,
        limit,
    )
    return [read_booking(row) for row in rows]


async def list_of_plate(lot_id: int, plate: str, since: datetime, until: datetime) -> list[Booking]:
    """Bookings of a plate, or of one that looks the same, that begin before ``until`` and end after ``since``.

    The very plate first, then by time; cancelled and used ones too.
    """
    rows = await fetch(
        "SELECT * FROM booking WHERE lot = {} AND folded = {} AND ends_at > {} AND starts_at < {} "
        "ORDER BY starts_at, id",
        lot_id,
        fold(plate),
        since,
        until,
    )
    return sorted((read_booking(row) for row in rows), key=lambda booking: booking.plate != plate)


async def list_taken(lot_id: int, span: Span, but_id: int = 0) -> set[int]:
    """Numbers of a lot's places that are held at some time of a span, by others than the booking ``but_id``."""
    rows = await fetch(
        f"SELECT DISTINCT place FROM booking WHERE lot = {{}} AND {HOLDS} AND id <> {{}} "  # noqa: S608
        "AND held_from < {} AND held_until > {}",
        lot_id,
        but_id,
        span.end,
        span.start,
    )
    return {row["place"] for row in rows}


async def list_standing(lot_id: int) -> set[int]:
    """Numbers of the places whose car has come and not left, also of those that should have."""
    arrived = f"{HOLDS} AND state = 'arrived'"  # the first for the sake of its index
    rows = await fetch(f"SELECT DISTINCT place FROM booking WHERE lot = {{}} AND {arrived}", lot_id)  # noqa: S608
    return {row["place"] for row in rows}


async def set_arrived(booking: Booking, session_id: int, at: datetime, place: int, held: Span) -> bool:
    """The car has come, also one that was given up; False when it came with another session, or it is over.

    A session that had ended may have come back: its booking does too. ConflictError when the place is held by another.
    """
    rows = await fetch(
        "UPDATE booking SET state = 'arrived', session = {}, arrived_at = {}, ended_at = NULL, fee_cents = 0, "
        "place = {}, held_from = {}, held_until = {} WHERE id = {} AND (state IN ('reserved', 'no_show') "
        "OR session = {} AND state IN ('arrived', 'done')) RETURNING id",
        session_id,
        at,
        place,
        held.start,
        held.end,
        booking.id,
        session_id,
    )
    return bool(rows)


async def take_back(booking_id: int) -> None:
    """The car has not come after all; its place stays held."""
    await fetch(
        "UPDATE booking SET state = 'reserved', session = NULL, arrived_at = NULL WHERE id = {} AND state = 'arrived'",
        booking_id,
    )


async def end_booking(booking_id: int, before: BookingState, after: BookingState, at: datetime, fee_cents: int) -> bool:
    """Let a booking end one way or the other; False when it is not in the state ``before`` any more."""
    rows = await fetch(
        "UPDATE booking SET state = {}, ended_at = {}, fee_cents = {} WHERE id = {} AND state = {} RETURNING id",
        after.value,
        at,
        fee_cents,
        booking_id,
        before.value,
    )
    return bool(rows)


async def list_begun(now: datetime, limit: int) -> list[Booking]:
    """Bookings that have begun and whose car has not come, the first to begin first."""
    rows = await fetch(
        "SELECT * FROM booking WHERE state = 'reserved' AND starts_at <= {} ORDER BY starts_at LIMIT {}", now, limit
    )
    return [read_booking(row) for row in rows]


def read_booking(row: Row) -> Booking:
    """A row of the table, or of a statement that has all its columns."""
    return Booking(
        id=row["id"],
        lot_id=row["lot"],
        plate=row["plate"],
        span=Span(row["starts_at"], row["ends_at"]),
        place=row["place"],
        held=Span(row["held_from"], row["held_until"]),
        spot=row["spot"],
        holder=row["holder"],
        state=BookingState(row["state"]),
        session_id=row["session"],
        arrived_at=row["arrived_at"],
        ended_at=row["ended_at"],
        price_cents=row["price_cents"],
        fee_cents=row["fee_cents"],
        currency=row["currency"],
        public_id=row["public_id"],
        email=row["email"],
        language=row["language"],
        paying=Paying(row["payment"]),
        hold_until=row["hold_until"],
        changes=row["changes"],
        tariff_id=row["tariff"],
        tax_percent=Fraction(row["tax_percent"]),
        driver_id=row["driver"],
        moved_at=row["moved_at"],
    )
