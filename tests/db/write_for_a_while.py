"""A program: writes to the database in a data folder for some seconds once told to, then prints its count as JSON."""

import asyncio
import json
import sys
import time
from pathlib import Path

from builders import a_new_frame, a_track

from parkhub.db import frames, spots
from parkhub.db.engine import close_database, migrate, open_database, transaction
from parkhub.domain.frames import FrameStatus
from parkhub.domain.spots import SpotState
from parkhub.settings import load_settings


async def main(folder: Path, camera_id: int, seconds: float, first: int) -> None:
    settings = load_settings(data_dir=folder)
    applied = await migrate(settings)
    await open_database(settings)
    if camera_id:
        print("ready", flush=True)
        sys.stdin.readline()
    count, deadline = 0, time.monotonic() + seconds

    async def write() -> None:
        nonlocal count
        while time.monotonic() < deadline:
            count += 1
            new = await frames.add_frame(a_new_frame(camera_id, first + count))
            assert new is not None
            async with transaction():
                assert await frames.finish_frame(new.id, FrameStatus.READ, 1.0, [], "")
                tracks = await spots.load_tracks(camera_id)
                await spots.save_tracks(camera_id, [a_track(name, SpotState.FREE) for name in tracks])
            await frames.latest_read(camera_id)

    if camera_id:
        await asyncio.gather(write(), write())
    await close_database()
    print(json.dumps({"count": count, "applied": applied}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])))
