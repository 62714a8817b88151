"""Permits in the console."""

from typing import Any

import pytest
from builders import save_lot, save_permit, save_session
from visitors import Visitor

from parkhub.db import permits as permit_rows
from parkhub.domain.lots import Lot

HERE = "/console/lots/north/permits"
KIM = {"holder": "Kim", "plates": "ab 123\ncd-456", "valid_from": "2026-01-01", "cars_max": "1", "lots": ["north"]}


@pytest.fixture
async def lot(app: Any) -> Lot:
    return await save_lot(slug="north", name="North")


async def test_a_permit_is_given_changed_paused_ended_and_deleted(staff, lot):
    assert "No permits yet" in (await staff.get(HERE)).text
    answer = await staff.send_form(f"{HERE}/new", **KIM)
    assert answer.status_code == 303, answer.text
    (permit,) = await permit_rows.list_permits(lot.id, 0, 9)
    here = f"/console/permits/{permit.id}"
    assert answer.headers["location"] == f"{here}?done=added"
    assert permit.plates == ("AB123", "CD456")
    assert "The permit is given." in (await staff.get(answer.headers["location"])).text
    answer = await staff.send_form(here, **{**KIM, "holder": "Kim B", "times": "mon-fri 07:00-19:00"})
    assert answer.headers["location"] == f"{here}?done=changed"
    for do, done in (("pause", "paused"), ("resume", "resumed"), ("end", "ended")):
        answer = await staff.send_form(here, f"{here}/end", do=do)
        assert answer.headers["location"] == f"{here}?done={done}"
    kept = await permit_rows.get_permit(permit.id)
    assert (kept.holder, kept.paused, kept.valid_until is not None) == ("Kim B", False, True)
    answer = await staff.send_form(here, f"{here}/end", do="delete")
    assert answer.headers["location"] == f"{HERE}?done=deleted"
    assert (await staff.get(here)).status_code == 404


async def test_what_is_wrong_is_said_at_the_field_and_kept(staff, lot):
    answer = await staff.send_form(
        f"{HERE}/new", **{**KIM, "holder": "", "plates": "!", "valid_until": "2025-01-01", "lots": ["north"]}
    )
    assert answer.status_code == 422
    for words in ("Say who holds it.", "is no plate of 2 to 12", "It ends before it begins."):
        assert words in answer.text
    answer = await staff.send_form(f"{HERE}/new", **{**KIM, "valid_from": "tomorrow", "cars_max": "many"})
    assert "Give a day, such as 2026-11-21." in answer.text
    assert "Give a number of cars." in answer.text
    answer = await staff.send_form(f"{HERE}/new", **{**KIM, "times": "never"})
    assert (answer.status_code, 'id="f-times-error"' in answer.text) == (422, True)


async def test_a_permit_with_a_car_inside_is_not_deleted(staff, lot):
    permit = await save_permit(lot.id, "AB123")
    await save_session(lot.id, "AB123", permit_id=permit.id)
    here = f"/console/permits/{permit.id}"
    assert "1 car is inside on it." in (await staff.get(here)).text
    answer = await staff.send_form(here, f"{here}/end", do="delete")
    assert (answer.status_code, "A car is inside on this permit" in answer.text) == (409, True)


async def test_permits_are_found_by_name_plate_kind_and_state(staff, lot):
    first = await save_permit(lot.id, "AB1230", holder="Kim 100%")
    await save_permit(lot.id, "XY99", holder="Lee", paused=True)
    for q, there, not_there in (
        ("kim", "Kim", "Lee"),
        ("ab-123o", "Kim", "Lee"),
        ("0%", "Kim", "Lee"),
        ("y9", "Lee", "Kim"),
    ):
        page = await staff.send_form(HERE, f"{HERE}/search", q=q)
        assert there in page.text.split('id="found"')[1], q
        assert not_there not in page.text.split('id="found"')[1], q
    assert "Lee" in (await staff.get(f"{HERE}?holds=paused")).text
    assert "Lee" not in (await staff.get(f"{HERE}?holds=valid")).text
    assert "Nothing found" in (await staff.get(f"{HERE}?kind=visitor&holds=coming")).text
    assert "Nothing found" in (await staff.get(f"{HERE}?after={first.id + 1}&holds=over")).text


async def test_who_sees_no_plates_finds_by_names_and_changes_none(app: Any, staff, lot, without_plates: Visitor):
    permit = await save_permit(lot.id, "AB1230", holder="Kim")
    page = await without_plates.get(HERE)
    assert ("Kim" in page.text, "AB1230" in page.text, "•••" in page.text) == (True, False, True)
    page = await without_plates.send_form(HERE, f"{HERE}/search", q="AB123")
    assert "Nothing found" in page.text
    assert (await without_plates.get(f"{HERE}.csv")).status_code == 403
    here = f"/console/permits/{permit.id}"
    assert "AB1230" not in (await without_plates.get(here)).text
    answer = await without_plates.send_form(here, **{**KIM, "plates": "", "holder": "Lee"})
    assert answer.status_code == 303
    kept = await permit_rows.get_permit(permit.id)
    assert (kept.holder, kept.plates) == ("Lee", ("AB1230",))


async def test_a_table_is_looked_at_before_it_is_taken_in(staff, lot):
    wrong = {"file": ("p.csv", b"name,plates,from\nKim,AB123,never\n,CD456,\n", "text/csv")}
    answer = await staff.send_files(f"{HERE}/import", wrong, do="preview")
    assert answer.status_code == 422
    assert "line 2, from: &#39;never&#39; is no day" in answer.text
    assert "line 3, name:" in answer.text
    right = {"file": ("p.csv", b"name,plates\nKim,AB123\nLee,CD456|EF789\n", "text/csv")}
    answer = await staff.send_files(f"{HERE}/import", right, do="preview")
    assert "What the table would change" in answer.text
    assert await permit_rows.list_permits(lot.id, 0, 9) == []
    content = {"content": (None, "name,plates\r\nKim,AB123\r\nLee,CD456|EF789\r\n")}
    answer = await staff.send_files(f"{HERE}/import", content, do="import")
    assert answer.headers["location"] == f"{HERE}?done=imported"
    assert [each.holder for each in await permit_rows.list_permits(lot.id, 0, 9)] == ["Kim", "Lee"]
    table = await staff.get(f"{HERE}.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert table.text.splitlines()[2] == ",Lee,CD456|EF789,permit,,,,1,no,"


async def test_who_sets_nothing_up_reads_only(attendant, lot):
    permit = await save_permit(lot.id, "AB1230")
    assert "Give a permit" not in (await attendant.get(HERE)).text
    assert (await attendant.get(f"{HERE}/new")).status_code == 403
    page = await attendant.get(f"/console/permits/{permit.id}")
    assert ">Save<" not in page.text
