"""The process that watches folders hears of a picture by the system, and ends when it is told to."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from builders import save_camera, save_lot, stand_ins
from pictures import jpeg

from parkhub.db import folders as rows
from parkhub.domain.folders import TimeFrom
from parkhub.services import folders
from parkhub.settings import Settings
from tasks.folders import watch_folders


async def taken(folder_id: int) -> int:
    return (await rows.get_folder(folder_id)).taken


async def test_pictures_are_taken_as_they_come_from_every_folder_and_a_stopped_one_waits(
    sqlite_open: Settings, tmp_path: Path
) -> None:
    settings = sqlite_open.model_copy(update={"watch_roots": str(tmp_path / "allowed")})
    camera, watched = await save_camera(await save_lot()), []
    for name in ("north", "south"):
        place = tmp_path / "allowed" / name
        place.mkdir(parents=True)
        now = datetime.now(UTC)
        watched.append(await folders.watch(settings, camera, str(place), TimeFrom.NOW, now, deletes=False))
    north, south = watched
    await rows.set_enabled(south.id, enabled=False)
    watching = asyncio.create_task(watch_folders({"clients": stand_ins(), "settings": settings}))
    try:
        for folder in watched:
            (Path(folder.path) / "a.jpg").write_bytes(jpeg(folder.id))
        async with asyncio.timeout(60):
            while not await taken(north.id):
                await asyncio.sleep(0.1)
        assert await taken(south.id) == 0
        await rows.set_enabled(south.id, enabled=True)
        (Path(north.path) / "b.jpg").write_bytes(jpeg(9))
        async with asyncio.timeout(60):
            while await taken(north.id) + await taken(south.id) < 3:
                await asyncio.sleep(0.1)
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching
