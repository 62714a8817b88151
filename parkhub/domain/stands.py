"""Where vehicles stood: compact traces of the days, and the spots that they and single pictures suggest."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from parkhub.domain.spot_versions import overlap
from parkhub.domain.spots import Polygon

Box = tuple[float, float, float, float]
"""Left, top, width, height in 0..1 of the picture."""

SAMPLE_EVERY_S: Final = 300
STANDS_MAX: Final = 500
DAYS_KEPT: Final = 14
SAME_STAND: Final = 0.5
MARKED: Final = 0.25
LOOKS_MIN: Final = 3
"""A vehicle that drives by is in one sample of a place; one that parks there, now and again, is in more."""

ROW_MIN: Final = 3
GAP_MAX: Final = 6
PITCH_MIN: Final = 0.5
INSET: Final = 0.03


@dataclass(frozen=True, slots=True)
class Stand:
    """A place where vehicles stood in ``looks`` samples; ``box`` is the middle of them."""

    box: Box
    looks: int = 1


def outline(box: Box) -> Polygon:
    """A box as an outline within the picture, a little smaller, so that neighbours do not touch."""
    x, y, width, height = box
    left, right = x + INSET * width, x + (1 - INSET) * width
    top, bottom = y + INSET * height, y + (1 - INSET) * height
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return tuple((min(max(a, 0.0), 1.0), min(max(b, 0.0), 1.0)) for a, b in corners)


def add(stands: Sequence[Stand], seen: Sequence[Stand]) -> tuple[Stand, ...]:
    """The stands after one more sample, or one more day: what lies where a stand is moves it, the rest is new.

    Each stand takes one of ``seen`` at most. Of too many those least seen are forgotten.
    """
    known = list(stands)
    free = set(range(len(known)))
    for stand in sorted(seen, key=lambda each: -each.looks):
        best = max(free, key=lambda at: (_overlap(known[at].box, stand.box), -at), default=None)
        if best is None or _overlap(known[best].box, stand.box) < SAME_STAND:
            known.append(stand)
            continue
        free.discard(best)
        looks = known[best].looks + stand.looks
        share = stand.looks / looks
        middle = [a + (b - a) * share for a, b in zip(known[best].box, stand.box, strict=True)]
        known[best] = Stand((middle[0], middle[1], middle[2], middle[3]), looks)
    return tuple(sorted(known, key=lambda each: -each.looks)[:STANDS_MAX])


def _overlap(one: Box, other: Box) -> float:
    return overlap(_corners(one), _corners(other))


def _corners(box: Box) -> Polygon:
    x, y, width, height = box
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def suggest_from_stands(stands: Sequence[Stand], marked: Sequence[Polygon]) -> list[Polygon]:
    """Outlines of places where vehicles stood again and again and nothing is ``marked``, the surest first."""
    return _apart([stand.box for stand in sorted(stands, key=lambda s: -s.looks) if stand.looks >= LOOKS_MIN], marked)


def suggest_from_row(boxes: Sequence[Box], marked: Sequence[Polygon]) -> list[Polygon]:
    """Outlines of places by the vehicles of one picture: under each, and in the gaps of rows of at least three."""
    return _apart([*boxes, *(gap for row in _rows(boxes) for gap in _gaps(row))], marked)


def _apart(boxes: Sequence[Box], marked: Sequence[Polygon]) -> list[Polygon]:
    """Those that cover neither what is marked nor an earlier one."""
    found: list[Polygon] = []
    for box in boxes:
        corners = _corners(box)
        middle = (box[0] + box[2] / 2, box[1] + box[3] / 2)
        if any(overlap(corners, spot) > MARKED or _holds(spot, middle) for spot in marked):
            continue
        if all(overlap(corners, other) <= MARKED for other in found):
            found.append(outline(box))
    return found


def _holds(polygon: Polygon, point: tuple[float, float]) -> bool:
    """Whether a point lies within an outline, by the crossings of a ray to the right."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, [*polygon[1:], polygon[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


def _rows(boxes: Sequence[Box]) -> list[list[Box]]:
    """Boxes that stand side by side, from the left: of like height, each not far above or below the last."""
    rows: list[list[Box]] = []
    for box in sorted(boxes):
        for row in rows:
            last = row[-1]
            level = abs(last[1] + last[3] / 2 - box[1] - box[3] / 2) < 0.4 * max(last[3], box[3])
            if level and 0.6 < last[3] / box[3] < 1.7:
                row.append(box)
                break
        else:
            rows.append([box])
    return [row for row in rows if len(row) >= ROW_MIN]


def _gaps(row: Sequence[Box]) -> list[Box]:
    """Places between neighbours that stand a whole number of places apart, as the others of the row do."""
    pairs = list(pairwise(row))
    pitch = median(_pitch(a, b) for a, b in pairs)
    if pitch < PITCH_MIN:  # boxes upon each other are no row
        return []
    gaps = []
    for a, b in pairs:
        steps = round(_pitch(a, b) / pitch)
        for step in range(1, steps if steps <= GAP_MAX else 0):
            share = step / steps
            box = [p + (q - p) * share for p, q in zip(a, b, strict=True)]
            gaps.append((box[0], box[1], box[2], box[3]))
    return gaps


def _pitch(a: Box, b: Box) -> float:
    """How far apart two are, in widths of the wider."""
    return (b[0] + b[2] / 2 - a[0] - a[2] / 2) / max(a[2], b[2])
