"""Cuts every spot out of a picture, upright and with room for the car's height, into one batch for the network.

A spot's polygon marks the ground. Seen at an angle, a car standing on it rises above it in the picture, and its
neighbour in front leans into it. So a crop is a square window around the polygon, moved upward, and its fourth channel
marks the polygon itself: the network sees the neighbours and knows which place is meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.spots import SpotShape
from tasks.vision.picture import Picture

Quad = NDArray[np.float32]
"""Points x 2, pixels."""

Map = NDArray[np.float64]
"""2 x 3 affine map from picture pixels to crop pixels."""

MARK: Final = 255
_SHIFT_BITS: Final = 3  # sub-pixel precision of the drawn polygons
_LEVELS_MAX: Final = 4
LAYOUTS_KEPT: Final = 256
"""More cameras than one process looks after; each costs some 100 kB."""


@dataclass(frozen=True, slots=True)
class Window:
    """How a crop is laid around a polygon: turned until the spot's longer side stands upright.

    ``side_px``: of the square crop. ``long_room``, ``short_room``: the window's height and width over the longer and
    shorter side of the polygon's tightest rectangle, so that a spot seen at a flat angle is stretched. ``raised``: how
    far the window is moved up in the picture, as a share of the longer side.
    """

    side_px: int = 48
    long_room: float = 1.3
    short_room: float = 1.8
    raised: float = 0.08


@dataclass(frozen=True, slots=True)
class Layout:
    """What stays the same from picture to picture of a camera: polygons in pixels, maps, marks (N x side x side)."""

    window: Window
    polygons: tuple[Quad, ...]
    maps: tuple[Map, ...]
    marks: NDArray[np.uint8]


@lru_cache(maxsize=LAYOUTS_KEPT)
def lay(spots: tuple[SpotShape, ...], width: int, height: int, window: Window) -> Layout:
    """Where the crops of a camera's spots lie in its pictures of that size; remembered, as cameras keep their spots."""
    polygons = tuple(pixels(spots, width, height))
    maps = tuple(matrix(polygon, window) for polygon in polygons)
    marks = np.stack([mark(p, m, window.side_px) for p, m in zip(polygons, maps, strict=True)])
    return Layout(window, polygons, maps, marks)


def pixels(spots: Sequence[SpotShape], width: int, height: int) -> list[Quad]:
    """The polygons in pixels of a picture of that size."""
    scale = np.array([width, height], np.float32)
    return [np.asarray(spot.polygon, np.float32) * scale for spot in spots]


def side_of(polygon: Quad) -> float:
    """The longer side of a polygon's bounding box."""
    return float((polygon.max(axis=0) - polygon.min(axis=0)).max())


def long_side_needed(spots: Sequence[SpotShape], width: int, height: int, window: Window) -> int | None:
    """Pixels the picture's longer side must keep so that crops are not enlarged; the few smallest may lose a little."""
    if not spots:
        return None
    maps = [matrix(polygon, window) for polygon in pixels(spots, width, height)]
    scale = float(np.quantile([scale_of(whole) for whole in maps], 0.9))
    return int(np.ceil(max(width, height) * min(1.0, scale)))


def matrix(polygon: Quad, window: Window) -> Map:
    """The map that lays the window around a polygon."""
    (x_mid, y_mid), (first, second), angle = cv2.minAreaRect(polygon)
    turn = np.deg2rad(angle if second >= first else angle + 90.0)
    long, short = max(first, second, 1e-3), max(min(first, second), 1e-3)
    # of the two ways to stand upright the one nearer to how it lies in the picture
    if np.cos(turn) < 0:
        turn += np.pi
    across = window.side_px / (short * window.short_room)
    along = window.side_px / (long * window.long_room)
    cosine, sine = np.cos(turn), np.sin(turn)
    linear = np.array([[cosine * across, sine * across], [-sine * along, cosine * along]])
    middle = np.array([x_mid, y_mid - window.raised * long])
    return np.column_stack((linear, window.side_px / 2 - linear @ middle))


def scale_of(whole: Map) -> float:
    """Crop pixels per picture pixel: the mean of both directions."""
    return float(np.sqrt(abs(np.linalg.det(whole[:, :2]))))


def mark(polygon: Quad, whole: Map, side_px: int) -> NDArray[np.uint8]:
    """The polygon drawn into its crop."""
    drawn = np.zeros((side_px, side_px), np.uint8)
    points = polygon @ whole[:, :2].T + whole[:, 2]
    cv2.fillPoly(drawn, [np.round(points * (1 << _SHIFT_BITS)).astype(np.int32)], MARK, shift=_SHIFT_BITS)
    return drawn


def cut(picture: Picture, layout: Layout) -> NDArray[np.uint8]:
    """Crops N x side x side x 4 (blue, green, red, mark); what lies outside the picture repeats its edge."""
    side = layout.window.side_px
    batch = np.empty((len(layout.maps), side, side, 4), np.uint8)
    levels = [np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA), np.uint8)]
    for crop, whole in zip(batch, layout.maps, strict=True):
        warp(levels, whole, crop)
    batch[..., 3] = layout.marks
    return batch


def warp(levels: list[NDArray[np.uint8]], whole: Map, crop: NDArray[np.uint8]) -> None:
    """Fill one crop. ``levels``: the picture, and its halvings, made here when a spot shrinks so much that fine texture
    would turn into noise.
    """
    scale = scale_of(whole)
    level = 0
    while scale < 0.6 and level < _LEVELS_MAX:
        scale *= 2
        level += 1
    while len(levels) <= level:
        halved = cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        levels.append(np.asarray(halved, np.uint8))
    fitted = whole
    if level:
        fitted = whole.copy()
        fitted[:, :2] *= 2**level
    size = (crop.shape[1], crop.shape[0])
    cv2.warpAffine(levels[level], fitted, size, dst=crop, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
