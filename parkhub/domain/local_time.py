"""A lot's local days and hours as spans of real time, right across both changes of the clock."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open: ``start`` belongs to it, ``end`` does not; both aware UTC. Empty when they are equal."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start.utcoffset() != timedelta() or self.end.utcoffset() != timedelta():
            raise ValueError("a span is told in UTC")
        if self.end < self.start:
            raise ValueError("a span cannot end before it starts")

    @property
    def length(self) -> timedelta:
        """How long it lasted, in real time."""
        return self.end - self.start

    def __contains__(self, at: datetime) -> bool:
        return self.start <= at < self.end


@lru_cache(maxsize=4096)
def instant(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """When a local clock first shows ``minute`` (0..1440, minutes after midnight) of ``day``, in UTC.

    A time that is skipped when clocks go forward is the moment they go forward; of a time that comes twice when they
    go back it is the first. The hours of a day so follow each other without a gap or an overlap.
    """
    day += timedelta(days=minute // DAY_MINUTES)
    wall = datetime.combine(day, time(minute % DAY_MINUTES // 60, minute % 60))
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)  # within a gap, fold=1 is the earlier of the two
    offset = early.astimezone(zone).utcoffset()
    while found - early > timedelta(seconds=1):
        middle = early + (found - early) / 2
        early, found = (middle, found) if middle.astimezone(zone).utcoffset() == offset else (early, middle)
    return found.replace(microsecond=0)


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The day a local calendar shows at that instant."""
    return at.astimezone(zone).date()


def day_span(day: date, zone: ZoneInfo) -> Span:
    """A local day from midnight to midnight: 23, 24 or 25 hours."""
    return Span(instant(day, 0, zone), instant(day, DAY_MINUTES, zone))
