"""The spot editor asks vision about a camera's newest picture, or what a file says; the answer is announced."""

import secrets
from asyncio import to_thread
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from parkhub.clients import Clients
from parkhub.clients.picture_proof import inspect
from parkhub.clients.queue import QueueName
from parkhub.db import spot_asks as ask_rows
from parkhub.domain.cameras import SpotsFileKind
from parkhub.domain.spot_asks import KEPT_S, AskKind, SpotAsk
from parkhub.domain.spots import Polygon
from parkhub.domain.spots_file import BYTES_MAX
from parkhub.errors import NotFoundError, SpotsFileError, TooLargeError
from parkhub.services.spots import IMPORTS, MASK_BYTES_MAX
from parkhub.settings import Settings

ANSWER_ASK = "answer_ask"
SHAPES_MAX = 2000

log = structlog.get_logger(__name__)


def topic(camera_id: int) -> str:
    """What is announced when one of the camera's questions was answered."""
    return f"spots:{camera_id}"


async def ask_to_look(clients: Clients, camera_id: int, shapes: Mapping[str, Polygon], now: datetime) -> str:
    """Ask how the engine judges these outlines, in 0..1 of the newest picture; answers the question's uid."""
    return await _ask(clients, camera_id, AskKind.LOOK, {"shapes": dict(list(shapes.items())[:SHAPES_MAX])}, now)


async def ask_for_rows(clients: Clients, camera_id: int, drawn: Sequence[Polygon], now: datetime) -> str:
    """Ask where spots may lie, by the vehicles in the newest picture, where none is ``drawn``."""
    return await _ask(clients, camera_id, AskKind.ROWS, {"drawn": list(drawn)}, now)


async def ask_to_read(
    clients: Clients,
    settings: Settings,
    camera_id: int,
    data: bytes,
    kind: SpotsFileKind,
    now: datetime,
    box: tuple[int, int] | None = None,
) -> str:
    """Ask what a spots file says, without making it the camera's.

    Raises TooLargeError, SpotsFileError for an empty file, and what `inspect` finds wrong with a mask picture.
    """
    bytes_max = MASK_BYTES_MAX if kind is SpotsFileKind.MASK else BYTES_MAX
    if len(data) > bytes_max:
        raise TooLargeError(f"The spots file is larger than {bytes_max:,} bytes.")
    if not data:
        raise SpotsFileError("The spots file is empty. Choose a mask picture, SPOTS.json or CarParkPos file.")
    if kind is SpotsFileKind.MASK:
        await to_thread(inspect, data, settings.frame_pixels_max)
    key = f"{IMPORTS}/{camera_id}/{secrets.token_hex(8)}"
    await clients.pictures.put(key, data)
    question = {"file_key": key, "kind": kind.value, "box": list(box) if box else None}
    return await _ask(clients, camera_id, AskKind.FILE, question, now)


async def _ask(clients: Clients, camera_id: int, kind: AskKind, question: dict[str, Any], now: datetime) -> str:
    uid = secrets.token_hex(12)
    await ask_rows.add_ask(uid, camera_id, kind, question, now)
    await clients.queue.enqueue(ANSWER_ASK, uid, job_id=f"ask:{uid}", queue=QueueName.FRAMES)
    return uid


async def get_ask(camera_id: int, uid: str) -> SpotAsk:
    """A question of that camera. Raises NotFoundError without one, or when it is past its time."""
    found = await ask_rows.find_ask(uid)
    if found is None or found.camera_id != camera_id:
        raise NotFoundError("Nobody asks that any more.")
    return found


async def answer(clients: Clients, ask: SpotAsk, found: dict[str, Any] | None, error: str, now: datetime) -> None:
    """Keep an answer, or a sentence why there is none, and tell whoever waits for it."""
    kept = await ask_rows.answer_ask(ask.uid, found, error, now)
    if "file_key" in ask.question:
        await clients.pictures.delete(ask.question["file_key"])
    if kept:
        log.info("spots.answered", camera=ask.camera_id, kind=ask.kind.value, error=error)
        await clients.live.announce(topic(ask.camera_id))


async def forget_old(now: datetime) -> int:
    """Forget questions past their time; their files go with those of imports that nobody knows."""
    return await ask_rows.delete_asks(now - timedelta(seconds=KEPT_S))
