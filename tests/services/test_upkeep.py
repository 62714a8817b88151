import hashlib
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW, after, save_account, save_camera, save_frame, seen, stand_ins
from pictures import jpeg
from queues import QueueAway

from parkhub.clients import Clients
from parkhub.clients.pictures import FolderStore, MemoryStore
from parkhub.clients.queue import QueueName
from parkhub.db import accounts, cameras, counts, frames, lots, spots
from parkhub.db.troubles import renew_reference
from parkhub.domain.cameras import Camera, CameraRole, Engine, Gate, SpotsFileKind
from parkhub.domain.frames import Frame
from parkhub.domain.lots import OccupancySample
from parkhub.domain.spots import SpotState
from parkhub.services.frames import Upload, accept_frame
from parkhub.services.looks import Seen, fail_look, save_look
from parkhub.services.spots import fail_import, request_import
from parkhub.services.upkeep import (
    STUCK_AFTER_S,
    delete_import_orphans,
    delete_memory_orphans,
    delete_old_counts,
    delete_old_pictures,
    delete_old_sign_ins,
    delete_orphans,
    requeue_stuck,
    requeue_stuck_imports,
    take_samples,
)
from parkhub.settings import Settings


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def keep(clients: Clients, settings: Settings, camera: Camera, sequence: int, hours_ago: float = 0) -> Frame:
    """A frame that came in that many hours before NOW."""
    at = NOW - timedelta(hours=hours_ago)
    picture = jpeg(sequence)
    upload = Upload(sequence, at, picture, hashlib.sha256(picture).hexdigest(), None, at)
    return (await accept_frame(clients, settings, camera, upload)).frame


class TestStuckFrames:
    async def test_a_frame_whose_job_got_lost_is_asked_for_again_once(
        self, database: Settings, clients: Clients
    ) -> None:
        frame = await save_frame(received_at=NOW)
        late = after(STUCK_AFTER_S + 1)
        assert [await requeue_stuck(clients, late) for _ in range(2)] == [1, 0]
        assert clients.queue.jobs == [(QueueName.FRAMES, "read_frame", (frame.id,), f"frame:{frame.id}")]

    async def test_a_frame_that_just_came_or_has_been_read_is_left_alone(
        self, database: Settings, clients: Clients
    ) -> None:
        await save_frame(received_at=after(10))
        read, failed = await save_frame(), await save_frame()
        await save_look(clients, read.id, Seen([], 1))
        await fail_look(failed.id, "No model.")
        assert await requeue_stuck(clients, after(STUCK_AFTER_S + 1)) == 0


class TestStuckImports:
    async def test_a_spots_file_whose_job_got_lost_is_asked_for_again_once(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        away = replace(clients, queue=QueueAway())
        lost, ended = [
            await request_import(away, database, camera.id, b"{}", SpotsFileKind.JSON, NOW) for _ in range(2)
        ]
        await fail_import(clients, ended, "No spots.")
        assert await requeue_stuck_imports(clients, after(STUCK_AFTER_S - 1)) == 0
        late = after(STUCK_AFTER_S + 1)
        assert [await requeue_stuck_imports(clients, late) for _ in range(2)] == [1, 0]
        assert clients.queue.jobs == [(QueueName.FRAMES, "read_spots_file", (lost.id,), f"spots:{lost.id}")]

    async def test_files_that_no_waiting_import_knows_are_deleted(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        waits = await request_import(clients, database, camera.id, b"{}", SpotsFileKind.JSON, NOW)
        ended = await request_import(clients, database, camera.id, b"{}", SpotsFileKind.JSON, NOW)
        await fail_import(clients, ended, "No spots.")
        for key in (ended.file_key, "imports/1/never-asked-for"):
            await clients.pictures.put(key, b"{}")
        assert await delete_import_orphans(clients) == 2
        assert list(clients.pictures.files) == [waits.file_key]


class TestOldPictures:
    async def test_what_is_past_its_time_goes_and_what_was_seen_stays(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        old, young = [await keep(clients, database, camera, n, hours) for n, hours in [(1, 24.1), (2, 23.9)]]
        await save_look(clients, old.id, Seen(seen(SpotState.FREE, "A1"), 1))
        assert await delete_old_pictures(clients, database, NOW) == 1
        assert list(clients.pictures.files) == [young.picture_key]
        assert [frame.id for frame in await frames.list_frames(camera.id, 9)] == [young.id]
        assert len(await spots.list_changes(camera.lot_id, 9)) == 1
        looked = await cameras.get_camera(camera.id)
        assert (looked.last_frame_id, looked.last_captured_at) == (None, old.captured_at)

    async def test_how_long_pictures_of_gates_are_kept_is_their_lot_s_rule_unless_there_is_no_room(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        await cameras.set_gate(camera.id, Gate(CameraRole.EXIT))
        frame = await keep(clients, database, camera, 1, 48)
        assert await delete_old_pictures(clients, database, NOW) == 0
        small = database.model_copy(update={"frame_keep_bytes": frame.byte_count - 1})
        assert await delete_old_pictures(clients, small, NOW) == 1

    async def test_a_camera_may_keep_its_pictures_for_a_time_of_its_own(
        self, database: Settings, clients: Clients
    ) -> None:
        short, long, usual = [await save_camera() for _ in range(3)]
        await cameras.set_limits(short.id, 0, 0, 2)
        await cameras.set_limits(long.id, 0, 0, 100)
        kept = [await keep(clients, database, camera, n, 3 * n) for n, camera in ((1, short), (30, long), (20, usual))]
        young = await keep(clients, database, short, 2, 1)
        assert await delete_old_pictures(clients, database, NOW) == 2
        assert sorted(clients.pictures.files) == sorted([kept[1].picture_key, young.picture_key])

    async def test_of_their_numbers_the_last_of_every_five_minutes_stays_for_its_own_time(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=1)
        for number, hours_ago in enumerate([48, 47.99, 25, 1]):  # the first two in the same five minutes
            frame = await keep(clients, database, camera, number, hours_ago)
            await save_look(clients, frame.id, Seen(seen(SpotState.FREE, "A1"), 1))
        assert await delete_old_pictures(clients, database, NOW) == 3

        async def kept() -> list[float]:
            found = await counts.list_counts(camera.id, NOW - timedelta(days=9), NOW)
            return [(NOW - count.captured_at) / timedelta(hours=1) for count in found]

        assert await kept() == [47.99, 25, 1]
        await delete_old_counts(database.model_copy(update={"count_keep_days": 1.5}), NOW)
        assert await kept() == [25, 1]

    async def test_beyond_the_room_for_pictures_the_oldest_go_first(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        kept = [await keep(clients, database, camera, number, 10 - number) for number in range(6)]
        room = sum(frame.byte_count for frame in kept[-2:])
        small = database.model_copy(update={"frame_keep_bytes": room})
        assert await delete_old_pictures(clients, small, NOW) == 4
        assert sorted(clients.pictures.files) == sorted(frame.picture_key for frame in kept[-2:])
        assert await delete_old_pictures(clients, small, NOW) == 0

    async def test_a_room_of_nothing_keeps_nothing(self, sqlite_open: Settings, clients: Clients) -> None:
        camera = await save_camera()
        await keep(clients, sqlite_open, camera, 1, 1)
        none = sqlite_open.model_copy(update={"frame_keep_bytes": 0})
        assert await delete_old_pictures(clients, none, NOW) == 1
        assert clients.pictures.files == {}


class TestOrphans:
    async def test_files_without_a_row_go_and_files_with_one_stay(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        kept = [await keep(clients, database, camera, number, number) for number in range(3)]
        await clients.pictures.put("frames/20261121/10/1/orphan.jpg", b"x")
        await clients.pictures.put("frames/20250101/00/1/orphan.jpg", b"x")
        await clients.pictures.put("memory/1/difference", b"x")
        assert await delete_orphans(clients) == 2
        assert sorted(clients.pictures.files) == sorted([*(frame.picture_key for frame in kept), "memory/1/difference"])

    async def test_of_what_is_remembered_only_the_present_engine_s_and_view_s_stays(
        self, database: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        camera = await save_camera(engine=Engine.DIFFERENCE)
        await renew_reference(camera.id)
        store = FolderStore(tmp_path / "pictures")
        kept = [f"memory/{camera.id}/difference", f"memory/{camera.id}/view/1"]
        old = [f"memory/{camera.id}/{name}" for name in ("classifier", "view/0", "view/new-0123", "new-4567")]
        fresh = [f"memory/{camera.id}/view/2", f"memory/{camera.id}/new-89ab", "memory/x"]
        for key in [*kept, *old, *fresh, nobody_s := f"memory/{camera.id + 1}/difference"]:
            await store.put(key, b"x")
        for key in [*kept, *old, nobody_s]:
            os.utime(store.path(key), (0, 0))
        assert await delete_memory_orphans(Clients(store, clients.queue, clients.live, clients.limiter)) == len(old) + 1
        assert await store.list_older("memory", -1) == sorted([*kept, *fresh])

    async def test_a_file_that_is_being_stored_just_now_is_left(
        self, sqlite_open: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        store = FolderStore(tmp_path / "pictures")
        fresh, old = "frames/20261121/10/1/fresh.jpg", "frames/20261121/10/1/old.jpg"
        for key in (fresh, old):
            await store.put(key, b"x")
        long_ago = store.path(old).stat().st_mtime - 4000
        os.utime(store.path(old), (long_ago, long_ago))
        assert await delete_orphans(Clients(store, clients.queue, clients.live, clients.limiter)) == 1
        assert store.path(fresh).exists()
        assert not store.path(old).exists()

    async def test_a_stray_file_in_an_unexpected_place_stops_nothing(
        self, sqlite_open: Settings, clients: Clients
    ) -> None:
        assert isinstance(clients.pictures, MemoryStore)
        clients.pictures.files.update({"frames/notes.txt": b"x", "frames/20261121/10/1/orphan.jpg": b"x"})
        assert await delete_orphans(clients) == 1
        assert list(clients.pictures.files) == ["frames/notes.txt"]


class TestSamples:
    async def test_every_five_minutes_of_every_lot_are_kept_whether_anybody_looks_or_not(
        self, database: Settings, clients: Clients
    ) -> None:
        watched = await save_camera(spots_seen=2, stale_after_s=400.0)
        alone = await save_camera(spots_seen=1)
        frame = await save_frame(watched, captured_at=NOW)
        await save_look(clients, frame.id, Seen([*seen(SpotState.FREE, "A1"), *seen(SpotState.OCCUPIED, "A2")], 1))
        for at_s in (0, 299, 300, 600):
            await take_samples(after(at_s))
        found = [(each.at, each.free, each.occupied, each.unknown) for each in await samples(watched)]
        assert found == [(NOW, 1, 1, 0), (after(300), 1, 1, 0), (after(600), 0, 0, 2)]
        assert [each.unknown for each in await samples(alone)] == [1, 1, 1]

    async def test_a_picture_that_comes_late_leaves_what_was_kept(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=1)
        await take_samples(NOW)
        frame = await save_frame(camera, captured_at=after(299), received_at=after(301))
        await save_look(clients, frame.id, Seen(seen(SpotState.FREE, "A1"), 1))
        assert [(each.at, each.unknown) for each in await samples(camera)] == [(NOW, 1)]


async def samples(camera: Camera) -> list[OccupancySample]:
    return await lots.list_samples(camera.lot_id, NOW, after(9000))


async def test_sign_ins_that_have_run_out_are_deleted(database: Settings) -> None:
    account = await save_account()
    await accounts.add_sign_in("a" * 64, account.id, NOW, after(10))
    await accounts.add_sign_in("b" * 64, account.id, NOW, after(100))
    assert await delete_old_sign_ins(after(50)) == 1
    assert await accounts.find_sign_in("b" * 64, after(50)) is not None
