"""Large forms: a multipart body read part by part, so that a file of a gigabyte never lies in memory."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Final

from litestar import Request
from litestar.exceptions import InternalServerException
from multipart import MultipartError, MultipartSegment, PushMultipartParser

from parkhub.errors import InvalidInputError, TooLargeError

PARTS_MAX: Final = 40
TEXT_BYTES_MAX: Final = 10_000
BROKEN: Final = "The form did not arrive whole. Send it again."


class Part:
    """One field of a form. ``filename`` is None for text; it is the sender's and never names a file here.

    Its bytes come once, in order, from `chunks`; parts must be read in the order they come, each to its end.
    """

    def __init__(self, name: str, filename: str | None, events: AsyncIterator[Any]) -> None:
        self.name, self.filename = name, filename
        self._events = events
        self._ended = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes. Raises InvalidInputError for a body that ends too early."""
        while not self._ended:
            event = await anext(self._events, BROKEN)
            if event is None:
                self._ended = True
            elif isinstance(event, bytes | bytearray):
                yield bytes(event)
            else:
                raise InvalidInputError(BROKEN)

    async def text(self) -> str:
        """All of it as text, at most `TEXT_BYTES_MAX` bytes. Raises TooLargeError."""
        found = bytearray()
        async for chunk in self.chunks():
            found += chunk
            if len(found) > TEXT_BYTES_MAX:
                raise TooLargeError(f"The field {self.name[:40]} is longer than {TEXT_BYTES_MAX:,} bytes.")
        return found.decode(errors="replace")

    async def skip(self) -> int:
        """Read past what is left and answer how many bytes that was."""
        total = 0
        async for chunk in self.chunks():
            total += len(chunk)
        return total


async def read_parts(request: Request[Any, Any, Any], parts_max: int = PARTS_MAX) -> AsyncIterator[Part]:
    """The form's parts as they arrive, at most ``parts_max``; what a caller leaves of a part is skipped.

    Raises InvalidInputError for a body that is no whole multipart form. The handler needs ``request_max_body_size``
    None and a limit of its own.
    """
    boundary = request.content_type[1].get("boundary", "")
    if not boundary:
        raise InvalidInputError(BROKEN)
    async with aclosing(_events(request, boundary, parts_max)) as events:
        async for event in events:
            if not isinstance(event, MultipartSegment):
                raise InvalidInputError(BROKEN)
            part = Part(event.name, event.filename or None, events)
            yield part
            await part.skip()


async def _events(request: Request[Any, Any, Any], boundary: str, parts_max: int) -> Any:
    """What the parser says, in order: a segment (a part begins), bytes, None (it ends)."""
    try:
        parser = PushMultipartParser(boundary, max_segment_count=parts_max)
        async for chunk in request.stream():
            for event in parser.parse(chunk):
                yield event
            if parser.closed:
                return
        parser.close()
    except (MultipartError, InternalServerException):  # the latter: the browser went away in the middle
        raise InvalidInputError(BROKEN) from None
