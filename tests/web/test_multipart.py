"""Large forms, read as they arrive."""

from collections.abc import Sequence
from typing import Any

import pytest
from litestar import Request, post

from parkhub.errors import InvalidInputError, TooLargeError
from parkhub.web.multipart import PARTS_MAX, TEXT_BYTES_MAX, read_parts

START = b'--x\r\nContent-Disposition: form-data; name="%b"%b\r\n\r\n'
END = b"--x--\r\n"


def part(name: str, content: bytes, filename: str = "") -> bytes:
    return START % (name.encode(), f'; filename="{filename}"'.encode() if filename else b"") + content + b"\r\n"


@post("/", request_max_body_size=None)
async def unlimited() -> None:
    """The handler that such a form is for."""


def form(*pieces: bytes, whole: bool = True, boundary: str = "x") -> Request[Any, Any, Any]:
    """A request whose body arrives in these pieces; not ``whole``: then the sender goes away."""
    waiting = list(pieces)

    async def receive() -> Any:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting) or not whole}
        return {"type": "http.disconnect"}

    headers = [(b"content-type", f"multipart/form-data; boundary={boundary}".encode())]
    scope: Any = {"type": "http", "method": "POST", "headers": headers, "state": {}, "route_handler": unlimited}
    return Request(scope, receive)


async def read(request: Request[Any, Any, Any]) -> list[tuple[str, str | None, bytes]]:
    return [
        (given.name, given.filename, b"".join([chunk async for chunk in given.chunks()]))
        async for given in read_parts(request)
    ]


@pytest.mark.parametrize("size", [1, 7, 64, 10_000])
async def test_parts_come_in_order_however_the_body_is_cut(size: int) -> None:
    body = part("title", "Ä\r\n--".encode()) + part("video", b"\x00\r\n" * 500, "a.mp4") + part("empty", b"") + END
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    assert await read(form(*pieces)) == [
        ("title", None, "Ä\r\n--".encode()),
        ("video", "a.mp4", b"\x00\r\n" * 500),
        ("empty", None, b""),
    ]


async def test_a_part_nobody_reads_is_skipped() -> None:
    body = part("a", b"1" * 5000, "a") + part("b", b"2") + END
    assert [given.name async for given in read_parts(form(body))] == ["a", "b"]


async def test_text_has_a_limit() -> None:
    async for given in read_parts(form(part("title", b"x" * (TEXT_BYTES_MAX + 1)) + END)):
        with pytest.raises(TooLargeError, match="title"):
            await given.text()
        break


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        [b"hello"],
        [part("a", b"1")],
        [START % (b"a", b"") + b"half"],
        [b"--x\r\nno header\r\n\r\nx\r\n" + END],
        [part("a", b"1") * (PARTS_MAX + 1) + END],
    ],
    ids=["nothing", "no form", "no end", "half a part", "no name", "too many parts"],
)
@pytest.mark.parametrize("whole", [True, False], ids=["ended", "the sender went away"])
async def test_a_broken_form_is_one_error(pieces: Sequence[bytes], whole: bool) -> None:
    with pytest.raises(InvalidInputError, match="did not arrive whole"):
        await read(form(*pieces, whole=whole))


async def test_a_form_without_a_boundary_is_refused() -> None:
    with pytest.raises(InvalidInputError):
        await read(form(part("a", b"1") + END, boundary=""))
