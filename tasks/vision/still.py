"""Whether a picture is the one before once more: its lit parts are the same, far below what a sensor's noise changes.

The same file again gives exactly zero, and so does nearly a stalled stream or another encoding at like quality. A real
sensor's noise leaves 0.1 to 0.3 grey levels in the means below, also after JPEG. What cannot be told from a quiet night
is a frozen picture behind a video encoder that keeps the rate by changing its quality: that leaves as much.
A fifth of the picture may differ all the same, so that a clock burnt into a frozen picture does not hide it.
"""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.vision.view import Grey

SAME: Final = 0.08  # grey levels
SHARE: Final = 0.8
_SIDE: Final = 5
_STEPS: Final = 64  # of one grey level
_DARK, _BRIGHT = 16 * _STEPS, 240 * _STEPS  # a clipped pixel has no noise
_LIT_MIN: Final = 0.1

Still = NDArray[np.uint16]


def still_of(grey: Grey) -> Still:
    """Means of 5 x 5 pixels of a view, in 64ths of a grey level, one after the other."""
    size = (grey.shape[1] // _SIDE, grey.shape[0] // _SIDE)
    means = cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(means * _STEPS), np.uint16).ravel()


def is_same(before: Still | None, now: Still) -> bool:
    """Whether two pictures are one and the same."""
    if before is None or before.shape != now.shape:
        return False
    if np.array_equal(before, now):
        return True
    lit = (now > _DARK) & (now < _BRIGHT)
    if lit.mean() < _LIT_MIN:
        return False
    apart = np.abs(before[lit].astype(np.int32) - now[lit].astype(np.int32))
    return bool((apart <= SAME * _STEPS).mean() >= SHARE)
