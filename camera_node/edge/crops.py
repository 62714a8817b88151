"""Cuts every place out of a picture as the classifier wants it: a square window, turned upright, with a mark.

The window lies around the outline's tightest rectangle, moved up for the height of a car; the fourth channel is the
outline itself. The model file says how large the window is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.edge.engines import Place

MARK = 255
SHIFT_BITS = 3
LEVELS_MAX = 4
SHRINK_BELOW = 0.6

Bytes = NDArray[np.uint8]
Points = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Window:
    """Side of a crop in pixels; its height and width over the rectangle's; how far it is moved up, as a share of it."""

    side: int
    long_room: float
    short_room: float
    raised: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in pixels of pictures of one size, maps from there into crops, and marks, N x side x side."""

    width: int
    height: int
    outlines: tuple[Points, ...]
    maps: tuple[Matrix, ...]
    marks: Bytes


def lay_out(places: Sequence[Place], width: int, height: int, window: Window) -> Layout:
    """Return where the crops lie in pictures of ``width`` x ``height``."""
    size = np.array([width, height], np.float32)
    outlines = tuple(np.asarray(place.polygon, np.float32) * size for place in places)
    maps = tuple(_map(outline, window) for outline in outlines)
    marks = np.zeros((len(places), window.side, window.side), np.uint8)
    for mark, outline, matrix in zip(marks, outlines, maps, strict=True):
        points = (outline @ matrix[:, :2].T + matrix[:, 2]) * (1 << SHIFT_BITS)
        cv2.fillPoly(mark, [np.round(points).astype(np.int32)], MARK, shift=SHIFT_BITS)
    return Layout(width, height, outlines, maps, marks)


def long_side_wanted(places: Sequence[Place], width: int, height: int, window: Window) -> int:
    """Return how many pixels the picture's longer side must keep, so that nine places of ten lose nothing."""
    layout = lay_out(places, width, height, window)
    scale = float(np.quantile([_scale(matrix) for matrix in layout.maps], 0.9))
    return int(np.ceil(max(width, height) * min(1.0, scale)))


def cut(picture: Bytes, layout: Layout) -> Bytes:
    """Return crops, N x side x side x 4; outside of the picture its edge is repeated."""
    side = layout.marks.shape[1]
    crops = np.empty((len(layout.maps), side, side, 4), np.uint8)
    levels = [np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA), np.uint8)]
    for crop, matrix in zip(crops, layout.maps, strict=True):
        level, scale = 0, _scale(matrix)
        while scale < SHRINK_BELOW and level < LEVELS_MAX:
            level, scale = level + 1, scale * 2
        while len(levels) <= level:
            half = cv2.resize(levels[-1], None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            levels.append(np.asarray(half, np.uint8))
        fitted = matrix.copy()
        fitted[:, :2] *= 2**level
        cv2.warpAffine(
            levels[level], fitted, (side, side), dst=crop, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
    crops[..., 3] = layout.marks
    return crops


def _map(outline: Points, window: Window) -> Matrix:
    (x, y), (first, second), angle = cv2.minAreaRect(outline)
    turn = np.deg2rad(angle if second >= first else angle + 90.0)
    long, short = max(first, second, 1e-3), max(min(first, second), 1e-3)
    if np.cos(turn) < 0:  # of two ways upright the nearer one
        turn += np.pi
    across, along = window.side / (short * window.short_room), window.side / (long * window.long_room)
    linear = np.array([[np.cos(turn) * across, np.sin(turn) * across], [-np.sin(turn) * along, np.cos(turn) * along]])
    middle = np.array([x, y - window.raised * long])
    return np.column_stack((linear, window.side / 2 - linear @ middle))


def _scale(matrix: Matrix) -> float:
    return float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
