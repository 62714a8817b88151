"""The demo lot, also when an earlier start was killed half-way."""

import pytest
from builders import save_lot

from parkhub.cli.demo import ADDRESS, CAMERA_NAME, TIME_ZONE, find_key_file, prepare_demo
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.signatures import hash_key
from parkhub.services.cameras import create_camera
from parkhub.services.lots import create_lot
from parkhub.settings import Settings

NAME = "Harbour Street Car Park"
SPOTS = 60


@pytest.fixture
def settings(sqlite_open: Settings, redis_url: str) -> Settings:
    return sqlite_open.model_copy(update={"redis_url": redis_url})


async def check_demo(settings: Settings) -> None:
    """One lot, one camera with its spots, and its key in the file."""
    (lot,) = await lot_rows.list_lots()
    (camera,) = await camera_rows.list_cameras()
    assert (lot.name, camera.lot_id, camera.name) == (NAME, lot.id, CAMERA_NAME)
    assert len(await spot_rows.list_camera_spots(camera.id)) == SPOTS
    file = find_key_file(settings.data_dir)
    assert file is not None
    assert file.stem == camera.public_id
    assert hash_key(file.read_text().strip()) == camera.key_hash


async def test_the_demo_is_made_once(settings: Settings) -> None:
    await prepare_demo(settings)
    await check_demo(settings)
    (camera,) = await camera_rows.list_cameras()
    await prepare_demo(settings)
    assert await camera_rows.list_cameras() == [camera]


@pytest.mark.parametrize("made", ["lot", "lot and camera", "all but the key"])
async def test_a_demo_that_was_left_half_made_is_brought_to_its_end(settings: Settings, made: str) -> None:
    if made == "all but the key":
        await prepare_demo(settings)
        file = find_key_file(settings.data_dir)
        assert file is not None
        file.unlink()
    else:
        lot = await create_lot(NAME, ADDRESS, TIME_ZONE)
        if made == "lot and camera":
            await create_camera(lot.slug, CAMERA_NAME)
    await prepare_demo(settings)
    await check_demo(settings)


async def test_lots_of_somebody_are_left_alone(settings: Settings) -> None:
    lot = await save_lot(name=NAME)
    await prepare_demo(settings)
    assert await lot_rows.list_lots() == [lot]
    assert find_key_file(settings.data_dir) is None
