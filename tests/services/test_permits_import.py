"""Taking in tables of permits, in both databases."""

from dataclasses import replace

import pytest
from builders import NOW, after, save_lot, save_permit

from parkhub.db import permits as permit_rows
from parkhub.domain.permits import Permit
from parkhub.domain.permits_file import SINCE_EVER, write_permits
from parkhub.errors import ConflictError, PermitsFileError
from parkhub.services import audit
from parkhub.services.permits_import import Imported, each_permit, import_permits

pytestmark = pytest.mark.usefixtures("database")

TABLE = "id,name,plates,cars\n7,Kim,AB123,1\n,Robin,XY99|XY98,2\n"


@pytest.fixture
async def lot() -> int:
    return (await save_lot()).id


async def take(lot_id: int, text: str, **given) -> Imported:
    return await import_permits(lot_id, text.encode(), None, NOW, **given)


async def kept(lot_id: int) -> list[Permit]:
    return [permit async for permit in each_permit(lot_id)]


async def test_a_table_is_taken_in_once_however_often_it_comes(lot):
    assert await take(lot, TABLE) == Imported(2, 0, 0)
    first = await kept(lot)
    assert [(permit.external_id, permit.holder, permit.plates) for permit in first] == [
        ("7", "Kim", ("AB123",)),
        ("", "Robin", ("XY98", "XY99")),
    ]
    assert await take(lot, TABLE) == Imported(0, 0, 2)
    assert await kept(lot) == first
    assert len(await audit.list_entries()) == 2


async def test_a_line_changes_the_permit_it_is_about_and_no_other(lot):
    await take(lot, TABLE)
    assert await take(lot, "id,name,plates,cars\n7,Kim,AB124,1\n,Robin,XY99|XY98,3\n") == Imported(0, 2, 0)
    assert await take(lot, "name,plates,cars\nRobin,XY99|XY98,4\n") == Imported(0, 1, 0)
    kim, robin = await kept(lot)
    assert (kim.plates, robin.cars_max) == (("AB124",), 4)


async def test_a_dry_run_only_counts(lot):
    await take(lot, TABLE)
    assert await take(lot, TABLE.replace(",2\n", ",3\n") + ",Sam,ZZ1,1\n", dry_run=True) == Imported(1, 1, 1)
    assert len(await kept(lot)) == 2


async def test_one_wrong_line_and_none_is_taken(lot):
    with pytest.raises(PermitsFileError):
        await take(lot, TABLE + ",Sam,?,1\n")
    assert await kept(lot) == []


async def test_a_permit_of_several_lots_stays_one_and_keeps_the_order_of_its_plates(lot):
    other = (await save_lot()).id
    permit = await save_permit(
        lot, "XY99", "AB123", lot_ids=frozenset({lot, other}), external_id="7", valid_from=SINCE_EVER, valid_until=None
    )
    assert await take(other, "id,name,plates\n7,Kim,AB123|XY99\n") == Imported(0, 0, 1)
    assert await take(lot, "id,name,plates,cars\n7,Kim,AB123|XY99,2\n") == Imported(0, 1, 0)
    assert await kept(other) == [replace(permit, cars_max=2)]


async def test_a_permit_gets_an_id_later_and_keeps_it_when_the_table_has_none(lot):
    await take(lot, "name,plates\nKim,AB123\n")
    assert await take(lot, "id,name,plates\n7,Kim,AB123\n") == Imported(0, 1, 0)
    assert await take(lot, "name,plates\nKim,AB123\n") == Imported(0, 0, 1)
    assert [permit.external_id for permit in await kept(lot)] == ["7"]
    assert await take(lot, "id,name,plates\n8,Kim,AB123\n") == Imported(1, 0, 0)


async def test_an_id_that_another_permit_has_in_another_lot_of_it_takes_nothing_in(lot):
    other = (await save_lot()).id
    await save_permit(other, "ZZ1", external_id="7", holder="Sam")
    shared = await save_permit(lot, lot_ids=frozenset({lot, other}))
    with pytest.raises(ConflictError):
        await take(lot, "id,name,plates\n,Robin,XY99\n7,Kim,AB123\n")
    assert await kept(lot) == [shared]


async def test_what_is_given_out_is_taken_in_without_a_change(lot):
    await save_permit(lot, "XY99", "AB123", note="=1+1", external_id="@7")
    for number in range(3):
        await save_permit(lot, f"AB{number}", holder=f"-{number}", valid_until=None)
    table = "\n".join(write_permits(await kept(lot)))
    assert await take(lot, table) == Imported(0, 0, 4)
    assert await take((await save_lot()).id, table) == Imported(4, 0, 0)


async def test_a_lot_s_permits_are_read_in_pages(lot):
    await take(lot, "name,plates\n" + "".join(f"Kim,AB{number}\n" for number in range(501)))
    assert len(await kept(lot)) == 501
    assert len(await permit_rows.list_permits(lot, 0, 500)) == 500
    assert (await import_permits(lot, b"name,plates\nKim,AB500\n", None, after(1))).same == 1
