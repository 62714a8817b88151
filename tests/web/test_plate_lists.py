"""The allow and the deny list in the console."""

from datetime import UTC, datetime
from typing import Any

import pytest
from builders import save_lot

from parkhub.db import plate_lists as list_rows
from parkhub.domain.lots import Lot
from parkhub.domain.plate_lists import PlateList

HERE = "/console/lots/north/plates"


@pytest.fixture
async def lot(app: Any) -> Lot:
    return await save_lot(slug="north", name="North")


async def test_a_plate_goes_on_a_list_and_off_again(staff, lot):
    assert "Nothing here" in (await staff.get(HERE)).text
    answer = await staff.send_form(HERE, list="deny", plate="ab-123", reason="left without paying", until="2040-01-31")
    assert answer.headers["location"] == f"{HERE}?done=listed"
    await staff.send_form(HERE, list="allow", plate="FIRE112", reason="fire brigade", where="all")
    first, second = await list_rows.list_listed(lot.id, 0, 9)
    assert (first.list, first.plate, first.lot_id) == (PlateList.DENY, "AB123", lot.id)
    assert first.valid_until == datetime(2040, 1, 31, 23, tzinfo=UTC)
    assert (second.plate, second.lot_id, second.valid_until) == ("FIRE112", None, None)
    page = await staff.get(f"{HERE}?which=allow")
    assert ("FIRE112" in page.text, "AB123" in page.text) == (True, False)
    answer = await staff.send_form(HERE, f"/console/listed-plates/{first.id}/delete", lot="north")
    assert answer.headers["location"] == f"{HERE}?done=unlisted"
    assert [each.plate for each in await list_rows.list_listed(lot.id, 0, 9)] == ["FIRE112"]


async def test_what_is_wrong_is_said_at_the_field_and_kept(staff, lot):
    answer = await staff.send_form(HERE, list="deny", plate="!", reason="")
    assert answer.status_code == 422
    assert "A plate has 2 to 12 letters and digits." in answer.text
    assert "Say why." in answer.text
    answer = await staff.send_form(HERE, list="deny", plate="AB123", reason="typed", until="soon")
    assert "Give a day" in answer.text
    assert 'value="typed"' in answer.text
    answer = await staff.send_form(HERE, list="deny", plate="AB123", reason="typed", until="2020-01-31")
    assert (answer.status_code, "That day is over" in answer.text) == (422, True)
    assert await list_rows.list_listed(lot.id, 0, 9) == []


async def test_plates_are_hidden_from_who_may_not_see_them(staff, lot, without_plates):
    await staff.send_form(HERE, list="deny", plate="AB123", reason="left without paying")
    page = await without_plates.get(HERE)
    assert ("AB123" in page.text, "•••" in page.text) == (False, True)
