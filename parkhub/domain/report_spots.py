"""What a lot's places were used for, one by one: counted of a day, and told of many."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from parkhub.domain.spots import SpotState


@dataclass(frozen=True, slots=True)
class SpotDay:
    """A place's states over a day: the one it began in, and every change, oldest first."""

    spot_id: int
    zone: str
    first: SpotState
    changes: tuple[tuple[datetime, SpotState], ...] = ()


@dataclass(frozen=True, slots=True)
class SpotSums:
    """How many cars came to stand on a place, and for how many seconds it was in each state."""

    arrivals: int = 0
    free_s: int = 0
    occupied_s: int = 0
    unknown_s: int = 0


@dataclass(frozen=True, slots=True)
class SpotTotal:
    """A place over some ``days``, those that were counted."""

    name: str
    zone: str
    days: int
    sums: SpotSums

    @property
    def turnover(self) -> float:
        """Cars a day."""
        return self.sums.arrivals / self.days

    @property
    def occupancy(self) -> float | None:
        """Which part of the time that it could be seen it was taken; None: it never could."""
        seen = self.sums.free_s + self.sums.occupied_s
        return self.sums.occupied_s / seen if seen else None

    @property
    def unseen(self) -> float | None:
        """Which part of the time nobody could see it."""
        whole = self.sums.free_s + self.sums.occupied_s + self.sums.unknown_s
        return self.sums.unknown_s / whole if whole else None


def count_spots(spots: Iterable[SpotDay], start: datetime, end: datetime) -> dict[int, SpotSums]:
    """Every place by its id.

    A car counts where a place that was free is taken: one that comes into sight again does not.
    """
    return {spot.spot_id: _count(spot, start, end) for spot in spots}


def _count(spot: SpotDay, start: datetime, end: datetime) -> SpotSums:
    arrivals, lasted = 0, dict.fromkeys(SpotState, 0)
    state, since = spot.first, start
    for at, after in spot.changes:
        lasted[state] += int((at - since).total_seconds())
        arrivals += state is SpotState.FREE and after is SpotState.OCCUPIED
        state, since = after, at
    lasted[state] += int((end - since).total_seconds())
    return SpotSums(arrivals, lasted[SpotState.FREE], lasted[SpotState.OCCUPIED], lasted[SpotState.UNKNOWN])
