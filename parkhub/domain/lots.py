"""Lots and what the public is told about them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from parkhub.domain.spots import Spot, SpotState, SpotTrack, expire

SAMPLE_S = 300


@dataclass(frozen=True, slots=True)
class Lot:
    """A car park. ``time_zone`` is an IANA name; the plan's size is in plan units."""

    id: int
    slug: str
    name: str
    address: str
    time_zone: str
    plan_width: float
    plan_height: float


@dataclass(frozen=True, slots=True)
class SpotStatus:
    """A spot with what is known of it."""

    spot: Spot
    track: SpotTrack


@dataclass(frozen=True, slots=True)
class LotStatus:
    """A lot at an instant; spots in map order. ``as_of`` is the last look of any of its cameras, if there was one."""

    lot: Lot
    as_of: datetime | None
    spots: tuple[SpotStatus, ...]

    @property
    def capacity(self) -> int:
        """Number of spots."""
        return len(self.spots)

    def names(self, state: SpotState) -> list[str]:
        """Names of the spots in a state, in map order."""
        return [status.spot.name for status in self.spots if status.track.state is state]

    def count(self, state: SpotState) -> int:
        """How many spots are in a state."""
        return sum(status.track.state is state for status in self.spots)

    def expired(self, at: datetime, patience_s: Mapping[int, float]) -> "LotStatus":
        """The same at ``at``: spots unknown where the last good look is older than their camera's patience.

        ``patience_s`` is by camera id; spots of a camera that is not in it stay as they are.
        """
        spots = tuple(
            SpotStatus(known.spot, expire(known.track, at, patience_s[known.spot.camera_id]))
            if known.spot.camera_id in patience_s
            else known
            for known in self.spots
        )
        return replace(self, spots=spots)


@dataclass(frozen=True, slots=True)
class OccupancySample:
    """How full a lot was in the five minutes that begin at ``at``: what was known when it was last asked in them."""

    lot_id: int
    at: datetime
    free: int
    occupied: int
    unknown: int


def slot_of(at: datetime) -> datetime:
    """When the five minutes begin that hold ``at``."""
    return at - timedelta(seconds=at.timestamp() % SAMPLE_S)


def sample(lot_id: int, states: Iterable[SpotState], at: datetime) -> OccupancySample:
    """Count states into the five-minute slot that holds ``at``."""
    found = list(states)
    return OccupancySample(
        lot_id,
        slot_of(at),
        found.count(SpotState.FREE),
        found.count(SpotState.OCCUPIED),
        found.count(SpotState.UNKNOWN),
    )
