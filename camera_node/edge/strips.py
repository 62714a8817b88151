"""From a box that looks like a plate to the strips that are read."""

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.edge.crops import Bytes
from camera_node.edge.gate_settings import DRAWN_OUT, Strip, Way
from camera_node.edge.plate_finder import Region

Corners = NDArray[np.float32]


def cut_strip(picture: Bytes, region: Region, way: Way, strip: Strip) -> Bytes:
    """Return what is in the region, seen that way: height x width x 3."""
    found = _straighten(picture, _corners(region, way), strip)
    return _drawn_out(found, strip.contrast_min) if way.tone == DRAWN_OUT else found


def _corners(region: Region, way: Way) -> Corners:
    """Upper left, upper right, lower right, lower left, in pixels."""
    wide, high = region.right - region.left, region.bottom - region.top
    left, right = region.left - way.room_x * wide, region.right + way.room_x * wide
    top, bottom = (
        region.top + (row + room) * high for row, room in zip(way.rows, (-way.room_y, way.room_y), strict=True)
    )
    lower = way.tilt * wide / 2
    return np.array(
        [[left, top - lower], [right, top + lower], [right, bottom + lower], [left, bottom - lower]], np.float32
    )


def _straighten(picture: Bytes, corners: Corners, strip: Strip) -> Bytes:
    size = strip.width_px, strip.height_px
    shrink = (corners[:, 0].max() - corners[:, 0].min()) / strip.width_px
    if shrink >= strip.shrink_min:
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, picture.shape[1::-1])
        part = picture[low[1] : high[1], low[0] : high[0]]
        sides = max(1, round(part.shape[1] / shrink)), max(1, round(part.shape[0] / shrink))
        picture = np.asarray(cv2.resize(part, sides, interpolation=cv2.INTER_AREA), np.uint8)
        corners = ((corners - low) * (np.array(sides) / part.shape[1::-1])).astype(np.float32)
    goal = np.array([[0, 0], [size[0], 0], size, [0, size[1]]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, goal)
    return np.asarray(cv2.warpPerspective(picture, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _drawn_out(found: Bytes, contrast_min: float) -> Bytes:
    low, high = np.percentile(cv2.cvtColor(found, cv2.COLOR_BGR2GRAY), (2, 98))
    if high - low < contrast_min:
        return found
    return np.asarray(np.clip((found.astype(np.float32) - low) * (255.0 / (high - low)), 0, 255), np.uint8)
