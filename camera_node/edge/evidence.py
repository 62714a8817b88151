"""The only pixels that leave a gate: a plate with what is around it, or a vehicle that shows none. Small JPEGs."""

import base64

import cv2
import numpy as np
import simplejpeg

from camera_node.edge.crops import Bytes
from camera_node.edge.plate_finder import Region

MARGIN_X, MARGIN_Y = 0.3, 1.0
MARGIN_MIN_PX = 8
PLATE_SIDE_MAX_PX = 1024
VEHICLE_SIDE_MAX_PX = 480
"""Enough to tell a vehicle by its shape and colour."""

SIDE_MIN_PX = 16
BYTES_MAX = 40 * 1024
QUALITIES = (85, 70, 55)
SMALLER = 0.7


def crop_plate(picture: Bytes, region: Region) -> str:
    """Return a plate with its margin at the size it was seen, in base64; "" for what is too small to show."""
    x = max(MARGIN_MIN_PX, (region.right - region.left) * MARGIN_X)
    y = max(MARGIN_MIN_PX, (region.bottom - region.top) * MARGIN_Y)
    return _cut(picture, (region.left - x, region.top - y, region.right + x, region.bottom + y), PLATE_SIDE_MAX_PX)


def crop_vehicle(picture: Bytes, box: tuple[float, float, float, float]) -> str:
    """The same of a vehicle; ``box``: left, top, width, height."""
    left, top, wide, high = box
    return _cut(picture, (left, top, left + wide, top + high), VEHICLE_SIDE_MAX_PX)


def _cut(picture: Bytes, sides: tuple[float, float, float, float], side_max: int) -> str:
    height, width = picture.shape[:2]
    left, top = max(0, int(sides[0])), max(0, int(sides[1]))
    right, bottom = min(width, int(np.ceil(sides[2]))), min(height, int(np.ceil(sides[3])))
    part = np.ascontiguousarray(picture[top:bottom, left:right])
    if not part.size or min(part.shape[:2]) < SIDE_MIN_PX:
        return ""
    scale = min(1.0, side_max / max(part.shape[:2]))
    while min(part.shape[:2]) * scale >= SIDE_MIN_PX:
        small = part if scale == 1 else _resized(part, scale)
        for quality in QUALITIES:
            data = simplejpeg.encode_jpeg(small, quality, "BGR", "420")
            if len(data) <= BYTES_MAX:
                return base64.b64encode(data).decode()
        scale *= SMALLER
    return ""


def _resized(part: Bytes, scale: float) -> Bytes:
    sides = max(1, round(part.shape[1] * scale)), max(1, round(part.shape[0] * scale))
    return np.ascontiguousarray(cv2.resize(part, sides, interpolation=cv2.INTER_AREA), np.uint8)
