"""The allow list and the deny list, in both databases."""

from dataclasses import replace

import pytest
from builders import NOW, after, save_lot

from parkhub.db import plate_lists
from parkhub.domain.plate_lists import ListedPlate, PlateList

pytestmark = pytest.mark.usefixtures("database")

ALLOW, DENY = PlateList


@pytest.fixture
async def lot() -> int:
    return (await save_lot()).id


async def keep(plate: str, lot_id: int | None, reason: str = "owes", **given) -> ListedPlate:
    listed = ListedPlate(DENY, plate, lot_id, reason, **given)
    return replace(listed, id=await plate_lists.add_listed(listed, NOW))


async def test_an_entry_holds_in_its_lot_or_in_all(lot):
    other = (await save_lot()).id
    here, everywhere = await keep("AB123", lot), await keep("XY99", None)
    assert await plate_lists.find_listed(DENY, lot, "AB123", NOW) == here
    assert await plate_lists.find_listed(DENY, other, "AB123", NOW) is None
    assert await plate_lists.find_listed(DENY, other, "XY99", NOW) == everywhere
    assert await plate_lists.find_listed(ALLOW, lot, "AB123", NOW) is None


async def test_an_entry_holds_until_its_end(lot):
    ended = await keep("AB123", lot, valid_until=NOW)
    assert await plate_lists.find_listed(DENY, lot, "AB123", after(-1)) == ended
    assert await plate_lists.find_listed(DENY, lot, "AB123", NOW) is None
    assert await plate_lists.find_listed(DENY, lot, "AB123", None) == ended


async def test_the_very_plate_goes_before_one_that_looks_alike(lot):
    zero, letter = await keep("A0123", lot), await keep("AO123", lot)
    assert await plate_lists.find_listed(DENY, lot, "AO123", NOW) == letter
    assert await plate_lists.find_listed(DENY, lot, "AQ123", NOW) == zero
    assert await plate_lists.find_listed(DENY, lot, "AQ123", NOW, alike=False) is None


@pytest.mark.parametrize("for_all", [True, False])
async def test_a_plate_listed_again_gets_the_new_reason_and_end(lot, for_all):
    lot_id = None if for_all else lot
    first, again = await keep("AB123", lot_id), await keep("AB123", lot_id, "stolen", valid_until=after(60))
    assert first.id == again.id
    assert await plate_lists.list_listed(lot, 0, 9) == [again]


async def test_entries_go_one_by_one_or_when_they_have_run_out(lot):
    gone, old, kept = await keep("A1", lot), await keep("A2", lot, valid_until=after(-1)), await keep("A3", None)
    assert await plate_lists.delete_listed(gone.id) == gone
    assert await plate_lists.delete_listed(gone.id) is None
    assert await plate_lists.list_listed(lot, 0, 1) == [old]
    assert await plate_lists.delete_listed_before(NOW) == 1
    assert await plate_lists.list_listed(lot, 0, 9) == [kept]
