"""Refunds that people asked the payment provider for."""

from dataclasses import dataclass
from datetime import datetime

from parkhub.db.engine import Row, fetch


@dataclass(frozen=True, slots=True)
class AskedRefund:
    """A refund that a person asked the provider for."""

    id: int
    public_id: str
    payment_id: int
    amount_cents: int
    reason: str
    account_id: int | None
    created_at: datetime
    refusal: str = ""


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
    """Note that a refund that was refused is asked for by another one; False when it was not refused, or is already."""
    rows = await fetch(
        "UPDATE payment_refund SET again = {} WHERE id = {} AND state = 'refused' AND again = {} RETURNING id",
        True,
        refund_id,
        False,
    )
    return bool(rows)


async def list_refused(session_id: int) -> list[AskedRefund]:
    """A session's refunds that the provider refused and nobody asked for again, the first first."""
    rows = await fetch(
        "SELECT payment_refund.* FROM payment_refund JOIN payment ON payment.id = payment_refund.payment "
        "JOIN quote ON quote.id = payment.quote "
        "WHERE quote.session = {} AND payment_refund.state = 'refused' AND payment_refund.again = {} "
        "ORDER BY payment_refund.id",
        session_id,
        False,
    )
    return [_refund(row) for row in rows]


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
    )
