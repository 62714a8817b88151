"""Who runs a car park is written to once when cameras fall silent, and once when they are back; on both databases."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import msgspec
import pytest
from builders import after, save_account, save_camera, save_frame, save_lot, stand_ins

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db.engine import fetch, transaction
from parkhub.domain.accounts import Account
from parkhub.domain.cameras import Camera
from parkhub.domain.lots import Lot
from parkhub.domain.nodes import Heartbeat
from parkhub.domain.rights import Role
from parkhub.letters import Letter, put_in_words
from parkhub.services import nodes
from parkhub.services.silences import write_letters
from parkhub.settings import Settings

Pass = Callable[[float], Awaitable[int]]


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


@pytest.fixture
async def lot(database: Settings) -> Lot:
    return await save_lot(name="Harbour")


@pytest.fixture
async def operator(lot: Lot) -> Account:
    return await save_account("kim@example.org", Role.OPERATOR, lot_ids={lot.id})


@pytest.fixture
async def pass_time(clients: Clients, database: Settings) -> Pass:
    """Looks every two minutes up to so many seconds after the beginning, and answers how many letters that gave."""
    reached = -120.0

    async def go(until_s: float) -> int:
        nonlocal reached
        found = 0
        while reached < until_s:
            reached = min(reached + 120, until_s)
            found += await write_letters(clients, database, after(reached))
        return found

    return go


async def beat(clients: Clients, at_s: float, *cameras: Camera) -> None:
    for each in cameras:
        await nodes.take_heartbeat(clients, each, Heartbeat(), int(after(at_s).timestamp()), after(at_s))


async def letters() -> list[Letter]:
    rows = await fetch("SELECT uid, address, name, facts FROM letter ORDER BY id")
    return [
        put_in_words(row["uid"], row["address"], "en", row["name"], msgspec.json.decode(row["facts"])) for row in rows
    ]


async def test_an_outage_is_one_letter_and_its_end_another(clients, lot, operator, pass_time) -> None:
    camera = await save_camera(lot, name="North", public_id="north")
    await beat(clients, 0, camera)
    assert [await pass_time(until_s) for until_s in (890, 910, 7200)] == [0, 1, 0]
    await beat(clients, 7205, camera)
    assert [await pass_time(until_s) for until_s in (7210, 7900)] == [1, 0]
    told, back = await letters()
    assert (told.to, told.subject) == (operator.email, "North of Harbour says nothing any more")
    assert "heard last on 21 Nov 2026, 11:00" in told.text
    assert "/console/cameras/north" in told.text
    assert back.subject == "North of Harbour is heard again"
    assert "13:00" in back.text


async def test_a_whole_site_is_one_letter_and_so_is_its_return(clients, lot, operator, pass_time) -> None:
    cameras = [await save_camera(lot, name=f"C{number:02}") for number in range(40)]
    for number, each in enumerate(cameras):
        await beat(clients, number, each)  # each at its own turn, so they do not reach their time together
    assert await pass_time(1200) == 1
    await beat(clients, 1210, *cameras[:20])
    assert await pass_time(1250) == 0
    await beat(clients, 1300, *cameras)
    assert [await pass_time(until_s) for until_s in (1310, 2000)] == [1, 0]
    told, back = await letters()
    assert told.subject == "40 cameras of Harbour say nothing any more"
    assert "No camera of this car park is heard" in told.text
    assert back.subject == "40 cameras of Harbour are heard again"
    assert operator.email == told.to == back.to


async def test_who_comes_back_is_not_kept_waiting_for_who_does_not(clients, lot, operator, pass_time) -> None:
    north, south = await save_camera(lot, name="North"), await save_camera(lot, name="South")
    await beat(clients, 0, north, south)
    assert await pass_time(960) == 1
    found = []
    for at_s in range(970, 1500, 60):
        await beat(clients, at_s, north)
        found.append(await pass_time(at_s + 1))
    assert (found[:4], sum(found)) == ([0] * 4, 1)
    back = (await letters())[-1]
    assert back.subject == "North of Harbour is heard again"
    assert "Still silent here: 1 camera." in back.text
    assert operator.email == back.to


async def test_only_who_sets_up_a_car_park_hears_of_its_cameras(clients, lot, operator, pass_time) -> None:
    other = await save_lot(name="Station")
    owner = await save_account("lee@example.org", Role.OWNER)
    await save_account("ann@example.org", Role.ATTENDANT)
    await save_account("pat@example.org", Role.OPERATOR, lot_ids=set())
    await beat(clients, 0, await save_camera(lot, name="North"), await save_camera(other, name="East"))
    assert await pass_time(960) == 2
    found = {each.to: each.subject for each in await letters()}
    assert found == {
        operator.email: "North of Harbour says nothing any more",
        owner.email: "2 cameras of 2 car parks say nothing any more",
    }


async def test_pictures_are_a_sign_of_life_and_cameras_without_a_node_are_missed(clients, lot, operator, pass_time):
    sending, by_hand = await save_camera(lot, name="Sending"), await save_camera(lot, name="By hand")
    noded = await save_camera(lot, name="Noded")
    await beat(clients, 0, noded)
    for number in range(20):
        await save_frame(sending, received_at=after(60 * number), sequence=number)
        await save_frame(noded, received_at=after(60 * number), sequence=number)
        await save_frame(by_hand, received_at=after(60 * number), sequence=2**62 + number)
    await save_frame(await save_camera(lot, name="Once"), received_at=after(1140), sequence=1)
    assert [await pass_time(until_s) for until_s in (2000, 2300, 9000)] == [0, 1, 0]
    (told,) = await letters()
    assert told.subject == "2 cameras of Harbour say nothing any more"
    assert "Sending" in told.text
    assert "Noded" in told.text
    assert operator.email == told.to


async def test_a_camera_that_is_switched_off_is_missed_by_nobody(clients, lot, operator, pass_time) -> None:
    camera, other = await save_camera(lot, name="North"), await save_camera(lot, name="South")
    await beat(clients, 0, camera, other)
    async with transaction():
        await camera_rows.set_enabled(camera.id, enabled=False)
    assert await pass_time(960) == 1
    async with transaction():
        await camera_rows.set_enabled(other.id, enabled=False)
    await beat(clients, 1000, other)
    assert await pass_time(3600) == 0
    assert [each.subject for each in await letters()] == ["South of Harbour says nothing any more"]
    assert operator.lot_ids == {lot.id}


@pytest.mark.usefixtures("operator")
async def test_after_we_were_away_ourselves_every_camera_has_its_time_again(clients, lot, database, pass_time) -> None:
    camera = await save_camera(lot)
    await beat(clients, 0, camera)
    assert await pass_time(240) == 0
    back_at = after(86_400)
    looks = [back_at + timedelta(seconds=at_s) for at_s in (0, 60, 180, 360, 540, 720, 890, 960)]
    assert [await write_letters(clients, database, at) for at in looks] == [0, 0, 0, 0, 0, 0, 0, 1]


@pytest.mark.usefixtures("operator")
async def test_an_operator_may_set_another_time_or_none(clients, lot, database) -> None:
    camera = await save_camera(lot)
    await beat(clients, 0, camera)
    for minutes, wanted in ((0, 0), (60, 0), (10, 1)):
        settings = database.model_copy(update={"silence_letter_min": minutes})
        found = [await write_letters(clients, settings, after(at_s)) for at_s in range(0, 1000, 120)]
        assert sum(found) == wanted


@pytest.mark.usefixtures("operator")
async def test_a_camera_that_comes_and_goes_is_told_of_as_that(clients, lot, pass_time) -> None:
    camera = await save_camera(lot, name="North")
    told = []
    for at_s in range(0, 8 * 3600, 1200):
        await beat(clients, at_s, camera)
        told += [at_s] * (await pass_time(at_s + 1) + await pass_time(at_s + 1190))
    assert len(told) == 3
    for at_s in range(8 * 3600, 8 * 3600 + 4200, 60):
        await beat(clients, at_s, camera)
        told += [at_s] * await pass_time(at_s + 1)
    assert len(told) == 4
    assert (await letters())[-1].subject == "North of Harbour is heard again"


@pytest.mark.usefixtures("operator")
async def test_a_camera_that_is_gone_again_is_not_said_to_be_back(clients, lot, pass_time) -> None:
    north, south = await save_camera(lot, name="North"), await save_camera(lot, name="South")
    await beat(clients, 0, north, south)
    assert await pass_time(960) == 1
    await beat(clients, 970, north)
    assert await pass_time(3600) == 0


@pytest.mark.usefixtures("operator")
async def test_a_camera_without_a_node_that_died_while_we_were_away_is_missed(clients, lot, database) -> None:
    camera = await save_camera(lot)
    for number in range(20):
        await save_frame(camera, received_at=after(60 * number), sequence=number)
    looks = [0, 1140, *range(12_000, 16_000, 120)]
    found = [at_s for at_s in looks if await write_letters(clients, database, after(at_s))]
    assert found == [12_960]
