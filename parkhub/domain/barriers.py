"""Barriers, the commands that they get, and the calls for help from them; and how what is told is signed."""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.domain.passages import Direction

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


class CallCause(StrEnum):
    """Why a person is called."""

    DRIVER = "driver"
    WAITING = "waiting"
    NOT_OPENED = "not_opened"


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


def sign_text(secret: str, *parts: str) -> str:
    """HMAC-SHA256 in hex over what a command or an answer says, a line each, in this order."""
    return hmac.new(secret.encode(), "\n".join(parts).encode(), hashlib.sha256).hexdigest()


def same_signature(secret: str, given: str, *parts: str) -> bool:
    """Whether the lines were signed so, compared in constant time; an empty secret signs nothing."""
    return bool(secret) and hmac.compare_digest(sign_text(secret, *parts).encode(), given.encode())
