import re

import pytest
from builders import a_new_spot, save_camera, save_lot
from visitors import Visitor

from parkhub.db import better_views, spots
from parkhub.domain.lots import Lot
from parkhub.domain.spots import BayPlan, BayShape, NewSpot

PAGE = "/console/lots/harbour/views"


def at(x: float, name: str) -> NewSpot:
    return a_new_spot(name, plan=BayPlan(BayShape.MOUTH_UP, x, 0, 22, 46))


@pytest.fixture
async def lot(staff: Visitor) -> Lot:
    """A1 and N7 lie on each other in the plan, A2 and N-A2 are named alike."""
    found = await save_lot(slug="harbour")
    await save_camera(found, [at(0, "A1"), at(24, "A2")], name="South")
    await save_camera(found, [at(5, "N7"), at(200, "N-A2")], name="North")
    return found


async def groups(lot: Lot) -> list[list[str]]:
    return [[track.spot for track in place.views.values()] for place in await better_views.list_places(lot.id)]


async def test_two_spots_become_one_place_from_a_suggestion_and_are_two_again_by_one_press(
    staff: Visitor, lot: Lot
) -> None:
    text = (await staff.get(PAGE)).text
    assert "A1 of South and N7 of North" in text
    assert "A2 of South and N-A2 of North" in text
    answer = await staff.send_form(PAGE, f"{PAGE}/join", spot="A1", also="N7")
    text = (await staff.get(answer.headers["location"])).text
    assert "A1 and N7 are one place now" in text
    assert "A1 of South and N7 of North" not in text
    assert await groups(lot) == [["A1", "N7"]]
    answer = await staff.send_form(PAGE, f"{PAGE}/part", spot="N7")
    assert "places by themselves again" in (await staff.get(answer.headers["location"])).text
    assert await groups(lot) == []


async def test_all_suggestions_are_taken_at_once(staff: Visitor, lot: Lot) -> None:
    answer = await staff.send_form(PAGE, f"{PAGE}/join-all")
    assert "2 suggestions taken." in (await staff.get(answer.headers["location"])).text
    assert await groups(lot) == [["A1", "N7"], ["A2", "N-A2"]]


async def test_what_is_refused_comes_back_with_the_reason(staff: Visitor, lot: Lot) -> None:
    answer = await staff.send_form(PAGE, f"{PAGE}/join", spot="A1", also="A2")
    assert answer.status_code == 422
    assert "A1 and A2 are two places" in answer.text
    assert (await staff.send_form(PAGE, f"{PAGE}/join", spot="A1", also="Z9")).status_code == 404
    assert (await staff.send_form(PAGE, f"{PAGE}/part", spot="A1")).status_code == 404


async def test_an_address_alone_makes_the_page_say_nothing_that_is_not_so(staff: Visitor, lot: Lot) -> None:
    assert "one place now" not in (await staff.get(f"{PAGE}?joined=A1&also=N7")).text


async def test_the_plan_shows_the_place_once_and_saving_it_keeps_both_marks(staff: Visitor, lot: Lot) -> None:
    await staff.send_form(PAGE, f"{PAGE}/join", spot="A1", also="N7")
    document = (await staff.get("/console/lots/harbour/plan/document")).json()
    assert [row["id"] for row in document["spots"]] == ["A1", "A2", "N-A2"]
    assert [spot.name for spot in await spots.list_spots(lot.id)] == ["A1", "A2", "N7", "N-A2"]
    assert "Seen by two cameras" in (await staff.get("/console/lots/harbour/plan")).text


async def test_each_camera_is_listed_with_all_the_places_marked_in_its_picture(staff: Visitor, lot: Lot) -> None:
    before = re.findall(r">(\d+)<", (await staff.get("/console/cameras")).text)
    await staff.send_form(PAGE, f"{PAGE}/join-all")
    assert re.findall(r">(\d+)<", (await staff.get("/console/cameras")).text) == before


async def test_only_who_sets_the_lot_up_may_say_so(attendant: Visitor, lot: Lot) -> None:
    assert (await attendant.get(PAGE)).status_code == 403
    assert (await attendant.send_form("/console", f"{PAGE}/join", spot="A1", also="N7")).status_code == 403
