"""The patrol's question as programs ask it."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import save_lot, save_permit
from visitors import Visitor, token_of

PATH = "/api/v1/enforcement/lookup"


@pytest.fixture
async def headers(staff: Visitor) -> dict[str, str]:
    return {"x-csrftoken": token_of(await staff.get("/console/lots/new")), "accept": "application/json"}


async def test_a_plate_with_a_permit_may_stand_there(staff, headers):
    lot = await save_lot(slug="north")
    await save_permit(lot.id, valid_until=None)
    at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    asked = {"registration_number": "ab 123", "location": "north", "time": at}
    answer = await staff.post(PATH, json=asked, headers=headers)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    found = answer.json()
    assert datetime.fromisoformat(found.pop("time")) == datetime.fromisoformat(at)
    there = {"allowed": True, "end_time": None, "location": {"permit_area": "north"}, "hint": None}
    assert found == {**there, "paid": None, "paid_until": None}


async def test_a_plate_that_looks_alike_is_a_hint(staff, headers):
    lot = await save_lot(slug="north")
    await save_permit(lot.id, "A8123")
    answer = await staff.post(PATH, json={"registration_number": "AB123", "location": "north"}, headers=headers)
    assert (answer.json()["allowed"], answer.json()["hint"]) == (False, "A8123")


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"registration_number": "AB123", "location": "south"}, 404),
        ({"registration_number": "?", "location": "north"}, 422),
        ({"registration_number": "AB123", "location": "north", "time": "2026-11-21T12:00:00"}, 422),
        ({"registration_number": "AB123"}, 400),
        ({"registration_number": "AB123", "location": "north", "colour": "red"}, 400),
    ],
    ids=["no such lot", "no plate", "no zone", "no location", "something else"],
)
async def test_what_cannot_be_asked_is_refused(staff, headers, asked, status):
    await save_lot(slug="north")
    assert (await staff.post(PATH, json=asked, headers=headers)).status_code == status


async def test_strangers_and_other_sites_are_turned_away(staff, program):
    asked = {"registration_number": "AB123", "location": "north"}
    assert (await program.post(PATH, json=asked)).status_code in (401, 403)
    assert (await staff.post(PATH, json=asked)).status_code == 403


async def test_it_stands_in_the_description_of_the_interface(staff):
    assert PATH in (await staff.get("/schema/openapi.json")).json()["paths"]
