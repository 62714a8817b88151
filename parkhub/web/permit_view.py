"""A permit as staff read it."""

from dataclasses import dataclass
from datetime import date
from typing import Final

from parkhub.db.permits import PermitState
from parkhub.domain.permits import Permit, PermitKind
from parkhub.domain.permits_file import SINCE_EVER
from parkhub.domain.weekly_times import write_times
from parkhub.web.plates import HIDDEN

KINDS: Final = [(kind.value, kind.value.capitalize()) for kind in PermitKind]
BADGES: Final = {
    PermitState.VALID: ("valid", "good"),
    PermitState.COMING: ("begins later", "note"),
    PermitState.PAUSED: ("paused", "warn"),
    PermitState.OVER: ("over", ""),
}


@dataclass(frozen=True, slots=True)
class PermitRow:
    """A permit as the list shows it."""

    permit: Permit
    plates: list[str]
    today: date

    @property
    def state(self) -> PermitState:
        """Whether it holds today."""
        if self.permit.valid_until is not None and self.permit.valid_until < self.today:
            return PermitState.OVER
        if self.permit.paused:
            return PermitState.PAUSED
        return PermitState.COMING if self.permit.valid_from > self.today else PermitState.VALID

    @property
    def badge(self) -> tuple[str, str]:
        """The same in a word."""
        return BADGES[self.state]

    @property
    def days(self) -> str:
        """From when to when."""
        since = "" if self.permit.valid_from == SINCE_EVER else f"{self.permit.valid_from:%d %b %Y}"
        until = f"{self.permit.valid_until:%d %b %Y}" if self.permit.valid_until else ""
        if since and until:
            return f"{since} – {until}"
        return f"from {since}" if since else f"to {until}" if until else "for good"

    @property
    def times(self) -> str:
        """At which times of the week."""
        return write_times(self.permit.times)


def row_of(permit: Permit, today: date, seen: bool) -> PermitRow:
    """A permit on a day of its lot, with its plates where they may be seen."""
    return PermitRow(permit, list(permit.plates) if seen else [HIDDEN] * len(permit.plates), today)
