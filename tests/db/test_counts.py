"""What pictures showed, in both databases."""

from typing import Any

import pytest
from builders import NOW, after, new_spots, save_camera, save_frame, save_lot

from parkhub.db import better_views, counts, frames, lots, spots
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.counts import FrameCount, LotCount
from parkhub.domain.lots import OccupancySample
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import ConflictError
from parkhub.settings import Settings

CAR, MOTORCYCLE, BUS, TRUCK = VehicleKind


def vehicles(cars: int = 0, trucks: int = 0) -> dict[VehicleKind, int]:
    return {CAR: cars, MOTORCYCLE: 0, BUS: 0, TRUCK: trucks}


async def count(camera: Camera, at_s: float, **given: Any) -> FrameCount:
    """Of a picture of the camera."""
    frame = await save_frame(camera, captured_at=after(at_s))
    usual: dict[str, Any] = {"late": False, "free": 1, "occupied": 2, "unknown": 0, "vehicles": None}
    found = FrameCount(camera.lot_id, camera.id, frame.id, frame.captured_at, **{**usual, **given})
    await counts.add_count(found)
    return found


async def test_a_count_comes_back_as_it_was_added(database: Settings) -> None:
    camera, other = await save_camera(), await save_camera()
    first = await count(camera, 0.25, vehicles=vehicles(12, 1))
    second = await count(camera, 1, free=0, unknown=7, late=True)
    await count(other, 2)
    assert await counts.list_counts(camera.id, NOW, after(60)) == [first, second]


async def test_a_picture_is_counted_once(database: Settings) -> None:
    found = await count(await save_camera(), 0)
    with pytest.raises(ConflictError):
        await counts.add_count(found)


@pytest.mark.parametrize(
    "given", [{"free": -1}, {"vehicles": {CAR: -1, MOTORCYCLE: 0, BUS: 0, TRUCK: 0}}], ids=["spots", "vehicles"]
)
async def test_numbers_below_nothing_are_refused_by_the_database(database: Settings, given: dict[str, Any]) -> None:
    with pytest.raises(ConflictError):
        await count(await save_camera(), 0, **given)


async def test_the_latest_count_is_the_last_one_that_was_not_late(database: Settings) -> None:
    camera = await save_camera()
    assert await counts.latest_count(camera.id) is None
    await count(camera, 0)
    last = await count(camera, 10)
    await count(camera, 5, late=True)
    await count(await save_camera(), 20)
    assert await counts.latest_count(camera.id) == last


async def test_the_latest_counts_of_a_lot_are_those_of_its_cameras(database: Settings) -> None:
    lot = await save_lot()
    one, two, _silent = [await save_camera(lot) for _ in range(3)]
    other = await save_camera()
    await count(one, 0)
    mine = [await count(one, 300), await count(two, 10)]
    await count(two, 900, late=True)
    await count(other, 20)
    assert await counts.latest_counts(lot.id) == {found.camera_id: found for found in mine}
    assert mine == [await counts.latest_count(camera.id) for camera in (one, two)]


async def test_the_last_picture_of_each_camera_in_five_minutes_speaks_for_the_lot(database: Settings) -> None:
    lot = await save_lot()
    roof, gate = await save_camera(lot), await save_camera(lot)
    await count(roof, 0, free=9)
    await count(roof, 100, free=3, occupied=4, unknown=1, vehicles=vehicles(5))
    await count(roof, 50, free=8, late=True)
    await count(gate, 299, free=1, occupied=0, unknown=0)
    await count(roof, 900, free=2, occupied=5, unknown=1, vehicles=vehicles(6, 1))
    await count(await save_camera(), 900, free=99)
    assert await counts.list_lot_counts(lot.id, NOW, after(901)) == [
        LotCount(NOW, 4, 4, 1, vehicles(5)),
        LotCount(after(900), 2, 5, 1, vehicles(6, 1)),
    ]
    assert [each.at for each in await counts.list_lot_counts(lot.id, after(1), after(900))] == []


async def test_a_place_that_two_cameras_see_counts_once_and_vehicles_as_they_were_seen(database: Settings) -> None:
    lot = await save_lot()
    roof, gate = await save_camera(lot, 2), await save_camera(lot, new_spots(2, "B"))
    for camera in (roof, gate):
        await count(camera, 0, free=1, occupied=1, vehicles=vehicles(1))
        await count(camera, 300, free=1, occupied=1)
    await lots.save_sample(OccupancySample(lot.id, NOW, 1, 1, 0))
    assert [each.free for each in await counts.list_lot_counts(lot.id, NOW, after(600))] == [2, 2]
    first, *others = await spots.list_spots(lot.id)
    await better_views.add_views(first.id, [first.id, others[-1].id])
    assert await counts.list_lot_counts(lot.id, NOW, after(600)) == [
        LotCount(NOW, 1, 1, 0, vehicles(2)),
        LotCount(after(300), None, None, None, None),  # nobody kept a sample, and the cameras' sum has one twice
    ]


async def test_when_pictures_go_the_last_count_of_their_five_minutes_stays(database: Settings) -> None:
    lot = await save_lot()
    camera, other = await save_camera(lot), await save_camera(lot)
    made = [await count(camera, at_s, free=at_s) for at_s in (0, 10, 20, 300)]
    late = await count(camera, 15, late=True)
    kept = await count(other, 5, free=5)
    before = await counts.list_lot_counts(lot.id, NOW, after(600))
    ids = [each.frame_id or 0 for each in [*made, late, kept]]
    async with transaction():
        await counts.thin_counts(ids)
        await frames.delete_frames(ids)
    left = await counts.list_counts(camera.id, NOW, after(600))
    assert [(each.free, each.frame_id) for each in left] == [(20, None), (300, None)]
    assert await counts.list_lot_counts(lot.id, NOW, after(600)) == before


async def test_the_history_ends_where_it_is_cut(database: Settings) -> None:
    camera = await save_camera()
    for at_s in (0, 300, 600):
        await count(camera, at_s)
    await counts.delete_counts_before(after(300))
    assert [each.slot for each in await counts.list_counts(camera.id, NOW, after(900))] == [after(300), after(600)]
