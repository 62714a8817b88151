"""The provider's events: what is kept of one, and what it tells of a payment, a refund, a dispute or a payout.

Events come twice and in any order, so each tells all that is known by then: a refund is known by all that was given
back of its payment, a dispute by its own id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from parkhub.domain.payments import PaymentState
from parkhub.domain.provider_money import from_provider
from parkhub.domain.saved_cards import BY_CARD, KEEPS_CARD, CardTold, understand_card
from parkhub.errors import InvalidInputError

RETRY_FIRST: Final = timedelta(seconds=20)
RETRY_MAX: Final = timedelta(hours=6)
UNKNOWN_FOR: Final = timedelta(days=7)
"""An event about something that nobody here has heard of is kept that long; Stripe itself repeats for three days."""


class EventStatus(StrEnum):
    """What became of an event. An early one is about something not known yet and is tried again."""

    WAITING = "waiting"
    EARLY = "early"
    FAILED = "failed"
    HANDLED = "handled"
    IGNORED = "ignored"
    UNKNOWN = "unknown"


UNFINISHED: Final = (EventStatus.WAITING, EventStatus.EARLY, EventStatus.FAILED)


@dataclass(frozen=True, slots=True)
class PaymentTold:
    """An event told where a payment stands. ``quote`` names it; ``amount_cents`` is what was paid if it is paid."""

    quote: str
    checkout: str
    intent: str
    state: PaymentState
    amount_cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundTold:
    """All that was given back of a payment by then."""

    intent: str
    quote: str
    refunded_cents: int
    currency: str


@dataclass(frozen=True, slots=True)
class RefundFailed:
    """A refund that was made came back, ``amount_cents`` of it. ``asked``: what it was asked for by, "" if not here."""

    refund: str
    asked: str
    intent: str
    quote: str
    amount_cents: int
    currency: str
    why: str


@dataclass(frozen=True, slots=True)
class DisputeTold:
    """A bank took money back, or has decided (``won`` None: not yet). ``moved``: whether money has moved for it."""

    dispute: str
    intent: str
    amount_cents: int
    currency: str
    won: bool | None
    moved: bool


@dataclass(frozen=True, slots=True)
class PayoutTold:
    """What had come in was paid out."""

    payout: str
    amount_cents: int
    currency: str


Told = PaymentTold | RefundTold | RefundFailed | DisputeTold | PayoutTold | CardTold

_STATES: Final = {
    "checkout.session.async_payment_succeeded": PaymentState.PAID,
    "checkout.session.async_payment_failed": PaymentState.FAILED,
    "checkout.session.expired": PaymentState.EXPIRED,
}
_INTENTS: Final = {
    "payment_intent.succeeded": PaymentState.PAID,
    "payment_intent.processing": PaymentState.PROCESSING,
    "payment_intent.payment_failed": PaymentState.FAILED,
    "payment_intent.canceled": PaymentState.FAILED,
}
"""Told of every payment, but of those on a checkout its own events tell."""
_REFUNDS: Final = frozenset(("refund.failed", "refund.updated", "charge.refund.updated"))
"""Several tell of the same failure, by the API's version."""
_CAME_BACK: Final = frozenset(("failed", "canceled"))
_DISPUTES: Final = frozenset(("charge.dispute.created", "charge.dispute.funds_withdrawn", "charge.dispute.closed"))
_WARNINGS: Final = "warning_"
"""Statuses of inquiries begin so: the bank asks, and no money has moved."""

_KEPT: Final = frozenset(
    (
        "id",
        "object",
        "amount",
        "amount_received",
        "amount_refunded",
        "amount_total",
        "charge",
        "client_reference_id",
        "created",
        "currency",
        "customer",
        "expires_at",
        "failure_reason",
        "metadata",
        "mode",
        "payment_intent",
        "payment_method",
        "payment_status",
        "setup_future_usage",
        "status",
    )
)
_METADATA: Final = frozenset(("quote", "lot", "session", "booking", "by", "refund"))


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """An event as it is kept: without the names, addresses and cards of drivers. ``about``: what to find it by."""

    id: str
    type: str
    created_at: datetime
    live: bool
    body: Mapping[str, Any]

    @property
    def about(self) -> str:
        """The payment intent it is about, else the object itself."""
        return _text(self.body, "payment_intent") or _text(self.body, "id")


def read_event(raw: Any) -> ProviderEvent:
    """An event of Stripe's, reduced to what is needed. Raises InvalidInputError for what is none."""
    try:
        given = raw["data"]["object"]
        body = {name: value for name, value in given.items() if name in _KEPT and _is_plain(value)}
        metadata = given.get("metadata") or {}
        body["metadata"] = {name: str(metadata[name])[:200] for name in _METADATA if name in metadata}
        for name in ("payment_intent", "charge", "customer", "payment_method"):
            if isinstance(given.get(name), dict):
                body[name] = given[name]["id"]
        if raw["type"] not in KEEPS_CARD:
            body = {name: value for name, value in body.items() if name not in ("customer", "payment_method")}
        event = ProviderEvent(
            id=_checked_id(raw["id"]),
            type=_checked_id(raw["type"]),
            created_at=datetime.fromtimestamp(int(raw["created"]), UTC),
            live=bool(raw.get("livemode")),
            body=body,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError):
        raise InvalidInputError("This is no event of Stripe's.") from None
    return event


def understand(event: ProviderEvent) -> Told | None:
    """What an event tells; None when it is about nothing of ours. Raises InvalidInputError when it lacks a part."""
    try:
        return _understood(event)
    except (KeyError, TypeError, ValueError):
        raise InvalidInputError(f"The event {event.type} lacks a part or has a wrong one.") from None


def _understood(event: ProviderEvent) -> Told | None:
    body = event.body
    if body.get("mode") == "setup":  # a page where a card was saved; its setup intent tells
        return None
    if event.type in _INTENTS and _text(body["metadata"], "by") == BY_CARD:
        return PaymentTold(
            quote=_text(body["metadata"], "quote"),
            checkout="",
            intent=str(body["id"]),
            state=_INTENTS[event.type],
            amount_cents=_cents(body, "amount_received" if event.type == "payment_intent.succeeded" else "amount"),
            currency=_currency(body),
        )
    if (card := understand_card(event.type, body)) is not None:
        return card
    if event.type in _STATES or event.type == "checkout.session.completed":
        state = _STATES.get(event.type) or _completed(str(body["payment_status"]))
        return PaymentTold(
            quote=_text(body, "client_reference_id") or _text(body["metadata"], "quote"),
            checkout=str(body["id"]),
            intent=_text(body, "payment_intent"),
            state=state,
            amount_cents=_cents(body, "amount_total"),
            currency=_currency(body),
        )
    if event.type == "charge.refunded":
        return RefundTold(
            _text(body, "payment_intent"),
            _text(body["metadata"], "quote"),
            _cents(body, "amount_refunded"),
            _currency(body),
        )
    if event.type in _REFUNDS:
        if body["status"] not in _CAME_BACK:
            return None
        return RefundFailed(
            refund=str(body["id"]),
            asked=_text(body["metadata"], "refund"),
            intent=_text(body, "payment_intent"),
            quote=_text(body["metadata"], "quote"),
            amount_cents=_cents(body, "amount"),
            currency=_currency(body),
            why=_text(body, "failure_reason"),
        )
    if event.type in _DISPUTES:
        status = str(body["status"])
        closed = event.type == "charge.dispute.closed"
        return DisputeTold(
            dispute=str(body["id"]),
            intent=_text(body, "payment_intent"),
            amount_cents=_cents(body, "amount"),
            currency=_currency(body),
            won=status != "lost" if closed else None,
            moved=event.type == "charge.dispute.funds_withdrawn" or not status.startswith(_WARNINGS),
        )
    if event.type == "payout.paid":
        return PayoutTold(str(body["id"]), _cents(body, "amount"), _currency(body))
    return None


def retry_at(now: datetime, tries: int) -> datetime:
    """When an event that could not be handled is tried again: after 20 s, then twice as long each time, up to 6 h."""
    return now + min(RETRY_FIRST * (1 << min(tries, 20)), RETRY_MAX)


def _completed(payment_status: str) -> PaymentState:
    return PaymentState.PROCESSING if payment_status == "unpaid" else PaymentState.PAID


def _cents(body: Mapping[str, Any], name: str) -> int:
    return from_provider(int(body[name]), _currency(body))


def _currency(body: Mapping[str, Any]) -> str:
    return str(body["currency"]).upper()


def _text(body: Mapping[str, Any], name: str) -> str:
    found = body.get(name)
    return found if isinstance(found, str) else ""


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, int | str | bool)


def _checked_id(text: Any) -> str:
    if not isinstance(text, str) or not 0 < len(text) <= 255 or not text.isascii() or not text.isprintable():
        raise ValueError("no id")
    return text
