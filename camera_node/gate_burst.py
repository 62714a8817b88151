"""The pictures of one vehicle's passage: which of many frames are worth sending, and in what order.

The first frame goes out at once, because a barrier waits for it. Then so many frames are looked at as a burst is long,
and the best of them go, best first; while something still moves, further bursts follow, each slower than the one
before. The last frame of the passage goes as well.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_node.change import WIDTH, Small, changed_share, prepare
from camera_node.configuration import Area
from camera_node.sharpness import sharpness
from camera_node.sources.frame import Frame

MOVING_SHARE = 0.03
LOOK_BACK_S = 0.35
"""Compared with what was seen so long ago, a car that creeps is seen to move, too."""

STILL_S = 1.2
"""A passage ends when nothing has moved for so long."""

GAP_S = 0.08
GAP_MAX_S = 1.6
HELD_MAX = 12
"""Frames held in memory at most; a burst that keeps more is cut into shorter ones of the same share."""

RANK_WIDTH = 640
PLATE_EDGE = 60
PLATE_SHAPE = (2.0, 8.0)
PLATE_FILL = 0.5


@dataclass(frozen=True, slots=True)
class Ranked:
    """A frame and how good it is among those of its passage."""

    frame: Frame
    rank: float


class GateBurst:
    """Sees frame after frame, says which to send. Time is the frames' own."""

    def __init__(self, area: Area | None, burst_max: int, keep: int) -> None:
        self._area = area
        self._length = burst_max if keep <= HELD_MAX else max(1, burst_max * HELD_MAX // keep)
        self._keep = min(keep, HELD_MAX)
        self._past: deque[tuple[float, Small]] = deque(maxlen=16)
        self._empty: Small | None = None
        self._best: list[Ranked] = []
        self._last: Ranked | None = None
        self._looked = 0
        self._bursts = 0
        self._gap_s = GAP_S
        self._took_s = self._moved_s = float("-inf")
        self.passing = False

    def look(self, frame: Frame) -> list[Ranked]:
        """Return the frames that are to be sent now, best first."""
        small = prepare(frame.grey(WIDTH), self._area)
        moving = self._moves(small, frame.at_s)
        if moving:
            self._moved_s = frame.at_s
        if not self.passing:
            if not moving:
                return []
            self._begin()
            first = Ranked(frame, rank_of(frame, self._area))
            self._looked, self._took_s = 1, frame.at_s
            return [first]
        if frame.at_s - self._moved_s >= STILL_S:
            return self._settle(frame, small)
        if moving and frame.at_s - self._took_s >= self._gap_s:
            return self._consider(frame)
        return []

    def end(self) -> list[Ranked]:
        """Return what is left of a passage under way, and forget it."""
        if not self.passing:
            return []
        self.passing = False
        left, last = self._flush(), self._last
        self._last = None
        if last is not None and all(each.frame is not last.frame for each in left):
            left.append(last)
        return left

    def _moves(self, small: Small, at_s: float) -> bool:
        while len(self._past) > 1 and at_s - self._past[1][0] >= LOOK_BACK_S:
            self._past.popleft()
        before = self._past[0] if self._past else None
        self._past.append((at_s, small))
        if before is None:
            self._empty = small
            return False
        moving = changed_share(before[1], small) >= MOVING_SHARE
        if not moving and not self.passing:
            self._empty = small
        return moving

    def _begin(self) -> None:
        self.passing = True
        self._bursts, self._gap_s = 0, GAP_S
        self._best, self._last = [], None

    def _consider(self, frame: Frame) -> list[Ranked]:
        ranked = Ranked(frame, rank_of(frame, self._area))
        self._took_s = frame.at_s
        self._looked += 1
        self._last = ranked
        room = self._room()
        if room:
            self._best = sorted([*self._best, ranked], key=lambda each: -each.rank)[:room]
        if self._looked < self._length:
            return []
        found = self._flush()
        if found and any(each.frame is frame for each in found):
            self._last = None
        return found

    def _room(self) -> int:
        """How many of this burst are kept: the first burst's first is out already, later bursts keep half."""
        return self._keep - 1 if self._bursts == 0 else max(1, self._keep // 2)

    def _flush(self) -> list[Ranked]:
        found, self._best = self._best, []
        self._looked = 0
        self._bursts += 1
        self._gap_s = min(GAP_MAX_S, self._gap_s * 2)
        return found

    def _settle(self, frame: Frame, small: Small) -> list[Ranked]:
        """End the passage; a vehicle that has come to stand is seen best now, so this frame is the last."""
        stands = self._empty is not None and changed_share(self._empty, small) >= MOVING_SHARE
        if stands:
            self._last = Ranked(frame, rank_of(frame, self._area))
        self._empty = small
        return self.end()


def rank_of(frame: Frame, area: Area | None) -> float:
    """Return how well a plate could be read: the sharpness and size of what looks most like one, else sharpness."""
    grey = _cut(frame.grey(RANK_WIDTH), area)
    whole = float(np.log1p(sharpness(grey)))
    box = plate_like(grey)
    if box is None:
        return round(whole, 3)
    x, y, width, height = box
    own = float(np.log1p(sharpness(np.ascontiguousarray(grey[y : y + height, x : x + width]))))
    return round(whole + own * float(np.sqrt(width * height)) / 4, 3)


def plate_like(grey: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Return the largest box (x, y, width, height in pixels) full of upright edges and as wide as plates are."""
    import cv2

    upright = np.abs(cv2.Sobel(grey, cv2.CV_16S, 1, 0, ksize=3))
    level = np.abs(cv2.Sobel(grey, cv2.CV_16S, 0, 1, ksize=3))
    edges = ((upright > PLATE_EDGE * 2) & (upright > level)).astype(np.uint8)
    closed = cv2.morphologyEx(edges, cv2.MORPH_CLOSE, np.ones((3, 13), np.uint8))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((5, 9), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=4)
    best, best_size = None, 0
    for x, y, width, height, filled in stats[1:].tolist():
        shape = width / height
        if PLATE_SHAPE[0] <= shape <= PLATE_SHAPE[1] and filled >= PLATE_FILL * width * height > best_size:
            best, best_size = (x, y, width, height), width * height
    return best


def _cut(grey: NDArray[np.uint8], area: Area | None) -> NDArray[np.uint8]:
    if area is None:
        return grey
    high, wide = grey.shape
    left, top, width, height = area
    cut = grey[int(top * high) : round((top + height) * high), int(left * wide) : round((left + width) * wide)]
    return np.ascontiguousarray(cut) if cut.size else grey
