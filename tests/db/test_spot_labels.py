"""Labels in both databases."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from builders import NOW, a_new_label, after, save_account, save_camera, save_frame, save_label, save_lot

from parkhub.db import frames, spot_labels, spots
from parkhub.db.engine import fetch
from parkhub.domain.corrections import Crop, LabelCount, LotAccuracy, measure, measure_counts
from parkhub.domain.spots import SpotState
from parkhub.errors import ConflictError, NotFoundError
from parkhub.settings import Settings

FREE, OCCUPIED = SpotState.FREE, SpotState.OCCUPIED
CROP = ((0.25, 0.25), (0.75, 0.25), (0.5, 0.75))


async def test_labels_are_counted_by_what_was_said_and_measure_the_same(database: Settings) -> None:
    lot = await save_lot()
    camera = await save_camera(lot)
    for occupied, said in ((True, FREE), (True, FREE), (False, FREE), (True, None)):
        sure = None if said is None else 0.8
        await save_label(lot.id, camera_id=camera.id, occupied=occupied, said=said, confidence=sure)
    cut = await save_label(lot.id, camera_id=None, occupied=True, said=OCCUPIED)
    await spot_labels.finish_crop(cut.id, None)
    await save_label((await save_lot()).id)
    found = await spot_labels.count_labels(lot.id)
    assert set(found) == {
        LabelCount(camera.id, True, FREE, Crop.WAITING, 2),
        LabelCount(camera.id, False, FREE, Crop.WAITING, 1),
        LabelCount(camera.id, True, None, Crop.WAITING, 1),
        LabelCount(None, True, OCCUPIED, Crop.NONE, 1),
    }
    assert measure_counts(found) == measure(await spot_labels.list_labels(lot.id)) == LotAccuracy(1, 1, 3, 1, 1)


async def test_a_label_comes_back_as_it_was_given(database: Settings) -> None:
    camera, kim = await save_camera(spots_seen=1), await save_account()
    (spot,) = await spots.list_camera_spots(camera.id)
    frame = await save_frame(camera)
    new = replace(
        a_new_label(camera.lot_id), camera_id=camera.id, spot_id=spot.id, frame_id=frame.id, account_id=kim.id
    )
    label = await spot_labels.add_label(new)
    assert {name: getattr(label, name) for name in new.__slots__} == {
        name: getattr(new, name) for name in new.__slots__
    }
    assert (label.crop, label.crop_polygon) == (Crop.WAITING, None)
    assert await spot_labels.get_label(label.id) == label
    assert await spot_labels.list_labels(camera.lot_id) == [label]


async def test_a_label_without_an_engine_or_a_picture_has_nothing_to_cut(database: Settings) -> None:
    camera = await save_camera()
    label = await save_label(camera.lot_id, said=None, confidence=None, picture_sha256="")
    assert await spot_labels.get_label(label.id) == label
    assert (label.said, label.confidence, label.crop) == (None, None, Crop.NONE)


async def test_on_one_picture_the_last_word_counts_and_what_was_before_the_first_stays(database: Settings) -> None:
    camera, kim = await save_camera(), await save_account()
    first = await save_label(camera.lot_id, picture_sha256="p", occupied=True, before=SpotState.FREE)
    await spot_labels.finish_crop(first.id, CROP)
    second = await save_label(
        camera.lot_id, picture_sha256="p", occupied=False, before=SpotState.OCCUPIED, said=None, confidence=None,
        account_id=kim.id, created_at=after(5),
    )  # fmt: skip
    assert second == replace(
        first, occupied=False, account_id=kim.id, created_at=after(5), crop=Crop.CUT, crop_polygon=CROP
    )
    assert await spot_labels.list_labels(camera.lot_id) == [second]


async def test_another_spot_another_picture_and_no_picture_are_labels_of_their_own(database: Settings) -> None:
    camera = await save_camera()
    for given in [{"picture_sha256": "p"}, {"picture_sha256": "q"}, {"name": "B1", "picture_sha256": "p"}]:
        await save_label(camera.lot_id, **given)
    for _ in range(2):
        await save_label(camera.lot_id, picture_sha256="")
    assert len(await spot_labels.list_labels(camera.lot_id)) == 5


async def test_words_at_once_on_one_picture_are_one_label(database: Settings) -> None:
    camera = await save_camera()
    found = await asyncio.gather(
        *(save_label(camera.lot_id, picture_sha256="p", occupied=bool(number % 2)) for number in range(8))
    )
    assert len({label.id for label in found}) == 1


async def test_the_newest_pictures_come_first(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    made = [await save_label(camera.lot_id, at=after(at_s)) for at_s in (3, 9, 1)]
    await save_label(other.lot_id)
    assert [label.id for label in await spot_labels.list_labels(camera.lot_id)] == [made[n].id for n in (1, 0, 2)]
    assert [label.id for label in await spot_labels.list_labels(camera.lot_id, 1)] == [made[1].id]


async def test_the_last_word_on_a_spot_is_known(database: Settings) -> None:
    camera = await save_camera()
    await save_label(camera.lot_id, created_at=after(5))
    last = await save_label(camera.lot_id, created_at=after(9))
    await save_label(camera.lot_id, created_at=after(7))
    assert await spot_labels.newest_label_id(camera.lot_id, "A1") == last.id
    assert await spot_labels.newest_label_id(camera.lot_id, "B1") is None


@pytest.mark.parametrize(("polygon", "crop"), [(CROP, Crop.CUT), (None, Crop.NONE)])
async def test_what_became_of_the_picture_is_said_once(database: Settings, polygon: Any, crop: Crop) -> None:
    label = await save_label((await save_camera()).lot_id)
    assert await spot_labels.list_uncut(after(1)) == [label.id]
    assert await spot_labels.list_uncut(NOW) == []
    assert await asyncio.gather(*(spot_labels.finish_crop(label.id, polygon) for _ in range(4))) != [True] * 4
    assert not await spot_labels.finish_crop(label.id, CROP)
    assert await spot_labels.get_label(label.id) == replace(label, crop=crop, crop_polygon=polygon)
    assert await spot_labels.list_uncut(after(1)) == []


async def test_a_label_outlives_its_picture_and_keeps_its_retired_spot(database: Settings) -> None:
    camera = await save_camera(spots_seen=2)
    spot, _ = await spots.list_camera_spots(camera.id)
    frame = await save_frame(camera)
    label = await save_label(camera.lot_id, camera_id=camera.id, spot_id=spot.id, frame_id=frame.id)
    await frames.delete_frames([frame.id])
    await spots.replace_camera_spots(camera.id, [])
    assert await spots.list_camera_spots(camera.id) == []
    assert await spot_labels.get_label(label.id) == replace(label, frame_id=None)


async def test_labels_are_deleted_once_by_age_or_with_their_lot(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    old, new = [await save_label(camera.lot_id, created_at=after(at_s)) for at_s in (0, 10)]
    foreign = await save_label(other.lot_id)
    assert [label.id for label in await spot_labels.list_older(after(10), 9)] == [old.id, foreign.id]
    assert await spot_labels.known_ids([old.id, new.id, foreign.id + 1]) == {old.id, new.id, foreign.id}
    assert await spot_labels.known_ids([]) == set()
    assert [await spot_labels.delete_label(old.id) for _ in range(2)] == [True, False]
    assert await spot_labels.delete_labels_of(camera.lot_id) == 1
    with pytest.raises(NotFoundError):
        await spot_labels.get_label(new.id)
    assert await spot_labels.get_label(foreign.id) == foreign


async def test_a_lot_with_labels_is_not_deleted_over_their_crops(database: Settings) -> None:
    label = await save_label((await save_camera()).lot_id)
    with pytest.raises(ConflictError):
        await fetch("DELETE FROM lot WHERE id = {}", label.lot_id)


@pytest.mark.parametrize(
    "given",
    [{"confidence": 1.5}, {"confidence": None}, {"said": None}],
    ids=["no share", "an opinion without a confidence", "a confidence without an opinion"],
)
async def test_what_makes_no_sense_is_refused(database: Settings, given: dict[str, Any]) -> None:
    camera = await save_camera()
    with pytest.raises(ConflictError):
        await save_label(camera.lot_id, **given)
