"""Pictures in numbers: vehicles by kind, and how full the places of one camera looked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.domain.lots import slot_of
from parkhub.domain.spots import SpotObservation, SpotState
from parkhub.domain.vehicles import Vehicle, VehicleKind

COUNT_FROM: Final = 0.3
"""Confidence from which a vehicle is counted: below it detectors invent more than they miss."""

VehicleTotals = Mapping[VehicleKind, int]
"""How many of each kind; every kind is in it."""


@dataclass(frozen=True, slots=True)
class FrameCount:
    """What one picture showed by itself, before looks are agreed upon: its camera's spots by state, its vehicles.

    ``frame_id`` is None once the picture is gone. ``vehicles`` None: nobody counted them. ``late``: a later picture
    of the camera had been read before, so this one is no part of the history.
    """

    lot_id: int
    camera_id: int
    frame_id: int | None
    captured_at: datetime
    late: bool
    free: int
    occupied: int
    unknown: int
    vehicles: VehicleTotals | None

    @property
    def slot(self) -> datetime:
        """The five minutes it belongs to."""
        return slot_of(self.captured_at)

    @property
    def spots(self) -> int:
        """How many places the camera looked at."""
        return self.free + self.occupied + self.unknown


@dataclass(frozen=True, slots=True)
class CameraCount:
    """What a camera of that name shows now; None: nobody can say."""

    camera: str
    count: FrameCount | None


@dataclass(frozen=True, slots=True)
class LotCount:
    """A lot in the five minutes that begin at ``at``: the sum over its cameras of the last picture each took in them.

    A place that several cameras see counts once, as it was when the five minutes began; None: nobody kept that.
    ``vehicles`` is summed over the cameras that count them; None: none does. A vehicle that two cameras see is counted
    twice.
    """

    at: datetime
    free: int | None
    occupied: int | None
    unknown: int | None
    vehicles: VehicleTotals | None


def count_kinds(vehicles: Iterable[Vehicle]) -> dict[VehicleKind, int]:
    """Vehicles by kind, without those that are too unsure."""
    totals = dict.fromkeys(VehicleKind, 0)
    for vehicle in vehicles:
        if vehicle.confidence >= COUNT_FROM:
            totals[vehicle.kind] += 1
    return totals


def add_up(counts: Iterable[FrameCount | None]) -> VehicleTotals | None:
    """All vehicles of several pictures; None when nobody counted any."""
    found = [count.vehicles for count in counts if count is not None and count.vehicles is not None]
    return {kind: sum(totals[kind] for totals in found) for kind in VehicleKind} if found else None


def count_states(observations: Sequence[SpotObservation]) -> dict[SpotState, int]:
    """Spots by the state one picture showed them in."""
    totals = dict.fromkeys(SpotState, 0)
    for seen in observations:
        totals[seen.state] += 1
    return totals
