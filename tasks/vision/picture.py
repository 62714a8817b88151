"""Bytes to pixels: every engine sees the same kind of array."""

from typing import Final

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from parkhub.errors import PictureError

Picture = NDArray[np.uint8]
"""Height x width x 3, blue green red, contiguous."""

PIXELS_MAX: Final = 100_000_000  # last defence; uploads are refused far below this
_JPEG_START: Final = b"\xff\xd8\xff"


def decode(data: bytes, long_side_min: int | None = None, pixels_max: int = PIXELS_MAX) -> Picture:
    """Decode a whole JPEG, PNG or WebP into BGR pixels as stored (a rotation noted in the file is not applied).

    A JPEG is decoded at 1/2, 1/4 or 1/8 (or another eighth) of its size when its longer side stays at least
    ``long_side_min`` pixels: far cheaper than shrinking afterwards. Raises PictureError for anything but a whole,
    readable picture of at most ``pixels_max`` pixels, which its header tells.
    """
    if not data:
        raise PictureError("The picture is empty (0 bytes).")
    picture = (
        _decode_jpeg(data, long_side_min, pixels_max)
        if data.startswith(_JPEG_START)
        else _decode_other(data, pixels_max)
    )
    if min(picture.shape[:2]) < 1:
        raise PictureError("The picture has no pixels.")
    return picture


def size_of(data: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG from its header; None for other types, which have no cheaper scale anyway."""
    if not data.startswith(_JPEG_START):
        return None
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
    except ValueError:
        return None
    return width, height


def _decode_jpeg(data: bytes, long_side_min: int | None, pixels_max: int) -> Picture:
    try:
        height, width, _, _ = simplejpeg.decode_jpeg_header(data)
        _refuse_huge(width, height, pixels_max)
        factor = 1.0 if long_side_min is None else min(1.0, long_side_min / max(width, height, 1))
        picture: Picture = simplejpeg.decode_jpeg(
            data,
            "BGR",
            fastdct=True,
            fastupsample=True,
            # 0 means "as large as stored"; rounding up keeps the longer side at or above what was asked for
            min_height=0 if factor == 1.0 else max(1, int(np.ceil(height * factor))),
            min_width=0 if factor == 1.0 else max(1, int(np.ceil(width * factor))),
        )
    except ValueError as error:
        raise PictureError(f"The JPEG is damaged or cut short: {_sentence(error)}.") from None
    return picture


def _decode_other(data: bytes, pixels_max: int) -> Picture:
    if not data.startswith((b"\x89PNG\r\n\x1a\n", b"RIFF")):
        raise PictureError("This is not a JPEG, PNG or WebP picture.")
    size = _png_size(data) or _webp_size(data)
    if size is None:
        raise PictureError("The picture has no readable header.")
    _refuse_huge(*size, pixels_max)
    try:
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        picture = None
    if picture is None:
        raise PictureError("The picture is damaged or cut short.")
    return np.ascontiguousarray(picture, dtype=np.uint8)


def _png_size(data: bytes) -> tuple[int, int] | None:
    if not data.startswith(b"\x89PNG") or len(data) < 33 or data[12:16] != b"IHDR":
        return None
    if b"IEND" not in data[-64:]:  # OpenCV fills a cut PNG with black instead of refusing it
        raise PictureError("The picture is cut short.")
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


def _webp_size(data: bytes) -> tuple[int, int] | None:
    """Canvas size of the three kinds of WebP (RFC 9649)."""
    if len(data) < 30 or data[8:12] != b"WEBP":
        return None
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise PictureError("The picture is cut short.")
    kind = data[12:16]
    if kind == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if kind == b"VP8 ":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None


def _refuse_huge(width: int, height: int, pixels_max: int) -> None:
    if width * height > pixels_max:
        raise PictureError(f"The picture has {width} x {height} pixels; at most {pixels_max:,} are read.")


def _sentence(error: ValueError) -> str:
    return str(error).strip().rstrip(".")[:120] or "no reason given"
