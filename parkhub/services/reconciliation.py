"""Reconciliation: what the payment provider's account did beside what the ledger says; every difference is told.

Nothing is repaired: a person looks, and books what is missing with a reason, or sends an event again.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.clients.payments import BalanceTransaction, PaymentProvider
from parkhub.db import ledger as ledger_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.domain.ledger import Account, Kind, Transaction
from parkhub.domain.payments import quote_of

SETTLED_AFTER: Final = timedelta(minutes=15)
"""What is newer may not have been told yet."""
LOOKED_BACK: Final = timedelta(days=10)
"""Both sides are read from so long before, because they may date the same thing apart."""


class Matter(StrEnum):
    """What a movement is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    OTHER = "other"


_OF_PROVIDER: Final = {
    "charge": Matter.PAYMENT,
    "payment": Matter.PAYMENT,
    "refund": Matter.REFUND,
    "payment_refund": Matter.REFUND,
    "refund_failure": Matter.REFUND,
    "adjustment": Matter.DISPUTE,
    "payout": Matter.PAYOUT,
}
_OF_LEDGER: Final = {
    Kind.PAYMENT: Matter.PAYMENT,
    Kind.REFUND: Matter.REFUND,
    Kind.DISPUTE: Matter.DISPUTE,
    Kind.DISPUTE_WON: Matter.DISPUTE,
    Kind.PAYOUT: Matter.PAYOUT,
}

Key = tuple[Matter, str, str]
"""What it is about, the quote or the provider's object, and the currency."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. Minor units; what leaves the account is below zero. ``why`` is a sentence for people."""

    matter: Matter
    reference: str
    currency: str
    provider_cents: int
    ledger_cents: int
    at: datetime
    why: str


@dataclass(slots=True)
class _Sides:
    provider_cents: int = 0
    ledger_cents: int = 0
    provider_seen: bool = False
    ledger_seen: bool = False
    last_at: datetime | None = None
    names: set[str] = field(default_factory=set)

    def note(self, at: datetime, name: str) -> None:
        self.last_at = max(at, self.last_at or at)
        self.names.add(name)


async def differences(provider: PaymentProvider, since: datetime, now: datetime) -> list[Difference]:
    """Each difference between the provider's balance transactions and the ledger since then, the oldest first."""
    sides: defaultdict[Key, _Sides] = defaultdict(_Sides)
    async for moved in provider.balance_transactions(since - LOOKED_BACK):
        await _add_moved(sides, moved)
    posted = await ledger_rows.list_through(Account.CLEARING, since - LOOKED_BACK)
    await _add_posted(sides, (each.transaction for each in posted), provider.name)
    found = [
        _difference(key, side)
        for key, side in sides.items()
        if side.provider_cents != side.ledger_cents and side.last_at and since <= side.last_at <= now - SETTLED_AFTER
    ]
    return sorted(found, key=lambda each: (each.at, each.reference))


async def _add_moved(sides: defaultdict[Key, _Sides], moved: BalanceTransaction) -> None:
    matter = _OF_PROVIDER.get(moved.kind, Matter.OTHER)
    if matter is Matter.DISPUTE and not moved.intent:
        matter = Matter.OTHER
    reference = moved.source or moved.id
    if matter not in (Matter.PAYOUT, Matter.OTHER):
        payment = await payment_rows.find_by_intent(moved.intent)
        reference = (await quote_rows.get_quote(payment.quote_id)).public_id if payment else moved.intent or moved.id
    side = sides[matter, reference, moved.currency]
    side.provider_cents += moved.amount_cents
    side.provider_seen = True
    side.note(moved.at, f"{moved.kind} {moved.id}")


async def _add_posted(sides: defaultdict[Key, _Sides], posted: Iterable[Transaction], provider: str) -> None:
    for transaction in posted:
        payment = await payment_rows.find_by_quote(quote_of(transaction.uid))
        if payment is not None and payment.provider != provider:
            continue  # of the sandbox, before there was a key
        matter = _OF_LEDGER.get(transaction.kind, Matter.OTHER)
        account, sign = (Account.BANK, -1) if matter is Matter.PAYOUT else (Account.CLEARING, 1)
        reference = transaction.uid.split(":")[1] if matter is Matter.PAYOUT else quote_of(transaction.uid)
        side = sides[matter, reference or transaction.uid, transaction.currency]
        side.ledger_cents += sign * sum(each.amount_cents for each in transaction.postings if each.account is account)
        side.ledger_seen = True
        side.note(transaction.at, transaction.uid)


def _difference(key: Key, side: _Sides) -> Difference:
    assert side.last_at is not None
    matter, reference, currency = key
    if not side.ledger_seen:
        why = "The provider's account has it, the ledger has not."
    elif not side.provider_seen:
        why = "The ledger has it, the provider's account has not."
    else:
        why = "Both have it, with different amounts."
    return Difference(
        matter, reference, currency, side.provider_cents, side.ledger_cents, side.last_at,
        f"{why} ({', '.join(sorted(side.names))})",
    )  # fmt: skip
