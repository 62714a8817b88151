"""The week's spans in which a node works in another mode than otherwise."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any

DAYS = ("mo", "tu", "we", "th", "fr", "sa", "su")
SPANS_MAX = 100


class Mode(StrEnum):
    """When a picture is taken."""

    INTERVAL = "interval"
    CHANGE = "change"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Span:
    """Another mode on some days between two times of the day; after midnight where ``end`` is not after ``begin``."""

    days: tuple[str, ...]
    begin: time
    end: time
    mode: Mode
    interval_s: float

    def holds(self, local: datetime) -> bool:
        """Say whether it holds at ``local``, the time at the lot."""
        clock = local.time()
        if self.begin < self.end:
            return self.begin <= clock < self.end and DAYS[local.weekday()] in self.days
        day = local if clock >= self.begin else local - timedelta(days=1)
        return (clock >= self.begin or clock < self.end) and DAYS[day.weekday()] in self.days


def read_schedule(said: Any) -> tuple[Span, ...]:
    """Return the spans of a configuration's ``schedule``. Raises ValueError saying what they must be."""
    if not isinstance(said, list | tuple) or len(said) > SPANS_MAX:
        raise ValueError(f"must be a list of at most {SPANS_MAX} spans")
    return tuple(_span(each, place) for place, each in enumerate(said))


def _span(said: Any, place: int) -> Span:
    try:
        days = tuple(said["days"])
        begin, end = (time.fromisoformat(said[name]) for name in ("from", "to"))
        mode = Mode(said.get("mode", Mode.INTERVAL))
        interval_s = said.get("interval_s", 10.0)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise ValueError(f"[{place}] must have days, from and to as 22:00, and a mode of {', '.join(Mode)}") from None
    if not days or any(day not in DAYS for day in days):
        raise ValueError(f"[{place}].days must be some of {', '.join(DAYS)}")
    if isinstance(interval_s, bool) or not isinstance(interval_s, int | float) or not 0.05 <= interval_s <= 86_400:
        raise ValueError(f"[{place}].interval_s must be a number from 0.05 to 86400")
    return Span(days, begin.replace(tzinfo=None), end.replace(tzinfo=None), mode, float(interval_s))
