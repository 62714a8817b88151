"""The console's reports: the page, its files, closing a day, and who may see them."""

import csv
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from builders import save_account, save_camera, save_lot
from reported import give_past
from visitors import EMAIL, PASSWORD, Visitor, visit

from parkhub.db import audit, day_closes, report_readers
from parkhub.db.engine import fetch
from parkhub.domain.audit import ALL
from parkhub.domain.lots import Lot
from parkhub.domain.report_tables import COUNT, SHARE, Column, Figure, Table
from parkhub.domain.rights import Role
from parkhub.services import accounts
from parkhub.web.report_files import as_csv, as_xlsx, safe

DAYS = 9


@pytest.fixture
async def lot(app: Any, web_settings: Any) -> Lot:
    found = await save_lot(slug="harbour", name="=Harbour", time_zone="UTC")
    await give_past(found, DAYS, datetime.now(UTC), web_settings, per_day=6)
    return found


def yesterday() -> str:
    return str(datetime.now(UTC).date() - timedelta(days=1))


async def test_the_page_of_a_period_shows_what_was_counted_as_tables(staff: Visitor, lot: Lot) -> None:
    since, until = datetime.now(UTC).date() - timedelta(days=7), yesterday()
    answer = await staff.get(f"/console/reports?lot=harbour&length=own&since={since}&until={until}&against=before")
    assert answer.status_code == 200
    for words in ("Entries and exits", "Occupancy by hour and weekday", "Length of stay", "Charged by line", "before "):
        assert words in answer.text
    assert answer.text.count("data-chart=") >= 4
    for length in ("day", "week", "month", "year"):
        assert (await staff.get(f"/console/reports?lot=harbour&length={length}&at={until}")).status_code == 200


async def test_a_lot_without_a_past_and_a_console_without_a_lot_say_so(staff: Visitor) -> None:
    assert "No car park yet" in (await staff.get("/console/reports")).text
    await save_lot(slug="new")
    text = (await staff.get("/console/reports")).text
    assert "Nothing was counted" in text
    assert "needs two weeks of history" in text


@pytest.mark.parametrize(
    "asked", ["length=own&since=2026-05-02&until=2026-05-01", "length=decade", "at=yesterday", "against=luck"]
)
async def test_a_period_that_is_none_is_told_and_this_month_shown(staff: Visitor, asked: str) -> None:
    await save_lot(slug="harbour")
    answer = await staff.get(f"/console/reports?lot=harbour&{asked}")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text


async def test_files_hold_the_same_numbers(staff: Visitor, lot: Lot) -> None:
    query = f"lot=harbour&length=day&at={yesterday()}"
    text = (await staff.get(f"/console/reports/csv?{query}")).text
    found = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    entries = next(row[2] for row in found if row[:1] == ["Entries"])
    day = datetime.fromisoformat(yesterday()).replace(tzinfo=UTC)
    asked = "SELECT count(*) AS n FROM parking_session WHERE entered_at >= {} AND entered_at < {}"
    [came] = await fetch(asked, day, day + timedelta(days=1))
    assert int(entries) == came["n"] > 0
    answer = await staff.get(f"/console/reports/xlsx?{query}")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content))["Figures"]
    cells = {row[0].value: row[2].value for row in sheet.iter_rows(min_row=4)}
    assert cells["Entries"] == int(entries)
    assert sheet["A1"].value.startswith("'=Harbour")
    answer = await staff.get(f"/console/reports/pdf?{query}")
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")


async def test_a_day_is_closed_once_and_shows_who_did_it(staff: Visitor, lot: Lot) -> None:
    at = f"/console/reports?lot=harbour&length=day&at={yesterday()}"
    assert "Close " in (await staff.get(at)).text
    answer = await staff.send_form(at, "/console/reports/close", lot="harbour", day=yesterday())
    assert answer.status_code == 303
    text = (await staff.get(answer.headers["location"])).text
    assert "The day is closed." in text
    assert f"by {EMAIL}" in text
    answer = await staff.send_form(at, "/console/reports/close", lot="harbour", day=yesterday())
    assert answer.status_code == 409
    assert "closed already" in answer.text
    today = datetime.now(UTC).date()
    answer = await staff.send_form(at, "/console/reports/close", lot="harbour", day=str(today))
    assert "not over yet" in answer.text
    assert len(await day_closes.list_closes(lot.id, today - timedelta(days=9), today + timedelta(days=9))) == 1


async def test_drivers_are_told_what_is_expected_and_how_far_that_was_off(visitor: Visitor, web_settings: Any) -> None:
    for slug in ("seen", "blind"):
        lot = await save_lot(slug=slug, time_zone="UTC")
        await save_camera(lot, spots_seen=2)
        await give_past(lot, 30, datetime.now(UTC), web_settings, per_day=0)
    await fetch("UPDATE lot_forecast SET made_at = {} WHERE lot = {}", datetime.now(UTC) - timedelta(hours=1), lot.id)
    text = (await visitor.get("/lots/seen")).text
    assert "In the next hours" in text
    assert "In the last weeks it was off by" in text
    assert "In the next hours" not in (await visitor.get("/lots/blind")).text


async def test_letters_are_asked_for_and_stopped(staff: Visitor, account: Any) -> None:
    lot = await save_lot(slug="harbour")
    await staff.send_form("/console/reports", "/console/reports/letters", lot="harbour", wanted="1")
    assert await report_readers.list_readers(lot.id) == [account.id]
    assert "You get a letter" in (await staff.get("/console/reports")).text
    await staff.send_form("/console/reports", "/console/reports/letters", lot="harbour", wanted="0")
    assert await report_readers.list_readers(lot.id) == []
    off, on = await audit.list_entries(ALL, None, 9)
    assert (on.after, off.after) == ({"readers": [account.email]}, {"readers": []})


async def test_an_owner_chooses_who_gets_the_letters_and_nobody_else_does(
    staff: Visitor, app: Any, account: Any
) -> None:
    lot = await save_lot(slug="harbour")
    hashed = await accounts.hash_password(PASSWORD)
    ann = await save_account("ann@example.org", Role.ACCOUNTANT, hashed)
    assert "Who gets it (0 of 2)" in (await staff.get("/console/reports")).text
    await fetch("UPDATE account SET id = 1234567 WHERE id = {}", ann.id)  # there may be more than five digits
    ann = replace(ann, id=1234567)
    chosen = {"lot": "harbour", "reader": [str(ann.id), "x"]}
    answer = await staff.send_form("/console/reports", "/console/reports/readers", **chosen)
    assert "The letters go to whom you chose." in (await staff.get(answer.headers["location"])).text
    assert await report_readers.list_readers(lot.id) == [ann.id]
    async with visit(app) as other:
        await other.send_form("/sign-in", email="ann@example.org", password=PASSWORD)
        assert "Who gets it" not in (await other.get("/console/reports")).text
        refused = await other.send_form("/console/reports", "/console/reports/readers", lot="harbour")
        assert refused.status_code == 403
    assert await report_readers.list_readers(lot.id) == [ann.id]


async def test_who_may_not_see_money_sees_no_report(attendant: Visitor, visitor: Visitor) -> None:
    await save_lot()
    assert (await attendant.get("/console/reports")).status_code == 403
    assert "/console/reports" not in (await attendant.get("/console")).text
    assert (await visitor.get("/console/reports")).status_code in (302, 303)


async def test_a_lot_that_is_not_there_is_not_found(staff: Visitor) -> None:
    await save_lot()
    assert (await staff.get("/console/reports?lot=nowhere")).status_code == 404
    assert (await staff.send_form("/console/reports", "/console/reports/close", day=yesterday())).status_code == 404


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1"])
def test_no_words_begin_a_formula(text: str) -> None:
    assert safe(text) == f"'{text}"
    table = Table("t", text, text, (Column(text),), ((text, (-1,)),))
    lines = list(csv.reader(io.StringIO(as_csv(text, [Figure(text, -2, COUNT)], [table]))))
    assert {cell for line in lines for cell in line if cell[:1] in "=+-@\t\r "} <= {"", "-1", "-2"}
    for row in openpyxl.load_workbook(io.BytesIO(as_xlsx(text, [], [Table("t", "T", text, (), ((text, ()),))]))):
        assert all(cell.data_type != "f" for cells in row.iter_rows() for cell in cells)


def test_a_share_is_per_cent_in_csv_as_its_column_is_headed() -> None:
    table = Table("t", "Kinds", "Kind", (Column("Share", SHARE),), (("Car", (0.8927,)), ("Truck", (None,))))
    lines = list(csv.reader(io.StringIO(as_csv("T", [Figure("Occupancy", 0.3574, SHARE)], [table]))))
    assert ["Occupancy", "%", "35.74", ""] in lines
    assert lines[-3:] == [["Kind", "Share (%)"], ["Car", "89.27"], ["Truck", ""]]
