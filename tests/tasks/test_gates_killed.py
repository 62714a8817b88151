"""A gate camera, two vision processes of which one is killed in the middle, and upkeep: one car, one session."""

import asyncio
import hashlib
import signal
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cv2
import pytest
from builders import save_camera
from plate_scenes import plate, scene
from processes import wait_for
from workers import end_marks, worker

from parkhub.clients import Clients
from parkhub.db import frames, sessions
from parkhub.db import passages as rows
from parkhub.domain.cameras import CameraRole, Gate
from parkhub.domain.frames import FrameStatus
from parkhub.services.frames import Upload, accept_frame
from parkhub.settings import Settings

LOOKS = 10


def pictures() -> list[bytes]:
    """A car that comes nearer."""
    drawn = plate(["KA417XM"])
    scenes = [scene([(drawn, (400.0, 180.0 + 25 * look, 190.0, 41.0))]) for look in range(LOOKS)]
    return [cv2.imencode(".jpg", each)[1].tobytes() for each in scenes]


@pytest.mark.slow
async def test_a_car_enters_once_though_a_reader_of_its_pictures_is_killed(
    database: Settings, redis_url: str, tmp_path: Path, opened: Callable[[Settings], Awaitable[Clients]]
) -> None:
    settings = database.model_copy(update={"redis_url": redis_url})
    camera = await save_camera(gate=Gate(CameraRole.ENTRANCE))
    clients = await opened(settings)
    start = datetime.now(UTC) - timedelta(seconds=LOOKS / 5)
    with ExitStack() as processes:
        readers = [processes.enter_context(worker("vision", settings, tmp_path)) for _ in range(2)]
        for reader in readers:
            wait_for(lambda reader=reader: reader.log_lines("worker.started"), "the vision processes")
        processes.enter_context(worker("work", settings, tmp_path))
        for number, picture in enumerate(pictures()):
            sha256, at = hashlib.sha256(picture).hexdigest(), start + timedelta(seconds=number / 5)
            upload = Upload(number, at, picture, sha256, None, datetime.now(UTC))
            await accept_frame(clients, settings, camera, upload)
        async with asyncio.timeout(120):
            while not (reading := [each for each in readers if each.log_lines("frame.read")]):
                await asyncio.sleep(0.02)
            reading[0].signal(signal.SIGKILL)
            reading[0].end()
            await end_marks(clients)
            while await frames.count_waiting() or await sessions.count_open(camera.lot_id) == 0:
                await asyncio.sleep(0.1)
    (passage,) = await rows.list_passages(camera.id, start, start + timedelta(days=1))
    assert (passage.plate, passage.frames, passage.outcome) == ("KA417XM", LOOKS, "entered")
    stored = await frames.list_frames(camera.id, 100)
    assert {frame.status for frame in stored} <= {FrameStatus.READ, FrameStatus.LATE}
    assert await sessions.count_open(camera.lot_id) == 1
