"""Where a lot is and when it is open: for programs, and on its page."""

import json
import re
from typing import Any

import pytest
from builders import save_camera, save_lot
from visitors import Desk, Visitor, token_of

from parkhub.db import lots
from parkhub.domain.lots import Lot

FORM = {"opening_hours": "24/7", "country": "de", "place": "geo:53.5436,9.9884", "address": "Kai 2"}


@pytest.fixture
async def lot(app: Any) -> Lot:
    return await save_lot(slug="north", name="North", address="Kai 1")


async def desk_of(visitor: Visitor) -> Desk:
    return Desk(visitor, token_of(await visitor.get("/console")))


async def test_everybody_reads_where_a_lot_is_and_whether_it_is_open(
    program: Visitor, staff: Visitor, lot: Lot
) -> None:
    told = (await program.get("/api/v1/lots/north")).json()
    assert told["address"] == "Kai 1"
    assert (told["opening_hours"], told["is_open"], told["latitude"]) == (None, None, None)
    answer = await (await desk_of(staff)).ask("PATCH", "/lots/north", FORM)
    assert answer.status_code == 200, answer.text
    told = (await program.get("/api/v1/lots/north")).json()
    assert told == answer.json()
    assert (told["is_open"], told["changes_at"], told["country"]) == (True, None, "DE")
    assert (told["latitude"], told["longitude"], told["address"]) == (53.5436, 9.9884, "Kai 2")


async def test_the_page_tells_it_to_drivers_and_to_search_engines(visitor: Visitor, staff: Visitor, lot: Lot) -> None:
    await save_camera(lot, 2)
    desk = await desk_of(staff)
    await desk.ask("PATCH", "/lots/north", {**FORM, "opening_hours": "Mo-Su 00:00-23:59", "address": "</script> 1"})
    text = (await visitor.get("/lots/north")).text
    assert re.search(r'data-text="opening">(Open today 00:00 to 23:59|Closed, opens tomorrow 00:00)<', text)
    assert "<dt>Tomorrow</dt><dd>00:00–23:59</dd>" in text
    assert 'href="geo:53.543600,9.988400' in text
    (linked,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', text)
    assert json.loads(linked)["address"] == "</script> 1"
    assert json.loads(linked)["geo"] == {"@type": "GeoCoordinates", "latitude": 53.5436, "longitude": 9.9884}


async def test_what_is_wrong_is_told_and_nothing_is_changed(staff: Visitor, lot: Lot) -> None:
    wrong = {"opening_hours": "at day", "place": "99,200", "address": "Kai 2"}
    answer = await (await desk_of(staff)).ask("PATCH", "/lots/north", wrong)
    assert answer.status_code == 422
    assert "Not understood from letter" in answer.text
    assert "latitude" in answer.text
    assert await lots.get_lot(lot.id) == lot


async def test_only_owners_set_it(program: Visitor, attendant: Visitor, lot: Lot) -> None:
    assert (await (await desk_of(attendant)).ask("PATCH", "/lots/north", FORM)).status_code == 403
    assert (await program.patch("/api/v1/lots/north", json=FORM)).status_code in {401, 403}
    assert (await program.get("/api/v1/lots/nowhere")).status_code == 404
    assert await lots.get_lot(lot.id) == lot
