"""Barriers: when one opens by itself, for whom it does not, and how it is told.

- At an exit it opens for a car that clearly belongs to a session with nothing left to pay: paid, within the time to
  leave, by a permit or a booking, or free. At an entrance by the lot's choice (`Letting`), never for the deny list.
- It opens once for one passage, and not again for a visit that it has opened for.
- Only for the car that stands before it: of the passages at its cameras that of the car in front. A car behind that one
  has come later. A payment that arrives while the car waits opens; a picture that is late never does.
- A command ends by itself (`Opening.expires_at`): whoever carries it out does so before, or never. It is repeated only
  as long, and only when it surely was not carried out.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.sessions import Outcome, ParkingSession

ON_TIME: Final = timedelta(seconds=30)
"""A picture that arrived so much later than it was taken opens nothing: nobody knows who stands there now."""

GONE: Final = timedelta(seconds=10)
"""A car that the pictures of so long after do not show has left, or nobody can say who it was."""

ABREAST: Final = timedelta(seconds=3)
"""Cars last seen within so long of each other stand there together."""

LATE_FOR: Final = timedelta(seconds=2)
"""Who waits for an answer waits so much longer than the command holds."""


class BarrierKind(StrEnum):
    """How it is told."""

    WEBHOOK = "webhook"
    MQTT = "mqtt"
    RELAY = "relay"


class Letting(StrEnum):
    """For whom the barrier of an entrance opens by itself."""

    NOBODY = "nobody"
    EVERYONE = "everyone"
    RIGHTS = "rights"
    SPACE = "space"


class Cause(StrEnum):
    """Why it was opened."""

    PAID = "paid"
    GRACE = "grace"
    PERMIT = "permit"
    BOOKING = "booking"
    FREE = "free"
    ENTRY = "entry"
    BY_HAND = "by_hand"
    TEST = "test"


class OpeningOutcome(StrEnum):
    """What became of a command; "" is not known yet."""

    WAITING = ""
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    TIMED_OUT = "timed_out"
    FAILED = "failed"


class Closed(StrEnum):
    """Why it stays closed."""

    NOBODY = "nobody"
    BEING_READ = "being_read"
    UNPAID = "unpaid"
    UNCLEAR = "unclear"
    UNKNOWN = "unknown"
    NO_PLATE = "no_plate"
    IN_REVIEW = "in_review"
    ALREADY = "already"
    DENIED = "denied"
    NO_RIGHT = "no_right"
    FULL = "full"
    BY_HAND_ONLY = "by_hand_only"

    @property
    def sentence(self) -> str:
        """The same for people."""
        return _SENTENCES[self]


_SENTENCES: Final = {
    Closed.NOBODY: "No car stands before it.",
    Closed.BEING_READ: "Its plate is being read.",
    Closed.UNPAID: "This stay is not paid.",
    Closed.UNCLEAR: "It is not clear which stay this car belongs to.",
    Closed.UNKNOWN: "Nobody saw this car come in.",
    Closed.NO_PLATE: "The car shows no plate.",
    Closed.IN_REVIEW: "A question about this stay waits for an answer.",
    Closed.ALREADY: "It has opened for this visit already.",
    Closed.DENIED: "This plate is on the deny list.",
    Closed.NO_RIGHT: "This plate has no permit and no booking.",
    Closed.FULL: "No place is known to be free.",
    Closed.BY_HAND_ONLY: "This barrier is opened by hand only.",
}


class CallCause(StrEnum):
    """Why a person is called."""

    DRIVER = "driver"
    WAITING = "waiting"
    NOT_OPENED = "not_opened"


@dataclass(frozen=True, slots=True)
class Decision:
    """Open for a cause, or stay closed for a reason: one of the two is None."""

    cause: Cause | None = None
    closed: Closed | None = None


@dataclass(frozen=True, slots=True)
class Barrier:
    """One barrier. ``node`` and ``cameras`` are ids of cameras; ``address`` is a webhook's or an MQTT topic.

    ``timeout_s``: how long a command holds. ``waits_s``: how long after it was last seen a car is taken to stand there.
    ``calls_after_s``: a person is called for a car that stands there unpaid for so long; 0 is never.
    """

    id: int
    public_id: str
    code: str
    lot_id: int
    name: str
    kind: BarrierKind
    side: Direction
    letting: Letting
    address: str
    node_id: int | None
    cameras: tuple[int, ...]
    pulse_ms: int
    timeout_s: int
    waits_s: int
    calls_after_s: int
    call_email: str
    secret_version: int
    enabled: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """One command. ``told``: what the barrier said, or what went wrong; ``email``: who opened it by hand."""

    id: int
    uid: str
    barrier_id: int
    session_id: int | None
    passage_id: int | None
    cause: Cause
    account_id: int | None
    reason: str
    asked_at: datetime
    expires_at: datetime
    sent_at: datetime | None = None
    attempts: int = 0
    acknowledged_at: datetime | None = None
    outcome: OpeningOutcome = OpeningOutcome.WAITING
    told: str = ""
    email: str | None = None

    @property
    def was_late(self) -> bool:
        """Whether the answer came when nobody waited for it any more: it may have opened all the same."""
        return self.outcome is not OpeningOutcome.ACKNOWLEDGED and self.acknowledged_at is not None


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody at a barrier needs a person."""

    id: int
    barrier_id: int
    passage_id: int | None
    cause: CallCause
    called_at: datetime
    taken_by: int | None = None
    taken_at: datetime | None = None
    resolved_by: int | None = None
    resolved_at: datetime | None = None
    taken_by_email: str | None = None


@dataclass(frozen=True, slots=True)
class ExitFacts:
    """What decides at an exit. ``session`` None: none clearly belongs. ``grace``: it cost nothing for being short."""

    session: ParkingSession | None
    due_cents: int = 0
    charged_cents: int = 0
    grace: bool = False
    in_review: bool = False


@dataclass(frozen=True, slots=True)
class EntryFacts:
    """What decides at an entrance. ``free``: places known to be free."""

    session: ParkingSession | None
    denied: bool = False
    free: int = 0


def decide_exit(passage: GatePassage, facts: ExitFacts) -> Decision:
    """Whether an exit opens for a passage of which it is known what became."""
    session = facts.session
    if passage.outcome not in (Outcome.LEFT, Outcome.SEEN_AGAIN) or session is None:
        return Decision(closed=_unmatched(passage))
    if facts.in_review or not session.is_priced:
        return Decision(closed=Closed.IN_REVIEW)
    if facts.due_cents > 0:
        return Decision(closed=Closed.UNPAID)
    if session.right:
        return Decision(Cause.PERMIT)
    if session.booking_id is not None:
        return Decision(Cause.BOOKING)
    if facts.charged_cents > 0:
        return Decision(Cause.PAID)
    return Decision(Cause.GRACE if facts.grace else Cause.FREE)


def decide_entry(barrier: Barrier, passage: GatePassage, facts: EntryFacts) -> Decision:
    """Whether an entrance opens for a passage of which it is known what became."""
    if facts.denied:
        return Decision(closed=Closed.DENIED)
    if barrier.letting is Letting.NOBODY:
        return Decision(closed=Closed.BY_HAND_ONLY)
    session = facts.session
    if passage.outcome not in (Outcome.ENTERED, Outcome.SEEN_AGAIN) or session is None:
        return Decision(closed=Closed.NO_PLATE if not passage.plate else Closed.UNCLEAR)
    if session.right:
        return Decision(Cause.PERMIT)
    if session.booking_id is not None:
        return Decision(Cause.BOOKING)
    if barrier.letting is Letting.RIGHTS:
        return Decision(closed=Closed.NO_RIGHT)
    if barrier.letting is Letting.SPACE and facts.free <= 0:
        return Decision(closed=Closed.FULL)
    return Decision(Cause.ENTRY)


def in_front(passages: Sequence[GatePassage]) -> GatePassage | None:
    """The car in front: of those seen last, the one that came first. Give those of a barrier's cameras and side."""
    seen = [each for each in passages if each.state is not PassageState.REJECTED]
    if not seen:
        return None
    newest = max(each.last_at for each in seen)
    return min((each for each in seen if newest - each.last_at <= ABREAST), key=lambda each: (each.first_at, each.id))


def stands(barrier: Barrier, passage: GatePassage, pictured_at: datetime | None, now: datetime) -> bool:
    """Whether a car stands there now. ``pictured_at``: when the last picture was taken that its camera's reader read.

    Where a camera sends nothing while nothing moves, who was seen last stands there for ``waits_s``.
    """
    on_time = (passage.heard_at or passage.last_at) - passage.last_at <= ON_TIME
    gone = pictured_at is not None and pictured_at - passage.last_at > GONE
    return on_time and not gone and now - passage.last_at <= timedelta(seconds=barrier.waits_s)


def sign_text(secret: str, *parts: str) -> str:
    """HMAC-SHA256 in hex over what a command or an answer says, a line each, in this order."""
    return hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def same_signature(secret: str, given: str, *parts: str) -> bool:
    """Whether the lines were signed so, compared in constant time; an empty secret signs nothing."""
    return bool(secret) and hmac.compare_digest(sign_text(secret, *parts).encode(), given.encode())


def _unmatched(passage: GatePassage) -> Closed:
    if not passage.plate:
        return Closed.NO_PLATE
    return Closed.UNKNOWN if passage.reason.startswith("nobody saw") else Closed.UNCLEAR
