"""Accounts of drivers: who they are, which plates they have proven, and what they may see of them.

Nobody needs an account. What one shows must not tell where somebody else's car is, so:

- A plate is proven by the ticket of a stay or by a paid receipt, with the plate itself, or by staff.
- A stay that was proven by itself is shown as it is. Other stays of a proven plate are shown once they are over, and
  only those that began after the proof: whoever buys a used car learns nothing of its life before, and nobody watches
  where a car is now by having paid for it once.
- A plate has one holder. Whoever proves a plate that another holds raises a question to staff; until it is decided
  the holder is shown no stay that began since, because the car may have been sold.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.domain.sessions import SessionState, read_ticket

LINK_LIFE: Final = timedelta(minutes=20)
SIGN_IN_LIFE: Final = timedelta(days=60)
FRESH_FOR: Final = timedelta(minutes=30)
"""So long after signing in, somebody without a password may do what else needs the password."""
PROVES_FOR: Final = timedelta(days=60)
"""A ticket or receipt proves a plate for so long after the stay began."""
PASSWORD_LENGTHS: Final = range(10, 1025)
VEHICLES_MAX: Final = 20


class ProvenBy(StrEnum):
    """How a plate was proven."""

    TICKET = "ticket"
    RECEIPT = "receipt"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Driver:
    """A driver with an account. ``password_hash`` is argon2id in PHC form, "" without a password."""

    id: int
    email: str
    language: str
    password_hash: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A driver signed in on one browser since then."""

    driver: Driver
    token_hash: str
    since: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Whether that was just now."""
        return now - self.since < FRESH_FOR


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A plate that a driver has proven. ``disputed``: somebody else has proven it since, and staff decide."""

    id: int
    driver_id: int
    plate: str
    proven_by: ProvenBy
    proven_at: datetime
    released_at: datetime | None = None
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """Somebody has proven a plate that another holds."""

    id: int
    driver_id: int
    plate: str
    proven_by: ProvenBy
    session_id: int
    created_at: datetime
    decided_at: datetime | None = None
    decision: str = ""


class Claimed(StrEnum):
    """What became of a claim."""

    YOURS = "yours"
    ASKED = "asked"  # another holds the plate, and staff decide


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One payment of a stay, as an account lists it."""

    receipt_id: str
    paid_at: datetime
    paid_cents: int
    refunded_cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class OwnStay:
    """A stay in a driver's account. ``plate`` is "" for none, or when it has expired."""

    session_id: int
    ticket: str
    lot_name: str
    time_zone: str
    plate: str
    state: SessionState
    entered_at: datetime
    exited_at: datetime | None
    receipts: tuple[ReceiptLine, ...] = ()


def read_code(text: str) -> tuple[ProvenBy, str] | None:
    """A ticket's code, or a receipt's id, also as the address of its page; None for what is neither."""
    given = text.strip()
    if ticket := read_ticket(given):
        return ProvenBy.TICKET, ticket
    _, found, rest = given.partition("/receipts/")
    name = (rest if found else given).split("/")[0].split("?")[0]
    if 16 <= len(name) <= 64 and name.isascii() and name.replace("-", "").replace("_", "").isalnum():
        return ProvenBy.RECEIPT, name
    return None


def masked(plate: str) -> str:
    """A plate as a letter names it: whose it is knows which is meant."""
    return f"{plate[:2]}…{plate[-1:]}"
