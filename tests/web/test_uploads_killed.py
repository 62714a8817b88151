"""A web process that is killed in the middle of an upload."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from builders import save_camera
from pictures import jpeg, signed
from workers import web

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.db import frames, spots
from parkhub.db.engine import fetch, on_postgresql, transaction
from parkhub.services.upkeep import ORPHAN_AFTER_S, delete_orphans
from parkhub.settings import Settings


@pytest.fixture
def shared(database: Settings, redis_url: str) -> Settings:
    return database.model_copy(update={"redis_url": redis_url})


@pytest.fixture
async def clients(shared: Settings) -> AsyncIterator[Clients]:
    found = await open_clients(shared)
    yield found
    await close_clients(found)


def files(settings: Settings) -> list[Path]:
    return [path for path in settings.pictures_dir.rglob("*") if path.is_file()]


@pytest.mark.slow
async def test_what_it_leaves_is_swept_up_and_the_camera_s_next_try_succeeds(
    shared: Settings, clients: Clients, tmp_path: Path
) -> None:
    camera, body = await save_camera(), jpeg()
    path = f"/api/v1/cameras/{camera.public_id}/frames"
    headers = signed(camera.public_id, body)
    async with httpx.AsyncClient(timeout=60) as node:
        with web(shared, tmp_path) as (site, address):
            async with transaction():
                await hold(camera.id)  # the picture can be put on the disk, its row cannot be written
                sending = asyncio.create_task(node.post(address + path, content=body, headers=headers))
                async with asyncio.timeout(60):
                    while not files(shared):
                        await asyncio.sleep(0.01)
                site.signal(signal.SIGKILL)
                site.end()
            with pytest.raises(httpx.TransportError):
                await sending
        assert len(files(shared)) == 1
        with web(shared, tmp_path) as (_, address):
            answer = await node.post(address + path, content=body, headers=headers)
    # PostgreSQL may write the row of a sender that has died meanwhile; then the next try is a repeat.
    assert answer.status_code in ((201, 200) if on_postgresql() else (201,))
    for file in files(shared):
        long_ago = file.stat().st_mtime - ORPHAN_AFTER_S - 1
        os.utime(file, (long_ago, long_ago))
    assert await delete_orphans(clients) == (1 if answer.status_code == 201 else 0)
    stored = await frames.list_frames(camera.id, 10)
    assert files(shared) == [clients.pictures.path(frame.picture_key) for frame in stored]
    assert len(stored) == 1


async def hold(camera_id: int) -> None:
    """Let nobody write a frame of the camera until the transaction ends."""
    await spots.load_tracks(camera_id)
    if on_postgresql():  # the lock that looks take lets new frames pass; this one does not
        await fetch("SELECT id FROM camera WHERE id = {} FOR UPDATE", camera_id)
