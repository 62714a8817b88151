"""Files from disk, in pieces when asked (RFC 9110, section 14): browsers seek in a video by asking for a range."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

from litestar import Response
from litestar.response import Stream

from parkhub.errors import NotFoundError
from parkhub.web.templating import AnyRequest

CHUNK_BYTES: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def answer_file(request: AnyRequest, path: Path, media_type: str, save_as: str = "") -> Response[Any]:
    """The file, or the one range asked for: 200, 206, or 416 for a range behind its end.

    Several ranges at once, and ranges of another version of the file (`If-Range`), are answered with the whole file,
    as the standard allows. ``save_as`` makes the browser keep it under that name instead of showing it. Raises
    NotFoundError.
    """
    try:
        stat = path.stat()
    except OSError:
        raise NotFoundError("This file is no longer kept.") from None
    size = stat.st_size
    headers = {"accept-ranges": "bytes", "etag": f'"{stat.st_mtime_ns:x}-{size:x}"'}
    if save_as:
        headers["content-disposition"] = f'attachment; filename="{save_as}"'
    status, first, last = 200, 0, size - 1
    asked = request.headers.get("range", "")
    if asked and request.headers.get("if-range", headers["etag"]) == headers["etag"]:
        found = find_range(asked, size)
        if found is not None:
            first, last = found
            if first > last:
                return Response(b"", status_code=416, headers=headers | {"content-range": f"bytes */{size}"})
            status, headers["content-range"] = 206, f"bytes {first}-{last}/{size}"
    length = last - first + 1
    headers["content-length"] = str(length)
    body = _nothing() if request.method == "HEAD" else read_range(path, first, length)
    return Stream(body, status_code=status, media_type=media_type, headers=headers)


def find_range(asked: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range: first > last when it cannot be satisfied; None for a header to ignore."""
    match = _RANGE.fullmatch(asked.strip())
    if match is None or match.group(1) == match.group(2) == "":
        return None
    begin, end = match.groups()
    if begin == "":  # the last so many bytes
        first, last = max(0, size - int(end)), size - 1
    else:
        first, last = int(begin), min(int(end), size - 1) if end else size - 1
        if end and int(end) < first:
            return None
    return (first, last) if first < size else (size, size - 1)


async def read_range(path: Path, first: int, length: int) -> AsyncIterator[bytes]:
    """The bytes, in pieces; the disk is read in a thread, so a slow one holds nobody up."""
    handle = await asyncio.to_thread(path.open, "rb")
    try:
        await asyncio.to_thread(handle.seek, first)
        while length > 0:
            piece = await asyncio.to_thread(handle.read, min(CHUNK_BYTES, length))
            if not piece:
                return
            length -= len(piece)
            yield piece
    finally:
        handle.close()


async def _nothing() -> AsyncIterator[bytes]:
    return
    yield b""
