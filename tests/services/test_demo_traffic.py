"""The demo's cars come, pay and go as real ones do, and leave every other lot alone."""

from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from builders import NOW, save_lot, stand_ins

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import matching as matching_rows
from parkhub.domain.cameras import CameraRole
from parkhub.domain.ledger import Account
from parkhub.services import billing, ledger, own_parking, session_corrections
from parkhub.services.demo_traffic import GUEST, GUEST_CAME, Traffic
from parkhub.settings import Settings

CARS = 8


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def a_demo(clients: Clients) -> Traffic:
    traffic = Traffic(clients, await save_lot(), lambda plate, box: plate.encode(), Random(7), CARS)
    await traffic.furnish(NOW)
    return traffic


async def inside(traffic: Traffic) -> set[str]:
    return {each.plate for each in await matching_rows.list_inside(traffic.lot.id, NOW + timedelta(days=1))}


async def test_the_lot_has_prices_gates_and_cars_once(database: Settings, clients: Clients) -> None:
    traffic = await a_demo(clients)
    before = await inside(traffic)
    assert CARS - 3 <= len(before) < CARS, "one has left, and one may have no plate that is read"
    await traffic.furnish(NOW)
    assert await inside(traffic) == before
    roles = [camera.gate.role for camera in await camera_rows.list_cameras(traffic.lot.id)]
    assert roles == [CameraRole.ENTRANCE, CameraRole.EXIT]


async def test_the_car_to_try_is_found_by_its_plate_and_time_and_has_something_to_pay(
    database: Settings, clients: Clients
) -> None:
    traffic = await a_demo(clients)
    guest = await traffic.guest(NOW)
    assert guest is not None
    came = (NOW - GUEST_CAME).astimezone(ZoneInfo(traffic.lot.time_zone))
    minute = came.hour * 60 + came.minute
    found = await own_parking.find_by_plate(clients, traffic.lot, "demo 2026", minute, "10.0.0.1", NOW)
    assert found.own is not None
    assert found.own.id == guest.id
    assert (await billing.get_bill(guest.id, NOW)).due_cents == 180


async def test_cars_come_and_go_and_pay_but_the_one_to_try_stays(database: Settings, clients: Clients) -> None:
    other, traffic = await save_lot(), await a_demo(clients)
    guest = await traffic.guest(NOW)
    assert guest is not None
    before = await inside(traffic)
    for number in range(1, 21):
        await traffic.step(NOW + number * timedelta(seconds=80))
    after = await inside(traffic)
    assert GUEST in after
    assert before - after, "some have gone"
    assert after - before, "some have come"
    again = await traffic.guest(NOW + timedelta(hours=1))
    assert again is not None
    assert again.id == guest.id
    balances = await ledger_rows.get_balances(traffic.lot.id)
    assert balances["EUR", Account.CASH] > 0
    assert await ledger.verify(traffic.lot.id) == []
    assert await camera_rows.list_cameras(other.id) == []


async def test_the_car_to_try_comes_anew_when_it_has_been_there_for_long_or_has_gone(
    database: Settings, clients: Clients
) -> None:
    traffic = await a_demo(clients)
    first = await traffic.guest(NOW)
    later = NOW + timedelta(hours=13)
    second = await traffic.guest(later)
    assert first is not None
    assert second is not None
    assert second.id != first.id
    assert (later - second.entered_at) < timedelta(hours=1)
    assert (await billing.get_bill(first.id, later)).due_cents == 0
    await session_corrections.close_by_hand(clients, second.id, later, "towed", None, later)
    third = await traffic.guest(later + timedelta(minutes=2))
    assert third is not None
    assert third.id not in (first.id, second.id)
