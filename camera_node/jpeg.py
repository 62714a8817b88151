"""Picture files in and out: sizes, a small grey picture, whole ones, JPEG. Heavy libraries are loaded when needed."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from camera_node.sources.frame import FrameError, Plane, Planes

PIXELS_MAX = 100_000_000
NO_PICTURE = "The file is no picture that can be read."


def read_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a picture file from its head. Raises FrameError."""
    if data.startswith(b"\xff\xd8"):
        import simplejpeg

        try:
            height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        except ValueError:
            raise FrameError(NO_PICTURE) from None
    else:
        import io

        from PIL import Image

        try:
            with Image.open(io.BytesIO(data)) as image:
                width, height = image.size
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            raise FrameError(NO_PICTURE) from None
    if width * height > PIXELS_MAX:
        raise FrameError(f"The picture of {width} x {height} pixels is too large.")
    return int(width), int(height)


def read_grey(data: bytes, width: int) -> Plane:
    """Return a picture file's brightness, at ``width`` pixels or a little more. Raises FrameError."""
    whole_width, _ = read_size(data)
    if data.startswith(b"\xff\xd8"):
        import simplejpeg

        try:
            grey: NDArray[np.uint8] = simplejpeg.decode_jpeg(
                data, colorspace="GRAY", fastdct=True, min_width=min(width, whole_width), min_height=1
            )
        except ValueError:
            raise FrameError(NO_PICTURE) from None
        return grey[..., 0]
    return shrink(read_bgr(data)[..., 1], width)


def read_bgr(data: bytes) -> NDArray[np.uint8]:
    """Return a picture file whole, H x W x 3, BGR. Raises FrameError."""
    read_size(data)
    import cv2

    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise FrameError(NO_PICTURE)
    return np.asarray(found, np.uint8)


def shrink(array: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Return ``array`` (H x W or H x W x 3) at ``width``, each point the mean of those it stands for; never larger."""
    import cv2

    high, wide = array.shape[:2]
    if wide <= width:
        return array
    # Far smaller, every second or third line is as good, and three times as fast.
    step = max(1, wide // width // 4)
    size = (width, max(1, round(high * width / wide)))
    return np.asarray(cv2.resize(array[::step, ::step], size, interpolation=cv2.INTER_AREA), np.uint8)


def shrink_planes(planes: Planes, width: int) -> Planes:
    """Return ``planes`` at an even ``width``; never larger."""
    import cv2

    high, wide = planes.y.shape
    if wide <= width:
        return planes
    size = (width // 2 * 2, max(2, round(high * width / wide) // 2 * 2))
    half = (size[0] // 2, size[1] // 2)
    y = np.asarray(cv2.resize(planes.y, size, interpolation=cv2.INTER_AREA), np.uint8)
    u, v = (np.asarray(cv2.resize(each, half, interpolation=cv2.INTER_AREA), np.uint8) for each in (planes.u, planes.v))
    return Planes(y, u, v, planes.limited)


def write_planes(planes: Planes, quality: int) -> bytes:
    """Return ``planes`` as JPEG. Video's 16 to 235 is stretched; its colour matrix is left as it is."""
    import simplejpeg

    found = _stretched(planes) if planes.limited else planes
    y, u, v = (np.ascontiguousarray(each) for each in (found.y, found.u, found.v))
    if not hasattr(simplejpeg, "encode_jpeg_yuv_planes"):  # before 1.8
        import cv2

        half = (y.shape[1], y.shape[0])
        rows = [y, *(cv2.resize(each, half, interpolation=cv2.INTER_NEAREST) for each in (v, u))]
        return write_bgr(np.asarray(cv2.cvtColor(cv2.merge(rows), cv2.COLOR_YCrCb2BGR), np.uint8), quality)
    return bytes(simplejpeg.encode_jpeg_yuv_planes(y, u, v, quality=quality, fastdct=True))


def write_bgr(bgr: NDArray[np.uint8], quality: int) -> bytes:
    """Return a BGR picture as JPEG."""
    import simplejpeg

    return bytes(
        simplejpeg.encode_jpeg(
            np.ascontiguousarray(bgr), quality, colorspace="BGR", colorsubsampling="420", fastdct=True
        )
    )


def _table(low: int, high: int) -> Any:
    return np.clip((np.arange(256) - low) * (255 / (high - low)) + 0.5, 0, 255).astype(np.uint8)


_LIGHT = _table(16, 235)
_COLOUR = np.clip((np.arange(256) - 128) * (255 / 224) + 128.5, 0, 255).astype(np.uint8)


def _stretched(planes: Planes) -> Planes:
    import cv2

    y = np.asarray(cv2.LUT(planes.y, _LIGHT), np.uint8)
    u, v = (np.asarray(cv2.LUT(each, _COLOUR), np.uint8) for each in (planes.u, planes.v))
    return Planes(y, u, v)
