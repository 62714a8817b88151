"""Commands to nodes, beside those to the relays of barriers: each is carried out once, answered or over."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from parkhub.errors import InvalidInputError

REPORT_BYTES_MAX: Final = 256 * 1024
REPORTED_FOR: Final = timedelta(minutes=2)
"""How long after its end a command's report is still taken."""

KEPT_FOR: Final = timedelta(days=7)
TOLD_FOR: Final = timedelta(minutes=5)
"""How long after its end a command is still spoken of."""


class Action(StrEnum):
    """What a node is asked to do."""

    SNAPSHOT = "snapshot"
    RESTART = "restart"
    LOGS = "logs"
    FOCUS = "focus"

    @property
    def holds_for(self) -> timedelta:
        """How long a node may still begin it; for the help with the focus, how long it lasts."""
        return _HOLDS[self]


_HOLDS: Final = {
    Action.SNAPSHOT: timedelta(seconds=60),
    Action.RESTART: timedelta(seconds=60),
    Action.LOGS: timedelta(seconds=120),
    Action.FOCUS: timedelta(seconds=120),
}


class Outcome(StrEnum):
    """What became of a command."""

    WAITING = ""
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``told``: what the node said. ``reported_at``: when its last report came."""

    id: int
    uid: str
    camera_id: int
    action: Action
    account_id: int | None
    asked_at: datetime
    expires_at: datetime
    outcome: Outcome = Outcome.WAITING
    told: str = ""
    answered_at: datetime | None = None
    reported_at: datetime | None = None

    def waits(self, now: datetime) -> bool:
        """Whether the node may still carry it out."""
        return self.outcome is Outcome.WAITING and now < self.expires_at

    def matters(self, now: datetime) -> bool:
        """Whether what became of it is still worth telling."""
        return now < self.expires_at + TOLD_FOR

    def lasts(self, now: datetime) -> bool:
        """Whether the help with the focus goes on."""
        return self.action is Action.FOCUS and self.outcome is Outcome.ACKNOWLEDGED and now < self.expires_at


def known_ends(last: Mapping[Action, Command]) -> dict[Action, Command]:
    """The last command of each kind, the help with the focus over where its node was restarted during it."""
    focus, restart = last.get(Action.FOCUS), last.get(Action.RESTART)
    found = dict(last)
    if focus is not None and restart is not None and restart.outcome is Outcome.ACKNOWLEDGED:
        begun_at, ended_at = focus.answered_at or focus.asked_at, restart.answered_at or restart.asked_at
        if begun_at <= ended_at < focus.expires_at:
            found[Action.FOCUS] = replace(focus, expires_at=ended_at)
    return found


class FocusReport(Struct, frozen=True):
    """How sharp the last picture was, the best since the command, and of how many. Higher is sharper."""

    sharpness: Annotated[float, Meta(ge=0, le=10**12)]
    best: Annotated[float, Meta(ge=0, le=10**12)]
    pictures: Annotated[int, Meta(ge=0, le=10**9)] = 0


def read_report(action: Action, body: bytes) -> str:
    """A report as it is kept. Raises InvalidInputError for one that does not fit the command."""
    if action is Action.FOCUS:
        try:
            return msgspec.json.encode(msgspec.json.decode(body, type=FocusReport)).decode()
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise InvalidInputError("A report on the focus has sharpness, best and pictures, as numbers.") from None
    if action is Action.LOGS:
        text = body.decode("utf-8", "replace").replace("\r\n", "\n")
        return "".join(letter if letter.isprintable() or letter in "\n\t" else "\ufffd" for letter in text)
    raise InvalidInputError("Nothing is reported to this command.")


def read_focus(kept: str) -> FocusReport:
    """A report on the focus as it was kept."""
    return msgspec.json.decode(kept, type=FocusReport)
