"""Payments at the provider or at the desk, one for each quote."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.db.engine import Row, fetch
from parkhub.domain.payments import PaymentState
from parkhub.errors import NotFoundError

AT_DESK: Final = ("cash", "terminal")
"""What stands for the provider where staff took the money; ``checkout`` is then what they asked for it by."""


@dataclass(frozen=True, slots=True)
class Payment:
    """A quote's payment. ``checkout``, ``url`` and ``intent`` are the provider's, "" until known.

    ``refunded_cents`` went back and did not fail; ``failed_cents`` is the sum of refunds that did, of which
    ``returned_cents`` was not given again. ``customer``: for whom the provider keeps the card that pays, "" for nobody.
    """

    id: int
    quote_id: int
    provider: str
    state: PaymentState
    checkout: str
    url: str
    intent: str
    expires_at: datetime
    paid_at: datetime | None
    paid_cents: int
    refunded_cents: int
    failed_cents: int = 0
    returned_cents: int = 0
    customer: str = ""

    @property
    def ever_refunded_cents(self) -> int:
        """All that went back, whether it failed later or not."""
        return self.refunded_cents + self.failed_cents


async def add_payment(quote_id: int, provider: str, expires_at: datetime, customer: str = "") -> Payment:
    """A payment that is open, whose checkout is not known yet."""
    rows = await fetch(
        "INSERT INTO payment (quote, provider, state, checkout, url, intent, expires_at, paid_cents, refunded_cents, "
        "failed_cents, returned_cents, customer) VALUES ({}, {}, 'open', '', '', '', {}, 0, 0, 0, 0, {}) RETURNING *",
        quote_id,
        provider,
        expires_at,
        customer,
    )
    return _payment(rows[0])


async def set_checkout(payment_id: int, checkout: str, url: str) -> None:
    """Note where it can be paid."""
    await fetch("UPDATE payment SET checkout = {}, url = {} WHERE id = {}", checkout, url, payment_id)


async def move_to(payment_id: int, state: PaymentState, intent: str) -> None:
    """Note a state that is not `PAID`, and the intent if it is known."""
    await fetch(
        "UPDATE payment SET state = {}, intent = CASE WHEN intent = '' THEN {} ELSE intent END "
        "WHERE id = {} AND state <> 'paid'",
        state.value,
        intent,
        payment_id,
    )


async def mark_paid(payment_id: int, amount_cents: int, intent: str, paid_at: datetime) -> bool:
    """Note that it was paid; False when it was before."""
    rows = await fetch(
        "UPDATE payment SET state = 'paid', paid_cents = {}, paid_at = {}, "
        "intent = CASE WHEN intent = '' THEN {} ELSE intent END WHERE id = {} AND state <> 'paid' RETURNING id",
        amount_cents,
        paid_at,
        intent,
        payment_id,
    )
    return bool(rows)


async def expire(payment_id: int) -> None:
    """Note that an open payment cannot be made any more."""
    await fetch("UPDATE payment SET state = 'expired' WHERE id = {} AND state = 'open'", payment_id)


async def set_refunded(payment_id: int, refunded_cents: int, failed_cents: int, returned_cents: int) -> None:
    """Note all that was given back by now, and what of it failed."""
    await fetch(
        "UPDATE payment SET refunded_cents = {}, failed_cents = {}, returned_cents = {} WHERE id = {}",
        refunded_cents,
        failed_cents,
        returned_cents,
        payment_id,
    )


async def get_payment(payment_id: int) -> Payment:
    """The payment. Raises NotFoundError."""
    return _needed(await _find("payment.id = {}", payment_id))


async def get_of_quote(quote_id: int) -> Payment:
    """A quote's payment. Raises NotFoundError."""
    return _needed(await _find("payment.quote = {}", quote_id))


async def find_by_quote(public_id: str) -> Payment | None:
    """The payment of the quote with that public id."""
    return await _find("payment.quote IN (SELECT id FROM quote WHERE public_id = {})", public_id)


async def find_by_checkout(checkout: str) -> Payment | None:
    """The payment with that checkout."""
    return await _find("checkout = {} AND checkout <> ''", checkout)


async def find_by_intent(intent: str) -> Payment | None:
    """The payment with that payment intent."""
    return await _find("intent = {} AND intent <> ''", intent)


async def list_of_session(session_id: int) -> list[Payment]:
    """A session's payments through a provider in every state, the newest first; none of those taken at the desk."""
    rows = await fetch(
        "SELECT * FROM payment WHERE quote IN (SELECT id FROM quote WHERE session = {}) "
        "AND provider NOT IN ({}, {}) ORDER BY id DESC",
        session_id,
        *AT_DESK,
    )
    return [_payment(row) for row in rows]


async def list_of_booking(booking_id: int) -> list[Payment]:
    """A booking's payments in every state, the newest first."""
    rows = await fetch(
        "SELECT * FROM payment WHERE quote IN (SELECT id FROM quote WHERE booking = {}) ORDER BY id DESC", booking_id
    )
    return [_payment(row) for row in rows]


async def list_open_past(expires_before: datetime, limit: int) -> list[Payment]:
    """Payments that are open and could be made only before then."""
    rows = await fetch(
        "SELECT * FROM payment WHERE state = 'open' AND expires_at < {} ORDER BY expires_at LIMIT {}",
        expires_before,
        limit,
    )
    return [_payment(row) for row in rows]


async def _find(condition: str, arg: object) -> Payment | None:
    rows = await fetch(f"SELECT * FROM payment WHERE {condition}", arg)  # noqa: S608
    return _payment(rows[0]) if rows else None


def _needed(payment: Payment | None) -> Payment:
    if payment is None:
        raise NotFoundError("There is no such payment.")
    return payment


def _payment(row: Row) -> Payment:
    return Payment(
        id=row["id"],
        quote_id=row["quote"],
        provider=row["provider"],
        state=PaymentState(row["state"]),
        checkout=row["checkout"],
        url=row["url"],
        intent=row["intent"],
        expires_at=row["expires_at"],
        paid_at=row["paid_at"],
        paid_cents=row["paid_cents"],
        refunded_cents=row["refunded_cents"],
        failed_cents=row["failed_cents"],
        returned_cents=row["returned_cents"],
        customer=row["customer"],
    )
