"""One frame as a source gave it: a finished file, planes of brightness and colour, or a BGR array."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from camera_node.picture import monotonic_s

Plane = NDArray[np.uint8]


class FrameError(Exception):
    """A file of a source is no picture; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Planes:
    """4:2:0 as JPEG has it: ``y`` H x W, ``u`` and ``v`` half of both, uint8; ``limited``: 16 to 235 (video)."""

    y: Plane
    u: Plane
    v: Plane
    limited: bool = False


@dataclass(slots=True)
class Frame:
    """What was seen at ``captured_at`` (aware UTC); exactly one of ``file``, ``planes`` and ``bgr`` is there.

    ``at_s`` is what gaps between frames are counted by: `monotonic_s`, except for a video that runs faster than life.
    ``doubtful``: when it was seen cannot be told for sure.
    """

    name: str
    captured_at: datetime
    monotonic_s: float
    at_s: float
    file: bytes | None = field(default=None, repr=False)
    media_type: str = "image/jpeg"
    planes: Planes | None = field(default=None, repr=False)
    bgr: NDArray[np.uint8] | None = field(default=None, repr=False)
    doubtful: bool = False
    _greys: dict[int, Plane] = field(default_factory=dict, repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels. Raises FrameError."""
        if self.planes is not None:
            height, width = self.planes.y.shape
        elif self.bgr is not None:
            height, width = self.bgr.shape[:2]
        else:
            from camera_node.jpeg import read_size

            return read_size(self.file or b"")
        return width, height

    def grey(self, width: int) -> Plane:
        """Brightness at ``width`` pixels or a little more, uint8. Raises FrameError."""
        from camera_node.jpeg import read_grey, shrink

        found = self._greys.get(width)
        if found is None:
            if self.planes is not None:
                whole = self.planes.y
            elif self.bgr is not None:
                whole = shrink(self.bgr, width)[..., 1]  # green is close enough to brightness
            else:
                whole = read_grey(self.file or b"", width)
            found = self._greys[width] = shrink(whole, width)
        return found


def now() -> tuple[datetime, float]:
    """Return this moment by both clocks, for a frame that comes in."""
    return datetime.now(UTC), monotonic_s()
