"""Proof that uploaded bytes are one whole JPEG, PNG or WebP within the limit, found out before any pixel is decoded.

Pillow's format classes are called directly: `Image.open` would read EXIF of JPEGs and decode WebP canvases first.
"""

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from parkhub.errors import PictureError, TooLargeError, UnsupportedTypeError

JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"
MEDIA_TYPES = (JPEG, PNG, WEBP)
EXTENSIONS = {JPEG: "jpg", PNG: "png", WEBP: "webp"}

_SIDE_MIN = 16
_SIDE_MAX = 16_384
_SCANS_MAX = 64
_SCAN = b"\xff\xda"
_PLAIN_FRAMES = {0xC0, 0xC1}
_OTHER_FRAMES = {*range(0xC2, 0xD0)} - {0xC4, 0xCC}  # those two are tables
_BARE = {0x00, 0x01, 0xFF, *range(0xD0, 0xDB)}  # no segment, or the picture itself
_MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "YCbCr", "I;16"}
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    MemoryError,
    struct.error,
    zlib.error,
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Warning,
)
"""What Pillow's readers raise for bytes that are not what they claim to be."""

_NOT_WHOLE = "The picture is damaged or cut off. Send the whole file again."


@dataclass(frozen=True, slots=True)
class PictureInfo:
    """What a picture is: media type, and size in pixels as stored (EXIF rotation is not looked at)."""

    media_type: str
    width: int
    height: int


def inspect(data: bytes, pixels_max: int) -> PictureInfo:
    """Type and size of a whole picture of at most ``pixels_max`` pixels.

    Bytes behind the picture's end are let pass: some cameras pad, and stored pictures are only ever served under their
    own image type. Raises UnsupportedTypeError, TooLargeError, PictureError. Takes milliseconds: call it in a thread.
    """
    media_type = sniff(data)
    try:
        _check_size(*_header_size(data, media_type), pixels_max)
        with _reader(data, media_type) as picture:
            size = picture.size
            _check_size(*size, pixels_max)
            _check_kind(picture)
            if media_type == PNG:
                _check_chunks(data)
            if media_type == JPEG:
                _check_scans(data)
                picture.draft(picture.mode, (size[0] // 8, size[1] // 8))
            picture.load()
    except (PictureError, TooLargeError):
        raise
    except _BROKEN as error:
        raise PictureError(_NOT_WHOLE) from error
    return PictureInfo(media_type, *size)


def is_plain_jpeg(data: bytes) -> bool:
    """Whether the header says a JPEG that is decoded in one go, from top to bottom; nothing is decoded for that.

    Up to its frame header a JPEG is segments of a marker and a length (ITU-T T.81, B.1.1).
    """
    at = 2
    while data[at : at + 1] == b"\xff" and len(data) >= at + 4:
        marker = data[at + 1]
        if marker in _PLAIN_FRAMES:
            return data.count(_SCAN) == 1
        if marker in _BARE or marker in _OTHER_FRAMES:
            return False
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return False


def sniff(data: bytes) -> str:
    """The media type by the first bytes. Raises PictureError when there are none, UnsupportedTypeError otherwise."""
    if not data:
        raise PictureError("The picture is empty. Send a JPEG, PNG or WebP.")
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WEBP
    raise UnsupportedTypeError("This is not a JPEG, PNG or WebP picture. Send one of these.")


def _check_size(width: int, height: int, pixels_max: int) -> None:
    if width * height > pixels_max:
        raise TooLargeError(f"The picture has {width} x {height} pixels; at most {pixels_max:,} are taken.")
    if max(width, height) > _SIDE_MAX:
        raise TooLargeError(f"The picture has {width} x {height} pixels; a side has at most {_SIDE_MAX:,}.")
    if min(width, height) < _SIDE_MIN:
        raise PictureError(f"The picture has {width} x {height} pixels; a side needs at least {_SIDE_MIN}.")


def _check_kind(picture: ImageFile) -> None:
    if picture.mode not in _MODES:
        raise PictureError(f"The picture's colours ({picture.mode}) are not taken. Send RGB or grey.")
    if getattr(picture, "n_frames", 1) > 1:
        raise PictureError("The picture moves. Send one still picture.")


def _check_chunks(data: bytes) -> None:
    """Every PNG chunk with its checksum, up to the end mark (PNG 3, section 5.3): Pillow is content with less."""
    at = 8
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        body_end = at + 8 + length
        (crc,) = struct.unpack_from(">I", data, body_end)
        if zlib.crc32(memoryview(data)[at + 4 : body_end]) != crc:
            raise PictureError(_NOT_WHOLE)
        if kind == b"IEND":
            return
        at = body_end + 4


def _check_scans(data: bytes) -> None:
    """A small progressive JPEG of thousands of scans keeps a decoder busy for minutes; real ones have about ten."""
    if data.count(_SCAN) > _SCANS_MAX:
        raise PictureError(f"The JPEG has more than {_SCANS_MAX} scans. Save it again as a plain JPEG.")


def _header_size(data: bytes, media_type: str) -> tuple[int, int]:
    """Width and height from the header alone. For JPEG and PNG opening decodes nothing, so Pillow is asked.

    WebP: RFC 9649, sections 2.5 (VP8), 2.6 (VP8L) and 2.7 (VP8X).
    """
    if media_type != WEBP:
        with _reader(data, media_type) as picture:
            return picture.size
    if int.from_bytes(data[4:8], "little") + 8 > len(data):
        raise PictureError(_NOT_WHOLE)
    chunk = data[12:16]
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise PictureError(_NOT_WHOLE)


def _reader(data: bytes, media_type: str) -> ImageFile:
    """The format's own reader; no other is tried."""
    readers: dict[str, Callable[[io.BytesIO], ImageFile]] = {
        JPEG: JpegImageFile,
        PNG: PngImageFile,
        WEBP: WebPImageFile,
    }
    return readers[media_type](io.BytesIO(data))
