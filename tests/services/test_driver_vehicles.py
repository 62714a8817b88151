"""Plates of drivers: who may have one, and which stays an account shows, also of a car that was sold."""

import asyncio
from datetime import timedelta

import pytest
from builders import NOW, save_account, save_lot, save_session, stand_ins

from parkhub.clients import Clients
from parkhub.db import audit as audit_rows
from parkhub.db import driver_vehicles as rows
from parkhub.db import drivers as driver_rows
from parkhub.db.engine import fetch
from parkhub.domain.audit import ALL
from parkhub.domain.drivers import Claimed, Driver, ProvenBy
from parkhub.domain.lots import Lot
from parkhub.domain.sessions import Ending, ParkingSession, SessionState, new_ticket
from parkhub.errors import ConflictError, FieldsError, InvalidInputError, NotFoundError, TooOftenError
from parkhub.services import driver_vehicles, drivers

PLATE = "AB123"


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


@pytest.fixture
async def lot(database: object) -> Lot:
    return await save_lot()


async def a_driver(email: str = "kim@example.org") -> Driver:
    return await driver_rows.ensure_driver(email, "en", NOW)


async def a_stay(lot: Lot, hours: float = -1, plate: str = PLATE, over: bool = True) -> ParkingSession:
    """A stay that began so many hours after `NOW` and took half an hour."""
    at = NOW + timedelta(hours=hours)
    given = (
        {"state": SessionState.CLOSED, "ending": Ending.EXIT, "exited_at": at + timedelta(minutes=30)} if over else {}
    )
    return await save_session(lot.id, plate, ticket=new_ticket(), entered_at=at, **given)


async def claim(clients: Clients, driver: Driver, code: str, plate: str = PLATE, hours: float = 0) -> Claimed:
    return await driver_vehicles.claim(clients, driver, plate, code, "192.0.2.1", NOW + timedelta(hours=hours))


async def shown(driver: Driver) -> set[int]:
    return {stay.session_id for stay in await rows.list_stays(driver.id, None, 100)}


async def test_the_ticket_of_a_stay_proves_its_plate(clients: Clients, lot: Lot) -> None:
    kim, stay = await a_driver(), await a_stay(lot)
    ticket = f" {stay.ticket[:3]} {stay.ticket[3:].lower()} "
    assert await claim(clients, kim, ticket, "ab-1 23") is Claimed.YOURS
    assert await drivers.find_of_plate("AB 123") == kim
    assert await claim(clients, kim, stay.ticket) is Claimed.YOURS, "a second time changes nothing"
    assert len(await rows.list_vehicles(kim.id)) == 1


@pytest.mark.parametrize("case", ["another plate", "no ticket", "guessed", "too old", "cancelled", "plate-less"])
async def test_what_proves_nothing_is_refused_alike(clients: Clients, lot: Lot, case: str) -> None:
    kim, stay = await a_driver(), await a_stay(lot)
    plate, code, hours = PLATE, stay.ticket, 0.0
    if case == "another plate":
        plate = "AB124"
    elif case == "no ticket":
        code = "my car, really"
    elif case == "guessed":
        code = new_ticket()
    elif case == "too old":
        hours = 24 * 61
    elif case == "cancelled":
        await fetch("UPDATE parking_session SET state = 'cancelled'")
    else:
        code = (await a_stay(lot, plate="")).ticket
    with pytest.raises(FieldsError) as refused:
        await claim(clients, kim, code, plate, hours)
    assert refused.value.fields == {"code": driver_vehicles.NO_PROOF}
    assert await rows.list_vehicles(kim.id) == []
    assert await shown(kim) == set()


async def test_a_stay_that_somebody_began_by_typing_its_plate_proves_nothing(clients: Clients, lot: Lot) -> None:
    session = await a_stay(lot)
    await fetch("UPDATE parking_session SET begun_by = 'driver' WHERE id = {}", session.id)
    with pytest.raises(FieldsError):
        await claim(clients, await a_driver(), session.ticket)


async def test_codes_are_tried_ten_times_an_hour(clients: Clients, lot: Lot) -> None:
    kim = await a_driver()
    for _ in range(driver_vehicles.TRIES_PER_DRIVER):
        with pytest.raises(FieldsError):
            await claim(clients, kim, new_ticket())
    with pytest.raises(TooOftenError):
        await claim(clients, kim, (await a_stay(lot)).ticket)


async def test_who_buys_a_used_car_learns_nothing_of_its_life_before(clients: Clients, lot: Lot) -> None:
    kim, before, proof = await a_driver(), await a_stay(lot, -48), await a_stay(lot, -1)
    await claim(clients, kim, proof.ticket)
    after = await a_stay(lot, 5)
    assert await shown(kim) == {proof.id, after.id}
    assert before.id not in await shown(kim)


async def test_a_car_that_is_inside_is_shown_only_by_its_own_ticket(clients: Clients, lot: Lot) -> None:
    kim, proof = await a_driver(), await a_stay(lot)
    await claim(clients, kim, proof.ticket)
    inside = await a_stay(lot, 2, over=False)
    assert inside.id not in await shown(kim), "nobody watches where a car is by having paid for it once"
    await claim(clients, kim, inside.ticket, hours=3)
    assert inside.id in await shown(kim)


async def test_a_plate_has_one_holder_and_a_second_proof_is_for_staff_to_judge(clients: Clients, lot: Lot) -> None:
    kim, eva = await a_driver(), await a_driver("eva@example.org")
    await claim(clients, kim, (await a_stay(lot, -30)).ticket, hours=-20)
    proof = await a_stay(lot)
    for _ in range(2):
        assert await claim(clients, eva, proof.ticket) is Claimed.ASKED
    assert await drivers.find_of_plate(PLATE) == kim
    assert await shown(eva) == {proof.id}
    assert len(await rows.list_claims(0, 10)) == 1
    told = await fetch("SELECT address, name, facts FROM letter")
    assert [(each["address"], each["name"]) for each in told] == [("kim@example.org", "plate_claimed")]
    assert PLATE not in told[0]["facts"]


async def test_until_it_is_decided_the_holder_sees_nothing_that_began_since(clients: Clients, lot: Lot) -> None:
    kim, eva = await a_driver(), await a_driver("eva@example.org")
    first = await a_stay(lot, -30)
    await claim(clients, kim, first.ticket, hours=-25)
    between, proof = await a_stay(lot, -20), await a_stay(lot)
    await claim(clients, eva, proof.ticket)
    after = await a_stay(lot, 4)
    assert await shown(kim) == {first.id, between.id, proof.id}
    staff = await save_account()
    [asked] = await rows.list_claims(0, 10)
    await driver_vehicles.decide(clients, asked.id, False, "the papers say so", staff.id, NOW)
    assert await shown(kim) == {first.id, between.id, proof.id, after.id}


async def test_a_granted_claim_hands_the_plate_over_and_each_keeps_their_time(clients: Clients, lot: Lot) -> None:
    kim, eva, staff = await a_driver(), await a_driver("eva@example.org"), await save_account()
    sold = await a_stay(lot, -30)
    await claim(clients, kim, sold.ticket, hours=-25)
    proof = await a_stay(lot)
    await claim(clients, eva, proof.ticket)
    [asked] = await rows.list_claims(0, 10)
    await driver_vehicles.decide(clients, asked.id, True, "the papers say so", staff.id, NOW + timedelta(hours=1))
    later = await a_stay(lot, 9)
    assert await drivers.find_of_plate(PLATE) == eva
    assert later.id in await shown(eva)
    assert later.id not in await shown(kim)
    assert sold.id in await shown(kim)
    assert sold.id not in await shown(eva)
    told = await fetch("SELECT address, name FROM letter ORDER BY id")
    assert [(each["address"], each["name"]) for each in told] == [
        (kim.email, "plate_claimed"),
        (kim.email, "plate_moved"),
        (eva.email, "claim_decided"),
    ]
    with pytest.raises(ConflictError):
        await driver_vehicles.decide(clients, asked.id, True, "again", staff.id, NOW)
    [entry] = await audit_rows.list_entries(ALL, None, 10)
    assert (entry.action, entry.account_id, entry.plates) == ("driver.claim_granted", staff.id, (PLATE, PLATE))


async def test_two_who_prove_a_plate_at_once_do_not_both_hold_it(clients: Clients, lot: Lot) -> None:
    stay = await a_stay(lot)
    both = [await a_driver(), await a_driver("eva@example.org")]
    became = await asyncio.gather(*(claim(clients, each, stay.ticket) for each in both))
    assert sorted(became) == [Claimed.ASKED, Claimed.YOURS]


async def test_removing_a_vehicle_takes_what_only_it_had_shown(clients: Clients, lot: Lot) -> None:
    kim, eva = await a_driver(), await a_driver("eva@example.org")
    proof = await a_stay(lot)
    await claim(clients, kim, proof.ticket)
    await a_stay(lot, 5)
    [vehicle] = await rows.list_vehicles(kim.id)
    with pytest.raises(NotFoundError):
        await driver_vehicles.remove(clients, eva, vehicle.id, NOW)
    await driver_vehicles.remove(clients, kim, vehicle.id, NOW)
    assert await shown(kim) == {proof.id}
    assert await drivers.find_of_plate(PLATE) is None


async def test_a_holder_who_removes_the_plate_leaves_it_to_who_has_proven_it(clients: Clients, lot: Lot) -> None:
    kim, eva = await a_driver(), await a_driver("eva@example.org")
    await claim(clients, kim, (await a_stay(lot, -30)).ticket, hours=-20)
    await claim(clients, eva, (await a_stay(lot)).ticket)
    [vehicle] = await rows.list_vehicles(kim.id)
    await driver_vehicles.remove(clients, kim, vehicle.id, NOW)
    assert await drivers.find_of_plate(PLATE) == eva
    assert await rows.list_claims(0, 10) == []
    told = await fetch("SELECT address FROM letter WHERE name = 'claim_decided'")
    assert [each["address"] for each in told] == ["eva@example.org"]


async def test_staff_give_and_take_a_plate_with_a_reason_that_does_not_name_it(clients: Clients, lot: Lot) -> None:
    kim, staff = await a_driver(), await save_account()
    with pytest.raises(NotFoundError):
        await driver_vehicles.give(clients, lot.id, "nobody@example.org", PLATE, "papers seen", staff.id, NOW)
    with pytest.raises(InvalidInputError):
        await driver_vehicles.give(clients, lot.id, kim.email, PLATE, "papers of ab 123 seen", staff.id, NOW)
    given = await driver_vehicles.give(clients, lot.id, " KIM@example.org", "ab 123", "papers seen", staff.id, NOW)
    assert (given.driver_id, given.proven_by) == (kim.id, ProvenBy.STAFF)
    await driver_vehicles.take(clients, lot.id, PLATE, "sold", staff.id, NOW)
    assert await drivers.find_of_plate(PLATE) is None
    with pytest.raises(NotFoundError):
        await driver_vehicles.take(clients, lot.id, PLATE, "sold", staff.id, NOW)


async def test_a_plate_that_has_expired_leaves_only_what_was_proven_by_itself(clients: Clients, lot: Lot) -> None:
    kim, proof = await a_driver(), await a_stay(lot)
    await claim(clients, kim, proof.ticket)
    by_plate = await a_stay(lot, 1)
    assert await shown(kim) == {proof.id, by_plate.id}
    await fetch("UPDATE parking_session SET plate = '', folded = ''")
    assert await shown(kim) == {proof.id}
