"""What a person draws in the spot editor: the marks of one camera, and what is wrong with them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from parkhub.domain.spots import Point, Polygon, Spot, SpotKind
from parkhub.domain.spots_file import NAME_LENGTH_MAX, POINTS_MAX, SIDE_MAX
from parkhub.domain.text import printable
from parkhub.errors import InvalidInputError

MARKS_MAX: Final = 2000
AREA_MIN_PX: Final = 36.0
"""Pixels of the picture that a mark must enclose: six by six show no car any more."""

CORNERS_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Mark:
    """One drawn place, polygon in 0..1 of the picture. ``spot_id``: the spot it goes on from; None: it is new."""

    name: str
    kind: SpotKind
    zone: str
    polygon: Polygon
    spot_id: int | None = None


@dataclass(frozen=True, slots=True)
class MarkFault:
    """What is wrong with the mark at ``index``, as a sentence."""

    index: int
    words: str


class MarksError(InvalidInputError):
    """Some marks are wrong, each with its sentence."""

    title = "Some spots are wrong"

    def __init__(self, faults: Sequence[MarkFault]) -> None:
        super().__init__(" ".join(fault.words for fault in faults[:5]))
        self.faults = tuple(faults)


def mark_of(spot: Spot) -> Mark:
    """A spot as it is drawn."""
    return Mark(spot.name, spot.kind, spot.zone, spot.polygon, spot.id)


def read_marks(document: Any) -> tuple[int, int, tuple[Mark, ...]]:
    """The picture's size and the marks of a document ``{"size": [w, h], "spots": [{"id", "spot", "kind", "zone",
    "polygon"}]}``, polygons in pixels of that size.

    Raises MarksError for a mark that is none, InvalidInputError for a document that is none. What a person may draw
    and should not is found by `find_faults`.
    """
    if not isinstance(document, dict) or not isinstance(document.get("spots"), list):
        raise InvalidInputError("The spots came in a form that cannot be read. Load the page again.")
    size = document.get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(type(n) is int and 1 <= n <= SIDE_MAX for n in size):
        raise InvalidInputError("The size of the picture is missing. Load the page again.")
    rows = document["spots"]
    if len(rows) > MARKS_MAX:
        raise MarksError([MarkFault(MARKS_MAX, f"{len(rows)} spots are too many: a camera has at most {MARKS_MAX}.")])
    marks = [_read_mark(row, index, size[0], size[1]) for index, row in enumerate(rows)]
    return size[0], size[1], tuple(marks)


def _read_mark(row: Any, index: int, width: int, height: int) -> Mark:
    def refuse(words: str) -> MarksError:
        return MarksError([MarkFault(index, words)])

    if not isinstance(row, dict):
        raise refuse("This is no spot.")
    points, spot_id = row.get("polygon"), row.get("spot")
    if not isinstance(points, list) or not CORNERS_MIN <= len(points) <= POINTS_MAX:
        raise refuse(f"A spot has {CORNERS_MIN} to {POINTS_MAX} corners.")
    polygon = []
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or not all(_usable(value) for value in point):
            raise refuse("A corner of this spot is no point.")
        polygon.append((point[0] / width, point[1] / height))
    try:
        kind = SpotKind(row.get("kind") or SpotKind.STANDARD)
    except ValueError:
        raise refuse("Nobody knows this kind of spot.") from None
    if spot_id is not None and type(spot_id) is not int:
        raise refuse("This spot goes on from none that is known.")
    return Mark(str(row.get("id") or "").strip(), kind, str(row.get("zone") or "").strip(), tuple(polygon), spot_id)


def _usable(value: Any) -> bool:
    return type(value) in (int, float) and -SIDE_MAX <= value <= SIDE_MAX


def find_faults(marks: Sequence[Mark], width: int, height: int, taken: Collection[str] = ()) -> list[MarkFault]:
    """What is wrong, the first fault of each mark. ``width`` x ``height``: of the picture in pixels; ``taken``: names
    of other cameras' spots of the lot."""
    faults = [MarkFault(MARKS_MAX, f"A camera has at most {MARKS_MAX} spots.")] if len(marks) > MARKS_MAX else []
    first_of: dict[str, int] = {}
    kept: set[int] = set()
    for index, mark in enumerate(marks):
        words = _fault(mark, width, height)
        if not words and mark.name in first_of:
            words = f"{mark.name} is the name of another spot here, too. Every spot needs a name of its own."
        if not words and mark.name in taken:
            words = f"Another camera of this lot has a spot {mark.name}."
        if not words and mark.spot_id in kept:
            words = f"{mark.name} goes on from the same spot as another one."
        first_of.setdefault(mark.name, index)
        if mark.spot_id is not None:
            kept.add(mark.spot_id)
        if words:
            faults.append(MarkFault(index, words))
    return faults


def _fault(mark: Mark, width: int, height: int) -> str:
    name = mark.name
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not printable(name):
        return f"A name has 1 to {NAME_LENGTH_MAX} visible characters."
    if len(mark.zone) > NAME_LENGTH_MAX or not printable(mark.zone):
        return f"The zone of {name} has at most {NAME_LENGTH_MAX} visible characters."
    if not CORNERS_MIN <= len(mark.polygon) <= POINTS_MAX:
        return f"{name} needs {CORNERS_MIN} to {POINTS_MAX} corners."
    if any(not (0 <= x <= 1 and 0 <= y <= 1) for x, y in mark.polygon):
        return f"{name} lies partly outside the picture."
    if crosses_itself(mark.polygon):
        return f"The outline of {name} crosses itself."
    if area(mark.polygon) * width * height < AREA_MIN_PX:
        return f"{name} is too small to show a car."
    return ""


def area(polygon: Sequence[Point]) -> float:
    """Enclosed area, by the shoelace formula."""
    return abs(sum(x * y2 - x2 * y for (x, y), (x2, y2) in _edges(polygon))) / 2


def crosses_itself(polygon: Sequence[Point]) -> bool:
    """Whether two sides that are no neighbours touch."""
    edges = _edges(polygon)
    last = len(edges) - 1
    return any(
        _touch(*edges[i], *edges[j])
        for i in range(len(edges))
        for j in range(i + 2, len(edges))
        if not (i == 0 and j == last)
    )


def _edges(polygon: Sequence[Point]) -> list[tuple[Point, Point]]:
    return list(zip(polygon, [*polygon[1:], polygon[0]], strict=True))


def _touch(a: Point, b: Point, c: Point, d: Point) -> bool:
    sides = _side(a, b, c), _side(a, b, d), _side(c, d, a), _side(c, d, b)
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    return any(
        side == 0 and _within(point, ends)
        for side, point, ends in zip(sides, (c, d, a, b), ((a, b), (a, b), (c, d), (c, d)), strict=True)
    )


def _side(a: Point, b: Point, point: Point) -> int:
    """On which side of the line from a to b a point lies: 1, -1, or 0 on it."""
    turn = (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
    return (turn > 1e-12) - (turn < -1e-12)


def _within(point: Point, ends: tuple[Point, Point]) -> bool:
    return all(min(a, b) <= value <= max(a, b) for value, a, b in zip(point, *ends, strict=True))
