"""When a barrier opens by itself, and for whom it does not.

- At an exit it opens for a car that clearly belongs to a session with nothing left to pay: paid, within the time to
  leave, by a permit or a booking, or free. At an entrance by the lot's choice (`Letting`), never for the deny list.
- It opens once for one passage, and not again for a visit that it has opened for.
- Only for the car that stands before it: of the passages at its cameras that of the car in front. A car behind that one
  has come later. A payment that arrives while the car waits opens; a picture that is late never does.
- A command ends by itself (`Opening.expires_at`): whoever carries it out does so before, or never. It is repeated only
  as long, and only when it surely was not carried out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.domain.barriers import Barrier, Cause, Letting
from parkhub.domain.passages import GatePassage, PassageState
from parkhub.domain.sessions import Outcome, ParkingSession

ON_TIME: Final = timedelta(seconds=30)
"""A picture that arrived so much later than it was taken opens nothing: nobody knows who stands there now."""

GONE: Final = timedelta(seconds=10)
"""A car that the pictures of so long after do not show has left, or nobody can say who it was."""

ABREAST: Final = timedelta(seconds=3)
"""Cars last seen within so long of each other stand there together."""


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


@dataclass(frozen=True, slots=True)
class Decision:
    """Open for a cause, or stay closed for a reason: one of the two is None."""

    cause: Cause | None = None
    closed: Closed | None = None


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


def _unmatched(passage: GatePassage) -> Closed:
    if not passage.plate:
        return Closed.NO_PLATE
    return Closed.UNKNOWN if passage.reason.startswith("nobody saw") else Closed.UNCLEAR
