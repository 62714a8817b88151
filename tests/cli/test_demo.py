"""The demo lot, also when an earlier start was killed half-way."""

import re
from datetime import UTC, datetime

import pytest
from builders import save_lot

from parkhub.cli.demo import ADDRESS, CAMERA_NAME, TIME_ZONE, find_key_file, prepare_demo, traffic_spec
from parkhub.db import cameras as camera_rows
from parkhub.db import lots as lot_rows
from parkhub.db import spots as spot_rows
from parkhub.db.engine import fetch
from parkhub.db.sessions import find_inside
from parkhub.db.tariffs import list_versions
from parkhub.domain.signatures import hash_key
from parkhub.services.cameras import create_camera
from parkhub.services.demo_traffic import GUEST
from parkhub.services.lots import create_lot
from parkhub.settings import Settings
from parkhub.web.camera_view import load_view

NAME = "Harbour Street Car Park"
SPOTS = 60


@pytest.fixture
def settings(sqlite_open: Settings, redis_url: str) -> Settings:
    return sqlite_open.model_copy(update={"redis_url": redis_url})


async def check_demo(settings: Settings) -> None:
    """One lot with prices, gates and a car to try, one camera with its spots, and its key in the file."""
    (lot,) = await lot_rows.list_lots()
    (camera,) = [each for each in await camera_rows.list_cameras() if not each.watches_gate]
    gates = [each for each in await camera_rows.list_cameras() if each.watches_gate]
    assert [each.name for each in gates] == ["Entrance", "Exit"]
    assert [(await load_view(each, lot, 0, datetime.now(UTC))).badge[0] for each in gates] == ["good", "good"]
    assert len(await list_versions(lot.id)) == 1
    assert await find_inside(lot.id, GUEST) is not None
    spec = traffic_spec(settings.data_dir, {})
    assert spec is not None
    assert spec.command[-1] == str(lot.id)
    assert (lot.name, camera.lot_id, camera.name) == (NAME, lot.id, CAMERA_NAME)
    assert len(await spot_rows.list_camera_spots(camera.id)) == SPOTS
    file = find_key_file(settings.data_dir)
    assert file is not None
    assert file.stem == camera.public_id
    assert hash_key(file.read_text().strip()) == camera.key_hash


async def test_the_demo_is_made_once(settings: Settings) -> None:
    await prepare_demo(settings)
    await check_demo(settings)
    known = [camera.id for camera in await camera_rows.list_cameras()]
    await prepare_demo(settings)
    await check_demo(settings)
    assert [camera.id for camera in await camera_rows.list_cameras()] == known


async def test_it_says_which_car_to_try(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    await prepare_demo(settings)
    told = capsys.readouterr().out
    assert re.search(r"address +http://127\.0\.0\.1:8000/pay/harbour-street-car-park\n", told)
    assert re.search(rf"plate +{GUEST}, came in at \d\d:\d\d by the car park's clock\n +or ticket \w{{9}}\n", told)


async def test_a_demo_lot_that_somebody_made_their_own_has_no_made_up_cars_any_more(settings: Settings) -> None:
    await prepare_demo(settings)
    await fetch("UPDATE lot SET address = {}", "1 Quay")
    await prepare_demo(settings)
    assert traffic_spec(settings.data_dir, {}) is None


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
