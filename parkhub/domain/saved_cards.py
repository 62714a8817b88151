"""Saved cards, and the rule by which one pays for a stay when its car leaves, with nobody there.

A mistake of a camera must never charge anybody, so a card pays only where nothing is in doubt:

- The driver has proven the plate and switched automatic payment on, both before the car left, and nobody disputes it.
- A camera saw the car come and go and read the very plate both times, surely; nobody is asked about it.
- It is no more than the driver allows at once, in the money they said it in. What is more is asked for by a letter.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from parkhub.domain.matching import SURE
from parkhub.domain.passages import Direction, GatePassage
from parkhub.domain.provider_money import least_cents
from parkhub.domain.sessions import Ending, Outcome, ParkingSession, SessionState

BY_CARD: Final = "saved_card"
"""What charges of saved cards say of themselves in the provider's events."""
CHARGED_WITHIN: Final = timedelta(hours=24)
"""A stay that ended longer ago is not charged by itself any more."""
ASKED_AGAIN_FOR: Final = timedelta(hours=20)
"""The provider knows a charge by its key for a day; after that asking again could charge twice."""
CAP_MAX: Final = 1_000_000
"""Most that anybody may allow at once, minor units."""


@dataclass(frozen=True, slots=True)
class KeptCard:
    """A card at the provider. ``customer`` is "" once it was taken from whoever it belonged to."""

    method: str
    customer: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A driver at the payment provider, with the card that is kept there; ``method`` is "" without one.

    At most ``cap_cents`` of ``currency`` are charged at once. ``changed_at``: when it was kept, by the
    provider's clock.
    """

    driver_id: int
    provider: str
    customer: str
    method: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    changed_at: datetime
    consent: str
    consented_at: datetime
    automatic: bool
    automatic_consent: str
    automatic_at: datetime | None
    cap_cents: int
    currency: str

    def is_over(self, now: datetime) -> bool:
        """Whether its last month has ended, wherever on earth."""
        return (now.year, now.month) > (self.exp_year, self.exp_month)


class Verdict(StrEnum):
    """What is done about a stay that ended. ``WAIT``: something is still open, so nothing yet.

    ``NOTHING_DUE``: nothing, or less than a card payment takes.
    """

    CHARGE = "charge"
    OVER_CAP = "over_cap"
    NOTHING_DUE = "nothing_due"
    NOT_SURE = "not_sure"
    WAIT = "wait"


class ChargeState(StrEnum):
    """Where a charge stands: the provider is asked, has taken it on and will tell, or all is said."""

    ASKED = "asked"
    TOLD = "told"
    ENDED = "ended"


class ChargeEnd(StrEnum):
    """How a charge ended; the last three charged nothing and asked nobody. "" has not ended."""

    NONE = ""
    PAID = "paid"
    DECLINED = "declined"
    NEEDS_CONFIRMATION = "needs_confirmation"
    OVER_CAP = "over_cap"
    UNKNOWN = "unknown"  # the provider never said; should it have been paid, its event still counts
    NOTHING_DUE = "nothing_due"
    NOT_SURE = "not_sure"


def decide(
    session: ParkingSession,
    entry: GatePassage | None,
    exit_: GatePassage | None,
    card: SavedCard,
    due_cents: int,
    currency: str,
    *,
    asked: bool,
) -> Verdict:
    """What is done about a stay of a driver's proven plate. ``asked``: a question about it waits for staff."""
    if session.state is not SessionState.CLOSED or session.ending is not Ending.EXIT or not session.plate:
        return Verdict.NOT_SURE
    if asked:
        return Verdict.WAIT
    if not _read_surely(entry, session, Direction.ENTRY) or not _read_surely(exit_, session, Direction.EXIT):
        return Verdict.NOT_SURE
    if due_cents < least_cents(currency):
        return Verdict.NOTHING_DUE
    if currency != card.currency or due_cents > card.cap_cents:
        return Verdict.OVER_CAP
    return Verdict.CHARGE


def _read_surely(passage: GatePassage | None, session: ParkingSession, direction: Direction) -> bool:
    return (
        passage is not None
        and passage.direction is direction
        and passage.plate == session.plate
        and passage.confidence >= SURE
        and passage.session_id == session.id
        and passage.outcome in (Outcome.ENTERED, Outcome.LEFT)
    )


@dataclass(frozen=True, slots=True)
class CardKept:
    """An event told that a card is kept for a customer from then on."""

    customer: str
    method: str


@dataclass(frozen=True, slots=True)
class CardChanged:
    """An event told that a card is another now, or its owner's no more (``gone``)."""

    method: str
    gone: bool


CardTold = CardKept | CardChanged

KEEPS_CARD: Final = frozenset(("setup_intent.succeeded", "payment_intent.succeeded"))
"""Only these need to name a customer and a card."""
_CHANGED: Final = frozenset(("payment_method.automatically_updated", "payment_method.updated"))


def understand_card(kind: str, body: Mapping[str, Any]) -> CardTold | None:
    """What an event of a kind tells of kept cards; None when it tells of none."""
    if kind == "setup_intent.succeeded" or (
        kind == "payment_intent.succeeded" and body.get("setup_future_usage") == "off_session"
    ):
        customer, method = body.get("customer"), body.get("payment_method")
        return CardKept(customer, method) if isinstance(customer, str) and isinstance(method, str) else None
    if kind in _CHANGED or kind == "payment_method.detached":
        return CardChanged(str(body["id"]), kind not in _CHANGED)
    return None
