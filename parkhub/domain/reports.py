"""What is counted of a lot's local day: the figures that reports are summed from.

A day is counted in parts, each from sources of its own, so that one can be counted anew when the other's sources have
expired. Counting the same rows again gives the same figures.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.ledger import Sum
from parkhub.domain.local_time import MINUTE, day_span
from parkhub.domain.lots import OccupancySample
from parkhub.domain.report_spots import SpotDay, SpotSums
from parkhub.domain.sessions import Ending

LENGTHS_MIN: Final = (0, 15, 30, 60, 120, 180, 240, 360, 480, 720, 1440)
"""Where each class of the length of a stay begins, in minutes."""


class Part(StrEnum):
    """What of a day is counted together."""

    STAYS = "stays"
    MONEY = "money"
    GATES = "gates"
    PLACES = "places"
    CAMERAS = "cameras"


class Measure(StrEnum):
    """What a figure is of; its label says of which."""

    ENTRIES_BY_KIND = "entries_by_kind"  # label: a vehicle kind, "" for an unknown one
    ENTRIES_BY_RIGHT = "entries_by_right"  # label: kind of right, "" for those that pay
    PERMITS_USED = "permits_used"  # different permits that came in
    ENDINGS = "endings"  # label: how a stay ended
    LENGTHS = "lengths"  # label: where its class begins, minutes
    STAY_MINUTES = "stay_minutes"  # of those classed
    RIGHT_MINUTES = "right_minutes"  # label: kind of right
    POSTED = "posted"  # label: kind/account; unit: currency; value: minor units, debits above zero
    POSTED_COUNT = "posted_count"  # label: kind; unit: currency
    LINES = "lines"  # label: kind/label of a price's line; unit: currency
    PASSAGES = "passages"  # label: camera/what
    ZONE_ARRIVALS = "zone_arrivals"  # label: zone; and so on
    ZONE_SPOTS = "zone_spots"
    ZONE_FREE_S = "zone_free_s"
    ZONE_OCCUPIED_S = "zone_occupied_s"
    ZONE_UNKNOWN_S = "zone_unknown_s"
    CAMERA_SEEN = "camera_seen"  # label: camera; five minutes with a picture
    CAMERA_SLOTS = "camera_slots"  # of so many
    CAMERA_TROUBLE_S = "camera_trouble_s"


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of a day."""

    measure: Measure
    label: str
    value: int
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Hour:
    """An hour of a local day: when it begins, and what the clock then shows, 0..23."""

    at: datetime
    clock: int


@dataclass(frozen=True, slots=True)
class Stay:
    """What is counted of a session."""

    entered_at: datetime
    exited_at: datetime | None
    kind: str
    ending: Ending
    right: str
    permit_id: int | None


@dataclass(frozen=True, slots=True)
class HourSums:
    """The hours of a group added up; ``free``, ``occupied`` and ``unknown`` over ``samples`` samples."""

    entries: int = 0
    exits: int = 0
    samples: int = 0
    free: int = 0
    occupied: int = 0
    unknown: int = 0

    @property
    def occupancy(self) -> float | None:
        """Which part of the places that could be seen was taken, 0..1; None: none could."""
        seen = self.free + self.occupied
        return self.occupied / seen if seen else None

    def __add__(self, other: "HourSums") -> "HourSums":
        return HourSums(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


Sums = Mapping[tuple[Measure, str, str], int]
"""Figures of some days by measure, label and unit."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What one part of a day came to. ``hours``: columns of each hour by name, ``spots``: sums of each place by its id;
    empty where the part has none.
    """

    facts: tuple[Fact, ...]
    hours: Mapping[datetime, Mapping[str, int]] = field(default_factory=dict)
    spots: Mapping[int, SpotSums] = field(default_factory=dict)


def hours_of(day: date, zone: ZoneInfo) -> tuple[Hour, ...]:
    """The hours of a local day: 23, 24 or 25, each where the clock is full, or the day begins."""
    span, found = day_span(day, zone), []
    at = span.start
    while at < span.end:
        local = at.astimezone(zone)
        found.append(Hour(at, local.hour))
        at += timedelta(minutes=60 - local.minute)
    return tuple(found)


def count_stays(came: Iterable[Stay], left: Iterable[Stay], hours: Sequence[Hour]) -> Counted:
    """Entries and exits by hour, by kind and by right, and how long those stayed that ended.

    Stays whose end nobody saw count as ended, and have no length.
    """
    begins = [hour.at for hour in hours]
    by_hour = {hour.at: {"entries": 0, "exits": 0} for hour in hours}
    sums, permits = Counter[tuple[Measure, str]](), set[int]()
    for stay in came:
        by_hour[begins[bisect_right(begins, stay.entered_at) - 1]]["entries"] += 1
        sums[Measure.ENTRIES_BY_KIND, stay.kind] += 1
        sums[Measure.ENTRIES_BY_RIGHT, stay.right] += 1
        if stay.permit_id is not None:
            permits.add(stay.permit_id)
    for stay in left:
        assert stay.exited_at is not None
        sums[Measure.ENDINGS, stay.ending.value] += 1
        if stay.ending in (Ending.EXIT_MISSED, Ending.TOO_LONG):
            continue
        by_hour[begins[bisect_right(begins, stay.exited_at) - 1]]["exits"] += 1
        minutes = (stay.exited_at - stay.entered_at) // MINUTE
        sums[Measure.LENGTHS, str(LENGTHS_MIN[bisect_right(LENGTHS_MIN, max(0, minutes)) - 1])] += 1
        sums[Measure.STAY_MINUTES, ""] += minutes
        sums[Measure.RIGHT_MINUTES, stay.right] += minutes
    sums[Measure.PERMITS_USED, ""] = len(permits)
    return Counted(_facts(sums), by_hour)


def count_money(posted: Iterable[Sum], lines: Mapping[tuple[str, str, str], int]) -> Counted:
    """The day's postings by kind and account. ``lines``: cents by a line's kind and label, and currency."""
    facts, counts = [], dict[tuple[str, str], int]()
    for each in posted:
        label = f"{each.kind.value}/{each.account.value}"
        facts.append(Fact(Measure.POSTED, label, each.amount_cents, each.currency))
        key = each.kind.value, each.currency
        counts[key] = max(counts.get(key, 0), each.count)
    facts += [Fact(Measure.POSTED_COUNT, kind, count, currency) for (kind, currency), count in counts.items()]
    facts += [Fact(Measure.LINES, f"{kind}/{label}", cents, unit) for (kind, label, unit), cents in lines.items()]
    return Counted(tuple(fact for fact in facts if fact.value))


def count_samples(samples: Iterable[OccupancySample], hours: Sequence[Hour]) -> Mapping[datetime, Mapping[str, int]]:
    """The sums of five-minute samples by hour."""
    begins = [hour.at for hour in hours]
    found = {hour.at: dict.fromkeys(("samples", "free", "occupied", "unknown"), 0) for hour in hours}
    for sample in samples:
        sums = found[begins[bisect_right(begins, sample.at) - 1]]
        sums["samples"] += 1
        sums["free"] += sample.free
        sums["occupied"] += sample.occupied
        sums["unknown"] += sample.unknown
    return found


def count_zones(spots: Iterable[SpotDay], counted: Mapping[int, SpotSums]) -> tuple[Fact, ...]:
    """How long places of each zone were in each state, and how many cars came to stand on them."""
    sums = Counter[tuple[Measure, str]]()
    for spot in spots:
        own = counted[spot.spot_id]
        sums[Measure.ZONE_SPOTS, spot.zone] += 1
        sums[Measure.ZONE_ARRIVALS, spot.zone] += own.arrivals
        sums[Measure.ZONE_FREE_S, spot.zone] += own.free_s
        sums[Measure.ZONE_OCCUPIED_S, spot.zone] += own.occupied_s
        sums[Measure.ZONE_UNKNOWN_S, spot.zone] += own.unknown_s
    return _facts(sums)


def count_up(parts: Mapping[tuple[Measure, str], int]) -> Counted:
    """Figures that a database has summed already."""
    return Counted(_facts(Counter(parts)))


def _facts(sums: Counter[tuple[Measure, str]]) -> tuple[Fact, ...]:
    return tuple(Fact(measure, label, value) for (measure, label), value in sums.items() if value)
