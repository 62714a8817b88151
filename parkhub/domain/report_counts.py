"""All that was counted of a period, as a report is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from parkhub.domain.report_money import Money
from parkhub.domain.report_periods import Period
from parkhub.domain.report_spots import SpotTotal
from parkhub.domain.reports import HourSums, Measure, Sums


@dataclass(frozen=True, slots=True)
class Point:
    """One hour, day or month of a period."""

    words: str
    hours: HourSums
    money: Mapping[str, Money]


@dataclass(frozen=True, slots=True)
class Counts:
    """All that was counted of a period. ``cameras``: names by id; ``currency``: of the lot, "" for none yet.

    ``spots``: the places one by one, () where nobody asked for them.
    """

    period: Period
    points: tuple[Point, ...]
    clock: Mapping[tuple[int, int], HourSums]
    facts: Sums
    money: Mapping[str, Money]
    cameras: Mapping[str, str]
    currency: str
    spots: tuple[SpotTotal, ...] = ()

    @property
    def hours(self) -> HourSums:
        """All hours added up."""
        return sum((point.hours for point in self.points), HourSums())

    def labels(self, measure: Measure) -> dict[str, int]:
        """A measure's figures by label, of any unit."""
        return {label: value for (each, label, _), value in self.facts.items() if each is measure}

    @property
    def mean_stay_min(self) -> float | None:
        """How long those stayed that left."""
        count = sum(self.labels(Measure.LENGTHS).values())
        return self.facts.get((Measure.STAY_MINUTES, "", ""), 0) / count if count else None

    @property
    def turnover(self) -> float | None:
        """Cars a place and day."""
        places = sum(self.labels(Measure.ZONE_SPOTS).values())
        seen = sum(self.labels(Measure.ZONE_FREE_S).values()) + sum(self.labels(Measure.ZONE_OCCUPIED_S).values())
        return sum(self.labels(Measure.ZONE_ARRIVALS).values()) / places if places and seen else None
