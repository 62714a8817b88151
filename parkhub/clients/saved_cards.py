"""Cards that drivers let the payment provider keep, and charges of them while nobody is there to confirm.

ParkHub knows a card by the provider's names for it, its brand, its last four digits and its end; never by more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from parkhub.domain.saved_cards import KeptCard


@dataclass(frozen=True, slots=True)
class SetupOrder:
    """A page where a card is saved without paying; the same ``key`` asks for the same page."""

    key: str
    customer: str
    return_url: str
    cancel_url: str
    created_at: datetime
    expires_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChargeOrder:
    """What a kept card is to pay while its owner is not there. The same ``key`` charges once.

    ``metadata`` comes back with every event about it. Never put a plate into anything here.
    """

    key: str
    customer: str
    method: str
    amount_cents: int
    currency: str
    now: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


class ChargeOutcome(StrEnum):
    """What the provider answered. Only its webhook makes anything paid, also after ``SUCCEEDED``."""

    SUCCEEDED = "succeeded"
    PROCESSING = "processing"
    DECLINED = "declined"
    NEEDS_CONFIRMATION = "needs_confirmation"


@dataclass(frozen=True, slots=True)
class Charged:
    """``intent`` is "" where none came to be; ``code`` says in Stripe's word why it was declined."""

    intent: str
    outcome: ChargeOutcome
    code: str = ""


class CardVault(Protocol):
    """Calls raise BusyError when the provider is away or does not tell what became of it: ask again with the key."""

    async def create_customer(self, key: str, email: str, now: datetime) -> str:
        """Whom cards are kept for, by the provider's name; the same key again answers the same one."""

    async def create_setup(self, order: SetupOrder) -> str:
        """The address of a page where a card is saved."""

    async def get_card(self, method: str) -> KeptCard | None:
        """A card as the provider knows it now; None when there is none, or it is something else than a card."""

    async def detach_card(self, method: str) -> None:
        """Take a card from its owner, so that it can never be charged again. One that is gone already is gone."""

    async def delete_customer(self, customer: str) -> None:
        """Forget an owner with all cards. One that is gone already is gone."""

    async def charge(self, order: ChargeOrder) -> Charged:
        """Charge a card while its owner is not there. What is refused was not charged, and says so."""
