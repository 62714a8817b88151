"""Which places a picture cannot tell of: too small, outside, too dark or too bright."""

import cv2
import numpy as np
from numpy.typing import NDArray

from camera_node.edge.crops import MARK, Bytes, Layout

SIDE_MIN_PX = 9.0
INSIDE_MIN = 0.5
DARK = 8.0
FLAT = 3.0
BLOWN = 250.0
BLOWN_SHARE = 0.9
FAINT = 12.0
FAINT_SHARE = 0.5

Flags = NDArray[np.bool_]


def unseen(crops: Bytes, layout: Layout) -> tuple[Flags, Flags]:
    """Return which places cannot be seen, and which so badly that only a car that is found counts."""
    some = slice(None, None, 2)
    inside = layout.marks[:, some, some] >= MARK // 2
    count = np.maximum(inside.sum(axis=(1, 2)), 1)
    light = crops[:, some, some, 1].astype(np.float32) * inside
    mean = light.sum(axis=(1, 2)) / count
    spread = np.sqrt(np.maximum((light * light).sum(axis=(1, 2)) / count - mean * mean, 0))
    blown = (light >= BLOWN).sum(axis=(1, 2)) / count
    hidden = (blown >= BLOWN_SHARE) | ((mean < DARK) & (spread < FLAT)) | _out_of_sight(layout)
    return hidden, (mean < FAINT) | (blown >= FAINT_SHARE)


def _out_of_sight(layout: Layout) -> Flags:
    low = np.array([outline.min(axis=0) for outline in layout.outlines])
    high = np.array([outline.max(axis=0) for outline in layout.outlines])
    size = high - low
    seen = np.clip(np.minimum(high, [layout.width, layout.height]) - np.maximum(low, 0), 0, None).prod(axis=1)
    hidden: Flags = (size.max(axis=1) < SIDE_MIN_PX) | (seen < INSIDE_MIN * size.prod(axis=1))
    return hidden


def use_one_core() -> None:
    """Let OpenCV leave the other cores to whoever takes the pictures."""
    cv2.setNumThreads(1)
