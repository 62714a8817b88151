"""Discount codes in the console."""

import html
from typing import Any

import pytest
from builders import save_lot
from drivers import save_paid_lot, save_stay

from parkhub.db import discount_codes as code_rows
from parkhub.domain.lots import Lot
from parkhub.services import discount_codes

HERE = "/console/lots/north/codes"
ONE = {"how": "one", "code": "hotel", "takes": "percent", "value": "50"}


@pytest.fixture
async def lot(app: Any) -> Lot:
    return await save_paid_lot(slug="north", name="North")


async def test_one_is_made_used_printed_and_ended(staff, lot):
    assert "No codes yet" in (await staff.get(HERE)).text
    answer = await staff.send_form(HERE, **ONE, uses_max="3", ends_at="2040-01-31")
    ((code, _),) = await code_rows.list_codes(lot.id, 0, 9)
    assert answer.headers["location"] == f"{HERE}/print?first={code.id}&last={code.id}"
    assert "HOTEL" in (await staff.get(answer.headers["location"])).text
    await discount_codes.give_code(
        (await save_stay(lot)).id, "HOTEL", None, code.limits.ends_at.replace(month=1, day=1)
    )
    page = html.unescape((await staff.get(HERE)).text)
    for words in ("HOTEL", "50 % off", "1 of 3", "works", "01 Feb 2040, 00:00"):
        assert words in page, words
    answer = await staff.send_form(HERE, f"/console/discount-codes/{code.id}/end", lot="north")
    assert "works no longer" in (await staff.get(answer.headers["location"])).text
    assert "Nothing to print" in (await staff.get(f"{HERE}/print?first={code.id}&last={code.id}")).text


async def test_many_are_made_at_once_and_shown_for_printing(staff, lot):
    answer = await staff.send_form(HERE, **{**ONE, "how": "many", "number": "120", "takes": "amount", "value": "2.50"})
    assert answer.status_code == 303, answer.text
    found = [code.discount for code, _ in await code_rows.list_codes(lot.id, 0, 500)]
    assert len({each.code for each in found}) == 120
    assert all(each.code.startswith("HOTEL-") and each.amount_cents == 250 for each in found)
    sheet = await staff.get(answer.headers["location"])
    assert sheet.text.count("€2.50 off") == 120
    page = await staff.get(HERE)
    assert ">More<" in page.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"value": "many"}, "Give a number"),
        ({"value": "0"}, "Take off more than nothing."),
        ({"takes": "amount", "value": "2.555"}, "more digits after the point"),
        ({"code": "a"}, "A code has 3 to 24"),
        ({"how": "many", "number": "501"}, "Make 1 to 500"),
        ({"uses_max": "none"}, "Give a number of stays"),
        ({"ends_at": "soon"}, "Give a day"),
        ({"ends_at": "2020-01-31"}, "That day is over"),
        ({"starts_at": "2040-02-01", "ends_at": "2040-01-01"}, "A code ends after it begins."),
    ],
)
async def test_what_is_wrong_is_said_at_the_field(staff, lot, wrong, words):
    answer = await staff.send_form(HERE, **{**ONE, **wrong})
    assert (answer.status_code, words in answer.text) == (422, True), answer.text[-3000:]
    assert await code_rows.list_codes(lot.id, 0, 9) == []


async def test_a_code_that_is_there_and_money_of_no_currency_are_refused(staff, lot):
    await staff.send_form(HERE, **ONE)
    assert "There is such a code already." in (await staff.send_form(HERE, **ONE)).text
    await save_lot(slug="empty")
    answer = await staff.send_form("/console/lots/empty/codes", **{**ONE, "takes": "amount", "value": "2"})
    assert "Publish a tariff first" in answer.text


async def test_who_sets_nothing_up_sees_codes_and_makes_none(staff, attendant, lot):
    await staff.send_form(HERE, **ONE)
    page = await attendant.get(HERE)
    assert ("HOTEL" in page.text, "Make codes" in page.text) == (True, False)
