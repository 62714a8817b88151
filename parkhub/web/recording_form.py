"""The form that brings a recording: files go straight to the picture store, sentences go back to the person."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from parkhub.clients import Clients
from parkhub.clients.picture_proof import inspect
from parkhub.domain.cameras import Engine, SpotsFileKind
from parkhub.domain.recordings import EVERY_S
from parkhub.domain.spots_file import kind_of, parse_carparkpos, parse_spots_json
from parkhub.domain.text import whole_number
from parkhub.errors import FieldsError, ParkHubError, TooLargeError
from parkhub.services import recording_uploads as uploads
from parkhub.services import recordings as service
from parkhub.settings import Settings
from parkhub.web.multipart import Part, read_parts
from parkhub.web.templating import AnyRequest

BOX_FIRST: Final = ("107", "48")
_SLACK_BYTES: Final = 100_000  # the form's own words around the files
_MIB: Final = 1024 * 1024


@dataclass(slots=True)
class Given:
    """What the person typed, as typed, to show it again beside what is wrong."""

    title: str = ""
    engine: str = Engine.CLASSIFIER
    every_s: str = f"{EVERY_S:g}"
    box_width: str = BOX_FIRST[0]
    box_height: str = BOX_FIRST[1]
    file_name: str = ""
    file_bytes: dict[str, int] = field(default_factory=dict)


def size_words(size_bytes: int) -> str:
    """Bytes as people read them: 850 MB, 2 GB."""
    if size_bytes >= 1000 * _MIB:
        return f"{size_bytes / 1024**3:.3g} GB"
    return f"{size_bytes / _MIB:.3g} MB" if size_bytes >= _MIB else f"{size_bytes / 1024:.3g} KB"


def refuse_too_large(request: AnyRequest, settings: Settings, clients: Clients) -> None:
    """Before anything is read: is it too large by its own word, is there room. Raises TooLargeError, BusyError."""
    announced = int(request.headers.get("content-length") or 0)
    if announced > settings.recording_bytes_max + settings.frame_bytes_max + _SLACK_BYTES:
        raise TooLargeError(_too_large(settings))
    uploads.check_room(clients, announced)


async def receive(request: AnyRequest, settings: Settings, clients: Clients, folder: str, given: Given) -> service.Wish:
    """Read the form; the files end in ``folder``, the rest in ``given`` as it comes. The caller removes the folder.

    Raises FieldsError, TooLargeError, InvalidInputError, BusyError.
    """
    async for part in read_parts(request):
        if part.name == "video":
            if part.filename:
                given.file_name = base_name(part.filename)
            given.file_bytes["video"] = await _store(part, clients, folder, settings)
        elif part.name == "spots":
            limit = settings.frame_bytes_max
            chunks = _limited(part, limit, "spots")
            given.file_bytes["spots"] = await uploads.keep_file(clients, folder, uploads.SPOTS, chunks, limit)
        elif part.filename is None and part.name in ("title", "engine", "every_s", "box_width", "box_height"):
            setattr(given, part.name, (await part.text()).strip())
    return await _check(given, settings, clients, folder)


def base_name(file_name: str) -> str:
    """The last piece of a path from any system, without its ending: a first title for the recording, nothing more."""
    last = PurePosixPath(file_name.replace("\\", "/")).name
    shown = "".join(letter for letter in last if letter.isprintable())
    return (shown.rsplit(".", 1)[0] or shown)[: service.TITLE_LENGTH_MAX]


async def _store(part: Part, clients: Clients, folder: str, settings: Settings) -> int:
    limit = settings.recording_bytes_max
    try:
        return await uploads.keep_file(clients, folder, uploads.VIDEO, part.chunks(), limit)
    except TooLargeError:
        raise TooLargeError(_too_large(settings)) from None


async def _limited(part: Part, limit_bytes: int, name: str) -> AsyncIterator[bytes]:
    total = 0
    async for chunk in part.chunks():
        total += len(chunk)
        if total > limit_bytes:
            raise FieldsError({name: f"This file is larger than {size_words(limit_bytes)}. Choose a smaller one."})
        yield chunk


def _too_large(settings: Settings) -> str:
    return (
        f"The video is larger than {size_words(settings.recording_bytes_max)}, the most this server takes. "
        "Cut it into shorter ones, or save it with a lower bit rate."
    )


async def _check(given: Given, settings: Settings, clients: Clients, folder: str) -> service.Wish:
    wrong: dict[str, str] = {}
    if not given.file_bytes.get("video"):
        wrong["video"] = "Choose a video."
    kind = SpotsFileKind.MASK
    box: tuple[int, int] | None = None
    if not given.file_bytes.get("spots"):
        wrong["spots"] = "Choose a mask picture, a SPOTS.json or a CarParkPos file."
    else:
        try:
            data = await clients.pictures.get(f"{folder}/{uploads.SPOTS}")
            kind, box = await _spots_kind(data, given, settings)
        except FieldsError as error:
            wrong |= error.fields
        except ParkHubError as error:
            wrong["spots"] = str(error)
    if given.engine not in list(Engine):
        wrong["engine"] = "Choose one of the engines in the list."
    try:
        every_s = float(given.every_s)
    except ValueError:
        wrong["every_s"] = "Choose one of the times in the list."
    if wrong:
        raise FieldsError(wrong)
    wish = service.Wish(given.title or given.file_name, Engine(given.engine), kind, box, every_s)
    service.check_wish(wish)
    return wish


async def _spots_kind(data: bytes, given: Given, settings: Settings) -> tuple[SpotsFileKind, tuple[int, int] | None]:
    """What kind of file it is, and whether it can be read at all; its job says the rest."""
    kind = kind_of(data)
    if kind is SpotsFileKind.MASK:
        await asyncio.to_thread(inspect, data, settings.frame_pixels_max)
        return kind, None
    if kind is SpotsFileKind.JSON:
        await asyncio.to_thread(parse_spots_json, data)
        return kind, None
    width, height = whole_number(given.box_width), whole_number(given.box_height)
    if width is None or height is None:
        raise FieldsError({"box": "Give the width and height of a spot in whole pixels."})
    box = width, height
    await asyncio.to_thread(parse_carparkpos, data, (100_000, 100_000), box)
    return kind, box
