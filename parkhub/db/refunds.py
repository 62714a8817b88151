"""Refunds that people asked the payment provider for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.db.engine import Row, fetch

REFUSED: Final = "payment_refund.state IN ('refused', 'failed') AND NOT payment_refund.again"
UNFINISHED: Final = f"(payment_refund.state = 'asked' OR ({REFUSED}))"
"""Asked for and not known to have ended; or refused or failed, which waits for a person to ask again."""
_OF_QUOTE: Final = (
    "FROM payment_refund JOIN payment ON payment.id = payment_refund.payment JOIN quote ON quote.id = payment.quote"
)


@dataclass(frozen=True, slots=True)
class AskedRefund:
    """A refund that a person asked the provider for. ``failed``: it was made and came back, ``refusal`` says why."""

    id: int
    public_id: str
    payment_id: int
    amount_cents: int
    reason: str
    account_id: int | None
    created_at: datetime
    refusal: str = ""
    failed: bool = False


async def add_refund(
    public_id: str, payment_id: int, amount_cents: int, reason: str, account_id: int | None, now: datetime
) -> AskedRefund:
    """Note that a refund is asked for."""
    rows = await fetch(
        "INSERT INTO payment_refund (public_id, payment, amount_cents, reason, account, created_at, state, refusal, "
        "again) VALUES ({}, {}, {}, {}, {}, {}, 'asked', '', {}) RETURNING *",
        public_id,
        payment_id,
        amount_cents,
        reason,
        account_id,
        now,
        False,
    )
    return _refund(rows[0])


async def end_refund(refund_id: int, state: str, refusal: str = "") -> None:
    """Note that a refund is "done" or "refused", and why."""
    await fetch("UPDATE payment_refund SET state = {}, refusal = {} WHERE id = {}", state, refusal, refund_id)


async def reopen_refund(refund_id: int) -> bool:
    """Note that one that was refused or failed is asked for by another one; False when it was not, or is already."""
    rows = await fetch(
        f"UPDATE payment_refund SET again = {{}} WHERE id = {{}} AND {REFUSED} RETURNING id",  # noqa: S608
        True,
        refund_id,
    )
    return bool(rows)


async def list_refused(session_id: int) -> list[AskedRefund]:
    """A session's refunds that the provider refused, or that failed, and nobody asked for again, the first first."""
    return await _list_refused("quote.session = {}", session_id)


async def list_refused_of_booking(booking_id: int) -> list[AskedRefund]:
    """The same of what was paid for a booking."""
    return await _list_refused("quote.booking = {}", booking_id)


async def _list_refused(condition: str, whose: int) -> list[AskedRefund]:
    query = f"SELECT payment_refund.* {_OF_QUOTE} WHERE {condition} AND {REFUSED} ORDER BY payment_refund.id"
    return [_refund(row) for row in await fetch(query, whose)]


async def list_bookings_refused(lot_id: int, limit: int) -> list[int]:
    """Ids of a lot's bookings that have such refunds, the first first."""
    rows = await fetch(
        f"SELECT DISTINCT quote.booking {_OF_QUOTE} WHERE quote.lot = {{}} "
        f"AND quote.booking IS NOT NULL AND {REFUSED} ORDER BY quote.booking LIMIT {{}}",
        lot_id,
        limit,
    )
    return [row["booking"] for row in rows]


async def sum_unfinished(payment_id: int) -> int:
    """How much of a payment is asked for, or waits for a person to ask again: nobody else gives it back."""
    rows = await fetch(
        f"SELECT COALESCE(sum(amount_cents), 0) AS cents FROM payment_refund WHERE payment = {{}} AND {UNFINISHED}",  # noqa: S608
        payment_id,
    )
    return int(rows[0]["cents"])


async def fail_refund(payment_id: int, public_id: str, amount_cents: int, why: str) -> bool:
    """Note that a refund came back: the one of that id, else the last of that amount; False when there is none."""
    rows = await fetch(
        "UPDATE payment_refund SET state = 'failed', refusal = {} WHERE id = (SELECT id FROM payment_refund "
        "WHERE payment = {} AND (public_id = {} OR ({} = '' AND state = 'done' AND amount_cents = {})) "
        "ORDER BY id DESC LIMIT 1) RETURNING id",
        why,
        payment_id,
        public_id,
        public_id,
        amount_cents,
    )
    return bool(rows)


async def find_refund(public_id: str) -> AskedRefund | None:
    """The refund, however it ended."""
    rows = await fetch("SELECT * FROM payment_refund WHERE public_id = {}", public_id)
    return _refund(rows[0]) if rows else None


async def list_asked_refunds(payment_id: int) -> list[AskedRefund]:
    """A payment's refunds that were asked for and are not known to have ended, the first first."""
    rows = await fetch("SELECT * FROM payment_refund WHERE payment = {} AND state = 'asked' ORDER BY id", payment_id)
    return [_refund(row) for row in rows]


async def list_stuck_refunds(before: datetime, after: datetime, limit: int) -> list[AskedRefund]:
    """Refunds asked for in ``after`` <= at < ``before`` that are not known to have ended."""
    rows = await fetch(
        "SELECT * FROM payment_refund WHERE state = 'asked' AND created_at < {} AND created_at >= {} "
        "ORDER BY id LIMIT {}",
        before,
        after,
        limit,
    )
    return [_refund(row) for row in rows]


def _refund(row: Row) -> AskedRefund:
    return AskedRefund(
        id=row["id"],
        public_id=row["public_id"],
        payment_id=row["payment"],
        amount_cents=row["amount_cents"],
        reason=row["reason"],
        account_id=row["account"],
        created_at=row["created_at"],
        refusal=row["refusal"],
        failed=row["state"] == "failed",
    )
