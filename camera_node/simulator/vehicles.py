"""The vehicles on the road: their kinds, sizes, colours and made-up number plates."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

VehicleKind = Literal["city", "hatch", "sedan", "estate", "suv", "van", "pickup", "truck", "moto"]


@dataclass(frozen=True, slots=True)
class Size:
    """Length, width, height and wheelbase in metres; ``rear`` is from the middle of the body back to the rear axle."""

    length: float
    width: float
    height: float
    wheelbase: float

    @property
    def rear(self) -> float:
        """Distance from the middle of the body to the rear axle."""
        return self.wheelbase / 2


SIZES: dict[VehicleKind, Size] = {
    "city": Size(3.6, 1.65, 1.48, 2.35),
    "hatch": Size(4.1, 1.77, 1.47, 2.55),
    "sedan": Size(4.65, 1.82, 1.44, 2.75),
    "estate": Size(4.7, 1.82, 1.48, 2.75),
    "suv": Size(4.5, 1.87, 1.68, 2.68),
    "van": Size(4.95, 1.93, 1.93, 3.05),
    "pickup": Size(5.1, 1.88, 1.78, 3.15),
    "truck": Size(6.6, 2.25, 2.95, 3.7),
    "moto": Size(2.15, 0.8, 1.15, 1.45),
}

SHARES: dict[VehicleKind, float] = {
    "city": 0.14,
    "hatch": 0.27,
    "sedan": 0.16,
    "estate": 0.14,
    "suv": 0.2,
    "van": 0.06,
    "pickup": 0.03,
}
"""How often each kind comes to park."""

# What European registrations look like: mostly without colour. Linear BGR reflectance.
PAINTS: tuple[tuple[str, float, tuple[float, float, float]], ...] = (
    ("white", 0.24, (0.72, 0.74, 0.74)),
    ("black", 0.15, (0.016, 0.015, 0.015)),
    ("grey", 0.13, (0.105, 0.1, 0.095)),
    ("silver", 0.17, (0.42, 0.41, 0.4)),
    ("dark blue", 0.07, (0.11, 0.045, 0.022)),
    ("blue", 0.06, (0.33, 0.12, 0.04)),
    ("red", 0.1, (0.025, 0.022, 0.34)),
    ("wine", 0.02, (0.03, 0.012, 0.11)),
    ("green", 0.015, (0.05, 0.085, 0.03)),
    ("sand", 0.02, (0.25, 0.36, 0.43)),
    ("orange", 0.015, (0.02, 0.14, 0.5)),
    ("yellow", 0.01, (0.03, 0.42, 0.6)),
    ("turquoise", 0.01, (0.25, 0.22, 0.04)),
)

_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle as it was built. ``shape`` is a seed for small differences of its body; ``plate`` is made up."""

    number: int
    kind: VehicleKind
    paint: tuple[float, float, float]
    shape: int
    plate: str
    plate_yellow: bool

    @property
    def size(self) -> Size:
        """The outer measures."""
        return SIZES[self.kind]


def build_vehicle(number: int, rng: np.random.Generator, kind: VehicleKind | None = None) -> Vehicle:
    """Return a vehicle of a random kind (or ``kind``) and colour."""
    if kind is None:
        shares = np.array(list(SHARES.values()))
        kind = list(SHARES)[int(rng.choice(len(shares), p=shares / shares.sum()))]
    weights = np.array([weight for _, weight, _ in PAINTS])
    if kind in ("van", "truck"):
        weights[0] *= 5
    paint = np.array(PAINTS[int(rng.choice(len(PAINTS), p=weights / weights.sum()))][2])
    tint = paint * rng.uniform(0.8, 1.2) * rng.uniform(0.94, 1.06, 3)
    blue, green, red = (float(value) for value in np.clip(tint, 0.008, 0.8))
    letters = [_LETTERS[int(rng.integers(len(_LETTERS)))] for _ in range(3)]
    return Vehicle(
        number=number,
        kind=kind,
        paint=(blue, green, red),
        shape=int(rng.integers(1 << 30)),
        plate=f"{letters[0]}{letters[1]}{int(rng.integers(10))}{letters[2]}{int(rng.integers(10, 100))}",
        plate_yellow=bool(rng.random() < 0.15),
    )
