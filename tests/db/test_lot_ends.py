"""What of a lot or a camera is for good, and what goes with one that nothing ties; on both databases."""

from builders import save_camera, save_frame, save_lot, save_session
from drivers import TWO_AN_HOUR, save_paid_lot

from parkhub.db import cameras, lot_ends, lots, spots, tariffs
from parkhub.db.engine import transaction
from parkhub.db.sessions import lock_lot
from parkhub.settings import Settings


async def test_a_lot_goes_with_its_cameras_spots_pictures_and_tariffs(database: Settings) -> None:
    lot, other = await save_paid_lot(TWO_AN_HOUR, slug="harbour"), await save_lot(slug="meadow")
    frame = await save_frame(await save_camera(lot, 2))
    stays = await save_camera(other, 1)
    assert await lot_ends.count_lot_ties(lot.id) == {}
    async with transaction():
        await lock_lot(lot.id)
        assert await lot_ends.delete_lot(lot.id) == [frame.picture_key]
    assert await lots.list_lots() == [other]
    assert [camera.id for camera in await cameras.list_cameras()] == [stays.id]
    assert await tariffs.list_versions(lot.id) == []
    assert len(await spots.list_spots(other.id)) == 1


async def test_what_ties_a_lot_is_counted(database: Settings) -> None:
    lot = await save_lot()
    for plate in ("AB1", "AB2"):
        await save_session(lot.id, plate)
    assert await lot_ends.count_lot_ties(lot.id) == {"stay|stays": 2}


async def test_a_camera_takes_its_spots_to_another_lot(database: Settings) -> None:
    camera, other = await save_camera(await save_lot(slug="harbour"), 2), await save_lot(slug="meadow")
    assert await lot_ends.count_camera_ties(camera.id) == {}
    await lot_ends.move_camera(camera.id, other.id)
    assert [spot.camera_id for spot in await spots.list_spots(other.id)] == [camera.id] * 2
