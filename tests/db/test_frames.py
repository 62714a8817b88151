"""Frames in both databases."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from builders import NOW, a_new_frame, after, save_camera, save_frame, seen

from parkhub.db import frames
from parkhub.db.engine import fetch, transaction
from parkhub.domain.frames import FrameStatus
from parkhub.domain.spots import SpotObservation, SpotState
from parkhub.errors import ConflictError, NotFoundError
from parkhub.settings import Settings


async def test_a_frame_comes_back_as_it_was_added(database: Settings) -> None:
    camera = await save_camera()
    new = a_new_frame(camera.id, 7, captured_at=after(0.000001), received_at=after(0.5))
    saved = await frames.add_frame(new)
    assert saved is not None
    assert saved.status is FrameStatus.STORED
    assert await frames.get_frame(saved.id) == saved
    assert await frames.find_frame(camera.id, 7) == saved
    assert saved.captured_at == new.captured_at


async def test_a_sequence_is_stored_once_per_camera(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    first = await save_frame(camera, 7)
    assert await frames.add_frame(a_new_frame(camera.id, 7, sha256="other")) is None
    assert await frames.add_frame(a_new_frame(other.id, 7)) is not None
    assert await frames.find_frame(camera.id, 7) == first


async def test_a_repeat_does_not_spoil_the_transaction_it_happens_in(database: Settings) -> None:
    camera = await save_camera()
    async with transaction():
        await save_frame(camera, 1)
        assert await frames.add_frame(a_new_frame(camera.id, 1)) is None
        await save_frame(camera, 2)
    assert [frame.sequence for frame in await frames.list_frames(camera.id, 9)] == [2, 1]


async def test_of_many_uploads_of_one_sequence_one_is_stored(database: Settings) -> None:
    camera = await save_camera()
    found = await asyncio.gather(*(frames.add_frame(a_new_frame(camera.id, 1)) for _ in range(20)))
    assert sum(frame is not None for frame in found) == 1


async def test_a_frame_needs_a_camera(database: Settings) -> None:
    with pytest.raises(ConflictError):
        await frames.add_frame(a_new_frame(4711))


@pytest.mark.parametrize("size", ["byte_count", "width", "height"])
async def test_a_frame_without_size_is_refused_by_the_database(database: Settings, size: str) -> None:
    camera = await save_camera()
    with pytest.raises(ConflictError):
        await frames.add_frame(a_new_frame(camera.id, **{size: 0}))


async def test_an_unknown_frame_is_none_or_not_found(database: Settings) -> None:
    assert await frames.find_frame(1, 1) is None
    with pytest.raises(NotFoundError):
        await frames.get_frame(1)


async def test_a_frame_is_finished_once_however_many_try(database: Settings) -> None:
    frame = await save_frame()
    ends = await asyncio.gather(
        *(frames.finish_frame(frame.id, FrameStatus.READ, float(number), [], "") for number in range(20))
    )
    assert ends.count(True) == 1
    assert (await frames.get_frame(frame.id)).ms == float(ends.index(True))


async def test_a_failed_frame_keeps_its_reason(database: Settings) -> None:
    frame = await save_frame()
    assert await frames.finish_frame(frame.id, FrameStatus.FAILED, None, [], "The picture is damaged.")
    found = await frames.get_frame(frame.id)
    assert (found.status, found.error, found.ms) == (FrameStatus.FAILED, "The picture is damaged.", None)
    assert await frames.load_observations(frame.id) == []


async def test_what_was_seen_comes_back_in_the_order_of_the_spots(database: Settings) -> None:
    frame = await save_frame()
    observations = [
        SpotObservation('B "2", ü', SpotState.OCCUPIED, 0.987),
        SpotObservation("A1", SpotState.FREE, 1.0),
        SpotObservation("A 3", SpotState.UNKNOWN, 0.0),
    ]
    await frames.finish_frame(frame.id, FrameStatus.LATE, 12.5, observations, "")
    assert await frames.load_observations(frame.id) == observations


async def test_finishing_a_frame_that_is_gone_is_false(database: Settings) -> None:
    assert not await frames.finish_frame(4711, FrameStatus.READ, 1.0, seen(SpotState.FREE, "A1"), "")


async def test_waiting_frames_are_counted_and_stuck_ones_listed_oldest_first(database: Settings) -> None:
    camera = await save_camera()
    late = await save_frame(camera, 1, received_at=after(20))
    early = await save_frame(camera, 2, received_at=after(10))
    await save_frame(camera, 3, received_at=after(30))
    done = await save_frame(camera, 4, received_at=NOW)
    await frames.finish_frame(done.id, FrameStatus.READ, 1.0, [], "")
    assert await frames.count_waiting() == 3
    assert await frames.list_stuck(after(30)) == [early.id, late.id]


async def test_the_latest_read_picture_is_the_one_taken_last(database: Settings) -> None:
    camera = await save_camera()
    assert await frames.latest_read(camera.id) is None
    newer = await save_frame(camera, 1, captured_at=after(9))
    older = await save_frame(camera, 2, captured_at=after(5))
    await save_frame(camera, 3, captured_at=after(99))
    for frame in (newer, older):
        await frames.finish_frame(frame.id, FrameStatus.READ, 1.0, [], "")
    latest = await frames.latest_read(camera.id)
    assert latest is not None
    assert latest.id == newer.id


async def test_frames_of_a_camera_come_the_one_captured_last_first(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    for sequence, seconds in ((5, 2), (2**40, 3), (3, 1)):
        await save_frame(camera, sequence, captured_at=after(seconds))
    await save_frame(other, 9)
    assert [frame.sequence for frame in await frames.list_frames(camera.id, 2)] == [2**40, 5]


async def test_the_picture_keys_of_a_span_are_those_of_the_frames_received_in_it(database: Settings) -> None:
    camera = await save_camera()
    for number in range(4):
        await save_frame(camera, number, received_at=after(number), picture_key=f"frames/{number}")
    assert await frames.list_picture_keys(after(1), after(3)) == {"frames/1", "frames/2"}


async def test_expired_frames_come_oldest_first_and_are_deleted_together(database: Settings) -> None:
    camera = await save_camera()
    saved = [await save_frame(camera, number, received_at=after(-number)) for number in range(5)]
    expired = await frames.list_expired(NOW, 3)
    assert [frame.sequence for frame in expired] == [4, 3, 2]
    await frames.delete_frames([frame.id for frame in expired])
    await frames.delete_frames([])
    assert [frame.id for frame in await frames.list_frames(camera.id, 9)] == [saved[1].id, saved[0].id]


async def test_the_id_of_a_deleted_frame_is_never_given_again(database: Settings) -> None:
    camera = await save_camera()
    first = await save_frame(camera, 1)
    await frames.delete_frames([first.id])
    assert (await save_frame(camera, 2)).id > first.id


MOMENTS = [
    datetime(2026, 11, 21, 10, 0, 0, 0, UTC),
    datetime(2026, 11, 21, 10, 0, 0, 1, UTC),
    datetime(2026, 11, 21, 10, 0, 0, 999_999, UTC),
    datetime(2026, 11, 21, 10, 0, 1, 0, UTC),
    datetime(2026, 11, 21, 12, 0, 1, 500_000, timezone(timedelta(hours=2))),
    datetime(2026, 11, 21, 10, 0, 2, 0, UTC),
]


async def test_times_come_back_exact_in_utc_and_compare_as_times_in_the_database(database: Settings) -> None:
    camera = await save_camera()
    for number, moment in reversed(list(enumerate(MOMENTS))):
        await save_frame(camera, number, received_at=moment)
    for number, moment in enumerate(MOMENTS):
        found = await frames.list_expired(moment, 99)
        assert [frame.sequence for frame in found] == list(range(number))
        assert [frame.received_at for frame in found] == MOMENTS[:number]
        assert all(frame.received_at.tzinfo is UTC or frame.received_at.utcoffset() == timedelta(0) for frame in found)


async def test_old_pictures_of_one_camera_are_found_without_looking_through_those_of_others(database: Settings) -> None:
    rare = await save_camera()
    ours, others = await save_frame(rare, 1), await save_frame(await save_camera(), 1)
    columns = "captured_at, received_at, sha256, byte_count, width, height, media_type, picture_key, status, error"
    await fetch(
        f"INSERT INTO frame (camera, sequence, {columns}) WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL "
        f"SELECT i + 1 FROM n WHERE i < 2000) SELECT camera, i, {columns} FROM frame JOIN n "
        f"ON frame.id = CASE WHEN i % 100 = 0 THEN {ours.id} ELSE {others.id} END"
    )
    await fetch("ANALYZE frame")
    asked = f"SELECT * FROM frame WHERE received_at < {{}} AND camera = {rare.id} ORDER BY received_at, id LIMIT 500"
    explain = "EXPLAIN" if database.database_url else "EXPLAIN QUERY PLAN"
    plan = await fetch(f"{explain} {asked}", after(1))
    assert "frame_camera_received_at" in str([dict(row) for row in plan])
    assert len(await frames.list_expired(after(1), 500, camera_id=rare.id)) == 21
