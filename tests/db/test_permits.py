"""Permits, in both databases."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from builders import NOW, a_permit, save_lot, save_permit, save_session

from parkhub.db import permits
from parkhub.db.engine import fetch, transaction
from parkhub.db.permits import PermitFilter, PermitState
from parkhub.domain.permits import PermitKind
from parkhub.domain.sessions import SessionState
from parkhub.domain.weekly_times import parse_times
from parkhub.errors import ConflictError, NotFoundError

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    return (await save_lot()).id


async def test_a_permit_comes_back_as_it_was_kept(lot):
    other = (await save_lot()).id
    given = await save_permit(
        lot,
        "ZZ9",
        "AB123",
        lot_ids=frozenset({lot, other}),
        kind=PermitKind.STAFF,
        valid_until=None,
        times=parse_times("mon-fri 07:00-19:00; 22:00-06:00"),
        cars_max=3,
        paused=True,
        note="in cash",
        external_id="k-7",
    )
    assert await permits.get_permit(given.id) == given
    assert await permits.list_permits(other, 0, 10) == [given]


async def test_a_change_replaces_all_of_it(lot):
    other = (await save_lot()).id
    kept = await save_permit(lot, "AB123", external_id="7")
    changed = a_permit(other, "X1", "X2", holder="Robin", valid_until=date(2027, 1, 1), id=kept.id)
    async with transaction():
        await permits.save_permit(changed, NOW)
    assert await permits.get_permit(kept.id) == changed
    assert await permits.list_permits(lot, 0, 10) == []
    assert await permits.list_of_plate(other, "AB123") == []


async def test_what_is_not_there_is_neither_read_nor_changed(lot):
    with pytest.raises(NotFoundError):
        await permits.get_permit(1)
    with pytest.raises(NotFoundError):
        async with transaction():
            await permits.save_permit(a_permit(lot, id=1), NOW)


async def test_a_lot_s_permits_are_listed_in_pages(lot):
    kept = [await save_permit(lot, f"AB{number}") for number in range(5)]
    await save_permit((await save_lot()).id)
    assert await permits.list_permits(lot, 0, 3) == kept[:3]
    assert await permits.list_permits(lot, kept[2].id, 3) == kept[3:]


async def test_a_plate_s_permits_are_found_also_by_one_that_looks_alike(lot):
    one, two = await save_permit(lot, "AO123"), await save_permit(lot, "A0123", "XY99")
    await save_permit(lot, "AO124")
    await save_permit((await save_lot()).id, "AO123")
    assert await permits.list_of_plate(lot, "AO123") == [one, two]
    assert await permits.list_of_plate(lot, "A0123", alike=False) == [two]


async def test_cars_inside_are_counted_without_the_one_that_asks(lot):
    other = (await save_lot()).id
    permit = await save_permit(lot)
    for plate, lot_id, state in (
        ("AB123", lot, SessionState.OPEN),
        ("X1", lot, SessionState.OPEN),
        ("AB123", other, SessionState.OPEN),
        ("X2", lot, SessionState.CLOSED),
    ):
        await save_session(lot_id, plate, permit_id=permit.id, state=state)
    await save_session(lot, "X3", permit_id=permit.id + 1)
    assert await permits.count_inside(permit.id, lot, "AB123") == 2
    assert await permits.count_inside(permit.id, 0, "") == 3


async def test_an_external_id_is_one_permit_s_in_a_lot(lot):
    await save_permit(lot, external_id="7")
    await save_permit((await save_lot()).id, external_id="7")
    with pytest.raises(ConflictError):
        await save_permit(lot, external_id="7")
    permit = await save_permit(lot)
    with pytest.raises(ConflictError):
        await fetch("UPDATE permit_lot SET external_id = '7' WHERE permit = {}", permit.id)


async def test_a_deleted_permit_leaves_nothing_behind(lot):
    permit, other = await save_permit(lot), await save_permit(lot)
    await permits.delete_permit(permit.id)
    await permits.delete_permit(permit.id)
    assert await permits.list_of_plate(lot, "AB123") == [other]
    assert len(await fetch("SELECT id FROM permit_plate")) == 1


async def test_the_same_permit_is_no_change(lot):
    permit = await save_permit(lot)
    assert replace(permit) == await permits.get_permit(permit.id)


async def test_permits_are_found_by_name_plate_kind_and_whether_they_hold(lot):
    today = NOW.date()
    given = {
        "valid": {"holder": "Kim 100%"},
        "paused": {"holder": "Lee", "paused": True, "kind": PermitKind.STAFF},
        "over": {"holder": "Max", "valid_until": today - timedelta(days=1)},
        "coming": {"holder": "Noa", "valid_from": today + timedelta(days=1), "valid_until": None},
    }
    kept = {name: await save_permit(lot, f"AB{name.upper()}0", **each) for name, each in given.items()}

    async def found(**wanted: Any) -> set[str]:
        rows = await permits.list_found(lot, PermitFilter(**wanted), today, 0, 9)
        return {name for name, permit in kept.items() if permit.id in {row.id for row in rows}}

    for state in PermitState:
        assert await found(state=state) == {state.value}
    assert await found(kind=PermitKind.STAFF) == {"paused"}
    assert await found(part="kim") == {"valid"}
    assert await found(part="%") == {"valid"}
    assert await found(part="abpaused") == set()
    assert await found(part="ab-PAUSEDO", by_plate=True) == {"paused"}
    assert await permits.list_found(lot, PermitFilter(), today, max(each.id for each in kept.values()), 9) == []
