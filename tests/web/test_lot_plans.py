import json
import re
from typing import Any

import pytest
from builders import save_camera, save_lot
from httpx import Response
from visitors import Visitor

from parkhub.db import spots
from parkhub.domain.lots import Lot

PAGE = "/console/lots/harbour/plan"


@pytest.fixture
async def lot(staff: Visitor) -> Lot:
    found = await save_lot(slug="harbour")
    await save_camera(found, 2)
    return found


async def save(staff: Visitor, document: Any) -> Response:
    token = re.search(r'"x-csrftoken": "(\w+)"', (await staff.get(PAGE)).text)
    assert token is not None
    files = {"document": ("plan.json", json.dumps(document), "application/json")}
    return await staff.post(f"{PAGE}/save", files=files, headers={"x-csrftoken": token[1]})


async def test_the_plan_shows_without_scripts_what_is_drawn(staff: Visitor, lot: Lot) -> None:
    text = (await staff.get(PAGE)).text
    assert text.count('class="poly"') == 2
    assert "2 spots of 1 camera" in text


async def test_a_spot_is_put_elsewhere_and_comes_back_there(staff: Visitor, lot: Lot) -> None:
    document = (await staff.get(f"{PAGE}/document")).json()
    row = document["spots"][0]
    row["polygon"] = [[x + 9, y + 50] for x, y in row["polygon"]]
    answer = await save(staff, document)
    assert answer.status_code == 200, answer.text
    first = (await spots.list_spots(lot.id))[0]
    assert [first.plan.x, first.plan.y] == pytest.approx(row["polygon"][0])
    assert (await save(staff, document)).status_code == 409
    assert (await save(staff, {**answer.json()["document"], "size": [9999, 9999]})).status_code == 422


async def test_a_lot_without_spots_says_where_to_begin(staff: Visitor) -> None:
    await save_lot(slug="harbour")
    assert "No spots yet" in (await staff.get(PAGE)).text
    assert (await staff.get("/console/lots/nowhere/plan")).status_code == 404
