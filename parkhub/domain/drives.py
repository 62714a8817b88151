"""What is drawn of a lot's ways: lanes, entrances, and where its monitors hang. All in plan units, y downwards."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from parkhub.domain.spots import BayPlan, BayShape, Point, Polygon
from parkhub.domain.text import printable
from parkhub.errors import InvalidInputError

LANES_MAX: Final = 300
POINTS_MAX: Final = 2000
ENTRANCES_MAX: Final = 50
MONITORS_MAX: Final = 100
NAME_LENGTH_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Lane:
    """A way for cars along ``points``. Lanes meet where they have the same point; where lines only cross, they do not.

    ``one_way``: driven from the first point to the last only.
    """

    points: Polygon
    one_way: bool = False

    @property
    def length(self) -> float:
        """Along it."""
        return sum(math.dist(one, other) for one, other in pairwise(self.points))


@dataclass(frozen=True, slots=True)
class Monitor:
    """A guidance display. ``heading``: whereto its readers drive, in degrees clockwise from the plan's up.

    ``zone``: the part of the lot it shows, "" all of it.
    """

    name: str
    at: Point
    heading: int
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Drives:
    """All that is drawn of a lot's ways; entrances are points of lanes."""

    lanes: tuple[Lane, ...] = ()
    entrances: tuple[Point, ...] = ()
    monitors: tuple[Monitor, ...] = ()

    def find_monitor(self, name: str) -> Monitor | None:
        """The monitor of that name."""
        return next((monitor for monitor in self.monitors if monitor.name == name), None)


def door(plan: BayPlan) -> Point:
    """Where a car drives onto a place: the middle of its bay's mouth, or its middle when nothing tells a mouth."""
    if plan.shape is BayShape.OUTLINE and plan.outline:
        xs, ys = [x for x, _ in plan.outline], [y for _, y in plan.outline]
        return sum(xs) / len(xs), sum(ys) / len(ys)
    middle = plan.x + plan.width / 2
    if plan.shape is BayShape.MOUTH_UP:
        return middle, plan.y
    return middle, plan.y + plan.height / (1 if plan.shape is BayShape.MOUTH_DOWN else 2)


def read_drives(document: Any, size: tuple[float, float]) -> Drives:
    """The ways of a document ``{"lanes": [{"points", "one_way"}], "entrances": [[x, y]], "monitors": [{"name", "at",
    "heading", "zone"}]}`` on a plan of ``size``.

    Raises InvalidInputError, which says what is wrong.
    """
    lanes, entrances, monitors = (_rows(document, name) for name in ("lanes", "entrances", "monitors"))
    if len(lanes) > LANES_MAX or len(entrances) > ENTRANCES_MAX or len(monitors) > MONITORS_MAX:
        raise InvalidInputError(
            f"A plan has at most {LANES_MAX} lanes, {ENTRANCES_MAX} entrances and {MONITORS_MAX} monitors."
        )
    drives = Drives(
        tuple(_lane(row, number, size) for number, row in enumerate(lanes, 1)),
        tuple(dict.fromkeys(_point(row, "An entrance", size) for row in entrances)),
        tuple(_monitor(row, size) for row in monitors),
    )
    check_drives(drives, size)
    return drives


def check_drives(drives: Drives, size: tuple[float, float]) -> None:
    """Raises InvalidInputError for what lies outside the plan, is told twice, or belongs to no lane."""
    points = {point for lane in drives.lanes for point in lane.points}
    if sum(len(lane.points) for lane in drives.lanes) > POINTS_MAX:
        raise InvalidInputError(f"The lanes of a plan have at most {POINTS_MAX} points in all.")
    for what, found in (("A lane", points), ("A monitor", {monitor.at for monitor in drives.monitors})):
        if any(not (0 <= x <= size[0] and 0 <= y <= size[1]) for x, y in found):
            raise InvalidInputError(f"{what} lies partly outside the plan. Move it inside first.")
    if any(entrance not in points for entrance in drives.entrances):
        raise InvalidInputError("An entrance lies on no lane. Put it on one, or delete it.")
    names = [monitor.name for monitor in drives.monitors]
    for name in names:
        if names.count(name) > 1:
            raise InvalidInputError(f"Two monitors are called {name}. Give each a name of its own.")


def _rows(document: Any, name: str) -> list[Any]:
    rows = document.get(name) if isinstance(document, dict) else None
    if not isinstance(rows, list):
        raise InvalidInputError("The lanes came in a form that cannot be read. Load the page again.")
    return rows


def _lane(row: Any, number: int, size: tuple[float, float]) -> Lane:
    given = row.get("points") if isinstance(row, dict) else None
    if not isinstance(given, list) or type(row.get("one_way")) is not bool:
        raise InvalidInputError(f"Lane {number} came in a form that cannot be read. Load the page again.")
    points = [_point(each, f"Lane {number}", size) for each in given]
    kept = [point for at, point in enumerate(points) if not at or point != points[at - 1]]
    if len(kept) < 2:
        raise InvalidInputError(f"Lane {number} has fewer than two points. Draw it on, or delete it.")
    return Lane(tuple(kept), row["one_way"])


def _monitor(row: Any, size: tuple[float, float]) -> Monitor:
    if not isinstance(row, dict):
        raise InvalidInputError("A monitor came in a form that cannot be read. Load the page again.")
    name, zone, heading = str(row.get("name") or "").strip(), str(row.get("zone") or "").strip(), row.get("heading")
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not printable(name) or "/" in name:
        raise InvalidInputError(f"A monitor's name has 1 to {NAME_LENGTH_MAX} visible characters, and no slash.")
    if len(zone) > NAME_LENGTH_MAX or not printable(zone):
        raise InvalidInputError(f"The part that {name} shows is none of this car park.")
    if not isinstance(heading, int | float) or isinstance(heading, bool) or not -3600 <= heading <= 3600:
        raise InvalidInputError(f"Say in degrees whereto the readers of {name} drive.")
    return Monitor(name, _point(row.get("at"), name, size), round(heading) % 360, zone)


def _point(row: Any, of: str, size: tuple[float, float]) -> Point:
    if not isinstance(row, list) or len(row) != 2 or any(type(value) not in (int, float) for value in row):
        raise InvalidInputError(f"{of} has a point that is none. Load the page again.")
    if not all(-limit <= value <= 2 * limit for value, limit in zip(row, size, strict=True)):
        raise InvalidInputError(f"{of} lies partly outside the plan. Move it inside first.")
    return round(float(row[0]), 2), round(float(row[1]), 2)
