from datetime import timedelta

import pytest
from builders import NOW, after, save_camera, save_frame, stand_ins

from parkhub.clients import Clients
from parkhub.db import stands as stand_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.stands import DAYS_KEPT, SAMPLE_EVERY_S
from parkhub.domain.vehicles import Vehicle, VehicleKind
from parkhub.services.looks import Seen, save_look
from parkhub.services.stands import forget_old, suggest
from parkhub.settings import Settings


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def look(clients: Clients, camera: Camera, at_s: float, *lefts: float) -> None:
    frame = await save_frame(camera, captured_at=after(at_s), width=1000, height=500)
    cars = [Vehicle(VehicleKind.CAR, 0.9, (left, 200, 80, 100)) for left in lefts]
    await save_look(clients, frame.id, Seen([], 1, vehicles=cars))


async def test_where_a_car_stood_for_long_a_spot_is_suggested_and_where_one_drove_by_none_is(
    database: Settings, clients: Clients
) -> None:
    camera = await save_camera()
    for sample in range(4):
        await look(clients, camera, sample * SAMPLE_EVERY_S, 100, 300 + 150 * sample)
    found = await suggest(camera.id, [], after(2000))
    assert (found.samples, found.days) == (4, 1)
    (polygon,) = found.polygons
    assert [round(x, 4) for x, _ in polygon] == [0.1024, 0.1776, 0.1776, 0.1024]


async def test_pictures_that_come_often_are_no_more_samples(database: Settings, clients: Clients) -> None:
    camera = await save_camera()
    for second in range(0, 100, 10):
        await look(clients, camera, second, 100)
    found = await suggest(camera.id, [], after(100))
    assert (found.samples, list(found.polygons)) == (1, [])


async def test_days_are_joined_and_old_ones_forgotten(database: Settings, clients: Clients) -> None:
    camera = await save_camera()
    day_s = 86_400
    for day in range(3):
        await look(clients, camera, day * day_s, 100)
    assert len((await suggest(camera.id, [], after(3 * day_s))).polygons) == 1
    assert await forget_old(NOW + timedelta(days=DAYS_KEPT + 2)) == 2
    assert len(await stand_rows.list_stands(camera.id, NOW.date())) == 1


async def test_nothing_is_known_where_nobody_looks_for_vehicles(database: Settings, clients: Clients) -> None:
    camera = await save_camera()
    frame = await save_frame(camera)
    await save_look(clients, frame.id, Seen([], 1))
    assert await suggest(camera.id, [], NOW) == (await suggest(camera.id + 1, [], NOW))
