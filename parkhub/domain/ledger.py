"""The double-entry ledger: accounts, postings, transactions, and the chain that seals them.

A debit is above zero, a credit below. Every lot has these accounts in its currency. A transaction's postings sum to
zero and are never changed: whatever was wrong is put right by another transaction.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from parkhub.domain.money import AMOUNT_MAX

GENESIS: Final = "0" * 64
"""What the first transaction of a chain follows."""


class Account(StrEnum):
    """An account of a lot, with the side it grows on."""

    RECEIVABLE = "receivable"  # asset: drivers owe it
    CLEARING = "clearing"  # asset: paid through Stripe, not yet paid out
    CASH = "cash"  # asset: taken by staff, in notes or by a terminal
    BANK = "bank"  # asset: paid out
    DISPUTED = "disputed"  # asset: taken back by a driver's bank until the dispute is decided
    REVENUE = "revenue"  # income, net
    TAX_PAYABLE = "tax_payable"  # liability
    CREDIT = "credit"  # liability: paid more than was owed
    PREPAID = "prepaid"  # liability: paid in advance for a booking, until its stay uses it
    REFUNDS = "refunds"  # against income, net: paid back
    WRITE_OFF = "write_off"  # against income, net: waived, or lost in a dispute
    FEES = "fees"  # expense: what the payment provider keeps
    LOSSES = "losses"  # expense: went back twice, as a refund and through a driver's bank


ACCOUNT_WORDS: Final = {
    Account.RECEIVABLE: "Owed by drivers",
    Account.CLEARING: "With the payment provider",
    Account.CASH: "Cash and terminal",
    Account.BANK: "Bank",
    Account.DISPUTED: "In dispute",
    Account.REVENUE: "Revenue, net",
    Account.TAX_PAYABLE: "Tax to be paid",
    Account.CREDIT: "Drivers’ credit",
    Account.PREPAID: "Prepaid bookings",
    Account.REFUNDS: "Refunds, net",
    Account.WRITE_OFF: "Waived or lost, net",
    Account.FEES: "Fees of the provider",
    Account.LOSSES: "Losses",
}
"""What people call them."""


class Kind(StrEnum):
    """Why a transaction was posted."""

    CHARGE = "charge"
    CORRECTION = "correction"
    PAYMENT = "payment"
    REFUND = "refund"
    WAIVER = "waiver"
    DISPUTE = "dispute"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    PAYOUT = "payout"
    REVERSAL = "reversal"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Posting:
    """One ledger line; ``amount_cents`` above zero is a debit."""

    account: Account
    amount_cents: int


@dataclass(frozen=True, slots=True)
class Sum:
    """What ``count`` transactions of one kind posted to one account; debits above zero."""

    currency: str
    kind: Kind
    account: Account
    amount_cents: int
    count: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """Postings that belong together. ``uid`` is made by whoever asks, so that asking twice posts once.

    ``references`` names what it rests on (a quote, a Stripe object, the transaction it reverses), never a plate. One
    with a session and a booking moves money between both: its prepaid line is the booking's, every other the session's.
    """

    uid: str
    lot_id: int
    session_id: int | None
    kind: Kind
    currency: str
    at: datetime
    postings: tuple[Posting, ...]
    reason: str = ""
    references: Mapping[str, str] = field(default_factory=dict)
    booking_id: int | None = None

    def __post_init__(self) -> None:
        accounts = [posting.account for posting in self.postings]
        if not self.uid or len(set(accounts)) != len(accounts) or len(accounts) < 2:
            raise ValueError("a transaction has a uid and at least two postings, each to another account")
        if sum(posting.amount_cents for posting in self.postings) != 0:
            raise ValueError("a transaction's postings sum to zero")
        if any(posting.amount_cents == 0 or abs(posting.amount_cents) > AMOUNT_MAX for posting in self.postings):
            raise ValueError("a posting is neither nothing nor beyond all measure")
        if self.at.utcoffset() is None:
            raise ValueError("a transaction's time is aware")


def seal(previous: str, sequence: int, transaction: Transaction) -> str:
    """The transaction's link in its lot's chain: SHA-256, in hex, over the link before and all that was posted.

    Whoever changes, removes or reorders a posted row breaks every later link.
    """
    told: dict[str, object] = {
        "previous": previous,
        "sequence": sequence,
        "uid": transaction.uid,
        "lot": transaction.lot_id,
        "session": transaction.session_id,
        "kind": transaction.kind.value,
        "currency": transaction.currency,
        "at": transaction.at.astimezone(UTC).isoformat(timespec="microseconds"),
        "postings": [
            [posting.account.value, posting.amount_cents]
            for posting in sorted(transaction.postings, key=lambda each: each.account)
        ],
        "reason": transaction.reason,
        "references": dict(transaction.references),
    }
    if transaction.booking_id is not None:
        told["booking"] = transaction.booking_id
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
