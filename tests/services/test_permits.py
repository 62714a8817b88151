"""Who may park without paying, asked and kept, in both databases."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from builders import NOW, a_permit, after, save_account, save_lot, save_permit, save_session

from parkhub.db import permits as permit_rows
from parkhub.db.engine import transaction
from parkhub.domain.permits import PermitKind, Right, RightKind
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.errors import ConflictError, FieldsError, NotFoundError
from parkhub.services import audit, permits

pytestmark = pytest.mark.usefixtures("database")

ALLOW, DENY = PlateList


@pytest.fixture
async def lot() -> int:
    return (await save_lot()).id


async def test_a_permit_gives_its_holder_a_right(lot):
    permit = await save_permit(lot, kind=PermitKind.VISITOR)
    assert await permits.find_right(lot, "AB123", NOW) == Right(RightKind.VISITOR, permit.id, "Kim")


async def test_strangers_and_cars_without_a_plate_have_none(lot):
    await save_permit(lot)
    assert await permits.find_right(lot, "XY99", NOW) is None
    assert await permits.find_right(lot, "", NOW) is None
    assert await permits.find_right((await save_lot()).id, "AB123", NOW) is None


async def test_the_day_of_arrival_is_the_lot_s_own():
    lot = (await save_lot(time_zone="Pacific/Auckland")).id
    await save_permit(lot, valid_from=date(2026, 11, 22))
    assert await permits.find_right(lot, "AB123", NOW.replace(hour=10)) is None
    assert await permits.find_right(lot, "AB123", NOW.replace(hour=11)) is not None


async def test_the_second_car_of_a_full_permit_is_told_that_it_is_full(lot):
    permit = await save_permit(lot, "AB123", "XY99")
    await save_session(lot, "XY99", permit_id=permit.id)
    right = await permits.find_right(lot, "AB123", NOW)
    assert right is not None
    assert right.full
    own = await permits.find_right(lot, "XY99", NOW)
    assert own is not None
    assert not own.full


async def test_two_cars_at_once_do_not_both_take_the_last_place(lot):
    """Each looks, waits for the other, and keeps its session, as two gates do."""
    permit = await save_permit(lot, *(f"X{number}Y" for number in range(5)), cars_max=2)

    async def enter(plate: str) -> bool:
        async with transaction():
            right = await permits.find_right(lot, plate, NOW)
            assert right is not None
            await asyncio.sleep(0.02)
            await save_session(lot, plate, permit_id=None if right.full else permit.id)
            return not right.full

    assert sum(await asyncio.gather(*(enter(plate) for plate in permit.plates))) == 2


async def test_a_listed_plate_parks_free_and_takes_no_permit_s_place(lot):
    await save_permit(lot)
    await permits.list_plate(ListedPlate(ALLOW, "AB123", None, "Fire brigade"), None, NOW)
    assert await permits.find_right(lot, "AB123", NOW) == Right(RightKind.ALLOWED, None, "Fire brigade")


async def test_a_denied_plate_has_a_reason_until_it_runs_out(lot):
    listed = await permits.list_plate(ListedPlate(DENY, "AO123", lot, "owes", after(60)), None, NOW)
    assert await permits.is_denied(lot, "A0123", NOW) == "owes"
    assert await permits.is_denied(lot, "A0123", after(60)) is None
    assert await permits.is_denied(lot, "", NOW) is None
    assert await permits.delete_old_listed(after(61)) == 1
    with pytest.raises(NotFoundError):
        await permits.unlist_plate(listed.id, None, NOW)


async def test_what_staff_do_is_in_the_audit_log_without_plates_and_names(lot):
    account = (await save_account()).id
    permit = await permits.save_permit(a_permit(lot), account, NOW)
    await permits.save_permit(replace(permit, plates=("XY99",), paused=True), account, NOW)
    await permits.delete_permit(permit.id, account, NOW)
    listed = await permits.list_plate(ListedPlate(DENY, "ZZ77", lot, "owes"), account, NOW)
    await permits.unlist_plate(listed.id, account, NOW)
    entries = list(reversed(await audit.list_entries()))
    assert [(entry.action, entry.account_id, entry.lot_id) for entry in entries] == [
        (action, account, lot)
        for action in ("permit.added", "permit.changed", "permit.deleted", "plate.listed", "plate.unlisted")
    ]
    assert [entry.plates for entry in entries[:3]] == [("", "AB123"), ("AB123", "XY99"), ("XY99", "")]
    for entry in entries:
        assert not any(word in f"{entry.before} {entry.after}" for word in ("Kim", "AB123", "XY99", "ZZ77"))


async def test_a_permit_that_does_not_change_is_not_noted(lot):
    permit = await permits.save_permit(a_permit(lot), None, NOW)
    await permits.save_permit(permit, None, after(1))
    assert len(await audit.list_entries()) == 1


async def test_faults_and_unknown_lots_are_refused(lot):
    with pytest.raises(FieldsError) as refused:
        await permits.save_permit(a_permit(lot, cars_max=0, holder=""), None, NOW)
    assert set(refused.value.fields) == {"cars_max", "holder"}
    with pytest.raises(NotFoundError):
        await permits.save_permit(a_permit(lot + 1), None, NOW)
    with pytest.raises(FieldsError):
        await permits.list_plate(ListedPlate(ALLOW, "?", lot, "x"), None, NOW)
    with pytest.raises(NotFoundError):
        await permits.list_plate(ListedPlate(ALLOW, "AB123", lot + 1, "x"), None, NOW)
    assert await permit_rows.list_permits(lot, 0, 9) == []
    assert await audit.list_entries() == []


async def test_a_permit_goes_only_once_nobody_is_inside_on_it(lot):
    permit = await save_permit(lot)
    await save_session(lot, "XY99", permit_id=permit.id)
    with pytest.raises(ConflictError):
        await permits.delete_permit(permit.id, None, NOW)
    other = await save_permit(lot)
    await permits.delete_permit(other.id, None, NOW)
    assert await permit_rows.list_permits(lot, 0, 9) == [permit]
