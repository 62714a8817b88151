"""The car park on paper: its bays, islands and lanes, in plan units (22 units are a bay's width of 2.5 m).

Plan coordinates run right and down, as on the drawn map. World coordinates are metres: x right, y up the plan (north,
away from the camera), z up; the plan's top left corner is the origin, so everything in the car park has y < 0.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["standard", "disabled", "ev", "moto"]
Shape = Literal["up", "down", "moto"]

NAME = "Harbour Street Car Park"
PLAN_SIZE = (400, 316)
UNIT_M = 2.5 / 22

LANE_NORTH, LANE_SOUTH, LANE_EAST, LANE_WEST = 82.0, 222.0, 372.0, 28.0
ENTRANCE_X, EXIT_X = 68.0, 90.0
BIKE_AISLE_X = 365.0
"""Motorcycles reach the inner bays between the two outer ones."""

ISLANDS = ((44.0, 106.0, 13.0, 92.0), (343.0, 106.0, 13.0, 92.0))
"""Grass islands at both ends of the middle rows: x, y, width, height in plan units."""
LAMPS = ((50.5, 152.0), (349.5, 152.0), (200.0, 5.0), (79.0, 300.0), (300.0, 300.0))


@dataclass(frozen=True, slots=True)
class Bay:
    """One spot: where it is on the plan. ``shape`` says which way its mouth is: `up` opens downwards."""

    name: str
    kind: Kind
    shape: Shape
    x: float
    y: float
    width: float
    height: float

    @property
    def zone(self) -> str:
        """The row a bay belongs to, for people: ``A``, ``B``, ``C``, ``D``; motorcycles have their own, ``M``."""
        return self.name[0]

    @property
    def corners(self) -> tuple[tuple[float, float], ...]:
        """The four corners on the plan: head left, head right, mouth right, mouth left."""
        left, right, top, bottom = self.x, self.x + self.width, self.y, self.y + self.height
        if self.shape == "down":
            return (left, bottom), (right, bottom), (right, top), (left, top)
        return (left, top), (right, top), (right, bottom), (left, bottom)


def to_world(x: float, y: float) -> tuple[float, float]:
    """Return the world point (metres) of a plan point."""
    return x * UNIT_M, -y * UNIT_M


def _row(letter: str, shape: Shape, y: float, xs: list[float], special: dict[int, Kind]) -> list[Bay]:
    return [
        Bay(f"{letter}{number}", special.get(number, "standard"), shape, x, y, 22, 46)
        for number, x in enumerate(xs, start=1)
    ]


def _bays() -> tuple[Bay, ...]:
    middle = [57.0 + 22 * n for n in range(13)]
    bikes = [("M1", 343, 12), ("M2", 365, 12), ("M3", 343, 35), ("M4", 365, 35)]
    return (
        *_row("A", "up", 12, [13.0 + 22 * n for n in range(15)], {1: "disabled", 2: "disabled", 3: "disabled"}),
        *(Bay(name, "moto", "moto", x, y, 22, 23) for name, x, y in bikes),
        *_row("B", "down", 106, middle, {1: "ev", 2: "ev", 3: "ev", 4: "ev"}),
        *_row("C", "up", 152, middle, {}),
        *_row("D", "down", 246, [13.0, 35.0, *(101.0 + 22 * n for n in range(13))], {}),
    )


BAYS = _bays()
