"""A recording whose vision process is told to stop in the middle: real processes, Redis and files."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import videos
from builders import save_account
from processes import wait_for
from workers import worker

from parkhub.clients import Clients
from parkhub.db import recordings as rows
from parkhub.domain.cameras import Engine, SpotsFileKind
from parkhub.domain.recordings import Recording, RecordingStatus
from parkhub.services import recordings as service
from parkhub.services.recording_uploads import SPOTS, VIDEO, new_folder
from parkhub.settings import Settings


async def until(recording_id: int, wanted: Callable[[Recording], bool]) -> Recording:
    async with asyncio.timeout(300):
        while not wanted(found := await rows.get_recording(recording_id)):
            await asyncio.sleep(0.05)
    return found


async def test_a_recording_goes_on_at_once_in_another_process_when_its_own_is_told_to_stop(
    sqlite_open: Settings, redis_url: str, tmp_path: Path, opened: Callable[[Settings], Awaitable[Clients]]
) -> None:
    settings = sqlite_open.model_copy(update={"redis_url": redis_url})
    clients = await opened(settings)
    folder = new_folder()
    video = videos.write(tmp_path / "lot.mp4", frame_count=3000)
    await clients.pictures.put(f"{folder}/{VIDEO}", video.read_bytes())
    await clients.pictures.put(f"{folder}/{SPOTS}", videos.mask_png())
    wish = service.Wish("Monday", Engine.DIFFERENCE, SpotsFileKind.MASK)
    asked = await service.request_recording(clients, (await save_account()).id, folder, wish, datetime.now(UTC))
    with worker("vision", settings, tmp_path) as first:
        await until(asked.id, lambda found: found.progress > 0)
        first.signal(signal.SIGTERM)
        assert first.end() == 0
    handed_back = await rows.get_recording(asked.id)
    assert (handed_back.status, handed_back.attempt) == (RecordingStatus.WAITING, 0)
    with worker("vision", settings, tmp_path) as second:
        done = await until(asked.id, lambda found: found.status.ended)
        wait_for(lambda: second.log_lines("recording.done"), "what was uploaded to be cleared away")
    assert (done.status, done.attempt) == (RecordingStatus.DONE, 1)
    kept = {path.name for path in clients.pictures.path(folder).iterdir()}
    assert kept == {"annotated.mp4", "summary.json", "timeline.csv", "order.json"}
