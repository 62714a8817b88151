"""Where drivers pay: what ParkHub asks of a payment provider, in its own minor units.

`clients/stripe.py` is the real one, `clients/payment_sandbox.py` the stand-in, which moves no money. What has happened
is told by webhooks only; no answer of a provider ever marks anything as paid.
"""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from parkhub.clients.saved_cards import CardVault

Raw = Mapping[str, Any]
"""An object as Stripe writes it."""


@dataclass(frozen=True, slots=True)
class CheckoutOrder:
    """What is to be paid. The same ``key`` asks for the same checkout, so everything in it comes from what is stored.

    ``metadata`` comes back with every event about it. Never put a plate into anything here. ``customer``: for whom the
    card that pays is kept, "" for nobody.
    """

    key: str
    amount_cents: int
    currency: str
    title: str
    email: str
    return_url: str
    cancel_url: str
    created_at: datetime
    expires_at: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)
    customer: str = ""


@dataclass(frozen=True, slots=True)
class OpenCheckout:
    """A page where it can be paid."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """What is to be given back of a payment; the same ``key`` gives back once."""

    key: str
    intent: str
    amount_cents: int
    currency: str
    now: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refunded:
    """``refunded_cents``: all that was given back of this payment by now."""

    id: str
    refunded_cents: int


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """One movement of the provider's account. ``kind`` is Stripe's ``type``; ``intent`` "" where no payment is meant.

    ``amount_cents`` below zero left the account; ``fee_cents`` was kept of it. ``source`` is the object that moved it.
    """

    id: str
    kind: str
    amount_cents: int
    fee_cents: int
    currency: str
    source: str
    intent: str
    at: datetime


class PaymentProvider(CardVault, Protocol):
    """Calls raise BusyError when the provider is away, InvalidInputError with its reason when it refuses."""

    @property
    def name(self) -> str:
        """ "stripe" or "sandbox"."""

    @property
    def is_sandbox(self) -> bool:
        """Whether no money moves and every page must say so."""

    async def create_checkout(self, order: CheckoutOrder) -> OpenCheckout:
        """Open a page where the order can be paid; the same key again answers the same page."""

    async def expire_checkout(self, checkout_id: str, now: datetime) -> bool:
        """End a page that nobody has paid on; False when it has ended already, paid or not."""

    async def refund(self, order: RefundOrder) -> Refunded:
        """Give back."""

    async def sum_refunds(self, intent: str, currency: str) -> int:
        """What was ever given back of a payment, whether it failed later or not."""

    async def fetch_event(self, event_id: str) -> Raw | None:
        """An event again, None when there is none."""

    def balance_transactions(
        self, since: datetime | None = None, payout: str | None = None
    ) -> AsyncIterator[BalanceTransaction]:
        """Movements since an instant, or those that one payout pays out; in no order."""

    async def close(self) -> None:
        """Give connections back."""
