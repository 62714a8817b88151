"""Payments through a provider: how one goes from checkout to paid, and what it is called in the ledger.

A payment's state is the furthest that any event has told (`furthest`), so that neither order nor repetition matters.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.domain.money import AMOUNT_MAX

CHECKOUT_LIFE: Final = timedelta(minutes=35)
"""Stripe takes no less than half an hour, by its own clock."""
OPENED_WITHIN: Final = timedelta(minutes=4)
"""A checkout that the provider was asked for, without an answer, is asked for again no longer than this."""
PAYABLE_LEFT: Final = timedelta(minutes=5)
"""A checkout that ends sooner is not shown again."""


class PaymentState(StrEnum):
    """Where a payment stands, in the order in which one is further than another."""

    OPEN = "open"
    EXPIRED = "expired"
    PROCESSING = "processing"
    FAILED = "failed"
    PAID = "paid"


_FURTHER: Final = {state: number for number, state in enumerate(PaymentState)}


def furthest(one: PaymentState, other: PaymentState) -> PaymentState:
    """The state after both were told, in whichever order. Money that moved always counts: what was paid stays paid."""
    return max(one, other, key=_FURTHER.__getitem__)


def paid_as_of(paid_at: datetime, quoted_at: datetime, changes_at: datetime | None) -> datetime:
    """The instant up to which a payment pays a stay.

    The price that a driver was shown holds for who pays it: when it would have risen while they paid, the stay is paid
    up to just before that, and the time to leave runs from there, so that nobody gains by paying slowly.
    """
    at = max(paid_at, quoted_at)
    if changes_at is None or at < changes_at:
        return at
    return max(quoted_at, changes_at - timedelta(microseconds=1))


def is_far_above(amount_cents: int, due_cents: int) -> bool:
    """Whether staff probably mistyped what they took: more than twice what is due, or anything when nothing is.

    Change is given at the desk, so what is taken is what is due, or a rounder sum if the driver wants it so.
    """
    return 2 * max(0, due_cents) < amount_cents <= AMOUNT_MAX


def booking_uid(quote: str, *what: str) -> str:
    """What a movement of a payment is known by in the ledger: the same however often it is told."""
    return ":".join(("quote", quote, *what))


def quote_of(uid: str) -> str:
    """The quote of `booking_uid`; "" for another uid."""
    kind, _, rest = uid.partition(":")
    return rest.split(":")[0] if kind == "quote" else ""
