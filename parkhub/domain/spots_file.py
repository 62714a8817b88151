"""Files that say where a camera's spots are: SPOTS.json and the old CarParkPos pickle, in and out."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from parkhub.domain.cameras import SpotsFileKind
from parkhub.domain.carparkpos import read_positions
from parkhub.domain.spots import BayPlan, BayShape, NewSpot, Point, Polygon, SpotKind
from parkhub.domain.text import printable
from parkhub.errors import SpotsFileError, UnsupportedTypeError

SPOTS_MAX: Final = 5000
POINTS_MAX: Final = 100
BYTES_MAX: Final = 8 * 1024 * 1024
SIDE_MAX: Final = 100_000
NAME_LENGTH_MAX: Final = 40
PLAN_WIDTH: Final = 400.0
CARPARKPOS_BOX: Final = (107, 48)
_PICTURE_STARTS: Final = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF")
_PICKLE_STARTS: Final = (b"\x80", b"(", b"]")  # protocol 2 and later; 0; 1


def kind_of(data: bytes) -> SpotsFileKind:
    """What a spots file is, by its first bytes; its name says nothing. Raises UnsupportedTypeError."""
    if data.startswith(_PICTURE_STARTS):
        return SpotsFileKind.MASK
    if data[:64].removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        return SpotsFileKind.JSON
    if data.startswith(_PICKLE_STARTS):
        return SpotsFileKind.CARPARKPOS
    raise UnsupportedTypeError("This is neither a mask picture (PNG, JPEG or WebP), nor SPOTS.json or CarParkPos.")


@dataclass(frozen=True, slots=True)
class SpotsFile:
    """Spots in the order of the file, for a picture of ``width`` x ``height`` pixels; at least one.

    Polygons are in 0..1 of that picture. Every spot has a plan, in a plan of ``plan_width`` x ``plan_height`` units.
    """

    width: int
    height: int
    spots: tuple[NewSpot, ...]
    plan_width: float
    plan_height: float
    name: str = ""


def build(width: int, height: int, named: Sequence[tuple[str, Sequence[Point]]]) -> SpotsFile:
    """A file from names and polygons in pixels, with plans laid out."""
    polygons = [tuple((x / width, y / height) for x, y in points) for _, points in named]
    plans, plan_height = lay_out(polygons, width / height)
    spots = tuple(
        NewSpot(name, SpotKind.STANDARD, "", polygon, plan)
        for (name, _), polygon, plan in zip(named, polygons, plans, strict=True)
    )
    return SpotsFile(width, height, spots, PLAN_WIDTH, plan_height)


def lay_out(polygons: Sequence[Polygon], aspect: float) -> tuple[tuple[BayPlan, ...], float]:
    """Plans for spots that have none, and the plan's height: the camera's view, cut to the spots, 400 units wide.

    ``polygons`` in 0..1; ``aspect`` is the picture's width over its height. Each spot shows as its own outline, drawn
    a little smaller where neighbours share an edge.
    """
    if not polygons:
        return (), PLAN_WIDTH
    flat = [[(x * aspect, y) for x, y in polygon] for polygon in polygons]
    left, right = min(x for p in flat for x, _ in p), max(x for p in flat for x, _ in p)
    top, bottom = min(y for p in flat for _, y in p), max(y for p in flat for _, y in p)
    margin = 8.0
    # a single tall row of spots must not become a plan ten times as high as wide
    scale = min((PLAN_WIDTH - 2 * margin) / max(right - left, 1e-9), 4 * PLAN_WIDTH / max(bottom - top, 1e-9))
    indent = (PLAN_WIDTH - scale * (right - left)) / 2
    plans = []
    for polygon in flat:
        outline = [(indent + (x - left) * scale, margin + (y - top) * scale) for x, y in polygon]
        plans.append(_outline_plan(_shrink(outline)))
    return tuple(plans), round(2 * margin + scale * (bottom - top), 1)


def lower(plan: BayPlan, down: float) -> BayPlan:
    """The same place further down the map."""
    return replace(plan, y=plan.y + down, outline=tuple((x, y + down) for x, y in plan.outline))


def _shrink(outline: list[Point]) -> list[Point]:
    """Pull corners 4 % towards the middle, so that two bays never look like one."""
    x_mid = sum(x for x, _ in outline) / len(outline)
    y_mid = sum(y for _, y in outline) / len(outline)
    return [(x + (x_mid - x) * 0.04, y + (y_mid - y) * 0.04) for x, y in outline]


def _outline_plan(outline: Sequence[Point]) -> BayPlan:
    points = tuple((round(x, 2), round(y, 2)) for x, y in outline)
    x, y = min(x for x, _ in points), min(y for _, y in points)
    width, height = max(x for x, _ in points) - x, max(y for _, y in points) - y
    return BayPlan(BayShape.OUTLINE, x, y, round(width, 2), round(height, 2), points)


def parse_spots_json(data: bytes) -> SpotsFile:
    """Read SPOTS.json; raises SpotsFileError with the path of the first wrong value (``spots[3].polygon[1]``)."""
    if len(data) > BYTES_MAX:
        raise SpotsFileError(f"The spots file has {len(data):,} bytes; at most {BYTES_MAX:,} are read.")
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SpotsFileError(f"The spots file is not JSON: {str(error)[:200]}.") from None
    if not isinstance(document, dict):
        raise SpotsFileError('The spots file must be an object such as {"size":[width,height],"spots":[…]}.')
    width, height = (int(value) for value in _pair(document.get("size"), "size", whole=True))
    rows = document.get("spots")
    if not isinstance(rows, list) or not rows:
        raise SpotsFileError("spots: a list with at least one spot is needed.")
    if len(rows) > SPOTS_MAX:
        raise SpotsFileError(f"spots: {len(rows)} spots; at most {SPOTS_MAX} are read.")
    polygons, names = [], set[str]()
    for index, row in enumerate(rows):
        at = f"spots[{index}]"
        if not isinstance(row, dict):
            raise SpotsFileError(f"{at}: an object with id and polygon is needed.")
        name = _name(row.get("id"), f"{at}.id")
        if name in names:
            raise SpotsFileError(f'{at}.id: "{name}" was given to an earlier spot already.')
        names.add(name)
        polygons.append(_polygon(row.get("polygon"), f"{at}.polygon", width, height))
    plans, plan_size = _plans(document, rows, polygons, width / height)
    spots = tuple(
        NewSpot(str(row["id"]).strip(), _kind(row, f"spots[{i}].kind"), _zone(row, f"spots[{i}].zone"), polygon, plan)
        for i, (row, polygon, plan) in enumerate(zip(rows, polygons, plans, strict=True))
    )
    title = document.get("name", "")
    if not isinstance(title, str) or len(title) > 200 or not printable(title):
        raise SpotsFileError("name: text of at most 200 visible characters is needed.")
    return SpotsFile(width, height, spots, *plan_size, name=title)


def parse_carparkpos(data: bytes, picture_size: tuple[int, int], box: tuple[int, int] = CARPARKPOS_BOX) -> SpotsFile:
    """Read an old CarParkPos pickle: upper left corners of boxes that are all ``box`` pixels large.

    Spots are named 1, 2, … in the order they were clicked. The picture's size is not in the file and must be given.
    A box that juts out of the picture is cut at its edge. Raises SpotsFileError; never runs anything from the file.
    """
    (width, height), (box_width, box_height) = picture_size, box
    if not (1 <= box_width <= SIDE_MAX and 1 <= box_height <= SIDE_MAX):
        raise SpotsFileError(f"The box of {box_width} x {box_height} pixels is not a usable size.")
    positions = read_positions(data)
    if len(positions) > SPOTS_MAX:
        raise SpotsFileError(f"The CarParkPos file has {len(positions)} spots; at most {SPOTS_MAX} are read.")
    named = []
    for index, (x, y) in enumerate(positions):
        left, right = max(0.0, x), min(float(width), x + box_width)
        top, bottom = max(0.0, y), min(float(height), y + box_height)
        if right - left < 2 or bottom - top < 2:
            raise SpotsFileError(
                f"Position {index} ({x:g}, {y:g}) of the CarParkPos file lies outside the {width} x {height} picture."
            )
        named.append((str(index + 1), ((left, top), (right, top), (right, bottom), (left, bottom))))
    return build(width, height, named)


def _plans(
    document: dict[str, Any], rows: list[dict[str, Any]], polygons: list[Polygon], aspect: float
) -> tuple[Sequence[BayPlan], tuple[float, float]]:
    """The file's own plans when every spot has one; otherwise all are laid out, as half a map misleads."""
    if any("plan" not in row or row["plan"] is None for row in rows):
        plans, height = lay_out(polygons, aspect)
        return plans, (PLAN_WIDTH, height)
    own = [_plan(row["plan"], f"spots[{i}].plan") for i, row in enumerate(rows)]
    if "plan_size" in document:
        width, height = _pair(document["plan_size"], "plan_size")
        return own, (width, height)
    return own, (max(p.x + p.width for p in own) + 8, max(p.y + p.height for p in own) + 8)


def _plan(value: object, at: str) -> BayPlan:
    if not isinstance(value, dict):
        raise SpotsFileError(f"{at}: an object with shape, x, y, width and height is needed.")
    try:
        shape = BayShape(str(value.get("shape")))
    except ValueError:
        raise SpotsFileError(f"{at}.shape: one of {', '.join(BayShape)} is needed.") from None
    if shape is BayShape.OUTLINE:
        outline = _points(value.get("outline"), f"{at}.outline")
        return _outline_plan([(_number(x, at), _number(y, at)) for x, y in outline])
    x, y, width, height = (_number(value.get(key), f"{at}.{key}") for key in ("x", "y", "width", "height"))
    if width <= 0 or height <= 0:
        raise SpotsFileError(f"{at}: width and height must be more than 0.")
    return BayPlan(shape, x, y, width, height)


def _kind(row: dict[str, Any], at: str) -> SpotKind:
    try:
        return SpotKind(row.get("kind") or SpotKind.STANDARD)
    except ValueError:
        raise SpotsFileError(f"{at}: one of {', '.join(SpotKind)} is needed.") from None


def _zone(row: dict[str, Any], at: str) -> str:
    zone = row.get("zone") or ""
    if not isinstance(zone, str) or len(zone) > NAME_LENGTH_MAX or not printable(zone):
        raise SpotsFileError(f"{at}: text of at most {NAME_LENGTH_MAX} visible characters is needed.")
    return zone


def _name(value: object, at: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise SpotsFileError(f"{at}: a text or whole number is needed.")
    name = str(value).strip() if isinstance(value, str) or abs(value) < 10**12 else ""
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise SpotsFileError(f"{at}: 1 to {NAME_LENGTH_MAX} visible characters are needed.")
    return name


def _number(value: object, at: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SpotsFileError(f"{at}: a number is needed.")
    if not -SIDE_MAX <= value <= SIDE_MAX or math.isnan(value):
        raise SpotsFileError(f"{at}: {str(value)[:20]} is not a usable number.")
    return float(value)


def _pair(value: object, at: str, *, whole: bool = False) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise SpotsFileError(f"{at}: [width, height] is needed.")
    numbers = [_number(item, f"{at}[{i}]") for i, item in enumerate(value)]
    if any(number < 1 or (whole and number != int(number)) for number in numbers):
        raise SpotsFileError(f"{at}: {'whole ' if whole else ''}numbers of at least 1 are needed.")
    return numbers[0], numbers[1]


def _points(value: object, at: str) -> list[list[Any]]:
    if not isinstance(value, list) or len(value) < 3:
        raise SpotsFileError(f"{at}: at least 3 points are needed.")
    if len(value) > POINTS_MAX:
        raise SpotsFileError(f"{at}: {len(value)} points; at most {POINTS_MAX} are read.")
    for i, point in enumerate(value):
        if not isinstance(point, list) or len(point) != 2:
            raise SpotsFileError(f"{at}[{i}]: [x, y] is needed.")
    return value


def _polygon(value: object, at: str, width: int, height: int) -> Polygon:
    polygon = []
    for i, (x_given, y_given) in enumerate(_points(value, at)):
        x, y = _number(x_given, f"{at}[{i}][0]"), _number(y_given, f"{at}[{i}][1]")
        if not (0 <= x <= width and 0 <= y <= height):
            raise SpotsFileError(f"{at}[{i}]: [{x:g}, {y:g}] lies outside the size {width} x {height}.")
        polygon.append((x / width, y / height))
    if _area(polygon) * width * height < 1:
        raise SpotsFileError(f"{at}: the points enclose no area.")
    return tuple(polygon)


def _area(polygon: Sequence[Point]) -> float:
    """Shoelace formula."""
    following = [*polygon[1:], polygon[0]]
    return abs(sum(x * y2 - x2 * y for (x, y), (x2, y2) in zip(polygon, following, strict=True))) / 2
