"""Cuts every spot out of a picture, upright and with room for the car's height, into one batch for the network.

A spot's polygon marks the ground. Seen at an angle, a car standing on it rises above it in the picture, and its
neighbour in front leans into it. So a crop is a square window around the polygon, moved upward, and its fourth channel
marks the polygon itself: the network sees the neighbours and knows which place is meant.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.spots import SpotShape
from tasks.vision.picture import Picture

Quad = NDArray[np.float32]
"""Points x 2, pixels."""

MARK: Final = 255
_SHIFT_BITS: Final = 3  # sub-pixel precision of the drawn polygons


@dataclass(frozen=True, slots=True)
class Window:
    """How a crop is laid around a polygon.

    ``side_px``: of the square crop. ``room``: the window's side over the longer side of the polygon's bounding box.
    ``raised``: how far the window's middle lies above the box's middle, as a share of the window's side.
    """

    side_px: int = 48
    room: float = 1.4
    raised: float = 0.08


def pixels(spots: Sequence[SpotShape], width: int, height: int) -> list[Quad]:
    """The polygons in pixels of a picture of that size."""
    scale = np.array([width, height], np.float32)
    return [np.asarray(spot.polygon, np.float32) * scale for spot in spots]


def matrix(polygon: Quad, window: Window) -> NDArray[np.float64]:
    """2 x 3 affine map from picture pixels to crop pixels."""
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    side = float(max(high - low)) * window.room
    scale = window.side_px / max(side, 1e-6)
    x_mid, y_mid = (low + high) / 2
    half = window.side_px / 2
    return np.array([[scale, 0, half - scale * x_mid], [0, scale, half - scale * (y_mid - window.raised * side)]])


def cut(picture: Picture, polygons: Sequence[Quad], matrices: Sequence[NDArray[np.float64]], side_px: int) -> Picture:
    """Crops x side x side x 4 (blue, green, red, the polygon's mark); what lies outside the picture is its edge."""
    batch = np.zeros((len(polygons), side_px, side_px, 4), np.uint8)
    colours = np.empty((side_px, side_px, 3), np.uint8)
    levels = [picture]
    for crop, polygon, whole in zip(batch, polygons, matrices, strict=True):
        level, fitted = _level(levels, whole)
        cv2.warpAffine(
            levels[level],
            fitted,
            (side_px, side_px),
            dst=colours,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        crop[..., :3] = colours
        mark = np.zeros((side_px, side_px), np.uint8)
        points = polygon @ whole[:, :2].T + whole[:, 2]
        cv2.fillPoly(mark, [np.round(points * (1 << _SHIFT_BITS)).astype(np.int32)], MARK, shift=_SHIFT_BITS)
        crop[..., 3] = mark
    return batch


def _level(levels: list[Picture], whole: NDArray[np.float64]) -> tuple[int, NDArray[np.float64]]:
    """A halved picture for spots that shrink a lot, or fine texture turns into noise; made once, when first needed."""
    scale = float(np.hypot(whole[0, 0], whole[1, 0]))
    level = 0
    while scale < 0.6 and level < 4:
        scale *= 2
        level += 1
    while len(levels) <= level:
        last = levels[-1]
        levels.append(np.asarray(cv2.resize(last, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8))
    if level == 0:
        return 0, whole
    fitted = whole.copy()
    fitted[:, :2] *= 2**level
    return level, fitted
