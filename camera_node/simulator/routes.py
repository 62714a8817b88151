"""The ways through the car park: from the entrance into a bay, out of it, and out of the gate.

A way is the path of a vehicle's rear axle, which is where a car turns about; its heading is the path's direction
(backwards when in reverse). The lanes are one way, anticlockwise, as the plan's arrows say. Metres throughout.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from camera_node.simulator.plan import (
    BIKE_AISLE_X,
    ENTRANCE_X,
    EXIT_X,
    LANE_EAST,
    LANE_NORTH,
    LANE_SOUTH,
    LANE_WEST,
    UNIT_M,
    Bay,
)

Point = tuple[float, float]
TURN_M = 3.4
STEP_M = 0.2
OUTSIDE_Y = 420.0
"""Plan units below the picture's edge: nobody sees a vehicle appear."""


@dataclass(frozen=True)
class Leg:
    """One stretch driven in one gear. ``points`` (N x 2) lie about ``STEP_M`` apart."""

    points: NDArray[np.float64]
    reverse: bool
    slow: bool = False

    @cached_property
    def length_m(self) -> float:
        """The whole distance."""
        return self._gap_m * (len(self.points) - 1)

    @cached_property
    def _gap_m(self) -> float:
        steps = np.hypot(*np.diff(self.points, axis=0).T)
        return float(steps.sum() / len(steps))

    @cached_property
    def _poses(self) -> list[tuple[float, float, float]]:
        across, along = np.gradient(self.points, axis=0).T
        headings = np.unwrap(np.arctan2(along, across)) + (np.pi if self.reverse else 0.0)
        return list(zip(*self.points.T.tolist(), headings.tolist(), strict=True))

    def pose(self, s_m: float) -> tuple[float, float, float]:
        """Return x, y and the vehicle's heading (radians, anticlockwise from east) ``s_m`` along."""
        place = min(max(s_m / self._gap_m, 0.0), len(self._poses) - 1.0)
        at = min(int(place), len(self._poses) - 2)
        share = place - at
        (x0, y0, h0), (x1, y1, h1) = self._poses[at], self._poses[at + 1]
        return x0 + share * (x1 - x0), y0 + share * (y1 - y0), h0 + share * (h1 - h0)


@dataclass(frozen=True, slots=True)
class Place:
    """How a vehicle will stand in its bay: backed in or not, a little off the middle (plan units), a little askew."""

    bay: Bay
    backed_in: bool
    aside: float
    deep: float
    askew: float


def draw(points: list[Point], *, reverse: bool = False, slow: bool = False, turn_m: float = TURN_M) -> Leg:
    """Return the leg through plan ``points``, its corners rounded to ``turn_m`` where there is room."""
    corners = np.array(points) * (UNIT_M, -UNIT_M)
    way = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        into, out = corner - before, after - corner
        reach_in, reach_out = float(np.hypot(*into)), float(np.hypot(*out))
        cosine = float(np.clip(into @ out / max(reach_in * reach_out, 1e-9), -1, 1))
        cut = min(turn_m * np.tan(np.arccos(cosine) / 2), reach_in * 0.49, reach_out * 0.49)
        first, last = corner - into / reach_in * cut, corner + out / reach_out * cut
        # A quadratic curve: steering is turned, not jerked.
        way += [(1 - t) ** 2 * first + 2 * t * (1 - t) * corner + t**2 * last for t in np.linspace(0, 1, 14)]
    way.append(corners[-1])
    raw = np.array(way)
    marks = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(raw, axis=0).T))])
    keep = np.concatenate([[True], np.diff(marks) > 1e-6])
    even = np.linspace(0, marks[-1], max(3, int(marks[-1] / STEP_M)))
    return Leg(np.column_stack([np.interp(even, marks[keep], raw[keep, axis]) for axis in (0, 1)]), reverse, slow)


def _lane_of(bay: Bay) -> tuple[float, int]:
    """Return the plan y of the lane a bay opens to, and which way it runs (+1 to the right)."""
    return (LANE_NORTH, -1) if bay.zone in "AB" else (LANE_SOUTH, 1)


def _stand(place: Place, rear_m: float) -> tuple[Point, Point]:
    """Return where the rear axle comes to rest and the point on the lane from which it goes straight in."""
    bay = place.bay
    lane_y, _ = _lane_of(bay)
    inwards = 1.0 if bay.y + bay.height / 2 > lane_y else -1.0
    middle_y = bay.y + bay.height / 2 + inwards * place.deep
    rest_y = middle_y + (inwards if place.backed_in else -inwards) * rear_m / UNIT_M
    middle_x = bay.x + bay.width / 2 + place.aside
    return (middle_x, rest_y), (middle_x + place.askew, lane_y)


def _enter(place: Place) -> list[Point]:
    """Return the way from the gate to the lane of the bay, in plan points, without the last corner."""
    start: list[Point] = [(ENTRANCE_X, OUTSIDE_Y)]
    loop: list[Point] = [(ENTRANCE_X, LANE_SOUTH), (LANE_EAST, LANE_SOUTH), (LANE_EAST, LANE_NORTH)]
    if place.bay.zone in "AB":
        return start + loop
    if place.bay.name in ("D1", "D2"):
        return [*start, *loop, (LANE_WEST, LANE_NORTH)]
    if place.bay.name in ("C1", "C2", "C3"):
        return [*start, (ENTRANCE_X, 258.0)]
    return [*start, (ENTRANCE_X, LANE_SOUTH)]


def _leave(from_zone: str) -> list[Point]:
    """Return the way along the lanes to the exit for a vehicle that stands on the lane of ``from_zone``."""
    west: list[Point] = [(LANE_WEST, LANE_NORTH), (LANE_WEST, LANE_SOUTH), (EXIT_X, LANE_SOUTH), (EXIT_X, OUTSIDE_Y)]
    if from_zone in "ABM":
        return west
    return [(LANE_EAST, LANE_SOUTH), (LANE_EAST, LANE_NORTH), *west]


def way_in(place: Place, rear_m: float) -> list[Leg]:
    """Return the legs from outside the gate to rest in the bay."""
    bay = place.bay
    if bay.kind == "moto":
        start = [(ENTRANCE_X, OUTSIDE_Y), (ENTRANCE_X, LANE_SOUTH), (LANE_EAST, LANE_SOUTH), (LANE_EAST, 110.0)]
        tail = _bike_tail(place)
        return [draw([*start, tail[0]]), draw(tail, slow=True, turn_m=1.2)]
    rest, corner = _stand(place, rear_m)
    lane_y, way = _lane_of(bay)
    if place.backed_in:
        past = (corner[0] + way * 42, lane_y)
        return [draw([*_enter(place), past]), draw([past, corner, rest], reverse=True, slow=True)]
    if bay.name in ("D1", "D2"):
        return [draw([*_enter(place), (LANE_WEST, 200.0)]), draw(_side_tail(rest), slow=True)]
    if bay.name in ("C1", "C2", "C3"):
        return [draw([*_enter(place), (corner[0], 210.0), rest])]
    before = (corner[0] - way * 34, lane_y)
    entered = _enter(place)
    if abs(corner[0] - entered[-1][0]) < 68:  # too near the lane's own corner for a stretch between
        return [draw([*entered, corner, rest])]
    return [draw([*entered, before]), draw([before, corner, rest], slow=True)]


def way_out(place: Place, rear_m: float) -> list[Leg]:
    """Return the legs from rest in the bay to outside the gate."""
    bay = place.bay
    if bay.kind == "moto":
        tail = _bike_tail(place)
        return [
            draw(tail[::-1], reverse=True, slow=True, turn_m=1.2),
            draw([tail[0], (LANE_EAST, LANE_NORTH), *_leave("M")]),
        ]
    rest, corner = _stand(place, rear_m)
    lane_y, way = _lane_of(bay)
    if place.backed_in:
        return [draw([rest, corner, *_leave(bay.zone)])]
    if bay.name in ("D1", "D2"):
        tail = _side_tail(rest)
        return [draw(tail[::-1], reverse=True, slow=True), draw([tail[0], (LANE_WEST, LANE_SOUTH), *_leave("D")[-2:]])]
    back = (corner[0] - way * 36, lane_y)
    return [draw([rest, corner, back], reverse=True, slow=True), draw([back, *_leave(bay.zone)])]


def way_through() -> list[Leg]:
    """Return one round for a vehicle that does not park."""
    gate = [(ENTRANCE_X, OUTSIDE_Y), (ENTRANCE_X, LANE_SOUTH)]
    return [draw([*gate, *_leave("D")])]


def _side_tail(rest: Point) -> list[Point]:
    return [(LANE_WEST, 200.0), (LANE_WEST, 212.0), (rest[0], 246.0), rest]


def _bike_tail(place: Place) -> list[Point]:
    bay = place.bay
    middle = (bay.x + bay.width / 2 + place.aside, bay.y + bay.height / 2 + 5.5)
    if bay.y > 30:
        return [(LANE_EAST, 96.0), (LANE_EAST, 84.0), (middle[0], 68.0), middle]
    return [(LANE_EAST, 96.0), (LANE_EAST, 84.0), (BIKE_AISLE_X, 70.0), (BIKE_AISLE_X, 48.0), (middle[0], 36.0), middle]
