import os
from datetime import timedelta
from pathlib import Path

import pytest
from builders import NOW, a_new_label, after, save_camera, save_label, stand_ins

from parkhub.clients import Clients
from parkhub.clients.pictures import FolderStore
from parkhub.clients.queue import QueueName
from parkhub.db import spot_labels
from parkhub.domain.corrections import Crop
from parkhub.services import labels
from parkhub.services.upkeep import delete_old_pictures, delete_orphans
from parkhub.settings import Settings

POLYGON = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7))


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


class TestCrops:
    async def test_a_crop_is_kept_once_whoever_cut_it(self, database: Settings, clients: Clients) -> None:
        label = await save_label((await save_camera()).lot_id)
        assert await labels.finish_crop(clients, label, b"png", POLYGON)
        assert not await labels.finish_crop(clients, label, b"png", POLYGON)
        assert clients.pictures.files == {f"labels/{label.lot_id}/{label.id}.png": b"png"}
        kept = await spot_labels.get_label(label.id)
        assert (kept.crop, kept.crop_polygon) == (Crop.CUT, POLYGON)

    async def test_nothing_stays_of_a_label_that_was_taken_back_meanwhile(
        self, database: Settings, clients: Clients
    ) -> None:
        label = await save_label((await save_camera()).lot_id)
        await spot_labels.delete_label(label.id)
        assert not await labels.finish_crop(clients, label, b"png", POLYGON)
        assert clients.pictures.files == {}

    async def test_a_crop_that_is_there_is_not_given_up(self, database: Settings, clients: Clients) -> None:
        label = await save_label((await save_camera()).lot_id)
        await labels.finish_crop(clients, label, b"png", POLYGON)
        await labels.give_crop_up(label.id, "gone")
        assert (await spot_labels.get_label(label.id)).crop is Crop.CUT

    async def test_labels_whose_job_got_lost_are_asked_for_again_once(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        waiting = await save_label(camera.lot_id)
        await save_label(camera.lot_id, created_at=after(10))
        done = await save_label(camera.lot_id)
        await labels.give_crop_up(done.id, "gone")
        late = after(labels.STUCK_AFTER_S + 1)
        assert [await labels.requeue_uncut(clients, late) for _ in range(2)] == [1, 0]
        assert clients.queue.jobs == [(QueueName.FRAMES, "cut_label", (waiting.id,), f"label:{waiting.id}")]


class TestImporting:
    async def test_a_label_from_elsewhere_comes_with_its_crop_and_comes_once(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        new = a_new_label(camera.lot_id)
        assert [await labels.import_label(clients, new, b"png", POLYGON) for _ in range(2)] == [True, False]
        (label,) = await spot_labels.list_labels(camera.lot_id)
        assert (label.crop, label.crop_polygon) == (Crop.CUT, POLYGON)
        assert clients.pictures.files == {labels.crop_key(label): b"png"}


class TestForgetting:
    async def test_labels_past_their_days_go_with_their_crops(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        old, new = [await save_label(camera.lot_id, created_at=NOW - timedelta(days=days)) for days in (31, 29)]
        for label in (old, new):
            await labels.finish_crop(clients, label, b"png", POLYGON)
        given = database.model_copy(update={"label_keep_days": 30})
        assert [await labels.delete_old(clients, given, NOW) for _ in range(2)] == [1, 0]
        assert [label.id for label in await spot_labels.list_labels(camera.lot_id)] == [new.id]
        assert list(clients.pictures.files) == [labels.crop_key(new)]

    async def test_a_lot_s_labels_go_all_at_once_and_no_others(self, database: Settings, clients: Clients) -> None:
        mine, other = await save_camera(), await save_camera()
        made = [await save_label(lot_id) for lot_id in (mine.lot_id, mine.lot_id, other.lot_id)]
        for label in made:
            await labels.finish_crop(clients, label, b"png", POLYGON)
        assert await labels.forget_lot(clients, mine.lot_id) == 2
        assert list(clients.pictures.files) == [labels.crop_key(made[2])]
        assert await spot_labels.list_labels(mine.lot_id) == []

    async def test_crops_without_a_label_go_and_crops_with_one_stay(
        self, database: Settings, clients: Clients, tmp_path: Path
    ) -> None:
        store = FolderStore(tmp_path / "pictures")
        clients = Clients(store, clients.queue, clients.live, clients.limiter)
        label = await save_label((await save_camera()).lot_id)
        await labels.finish_crop(clients, label, b"png", POLYGON)
        kept = labels.crop_key(label)
        orphans = [f"labels/1/{label.id + 1}.png", "labels/1/new-0123", "labels/1/999999999999999999999.png"]
        for key in [*orphans, fresh := f"labels/1/{label.id + 2}.png"]:
            await store.put(key, b"x")
        for key in [kept, *orphans]:
            long_ago = store.path(key).stat().st_mtime - labels.ORPHAN_AFTER_S - 1
            os.utime(store.path(key), (long_ago, long_ago))
        assert await labels.delete_orphans(clients) == len(orphans)
        assert [store.path(key).exists() for key in [kept, fresh, *orphans]] == [True, True, False, False, False]

    async def test_the_pictures_upkeep_leaves_crops_alone(self, database: Settings, clients: Clients) -> None:
        label = await save_label((await save_camera()).lot_id)
        await labels.finish_crop(clients, label, b"png", POLYGON)
        none = database.model_copy(update={"frame_keep_bytes": 0, "frame_keep_h": 0.001})
        await delete_old_pictures(clients, none, after(10**6))
        await delete_orphans(clients)
        assert list(clients.pictures.files) == [labels.crop_key(label)]
