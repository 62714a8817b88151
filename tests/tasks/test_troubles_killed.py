"""A reader that is killed while it saves the picture with which a camera's trouble begins: real processes and Redis."""

import asyncio
import hashlib
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import save_camera
from pictures import encode
from PIL import Image
from redis.asyncio import Redis
from workers import HEIGHT, WIDTH, a_row, end_marks, places, worker

from parkhub.clients import Clients
from parkhub.clients.queue import MemoryQueue, QueueName
from parkhub.db import cameras, counts, frames, spots, troubles
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera, Engine
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.spots import Debounce, SpotState
from parkhub.domain.trust import GOOD_LOOKS, PATIENCE, Trouble
from parkhub.services.frames import READ_FRAME, Upload, accept_frame, job_id
from parkhub.settings import Settings

DARK = PATIENCE[Trouble.DARK].looks


async def until(true: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while not await true():
            await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_a_trouble_whose_beginning_is_killed_in_the_middle_begins_once_and_ends(
    database: Settings, redis_url: str, tmp_path: Path, opened: Callable[[Settings], Awaitable[Clients]]
) -> None:
    settings = database.model_copy(update={"redis_url": redis_url})
    clients = await opened(settings)
    camera = await save_camera(spots_seen=places(2), engine=Engine.DIFFERENCE, debounce=Debounce(1, 1))
    pictures = [
        a_row(2, ()),
        *[_black(shade) for shade in range(DARK)],
        *[a_row(2, (0,), 97 + each) for each in range(GOOD_LOOKS)],
    ]
    began = datetime.now(UTC) - timedelta(seconds=10 * len(pictures))
    kept: list[Frame] = []

    async def store() -> Frame:
        at = began + timedelta(seconds=10 * len(kept))
        kept.append(await _store(clients, settings, camera, len(kept), at, pictures[len(kept)]))
        return kept[-1]

    async def ask() -> None:
        await clients.queue.enqueue(READ_FRAME, kept[-1].id, job_id=job_id(kept[-1].id), queue=QueueName.FRAMES)

    async def is_read() -> bool:
        return (await frames.get_frame(kept[-1].id)).status is FrameStatus.READ

    async def is_begun() -> bool:
        assert isinstance(clients.redis, Redis)
        return bool(await clients.redis.exists(f"arq:in-progress:{job_id(kept[-1].id)}"))

    with worker("vision", settings, tmp_path) as vision:
        for _ in range(DARK):
            await store()
            await ask()
            await until(is_read)
        last = await store()
        async with transaction():
            await spots.load_tracks(camera.id)  # holds the camera: the job cannot save what it has seen
            await ask()
            await until(is_begun)
            await asyncio.sleep(0.3)
            vision.signal(signal.SIGKILL)
            vision.end()
    assert await troubles.list_troubles(camera.id, 9) == []
    assert (await frames.get_frame(last.id)).status is FrameStatus.STORED
    await end_marks(clients)

    with worker("vision", settings, tmp_path):
        await until(is_read)
        (trouble,) = await troubles.list_troubles(camera.id, 9)
        assert (trouble.trouble, trouble.began_at, trouble.ended_at) == (Trouble.DARK, kept[1].captured_at, None)
        for _ in range(GOOD_LOOKS):
            await store()
            await ask()
            await until(is_read)
    (trouble,) = await troubles.list_troubles(camera.id, 9)
    assert trouble.ended_at == kept[-1].captured_at
    assert (await cameras.get_camera(camera.id)).trust.trouble is None
    found = await spots.list_changes(camera.lot_id, 100)
    assert [change.after for change in reversed(found) if change.spot == "A2"] == [
        SpotState.FREE,
        SpotState.UNKNOWN,
        SpotState.FREE,
    ]
    assert len(await counts.list_counts(camera.id, began, datetime.now(UTC))) == len(kept)


def _black(shade: int) -> bytes:
    return encode(Image.new("RGB", (WIDTH, HEIGHT), (shade, shade, shade)), quality=90)


async def _store(
    clients: Clients, settings: Settings, camera: Camera, sequence: int, at: datetime, picture: bytes
) -> Frame:
    """A frame that nobody has been asked to read."""
    upload = Upload(sequence, at, picture, hashlib.sha256(picture).hexdigest(), None, at)
    return (await accept_frame(replace(clients, queue=MemoryQueue()), settings, camera, upload)).frame
