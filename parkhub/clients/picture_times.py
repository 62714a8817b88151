"""When a picture was taken, by what the camera noted in the file (EXIF 2.32: DateTimeOriginal, OffsetTimeOriginal)."""

import io
import struct
from datetime import UTC, datetime, tzinfo
from typing import Final

from PIL import Image

_EXIF, _TAKEN, _OFFSET = 0x8769, 0x9003, 0x9011
_BROKEN: Final = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error, OverflowError)


def noted_time(data: bytes, zone: tzinfo) -> datetime | None:
    """When it says that it was taken, in UTC; by the clock of ``zone`` when it does not say which. None: it does not.

    ``data`` is a picture that was proven to be one (`picture_proof.inspect`).
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG", "WEBP")) as picture:
            noted = picture.getexif().get_ifd(_EXIF)
        taken = datetime.strptime(str(noted[_TAKEN]).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  made aware below
        offset = str(noted.get(_OFFSET, "")).strip("\0 ")
        aware = datetime.fromisoformat(f"{taken.isoformat()}{offset}") if offset else taken.replace(tzinfo=zone)
        return aware.astimezone(UTC) if aware.tzinfo else None
    except _BROKEN:
        return None
