"""Vehicles seen in a picture."""

from dataclasses import dataclass
from enum import StrEnum


class VehicleKind(StrEnum):
    """The types that are told apart."""

    CAR = "car"
    MOTORCYCLE = "motorcycle"
    BUS = "bus"
    TRUCK = "truck"


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle: ``box`` is its upper left corner, width and height in pixels of the picture; confidence 0..1."""

    kind: VehicleKind
    confidence: float
    box: tuple[float, float, float, float]
