"""A lot's rules for bookings, and its places that can be booked."""

from collections.abc import Sequence

from parkhub.db.engine import fetch, in_transaction, on_postgresql, run_many
from parkhub.domain.bookings import BookingRules, PaymentRule, Place


async def get_rules(lot_id: int) -> BookingRules:
    """A lot's rules; the defaults when nobody has set any."""
    rows = await fetch("SELECT * FROM booking_rules WHERE lot = {}", lot_id)
    if not rows:
        return BookingRules()
    row = rows[0]
    return BookingRules(
        row["early_minutes"],
        row["no_show_minutes"],
        row["cancel_free_hours"],
        row["cancel_fee_percent"],
        PaymentRule(row["payment"]),
    )


async def save_rules(lot_id: int, rules: BookingRules) -> None:
    """Set a lot's rules, all of them."""
    await fetch(
        "INSERT INTO booking_rules "
        "(lot, early_minutes, no_show_minutes, cancel_free_hours, cancel_fee_percent, payment) "
        "VALUES ({}, {}, {}, {}, {}, {}) ON CONFLICT (lot) DO UPDATE SET early_minutes = excluded.early_minutes, "
        "no_show_minutes = excluded.no_show_minutes, cancel_free_hours = excluded.cancel_free_hours, "
        "cancel_fee_percent = excluded.cancel_fee_percent, payment = excluded.payment",
        lot_id,
        rules.early_minutes,
        rules.no_show_minutes,
        rules.cancel_free_hours,
        rules.cancel_fee_percent,
        rules.payment.value,
    )


async def list_places(lot_id: int) -> list[Place]:
    """A lot's places by number. Inside a transaction, whoever books next waits until it has ended."""
    lock = " FOR NO KEY UPDATE" if on_postgresql() and in_transaction() else ""
    rows = await fetch(f"SELECT number, spot FROM bookable_place WHERE lot = {{}} ORDER BY number{lock}", lot_id)  # noqa: S608
    return [Place(row["number"], row["spot"]) for row in rows]


async def count_places(lot_id: int) -> int:
    """How many places of a lot can be booked."""
    rows = await fetch("SELECT count(*) AS places FROM bookable_place WHERE lot = {}", lot_id)
    return int(rows[0]["places"])


async def replace_places(lot_id: int, before: Sequence[Place], after: Sequence[Place]) -> None:
    """Set a lot's places. Inside a transaction that has listed them."""
    gone = [place for place in before if place not in after]
    come = [place for place in after if place not in before]
    await run_many(
        "DELETE FROM bookable_place WHERE lot = {} AND number = {}", [(lot_id, place.number) for place in gone]
    )
    await run_many(
        "INSERT INTO bookable_place (lot, number, spot) VALUES ({}, {}, {})",
        [(lot_id, place.number, place.spot) for place in come],
    )
