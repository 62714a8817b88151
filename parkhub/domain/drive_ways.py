"""The shortest drive from a monitor to each place, and the arrow that sends its readers there.

Dijkstra's algorithm (Numerische Mathematik 1, 1959) over directed pieces of lanes instead of nodes, so that no way
turns round in the middle of a lane; it does at a dead end.
"""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, pairwise
from typing import Final

from parkhub.domain.drives import Drives
from parkhub.domain.spots import Point

EIGHTH: Final = 45
ASTERN: Final = 135
"""Degrees off the heading from which on a lane leads backwards."""
AT_NODE: Final = 6.0
"""Plan units from a lane's point at which a monitor hangs at it."""
TOGETHER: Final = 0.5
"""Plan units by which one lane may be farther from a place than another and be as near."""
BESIDE: Final = 30.0
"""A place so near along the lane is pointed at itself: it is here."""

PLANS_KEPT: Final = 32

_Piece = tuple[Point, Point]


@dataclass(frozen=True, slots=True)
class Way:
    """How far a place is by car, in plan units; whereto first, in eighths of the circle clockwise from straight on."""

    far: float
    eighth: int


@dataclass(frozen=True, slots=True)
class Foot:
    """Where something joins the lanes: on the piece ``a``-``b``, ``share`` of it from ``a``, ``off`` away from it."""

    a: Point
    b: Point
    share: float
    off: float

    @property
    def point(self) -> Point:
        """On the lane."""
        return (self.a[0] + (self.b[0] - self.a[0]) * self.share, self.a[1] + (self.b[1] - self.a[1]) * self.share)


class Roads:
    """The drawn lanes as a graph whose nodes are their points."""

    def __init__(self, drives: Drives) -> None:
        self.lengths: dict[_Piece, float] = {}
        for lane in drives.lanes:
            for a, b in pairwise(lane.points):
                self.lengths[a, b] = math.dist(a, b)
                if not lane.one_way:
                    self.lengths[b, a] = math.dist(a, b)
        self.onwards: Mapping[Point, list[Point]] = defaultdict(list)
        for a, b in self.lengths:
            self.onwards[a].append(b)
        self.pieces = [(a, b) for a, b in self.lengths if a < b or (b, a) not in self.lengths]

    def feet(self, point: Point) -> list[Foot]:
        """Where the nearest lane is, the very nearest first: several where pieces of lanes meet. There must be one."""
        found = []
        x, y = point
        for a, b in self.pieces:
            (ax, ay), (bx, by) = a, b
            dx, dy = bx - ax, by - ay
            share = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
            found.append((math.hypot(ax + dx * share - x, ay + dy * share - y), share, a, b))
        nearest = min(found)
        return [Foot(a, b, share, far) for far, share, a, b in [nearest, *found] if far <= nearest[0] + TOGETHER]

    def next_of(self, u: Point, v: Point) -> Iterable[Point]:
        """Whereto one may drive on at ``v``, coming from ``u``: back at a dead end only."""
        return [w for w in self.onwards[v] if w != u] or self.onwards[v]


def find_ways(drives: Drives, at: Point, heading: int, places: Sequence[Point]) -> tuple[Way | None, ...]:
    """The way to each place for who reads the monitor at ``at`` driving at ``heading``; None where no lane leads.

    Nobody is sent backwards but to places that no way ahead leads to; those then count as farther than all others.
    """
    if not drives.lanes:
        return (None,) * len(places)
    roads, feet = _joined(drives, tuple(places))
    start = roads.feet(at)[0]
    ahead = _Search(roads, start, heading, backwards=False)
    found = [_way(ahead, its, at, heading, place) for its, place in zip(feet, places, strict=True)]
    if all(found):
        return tuple(found)
    back, last = _Search(roads, start, heading, backwards=True), sum(roads.lengths.values())
    for number, its in enumerate(feet):
        if found[number] is None and (way := _way(back, its, at, heading, places[number])) is not None:
            found[number] = Way(way.far + last, way.eighth)
    return tuple(found)


@lru_cache(maxsize=PLANS_KEPT)
def _joined(drives: Drives, places: tuple[Point, ...]) -> tuple[Roads, Sequence[Sequence[Foot]]]:
    """The roads, and where each place joins them: the same from wherever one looks, and most of the work."""
    roads = Roads(drives)
    return roads, [roads.feet(place) for place in places]


def find_unreached(drives: Drives, places: Sequence[Point]) -> list[int]:
    """Which places no way leads to from any entrance, by their number; with no entrance drawn, none is named."""
    if not drives.lanes or not drives.entrances:
        return []
    roads = Roads(drives)
    reached: set[_Piece] = set()
    for entrance in drives.entrances:
        reached |= set(_Search(roads, roads.feet(entrance)[0], 0, backwards=True).far)
    reached |= {(entrance, v) for entrance in drives.entrances for v in roads.onwards[entrance]}
    return [number for number, place in enumerate(places) if not _pieces(roads.feet(place)) & reached]


def _pieces(feet: Iterable[Foot]) -> set[_Piece]:
    return {piece for foot in feet for piece in ((foot.a, foot.b), (foot.b, foot.a))}


class _Search:
    """All drives from one start. ``far`` and ``arrow`` are by the directed piece that was driven to its end."""

    def __init__(self, roads: Roads, start: Foot, heading: int, *, backwards: bool) -> None:
        self.roads, self.start, self.heading = roads, start, heading
        self.firsts = dict(self._firsts(backwards))
        self.far: dict[_Piece, float] = {}
        self.arrow: dict[_Piece, int | None] = {}
        ties = count()
        heap: list[tuple[float, int, _Piece, int | None]] = []

        def drive_on(far: float, u: Point, v: Point, arrow: int | None) -> None:
            for w in roads.next_of(u, v):
                if (v, w) not in self.far:
                    farther = far + roads.lengths[v, w]
                    heapq.heappush(heap, (farther, next(ties), (v, w), self.turn(arrow, u, v, w)))

        for (u, v), left in self.firsts.items():
            drive_on(left, u, v, self.first_arrow(u, v))
        while heap:
            far, _, piece, arrow = heapq.heappop(heap)
            if piece not in self.far:
                self.far[piece], self.arrow[piece] = far, arrow
                drive_on(far, *piece, arrow)

    def _firsts(self, backwards: bool) -> Iterable[tuple[_Piece, float]]:
        """The pieces that one may drive first, and how much of each is left."""
        start, roads = self.start, self.roads
        length = math.dist(start.a, start.b)
        near = start.a if start.share < 0.5 else start.b
        if math.dist(start.point, near) <= AT_NODE:
            pieces = [((near, v), roads.lengths[near, v]) for v in roads.onwards[near]]
        else:
            both = (((start.a, start.b), (1 - start.share) * length), ((start.b, start.a), start.share * length))
            pieces = [(piece, left) for piece, left in both if piece in roads.lengths]
        return [each for each in pieces if backwards or abs(off(self.heading, *each[0])) < ASTERN]

    def first_arrow(self, u: Point, v: Point) -> int | None:
        """What a monitor says whose readers turn in front of it already."""
        return _eighth(off(self.heading, u, v)) or None

    def turn(self, arrow: int | None, u: Point, v: Point, w: Point) -> int | None:
        """The arrow after driving on from ``v`` to ``w``: the first turn decides, and so does going straight on where
        one could turn."""
        if arrow is not None or w == u:
            return arrow
        eighth = _eighth(off(bearing(u, v), v, w))
        choice = sum(each != u for each in self.roads.onwards[v]) > 1
        return eighth if choice or eighth else None


def _way(search: _Search, feet: Iterable[Foot], at: Point, heading: int, place: Point) -> Way | None:
    found = [each for foot in feet for each in _arrivals(search, foot)]
    if not found:
        return None
    far, beside, arrow = min(found, key=lambda each: each[0] + each[1])
    if arrow is None:
        arrow = _eighth(off(heading, at, place)) if far <= BESIDE else 0
    return Way(round(far + beside, 1), arrow)


def _arrivals(search: _Search, foot: Foot) -> Iterable[tuple[float, float, int | None]]:
    """The drives that come by a foot: how far along the lanes, how far beside them then, and the arrow so far."""
    length = math.dist(foot.a, foot.b)
    for piece, share in (((foot.a, foot.b), foot.share), ((foot.b, foot.a), 1 - foot.share)):
        rest = (1 - share) * length
        left = search.firsts.get(piece)
        if left is not None and left >= rest:
            yield left - rest, foot.off, search.first_arrow(*piece)
        if piece in search.far:
            yield search.far[piece] - rest, foot.off, search.arrow[piece]


def bearing(a: Point, b: Point) -> float:
    """Degrees clockwise from the plan's up."""
    return math.degrees(math.atan2(b[0] - a[0], a[1] - b[1]))


def off(heading: float, a: Point, b: Point) -> float:
    """By how many degrees, -180 to 180, the way from ``a`` to ``b`` turns off to the right of a heading."""
    return (bearing(a, b) - heading + 180) % 360 - 180


def _eighth(degrees: float) -> int:
    return round(degrees / EIGHTH) % 8
