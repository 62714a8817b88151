"""What the system page tells of the database, on both of them."""

from datetime import timedelta

from builders import NOW, save_camera, save_frame

from parkhub.db import frames, system
from parkhub.domain.frames import FrameStatus
from parkhub.settings import Settings


async def test_it_names_the_database_and_its_size(database: Settings) -> None:
    found = await system.database_facts()
    assert found.name in ("SQLite", "PostgreSQL")
    assert found.version[0].isdigit()
    assert found.size_bytes > 100_000


async def test_speeds_and_failures_are_told_by_engine_and_camera(database: Settings) -> None:
    camera = await save_camera(name="Roof")
    for sequence, ms in ((1, 10.0), (2, 30.0), (3, None)):
        frame = await save_frame(camera, sequence, received_at=NOW)
        if ms is None:
            await frames.finish_frame(frame.id, FrameStatus.FAILED, None, [], "It is damaged.")
        else:
            await frames.finish_frame(frame.id, FrameStatus.READ, ms, [], "")
    [speed] = await system.list_speeds(NOW)
    assert (speed.pictures, speed.mean_ms, speed.most_ms) == (2, 20.0, 30.0)
    [failed] = await system.list_failed_frames(NOW, 9)
    assert (failed.camera, failed.error, await system.count_failed_frames(NOW)) == ("Roof", "It is damaged.", 1)
    assert await system.list_speeds(NOW + timedelta(seconds=1)) == []
    assert await system.list_failed_events(9) == []
    assert await frames.count_since(camera.id, NOW) == 3
