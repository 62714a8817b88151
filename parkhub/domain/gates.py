"""Cars at a gate in single pictures: which there are, and which way they go.

A vehicle that fills a good part of the picture (a motorcycle, whose plate may be at its other end, a smaller one), is
not cut by its sides and shows no plate is a car without one. Where
cars go both ways, the plate's movement tells the direction; a car that did not move has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.domain.cameras import Area, CameraRole, Gate, Inward
from parkhub.domain.passages import Box, Direction, Place
from parkhub.domain.plates import PlateRead, Reading
from parkhub.domain.vehicles import Vehicle, VehicleKind

COVER_MIN: Final = 0.15  # share of the picture from which a vehicle is at the gate
COVER_MOTORCYCLE_MIN: Final = 0.05
VEHICLE_MIN: Final = 0.5  # confidence from which a vehicle without a plate is one
EDGE: Final = 0.01  # what is this near to the picture's edge may be cut
MOVED_MIN: Final = 0.05  # share of the picture
LETTERS_MAX: Final = 4  # kept of what a letter may be
CHANCE_MIN: Final = 0.005


@dataclass(frozen=True, slots=True)
class SeenCar:
    """One car in one picture: a read with its box in shares of the picture, or text "" and the box of the vehicle.

    ``crop``: cut out of that picture, bytes of a PNG or JPEG.
    """

    read: PlateRead
    kind: VehicleKind | None
    crop: bytes = b""


@dataclass(frozen=True, slots=True)
class GateRead:
    """A sighting as it is kept: the ``number``-th car of that frame."""

    frame_id: int
    number: int
    at: datetime
    read: PlateRead
    kind: VehicleKind | None
    crop_key: str = ""
    crop_sha256: str = ""

    @property
    def key(self) -> tuple[int, int]:
        """What no other read has."""
        return self.frame_id, self.number


def cars_in(
    reads: Sequence[PlateRead], vehicles: Sequence[Vehicle], size: tuple[int, int], excluded: Sequence[Area] = ()
) -> list[SeenCar]:
    """The cars of one picture of ``size``, width and height in pixels: every plate, and vehicles at the gate without.

    What lies in an ``excluded`` area is left out.
    """
    found = [(vehicle, shares(vehicle.box, size)) for vehicle in vehicles]
    cars = []
    for read in reads:
        box = shares(read.box, size)
        around = min((pair for pair in found if holds(pair[1], box)), key=lambda pair: _area(pair[1]), default=None)
        cars.append(SeenCar(compact(read, box), around[0].kind if around else None))
    plates = [car.read.box for car in cars]
    for vehicle, box in found:
        if _is_at_gate(vehicle, box, excluded) and not any(holds(box, plate) for plate in plates):
            cars.append(SeenCar(compact(PlateRead("", vehicle.confidence, box, _corners(box)), box), vehicle.kind))
    return cars


def compact(read: PlateRead, box: Box) -> PlateRead:
    """A read as it is kept, with that box: what matters to the vote, in round numbers, so that it votes as it did."""
    box = rounded(box)
    readings = tuple(
        Reading(
            tuple(
                tuple((c, round(chance, 3)) for c, chance in letter[:LETTERS_MAX] if chance >= CHANCE_MIN)
                or ((letter[0][0], CHANCE_MIN),)
                for letter in reading.letters
            )
        )
        for reading in read.readings
    )
    return PlateRead(read.text, round(read.confidence, 4), box, _corners(box), (), readings)


def direction_of(gate: Gate, path: Sequence[Place]) -> Direction | None:
    """Which way a car went: the camera's, or as its plate moved, or as it moved itself where it showed none."""
    if gate.role is not CameraRole.BOTH:
        return {CameraRole.ENTRANCE: Direction.ENTRY, CameraRole.EXIT: Direction.EXIT}.get(gate.role)
    plates = [place.box for place in path if place.plate]
    boxes = plates if len(plates) >= 2 else [place.box for place in path if not place.plate]
    if len(boxes) < 2:
        return None
    count = min(3, len(boxes) // 2)
    (x0, y0), (x1, y1) = _middle(boxes[:count]), _middle(boxes[-count:])
    moved = {Inward.DOWN: y1 - y0, Inward.UP: y0 - y1, Inward.RIGHT: x1 - x0, Inward.LEFT: x0 - x1}[gate.inward]
    if abs(moved) < MOVED_MIN:
        return None
    return Direction.ENTRY if moved > 0 else Direction.EXIT


def holds(outer: Box, inner: Box) -> bool:
    """Whether the middle of one box lies in another."""
    x, y = inner[0] + inner[2] / 2, inner[1] + inner[3] / 2
    return outer[0] <= x <= outer[0] + outer[2] and outer[1] <= y <= outer[1] + outer[3]


def is_cut(box: Box) -> bool:
    """Whether a box reaches the picture's edge, so that a part of what it holds may be missing."""
    return min(box[0], box[1]) < EDGE or box[0] + box[2] > 1 - EDGE or box[1] + box[3] > 1 - EDGE


def _is_at_gate(vehicle: Vehicle, box: Box, excluded: Sequence[Area]) -> bool:
    """Whether a vehicle would show its plate if it had one: near, and not cut by the sides of the picture."""
    cut = box[0] < EDGE or box[0] + box[2] > 1 - EDGE
    cover = COVER_MOTORCYCLE_MIN if vehicle.kind is VehicleKind.MOTORCYCLE else COVER_MIN
    large = vehicle.confidence >= VEHICLE_MIN and _area(box) >= cover
    return large and not cut and not any(holds(area, box) for area in excluded)


def rounded(box: Box) -> Box:
    """A box in shares as it is kept."""
    return round(box[0], 4), round(box[1], 4), round(box[2], 4), round(box[3], 4)


def shares(box: Box, size: tuple[int, int]) -> Box:
    """A box in pixels as shares of a picture of ``size``, width and height."""
    return box[0] / size[0], box[1] / size[1], box[2] / size[0], box[3] / size[1]


def _corners(box: Box) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]:
    left, top, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _area(box: Box) -> float:
    return box[2] * box[3]


def _middle(boxes: Sequence[Box]) -> tuple[float, float]:
    return (
        sum(left + width / 2 for left, _, width, _ in boxes) / len(boxes),
        sum(top + height / 2 for _, top, _, height in boxes) / len(boxes),
    )
