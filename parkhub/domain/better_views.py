"""A place that several cameras see: whose view decides what it is, and which spots may be one place."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import combinations
from math import hypot
from typing import Final

from parkhub.domain.lot_plans import corners
from parkhub.domain.spots import BayPlan, Point, Polygon, Spot, SpotState, SpotTrack

ALIKE: Final = 0.8
"""Views this share of the widest one or more show a place equally well; how sure they are decides among them."""

SURER: Final = 0.15
"""By how much another must be surer than who decided last: two that are alike must not take turns."""

OVERLAP_MIN: Final = 0.4
"""Share of the smaller one's box on the plan that two spots have in common who are likely one place."""

Box = tuple[float, float, float, float]

SIZE: Final = (1280, 720)
"""Pixels of a picture nobody knows the size of."""


@dataclass(frozen=True, slots=True)
class View:
    """What one camera knows of a place. ``width_px`` as `narrowest`; ``trusted``: its pictures are believed just now.

    ``track``: as it stands at the time of the decision, expired if nobody looked.
    """

    spot_id: int
    camera_id: int
    track: SpotTrack
    width_px: float
    trusted: bool


@dataclass(frozen=True, slots=True)
class Twins:
    """Two spots of two cameras that may be one place, and why, in a few words."""

    spot: Spot
    other: Spot
    why: str


def narrowest(polygon: Polygon, size: tuple[int, int] | None) -> float:
    """Pixels across a polygon where it is narrowest; ``size``: width and height of the picture.

    It falls with the distance and with how obliquely a place is seen, so one number tells the better view.
    """
    width, height = size or SIZE
    hull = _hull([(x * width, y * height) for x, y in polygon])
    found = []
    for (ax, ay), (bx, by) in zip(hull, hull[1:] + hull[:1], strict=True):
        length = hypot(bx - ax, by - ay)
        if length > 0:
            found.append(max(abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) for x, y in hull) / length)
    return min(found, default=0.0)


def choose(views: Sequence[View], decider: int | None, now: datetime) -> View:
    """The view that decides. ``decider``: the spot whose view did so far, None: none did.

    A person's word stands before all. Then what is known goes before what is not, and what is trusted before what is
    doubted; of these the widest, and of those that are alike who decided so far, unless another is clearly surer.
    """
    said = [view for view in views if view.track.held_until is not None and now < view.track.held_until]
    if said:
        return max(said, key=lambda view: (view.track.seen_at or now, -view.spot_id))
    best = max(_rank(view) for view in views)
    left = [view for view in views if _rank(view) == best]
    widest = max(view.width_px for view in left)
    alike = [view for view in left if view.width_px >= ALIKE * widest]
    surest = max(alike, key=lambda view: (view.track.confidence, view.width_px, -view.spot_id))
    present = next((view for view in alike if view.spot_id == decider), surest)
    return surest if surest.track.confidence >= present.track.confidence + SURER else present


def _rank(view: View) -> tuple[bool, bool]:
    return view.track.state is not SpotState.UNKNOWN, view.trusted


def follow(before: SpotTrack, view: View, at: datetime) -> SpotTrack:
    """What a place is when a view decides ``at`` that time; its state goes on where it is the same."""
    begun = at if before.since is None else max(at, before.since)
    return replace(view.track, spot=before.spot, since=before.since if view.track.state is before.state else begun)


def suggest(spots: Sequence[Spot], joined: Sequence[frozenset[int]] = ()) -> list[Twins]:
    """Spots of different cameras of a lot that may be one place: they lie on each other in the plan, or their names
    are alike but for what tells the camera (A12 and N-A12). Those ``joined`` already, by ids, are left out.
    """
    boxes = [box_of(spot.plan) for spot in spots]
    words: dict[str, list[int]] = {}
    for at, spot in enumerate(spots):
        for word in {word for word in _words(spot.name) if any(letter.isdigit() for letter in word)}:
            words.setdefault(word, []).append(at)
    pairs = {(one, other): "names alike" for ats in words.values() for one, other in combinations(ats, 2)}
    pairs = {(a, b): why for (a, b), why in pairs.items() if names_alike(spots[a].name, spots[b].name)}
    for one, other in combinations(range(len(spots)), 2):
        if shared_part(boxes[one], boxes[other]) >= OVERLAP_MIN:
            pairs[one, other] = "on each other in the plan"
    return [
        Twins(spots[one], spots[other], why)
        for (one, other), why in sorted(pairs.items())
        if spots[one].camera_id != spots[other].camera_id
        and not any({spots[one].id, spots[other].id} <= group for group in joined)
    ]


def names_alike(one: str, other: str) -> bool:
    """Whether two names are the same but for a word before or after it: A12 and "A12 north", 7 and S-7."""
    shorter, longer = sorted((_words(one), _words(other)), key=len)
    if len(shorter) == len(longer) or not any(any(letter.isdigit() for letter in word) for word in shorter):
        return shorter == longer
    return longer[: len(shorter)] == shorter or longer[-len(shorter) :] == shorter


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


def box_of(plan: BayPlan) -> Box:
    """Left, top, right and bottom of a place on the plan."""
    xs, ys = zip(*corners(plan), strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def shared_part(one: Box, other: Box) -> float:
    """Share of the smaller of two boxes that they have in common, 0..1."""
    if one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]:
        return 0.0
    wide, high = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    return wide * high / min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))


def _hull(points: Sequence[Point]) -> list[Point]:
    """Convex hull by Andrew's monotone chain."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered
    halves = []
    for walk in (ordered, ordered[::-1]):
        half: list[Point] = []
        for point in walk:
            while len(half) > 1 and _turn(half[-2], half[-1], point) <= 0:
                half.pop()
            half.append(point)
        halves.append(half[:-1])
    return halves[0] + halves[1]


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
