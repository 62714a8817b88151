"""Lanes, entrances and monitors drawn in a lot's plan, and the way that monitors show by them."""

import html
import json
import re
from typing import Any

import pytest
from builders import a_new_spot, save_camera, save_lot
from httpx import Response
from visitors import Visitor

from parkhub.domain.lots import Lot
from parkhub.domain.spots import BayPlan, BayShape

PAGE = "/console/lots/harbour/drives"
ROUND = {
    "lanes": [{"points": [[20, 300], [20, 20], [300, 20]], "one_way": False}],
    "entrances": [[20, 300]],
    "monitors": [{"name": "Gate", "at": [20, 250], "heading": 0, "zone": ""}],
}


@pytest.fixture
async def lot(staff: Visitor) -> Lot:
    """N1 is 230 from the gate as the crow flies and E1 less, but E1 is farther to drive."""
    found = await save_lot(slug="harbour", plan_width=400, plan_height=400)
    bay = {"N1": BayPlan(BayShape.MOUTH_DOWN, 40, 10, 22, 10), "E1": BayPlan(BayShape.MOUTH_UP, 150, 100, 22, 46)}
    await save_camera(found, [a_new_spot(name, plan=plan) for name, plan in bay.items()])
    return found


async def save(staff: Visitor, document: Any) -> Response:
    token = re.search(r'"x-csrftoken": "(\w+)"', (await staff.get(PAGE)).text)
    assert token is not None
    files = {"document": ("drives.json", json.dumps(document), "application/json")}
    return await staff.post(f"{PAGE}/save", files=files, headers={"x-csrftoken": token[1]})


def places(page: Response) -> dict[str, Any]:
    told = re.search(r'data-places="(.*?)"', page.text)
    assert told is not None
    return {place["n"]: (place.get("d"), place.get("w")) for place in json.loads(html.unescape(told[1]))}


async def test_what_is_drawn_is_kept_and_monitors_go_by_it(staff: Visitor, lot: Lot) -> None:
    by_air = "/display/harbour?x=20&y=250&facing=0"
    assert set(places(await staff.get(by_air)).values()) == {(None, None)}
    document = (await staff.get(f"{PAGE}/document")).json()
    answer = await save(staff, {**document, **ROUND})
    assert answer.status_code == 200, answer.text
    saved = (await staff.get(f"{PAGE}/document")).json()
    assert {name: saved[name] for name in ROUND} == ROUND
    shown = await staff.get("/display/harbour?monitor=Gate")
    assert 'data-hang="20,250,0"' in shown.text
    assert " data-by-lane" in shown.text
    found = places(shown)
    assert found["N1"][1] == found["E1"][1] == 2  # to the right where the lane bends
    assert found["N1"] == (230 + 31, 2)
    assert found["E1"][0] > found["N1"][0]
    assert places(await staff.get(by_air)) == found
    assert "data-hang" not in (await staff.get("/display/harbour?monitor=Elsewhere")).text


async def test_the_page_lists_without_scripts_what_is_drawn(staff: Visitor, lot: Lot) -> None:
    assert "None is drawn. Monitors then point to free places as the crow flies." in (await staff.get(PAGE)).text
    document = (await staff.get(f"{PAGE}/document")).json()
    await save(staff, {**document, **ROUND})
    text = (await staff.get(PAGE)).text
    assert "The lanes lead from an entrance to every place." in text
    assert '<a href="/display/harbour?monitor=Gate">' in text
    assert "/display/harbour?monitor=Gate" in (await staff.get("/console/lots/harbour/displays")).text


async def test_places_that_no_entrance_leads_to_are_named(staff: Visitor, lot: Lot) -> None:
    document = (await staff.get(f"{PAGE}/document")).json()
    apart = [{"points": [[140, 90], [190, 90]], "one_way": False}]
    await save(staff, {**document, **ROUND, "lanes": ROUND["lanes"] + apart})  # type: ignore[operator]
    assert "1 place is reached from no entrance: E1." in (await staff.get(PAGE)).text
    assert places(await staff.get("/display/harbour?monitor=Gate"))["E1"] == (None, None)


async def test_lanes_that_somebody_else_changed_are_not_overwritten(staff: Visitor, lot: Lot) -> None:
    document = {**(await staff.get(f"{PAGE}/document")).json(), **ROUND}
    first = await save(staff, document)
    again = await save(staff, {**document, "lanes": [], "entrances": []})
    assert again.status_code == 409
    assert again.json()["version"] == first.json()["document"]["version"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        pytest.param({"lanes": [{"points": [[1, 1]], "one_way": False}]}, "fewer than two points", id="a dot"),
        pytest.param({"lanes": [{"points": [[1, 1], [1, 500]], "one_way": False}]}, "outside the plan", id="outside"),
        pytest.param({"lanes": [{"points": [[1, "a"], [1, 2]], "one_way": True}]}, "a point that is none", id="none"),
        pytest.param({"entrances": [[7, 7]]}, "An entrance lies on no lane", id="entrance beside"),
        pytest.param({"monitors": [*ROUND["monitors"], *ROUND["monitors"]]}, "Two monitors", id="twice"),
        pytest.param({"monitors": [{"name": "", "at": [1, 1], "heading": 0}]}, "1 to 40", id="no name"),
        pytest.param({"monitors": [{"name": "A", "at": [1, 1], "heading": None}]}, "in degrees", id="no heading"),
        pytest.param({"lanes": None}, "cannot be read", id="no lanes"),
    ],
)
async def test_what_is_no_way_is_refused_with_what_to_do(staff: Visitor, lot: Lot, wrong: Any, words: str) -> None:
    document = (await staff.get(f"{PAGE}/document")).json()
    answer = await save(staff, {**document, **ROUND, **wrong})
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
    assert (await staff.get(f"{PAGE}/document")).json() == document


async def test_a_lot_without_places_says_where_to_begin(staff: Visitor) -> None:
    await save_lot(slug="harbour")
    assert "No spots yet" in (await staff.get(PAGE)).text
    assert (await staff.get("/console/lots/nowhere/drives")).status_code == 404
