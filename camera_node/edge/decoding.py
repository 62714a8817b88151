"""Picture files to pixels for recognition, JPEG no larger than is needed: far cheaper than shrinking afterwards."""

from collections.abc import Callable

import cv2
import numpy as np
import simplejpeg

from camera_node.edge.crops import Bytes
from camera_node.jpeg import NO_PICTURE, read_size
from camera_node.sources.frame import FrameError


def decode(data: bytes, long_side_wanted: Callable[[int, int], int]) -> tuple[Bytes, tuple[int, int]]:
    """Return H x W x 3, BGR as stored, and width and height of the file's picture. Raises FrameError."""
    width, height = read_size(data)
    if not data.startswith(b"\xff\xd8"):
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if found is None:
            raise FrameError(NO_PICTURE)
        return np.ascontiguousarray(found, np.uint8), (width, height)
    factor = min(1.0, long_side_wanted(width, height) / max(width, height))
    whole = factor >= 1.0
    try:
        picture: Bytes = simplejpeg.decode_jpeg(
            data,
            "BGR",
            fastdct=True,
            fastupsample=True,
            min_width=0 if whole else int(np.ceil(width * factor)),
            min_height=0 if whole else int(np.ceil(height * factor)),
        )
    except ValueError:
        raise FrameError(NO_PICTURE) from None
    return picture, (width, height)
