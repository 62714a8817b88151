"""Cameras upload pictures here. The wire is versioned and described in `camera_node/WIRE.md`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from litestar import Response, post
from litestar.exceptions import InternalServerException
from litestar.params import FromPath
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from parkhub.clients.picture_proof import MEDIA_TYPES
from parkhub.errors import InvalidInputError, TooLargeError, UnsupportedTypeError
from parkhub.services import frames, node_keys
from parkhub.services.frames import Accepted, Upload
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.errors import problem
from parkhub.web.node_requests import BODY_TIME_MAX_S, is_unsure, signed_headers
from parkhub.web.templating import AnyRequest

MULTIPART: Final = "multipart/form-data"
PICTURE_FIELD: Final = "picture"
FORM_BYTES_MAX: Final = 8 * 1024
"""What a form may add around its picture."""


log = structlog.get_logger(__name__)


@post(
    "/api/v1/cameras/{camera_id:str}/frames",
    opt=NO_CSRF,
    status_code=201,
    request_max_body_size=None,  # our own limit, in our own words
    tags=["cameras"],
    summary="Upload a picture",
)
async def upload_frame(
    request: AnyRequest, camera_id: FromPath[str], clients: GivenClients, settings: GivenSettings
) -> Response[dict[str, Any]]:
    """Take one signed picture; a repeat is answered like the first time, with 200, and changes nothing.

    Who sends is asked before the body is read, so that strangers cannot fill the memory.
    """
    bytes_max = settings.frame_bytes_max
    media_type, boundary = _content(request)
    body_max = bytes_max + (FORM_BYTES_MAX if media_type == MULTIPART else 0)
    _check_announced(request, body_max, bytes_max)
    headers = signed_headers(request)
    camera = await frames.find_sender(camera_id, headers.key, datetime.now(UTC))
    try:
        async with asyncio.timeout(BODY_TIME_MAX_S):
            body, body_sha256 = await _read(request, body_max, bytes_max)
    except TimeoutError:
        return problem(408, "Too slow", f"The picture did not arrive within {BODY_TIME_MAX_S} s. Send it again.")
    except InternalServerException:  # Litestar's word for a sender who hung up
        return problem(400, "Cut off", "The upload ended before its last byte. Send it again.")
    now = datetime.now(UTC)
    path = f"/api/v1/cameras/{camera_id}/frames"
    frames.check_sent(camera, "POST", path, headers, body_sha256, now)
    await node_keys.note_use(clients, camera, headers.key, now)
    picture, sha256 = body, body_sha256
    if media_type == MULTIPART:
        picture, sha256 = await asyncio.to_thread(_picture_of_form, body, boundary)
        if len(picture) > bytes_max:
            raise _too_large(bytes_max)
    upload = Upload(
        sequence=headers.sequence,
        captured_at=headers.captured_at,
        picture=picture,
        sha256=sha256,
        media_type=None if media_type == MULTIPART else media_type,
        now=now,
        clock_unsure=is_unsure(request),
    )
    return answer(camera.public_id, await frames.accept_frame(clients, settings, camera, upload))


def answer(camera_id: str, accepted: Accepted) -> Response[dict[str, Any]]:
    """What a node is told of what it sent."""
    frame = accepted.frame
    log.info("frame.repeated" if accepted.repeat else "frame.stored", camera=camera_id, frame=frame.id)
    body = {
        "id": frame.id,
        "camera": camera_id,
        "sequence": frame.sequence,
        "sha256": frame.sha256,
        "status": "stored",
    }
    return Response(body, status_code=200 if accepted.repeat else 201)


def _content(request: AnyRequest) -> tuple[str, str]:
    """The body's media type, and the boundary of a form. Raises UnsupportedTypeError."""
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    media_type = media_type.strip().lower()
    if media_type not in (MULTIPART, *MEDIA_TYPES):
        raise UnsupportedTypeError(f"Send the picture as {', '.join(MEDIA_TYPES)} or in a form ({MULTIPART}).")
    if request.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise UnsupportedTypeError("Send the picture without a Content-Encoding; pictures are small already.")
    return media_type, options.get("boundary", "")


def _check_announced(request: AnyRequest, body_max: int, bytes_max: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > body_max:
        raise _too_large(bytes_max)


async def _read(request: AnyRequest, body_max: int, bytes_max: int) -> tuple[bytes, str]:
    """The whole body and its SHA-256; stops at the limit whatever its length was said to be."""
    body, sha256 = bytearray(), hashlib.sha256()  # hashed as it comes: at once, a large one would hold up the others
    chunks: AsyncIterator[bytes] = request.stream()
    async for chunk in chunks:
        if len(body) + len(chunk) > body_max:
            raise _too_large(bytes_max)
        body += chunk
        sha256.update(chunk)
    return bytes(body), sha256.hexdigest()


def _too_large(bytes_max: int) -> TooLargeError:
    return TooLargeError(f"The picture has more than {bytes_max:,} bytes. Send a smaller one.")


def _picture_of_form(body: bytes, boundary: str) -> tuple[bytes, str]:
    """The one file of a form and its SHA-256. Its file name is not looked at. Raises InvalidInputError."""
    picture: bytearray | None = None
    try:
        with PushMultipartParser(boundary, content_length=len(body), max_segment_count=1, strict=True) as parser:
            for event in parser.parse(body):
                if isinstance(event, MultipartSegment):
                    if event.name != PICTURE_FIELD:
                        raise _not_one_picture()
                    picture = bytearray()
                elif event and picture is not None:
                    picture += event
    except MultipartError as error:
        raise _not_one_picture() from error
    if picture is None:
        raise _not_one_picture()
    return bytes(picture), hashlib.sha256(picture).hexdigest()


def _not_one_picture() -> InvalidInputError:
    return InvalidInputError(
        f"The form must be whole and hold one file, in the field {PICTURE_FIELD}, and nothing else."
    )


routes = [upload_frame]
