"""From PyAV's frames and packets to ours, and from FFmpeg's errors to sentences."""

import errno
from typing import Any

import av
import numpy as np

from camera_node.sources.frame import Plane, Planes
from camera_node.sources.pace import Pace
from camera_node.sources.source import Wanted

FULL_RANGE = 2
"""AVCOL_RANGE_JPEG."""

_SENTENCES = {
    errno.ECONNREFUSED: "nothing answers at that address; is the camera on, and the port right?",
    errno.EHOSTUNREACH: "there is no way to that address; check the network cable and the address.",
    errno.ENETUNREACH: "there is no way to that address; check the network cable and the address.",
    errno.ETIMEDOUT: "it does not answer.",
    errno.ENOENT: "it is not there.",
    errno.ENODEV: "it is no camera, or was unplugged.",
    errno.ENXIO: "it is no camera, or was unplugged.",
    errno.ENOTTY: "it is no camera.",
    errno.EIO: "it stopped answering.",
    errno.EBUSY: "another program uses it.",
    errno.EACCES: "this user may not read it; on a Pi, the user must be in the group video.",
    errno.EPERM: "this user may not read it.",
}


class Container:
    """What a source needs that reads an opened PyAV container at its own pace."""

    def __init__(self) -> None:
        self._container: Any = None
        self._pace = Pace()

    def configure(self, wanted: Wanted) -> None:
        """See `Source`."""
        self._pace.gap_s = wanted.gap_s

    def hurry(self) -> None:
        """See `Source`."""
        self._pace.hurry()

    def close(self) -> None:
        """See `Source`."""
        container, self._container = self._container, None
        if container is not None:
            container.close()


def planes_of(frame: Any) -> Planes:
    """Return a decoded frame's planes, without copying where it is 4:2:0 already."""
    if frame.format.name not in ("yuv420p", "yuvj420p"):
        # Whatever range it has, JPEG's comes out.
        frame = frame.reformat(format="yuvj420p", dst_color_range="JPEG")
    limited = frame.format.name == "yuv420p" and frame.color_range != FULL_RANGE
    y, u, v = (_plane(each) for each in frame.planes)
    return Planes(y, u, v, limited)


def _plane(plane: Any) -> Plane:
    rows = np.frombuffer(plane, np.uint8)[: plane.line_size * plane.height]
    return rows.reshape(plane.height, plane.line_size)[:, : plane.width]


def explain(error: Exception) -> str:
    """Return what FFmpeg's error means, as the second half of a sentence; never an address."""
    if isinstance(error, av.error.HTTPUnauthorizedError | av.error.HTTPForbiddenError):
        return "it wants another user name and password."
    if isinstance(error, av.error.HTTPNotFoundError):
        return "it has no such stream; check the path of the address."
    if isinstance(error, av.error.ExitError | TimeoutError):
        return "it does not answer."
    if isinstance(error, EOFError):
        return "it has ended the stream."
    if isinstance(error, av.error.InvalidDataError):
        return "what it sends is no video."
    code = getattr(error, "errno", None)
    if code in _SENTENCES:
        return _SENTENCES[code]
    return f"{getattr(error, 'strerror', None) or type(error).__name__}."
