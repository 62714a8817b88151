"""Parking sessions: one visit of one vehicle, from entry to exit, and the rules by which passages begin and end them.

Rules of passages, all by capture time, whenever the picture arrived. A car came by when its first picture was taken;
if an earlier one arrives later, its stay moves there, unless something was paid for it or a person has set it; once
its driver was asked for money, only what makes it no dearer:

- An entry opens a session. The same plate again within `SEEN_AGAIN` is the same car; while its session is open longer
  ago, its exit was missed: with anti-passback a person is asked and nothing changes, without it the old session ends
  unpriced, a person is asked about it, and a new one opens. An entry within a visit that is over is the same car seen
  again, and so is one within the time that was paid ahead, or the first of a car whose driver began its session.
- An exit closes the session that it clearly belongs to (`matching`). A doubtful one, one without entry, and one without
  a plate are a person's to decide, and charge nothing until then; so is one that a letter parts from the only near
  plate, unless either gate thought of the other letter: its own entry may have been missed. The same plate again within
  `SEEN_AGAIN` after its exit is the same car.
- An entry that arrives late, when the exit is known and waits for a person, opens a session which that exit closes, if
  it clearly belongs to it.
- An entry that arrives when the plate has come again since opens a session that ended, unpriced, when it did; its exit,
  whether it waits or is still to arrive, prices it.
- An exit that arrives late, in the middle of what was taken for one long visit of its very plate, ends that visit; what
  was seen of the plate afterwards is taken anew.
- Two plates in one picture are two cars, however close one drives behind the other; motorcycles are vehicles like any
  other, and where their plate is at the other end they are cars without a plate.
- A car without a plate gets a session known by its ticket, and a person is asked to read the plate off the picture.
- A car whose direction nobody knows changes nothing.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.domain.local_time import Span
from parkhub.domain.vehicles import VehicleKind

SEEN_AGAIN: Final = timedelta(minutes=5)
"""For so long the same plate at the same side of the lot is the same car going by."""

DRIVER: Final = "driver"
"""Who begins a stay by paying ahead for it."""

AWAITED_BACK: Final = timedelta(hours=2)
"""So long before its driver begins to pay a car may have come in, of which the camera tells late."""

TICKET_LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
TICKET_LENGTH: Final = 9  # 30 ** 9 tickets: guessing one of a million open ones takes twenty million tries


class SessionState(StrEnum):
    """Whether a visit goes on. A cancelled one never was: merged into another, or a car that turned away.

    A begun one is only asked for by a driver who has yet to pay: nobody else is told of it.
    """

    BEGUN = "begun"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Ending(StrEnum):
    """How a visit ended; the last two end it without a price, which a person then decides.

    What was paid ahead ends by the clock where no camera sees cars leave.
    """

    NONE = ""
    EXIT = "exit"
    PAID_AHEAD = "paid_ahead"
    BY_HAND = "by_hand"
    LOST_TICKET = "lost_ticket"
    EXIT_MISSED = "exit_missed"
    TOO_LONG = "too_long"


class Outcome(StrEnum):
    """What became of a passage; "" is not decided yet."""

    ENTERED = "entered"
    LEFT = "left"
    SEEN_AGAIN = "seen_again"
    ASKED = "asked"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ParkingSession:
    """One visit. ``ticket`` is what a driver knows it by; ``plate`` is "" for a car without one, or when it expired.

    ``right``: the kind of right it entered under ("" is none). ``leave_by``: until when who has paid may leave.
    ``paid_until``: until when it was paid ahead. ``begun_by``: `DRIVER` where no camera had seen it come, else "".
    """

    id: int
    ticket: str
    lot_id: int
    plate: str
    kind: VehicleKind | None
    state: SessionState
    ending: Ending
    entered_at: datetime
    exited_at: datetime | None = None
    leave_by: datetime | None = None
    entry_passage_id: int | None = None
    exit_passage_id: int | None = None
    tariff_id: int | None = None
    permit_id: int | None = None
    booking_id: int | None = None
    right: str = ""
    paid_until: datetime | None = None
    begun_by: str = ""

    def span(self, now: datetime) -> Span:
        """From entry to exit, or to now."""
        return Span(self.entered_at, max(self.entered_at, self.exited_at or now))

    @property
    def is_priced(self) -> bool:
        """Whether its end says what it costs."""
        return self.state is SessionState.CLOSED and self.ending not in (Ending.EXIT_MISSED, Ending.TOO_LONG)

    def awaits(self, at: datetime) -> bool:
        """Whether its driver began it, no camera has seen the car yet, and one that did at ``at`` has seen it come."""
        return self._is_unseen and at >= self.entered_at - AWAITED_BACK and not self.never_came(at)

    def never_came(self, at: datetime) -> bool:
        """Whether no camera saw its car in the time that was paid ahead, which was over at ``at``.

        Anybody may pay for any plate: who comes later shall not owe the time since then.
        """
        return self._is_unseen and self.paid_until is not None and at >= self.paid_until

    @property
    def _is_unseen(self) -> bool:
        return self.state is SessionState.OPEN and self.begun_by == DRIVER and self.entry_passage_id is None


class Entry(StrEnum):
    """What an entry does, given what is known of its plate."""

    OPEN = "open"
    SEEN_AGAIN = "seen_again"
    EXIT_MISSED = "exit_missed"
    BEFORE = "before"
    ASK = "ask"


def decide_entry(
    at: datetime, inside: ParkingSession | None, last: ParkingSession | None, *, anti_passback: bool
) -> Entry:
    """What an entry at ``at`` means. ``inside``: the plate's open session; ``last``: the one closed last or next."""
    if inside is None:
        within = last is not None and last.exited_at is not None and last.entered_at <= at < last.exited_at
        return Entry.SEEN_AGAIN if within else Entry.OPEN
    paid = inside.paid_until is not None and at < inside.paid_until
    if abs(at - inside.entered_at) <= SEEN_AGAIN or paid or inside.awaits(at):
        return Entry.SEEN_AGAIN
    if anti_passback:
        return Entry.ASK
    return Entry.BEFORE if at < inside.entered_at else Entry.EXIT_MISSED


def new_ticket() -> str:
    """A ticket nobody can guess, in letters that nobody takes for others."""
    return "".join(secrets.choice(TICKET_LETTERS) for _ in range(TICKET_LENGTH))


def read_ticket(text: str) -> str:
    """A ticket as typed by a person; "" for what is none."""
    found = "".join(letter for letter in text.upper() if letter.isalnum())
    return found if len(found) == TICKET_LENGTH and set(found) <= set(TICKET_LETTERS) else ""
