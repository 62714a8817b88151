"""Whether something has changed between two small grey pictures, other than the light.

Lamps that flicker, a camera that turns up its gain and passing clouds change brightness smoothly over large parts, or
all of it by a factor. So each point is taken relative to its surroundings' mean, the best factor between both is
taken out, and only what then still differs by more than the picture's own noise is counted. A pole sways: a point that
looks as one beside it looked before has not changed, nor has a single point among others that have not.
"""

import numpy as np
from numpy.typing import NDArray

from camera_node.configuration import Area

WIDTH = 240
SURROUND = 0.2
"""Side of the surroundings as a share of the picture's width."""

MIDDLE, FLOOR = 100.0, 40.0
"""In a cloud's shadow contrast is less, too: it is taken as it were at the mean brightness ``MIDDLE``. ``FLOOR`` keeps
the noise of dark places from growing with it."""

STEP_MIN = 10.0
"""Grey levels that a point must differ by at least."""

NOISE = 4.0
"""Times the median difference, which is noise where most of a picture has not changed."""

_BESIDE = np.ones((3, 3), np.uint8)
_PATCH = np.ones((2, 2), np.uint8)

Small = NDArray[np.float32]


def prepare(grey: NDArray[np.uint8], area: Area | None) -> Small:
    """Return the area of a small grey picture relative to its surroundings, ready for comparing."""
    import cv2

    high, wide = grey.shape
    side = max(3, round(wide * SURROUND)) | 1
    light = grey.astype(np.float32)
    mean = cv2.blur(light, (side, side), borderType=cv2.BORDER_REPLICATE)
    relative = (light - mean) * (MIDDLE + FLOOR) / (mean + FLOOR)
    if area is None:
        return np.asarray(relative, np.float32)
    left, top, width, height = area
    x, y = min(int(left * wide), wide - 1), min(int(top * high), high - 1)
    cut = relative[y : max(y + 1, round((top + height) * high)), x : max(x + 1, round((left + width) * wide))]
    return np.ascontiguousarray(cut, np.float32)


def changed_share(before: Small, after: Small) -> float:
    """Return how much differs, 0 to 1: the share of points in that sixteenth of the area where most do.

    One car that comes is little of a large lot, but much of the place where it stands. Pictures of different sizes
    differ wholly.
    """
    import cv2

    if before.shape != after.shape:
        return 1.0
    expected = before * _gain(before, after)
    step = max(STEP_MIN, NOISE * float(np.median(np.abs(after - expected))))
    changed = (_outside(after, expected, step) | _outside(expected, after, step)).astype(np.uint8)
    patches = cv2.morphologyEx(changed, cv2.MORPH_OPEN, _PATCH).astype(np.float32)
    high, wide = patches.shape
    tile = (max(1, wide // 4), max(1, high // 4))
    return float(cv2.blur(patches, tile, borderType=cv2.BORDER_CONSTANT).max())


def _outside(picture: Small, other: Small, step: float) -> NDArray[np.bool_]:
    """Say where ``picture`` is brighter or darker than every neighbour in ``other``."""
    import cv2

    found: NDArray[np.bool_] = (picture > cv2.dilate(other, _BESIDE) + step) | (
        picture < cv2.erode(other, _BESIDE) - step
    )
    return found


def _gain(before: Small, after: Small) -> float:
    """Return the factor by which contrast went up or down over most of the picture."""
    power = float(np.vdot(before, before))
    if power / before.size < 4.0:  # nothing in it to go by
        return 1.0
    gain = 1.0
    for _ in range(3):
        # Least squares over the points that agree: what has come or gone has no say.
        difference = np.abs(after - before * gain)
        agree = difference <= max(STEP_MIN, 2.0 * float(np.median(difference)))
        kept = before[agree]
        power = float(np.vdot(kept, kept))
        if power <= 0.0:
            break
        gain = float(np.clip(float(np.vdot(kept, after[agree])) / power, 0.25, 4.0))
    return gain


class ChangeWatch:
    """Decides which frames are worth a picture: something has changed since the last one, or it is long ago."""

    def __init__(self, interval_min_s: float, interval_max_s: float, threshold: float, area: Area | None) -> None:
        self._interval_min_s = interval_min_s
        self._interval_max_s = interval_max_s
        self._threshold = threshold
        self._area = area
        self._sent: Small | None = None
        self._sent_s = float("-inf")

    def wants(self, grey: NDArray[np.uint8], at_s: float) -> bool:
        """Say whether the frame with this brightness (`WIDTH` wide) is to be sent, and remember it if so."""
        since_s = at_s - self._sent_s
        if self._sent is not None and 0 <= since_s < self._interval_min_s * 0.88:
            return False
        small = prepare(grey, self._area)
        early = self._sent is not None and 0 <= since_s < self._interval_max_s - 0.12 * self._interval_min_s
        if early and self._sent is not None and changed_share(self._sent, small) < self._threshold:
            return False
        self._sent, self._sent_s = small, at_s
        return True
