"""Whether a picture is an earlier one once more: its lit parts are the same, far below what a sensor's noise changes.

The same file again gives exactly zero, and so does nearly a stalled stream. A real sensor's noise leaves 0.1 to 0.3
grey levels in the means below, also after JPEG. A video encoder that changes its quality leaves as much of a frozen
picture, but comes back to the few qualities it needs, so a picture is compared with several. What cannot be told from a
quiet night is a frozen picture behind an encoder that starves: it sharpens each picture between rare key frames anew.
A fifth of the picture may differ all the same, so that a clock burnt into a frozen picture does not hide it.
"""

from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from tasks.vision.view import Grey

SAME: Final = 0.08  # grey levels
SHARE: Final = 0.8
_SIDE: Final = 5
STILLS_MAX: Final = 4
_STEPS: Final = 64  # of one grey level
_DARK, _BRIGHT = 16 * _STEPS, 240 * _STEPS  # a clipped pixel has no noise
_LIT_MIN: Final = 0.1

Still = NDArray[np.uint16]


def still_of(grey: Grey) -> Still:
    """Means of 5 x 5 pixels of a view, in 64ths of a grey level, one after the other."""
    size = (grey.shape[1] // _SIDE, grey.shape[0] // _SIDE)
    means = cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    return np.asarray(np.round(means * _STEPS), np.uint16).ravel()


def has_come(stills: Iterable[Still], now: Still) -> bool:
    """Whether a picture is the same as any of some."""
    return any(_is_same(one, now) for one in stills)


def _is_same(before: Still, now: Still) -> bool:
    if before.shape != now.shape:
        return False
    if np.array_equal(before, now):
        return True
    lit = (now > _DARK) & (now < _BRIGHT)
    if lit.mean() < _LIT_MIN:
        return False
    apart = np.abs(before[lit].astype(np.int32) - now[lit].astype(np.int32))
    return bool((apart <= SAME * _STEPS).mean() >= SHARE)
