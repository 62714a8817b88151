"""From a box that looks like a plate to the strips that are read: all of it, or one of two lines, in one size."""

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.plate_looks import CONTRAST_MIN, FIRST, HEIGHT_PX, SHRINK_MIN, WIDTH_PX, Tone, Way
from tasks.vision.picture import Picture
from tasks.vision.plates.finder import Region

ITSELF: Final = Way(0.0, 0.0)

Quad = NDArray[np.float32]
"""4 x 2: upper left, upper right, lower right, lower left corner, in pixels."""


def strip(picture: Picture, region: Region, way: Way = FIRST) -> Picture:
    """What is in the region, seen that way: `HEIGHT_PX` x `WIDTH_PX` x 3."""
    return _toned(straighten(picture, quad(region, way)), way.tone)


def quad(region: Region, way: Way = ITSELF) -> Quad:
    """The corners that a way cuts out of a region."""
    wide, high = region.right - region.left, region.bottom - region.top
    left, right = region.left - way.room_x * wide, region.right + way.room_x * wide
    top = region.top + (way.rows[0] - way.room_y) * high
    bottom = region.top + (way.rows[1] + way.room_y) * high
    lower = way.tilt * wide / 2
    corners = [[left, top - lower], [right, top + lower], [right, bottom + lower], [left, bottom - lower]]
    return np.array(corners, np.float32)


def straighten(picture: Picture, corners: NDArray[Any]) -> Picture:
    """The content of four corners as a strip, whatever its shape was."""
    corners = np.asarray(corners, np.float32)
    shrink = (corners[:, 0].max() - corners[:, 0].min()) / WIDTH_PX
    if shrink >= SHRINK_MIN:
        low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
        low, high = np.maximum(low, 0), np.minimum(high + 1, picture.shape[1::-1])
        cut = picture[low[1] : high[1], low[0] : high[0]]
        sides = max(1, round(cut.shape[1] / shrink)), max(1, round(cut.shape[0] / shrink))
        picture = np.asarray(cv2.resize(cut, sides, interpolation=cv2.INTER_AREA), np.uint8)
        corners = (corners - low) * (np.array(sides) / cut.shape[1::-1])
    goal = np.array([[0, 0], [WIDTH_PX, 0], [WIDTH_PX, HEIGHT_PX], [0, HEIGHT_PX]], np.float32)
    matrix = cv2.getPerspectiveTransform(np.asarray(corners, np.float32), goal)
    size = WIDTH_PX, HEIGHT_PX
    return np.asarray(cv2.warpPerspective(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _toned(strip: Picture, tone: Tone) -> Picture:
    if tone is Tone.COLOUR:
        return strip
    if tone is Tone.INVERSE:
        return np.asarray(255 - strip, np.uint8)
    grey = cv2.cvtColor(strip, cv2.COLOR_BGR2GRAY)
    if tone is Tone.GREY:
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)
    low, high = np.percentile(grey, (2, 98))
    if high - low < CONTRAST_MIN:
        return strip
    return np.asarray(np.clip((strip.astype(np.float32) - low) * (255.0 / (high - low)), 0, 255), np.uint8)
