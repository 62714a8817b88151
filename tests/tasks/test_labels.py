import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_camera, save_frame, save_label, stand_ins
from workers import a_row, places

from parkhub.clients import Clients
from parkhub.db import cameras, frames, labelled_sets, spot_labels, spots
from parkhub.domain.cameras import Camera
from parkhub.domain.corrections import Crop, SpotLabel, Word
from parkhub.errors import BusyError
from parkhub.services.corrections import correct_spot
from parkhub.services.labelled_sets import save_picture
from parkhub.services.labels import crop_key
from parkhub.services.looks import Seen, save_look
from parkhub.services.upkeep import LATE_TRIES_MAX, is_poison
from parkhub.settings import Settings
from tasks.labels import cut_label, cut_picture, give_up
from tasks.vision.picture import decode


@pytest.fixture
def ctx() -> dict[str, Any]:
    return {"clients": stand_ins(), "job_try": 1}


class StoreAway:
    """A picture store whose disk is away."""

    async def get(self, key: str) -> bytes:
        raise BusyError("The disk is away.")


async def corrected(clients: Clients, picture: bytes | None = None) -> tuple[Camera, SpotLabel]:
    """A spot somebody has just corrected on a picture of two places, the second of which is taken."""
    camera = await save_camera(spots_seen=places(2))
    frame = await save_frame(camera, captured_at=datetime.now(UTC))
    await clients.pictures.put(frame.picture_key, a_row(2, (1,)) if picture is None else picture)
    await save_look(clients, frame.id, Seen([], 1))
    return camera, await correct_spot(clients, None, camera.lot_id, "A2", True, datetime.now(UTC))


async def test_the_spot_is_cut_out_of_its_picture_with_its_surroundings(
    database: Settings, ctx: dict[str, Any]
) -> None:
    _, label = await corrected(ctx["clients"])
    await cut_label(ctx, label.id)
    cut = await spot_labels.get_label(label.id)
    assert cut.crop is Crop.CUT
    assert cut.crop_polygon is not None
    crop = decode(ctx["clients"].pictures.files[crop_key(label)])
    assert crop.shape == (180, 180, 3)
    assert [(round(x * 180), round(y * 180)) for x, y in cut.crop_polygon] == [
        (60, 60),
        (120, 60),
        (120, 120),
        (60, 120),
    ]
    blue, _, red = crop[92, 70]  # the car
    assert red > blue + 100


async def test_jobs_of_one_label_side_by_side_or_again_keep_one_crop(database: Settings, ctx: dict[str, Any]) -> None:
    _, label = await corrected(ctx["clients"])
    await asyncio.gather(*(cut_label(ctx, label.id) for _ in range(4)))
    kept = await spot_labels.get_label(label.id)
    await cut_label(ctx, label.id)
    assert await spot_labels.get_label(label.id) == kept
    assert [key for key in ctx["clients"].pictures.files if key.startswith("labels/")] == [crop_key(label)]


async def test_a_crop_is_cut_where_the_spot_was_when_the_person_spoke(database: Settings, ctx: dict[str, Any]) -> None:
    camera, label = await corrected(ctx["clients"])
    await spots.replace_camera_spots(camera.id, places(1))
    await cut_label(ctx, label.id)
    assert (await spot_labels.get_label(label.id)).crop is Crop.CUT


@pytest.mark.parametrize("what", ["row", "file", "damaged"])
async def test_without_a_whole_picture_the_label_stays_without_a_crop(
    database: Settings, ctx: dict[str, Any], what: str
) -> None:
    clients = ctx["clients"]
    _, label = await corrected(clients, a_row(2, ())[:500] if what == "damaged" else None)
    assert label.frame_id is not None
    frame = await frames.get_frame(label.frame_id)
    if what == "row":
        await frames.delete_frames([frame.id])
    if what != "damaged":
        await clients.pictures.delete(frame.picture_key)
    await cut_label(ctx, label.id)
    found = await spot_labels.get_label(label.id)
    assert (found.crop, found.crop_polygon) == (Crop.NONE, None)
    assert crop_key(label) not in clients.pictures.files


async def test_a_label_that_was_taken_back_is_let_pass(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    _, label = await corrected(ctx["clients"])
    await spot_labels.delete_label(label.id)
    await cut_label(ctx, label.id)
    assert crop_key(label) not in ctx["clients"].pictures.files


async def test_what_is_away_is_raised_for_another_try(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    clients = ctx["clients"]
    _, label = await corrected(clients)
    away = Clients(StoreAway(), clients.queue, clients.live, clients.limiter)
    with pytest.raises(BusyError):
        await cut_label({**ctx, "clients": away}, label.id)
    assert (await spot_labels.get_label(label.id)).crop is Crop.WAITING
    await cut_label(ctx, label.id)
    assert (await spot_labels.get_label(label.id)).crop is Crop.CUT


async def test_a_label_that_again_and_again_kills_its_reader_is_given_up(
    sqlite_open: Settings, ctx: dict[str, Any]
) -> None:
    old = datetime.now(UTC) - timedelta(minutes=5)
    label = await save_label((await save_camera()).lot_id, created_at=old)
    for _ in range(LATE_TRIES_MAX):
        assert not await is_poison(ctx["clients"], f"label:{label.id}", old, datetime.now(UTC))
    await cut_label(ctx, label.id)
    assert (await spot_labels.get_label(label.id)).crop is Crop.NONE


async def test_after_the_last_try_the_label_has_no_crop(sqlite_open: Settings, ctx: dict[str, Any]) -> None:
    label = await save_label((await save_camera()).lot_id)
    await give_up(ctx, label.id)
    assert (await spot_labels.get_label(label.id)).crop is Crop.NONE


class TestCuttingAWholePicture:
    async def test_all_its_places_are_cut_out_of_one_decoding(self, database: Settings, ctx: dict[str, Any]) -> None:
        camera, label = await corrected(ctx["clients"])
        await save_picture(ctx["clients"], None, await cameras.get_camera(camera.id), datetime.now(UTC))
        assert label.frame_id is not None
        await cut_picture(ctx, label.frame_id)
        found = await labelled_sets.list_set(camera.lot_id, None, None, None, 9)
        assert [(each.name, each.crop, each.word) for each in found] == [
            ("A1", Crop.CUT, Word.PROPOSED),
            ("A2", Crop.CUT, Word.SAID),
        ]
        crops = [decode(ctx["clients"].pictures.files[crop_key(each)]) for each in found]
        assert [crop.shape[0] for crop in crops] == [180, 180]
        await cut_picture(ctx, label.frame_id)  # a job that comes twice

    async def test_a_picture_that_is_damaged_leaves_its_labels_without_a_crop(
        self, database: Settings, ctx: dict[str, Any]
    ) -> None:
        _, label = await corrected(ctx["clients"], b"no picture")
        assert label.frame_id is not None
        await cut_picture(ctx, label.frame_id)
        assert (await spot_labels.get_label(label.id)).crop is Crop.NONE

    async def test_a_disk_that_is_away_is_tried_again(self, database: Settings, ctx: dict[str, Any]) -> None:
        _, label = await corrected(ctx["clients"])
        assert label.frame_id is not None
        with pytest.raises(BusyError):
            await cut_picture({"clients": replace(ctx["clients"], pictures=StoreAway())}, label.frame_id)
        assert (await spot_labels.get_label(label.id)).crop is Crop.WAITING
