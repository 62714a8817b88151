"""Permits and the lists of plates for programs."""

from typing import Any

import pytest
from builders import save_lot, save_permit, save_session
from visitors import Desk, Visitor, token_of

from parkhub.domain.lots import Lot

KIM = {"holder": "Kim", "plates": ["ab 123"], "valid_from": "2026-01-01"}


@pytest.fixture
async def desk(staff: Visitor) -> Desk:
    return Desk(staff, token_of(await staff.get("/console/lots/new")))


@pytest.fixture
async def lot(app: Any) -> Lot:
    return await save_lot(slug="north")


async def test_a_permit_is_given_changed_and_deleted(desk, lot):
    await save_lot(slug="south")
    given = {**KIM, "lots": ["north", "south"], "times": "Mon-Fri 7:00-19:00", "kind": "staff", "external_id": "7"}
    answer = await desk.ask("POST", "/permits", given)
    assert answer.status_code == 201, answer.text
    kept = answer.json()
    number = kept.pop("id")
    assert kept == {
        "lots": ["north", "south"],
        "kind": "staff",
        "holder": "Kim",
        "plates": ["AB123"],
        "valid_from": "2026-01-01",
        "valid_until": None,
        "times": "mon-fri 07:00-19:00",
        "cars_max": 1,
        "paused": False,
        "note": "",
        "external_id": "7",
    }
    changed = await desk.ask("PUT", f"/permits/{number}", {**KIM, "lots": ["south"], "paused": True})
    assert (changed.status_code, changed.json()["paused"], changed.json()["times"]) == (200, True, "")
    assert await desk.get(f"/permits/{number}") == changed.json()
    assert (await desk.get("/lots/north/permits"))["items"] == []
    assert (await desk.ask("DELETE", f"/permits/{number}")).status_code == 204
    assert (await desk.ask("GET", f"/permits/{number}")).status_code == 404


async def test_permits_are_listed_in_pages_or_by_a_plate_that_looks_alike(desk, lot):
    kept = [await save_permit(lot.id, f"AB{number}0") for number in range(3)]
    page = await desk.get("/lots/north/permits", limit=2)
    assert ([item["id"] for item in page["items"]], page["next"]) == ([kept[0].id, kept[1].id], kept[1].id)
    page = await desk.get("/lots/north/permits", limit=2, after=page["next"])
    assert ([item["id"] for item in page["items"]], page["next"]) == ([kept[2].id], None)
    assert await desk.get("/lots/north/permits", after=2**40) == {"items": [], "next": None}
    page = await desk.get("/lots/north/permits", plate="ab-1o")
    assert [item["id"] for item in page["items"]] == [kept[1].id]
    assert (await desk.get("/lots/north/permits", plate="?"))["items"] == []


WRONG = {
    "no such lot": ({**KIM, "lots": ["south"]}, 404),
    "a lot that cannot be": ({**KIM, "lots": ["\x00"]}, 404),
    "no lot": ({**KIM, "lots": []}, 422),
    "no plate": ({**KIM, "lots": ["north"], "plates": []}, 422),
    "no time": ({**KIM, "lots": ["north"], "times": "noon"}, 422),
    "no day": ({**KIM, "lots": ["north"], "valid_from": "someday"}, 400),
    "no kind": ({**KIM, "lots": ["north"], "kind": "king"}, 400),
    "something else": ({**KIM, "lots": ["north"], "colour": "red"}, 400),
    "a name with a NUL": ({**KIM, "lots": ["north"], "holder": "K\x00m"}, 422),
}


@pytest.mark.parametrize(("given", "status"), WRONG.values(), ids=WRONG)
async def test_a_wrong_permit_is_refused(desk, lot, given, status):
    assert (await desk.ask("POST", "/permits", given)).status_code == status
    assert (await desk.get("/lots/north/permits"))["items"] == []


async def test_what_stands_in_the_way_of_a_change_is_said(desk, lot):
    permit = await save_permit(lot.id, external_id="7")
    other = {**KIM, "lots": ["north"], "external_id": "7"}
    assert (await desk.ask("POST", "/permits", other)).status_code == 409
    assert (await desk.ask("PUT", "/permits/999", other)).status_code == 404
    await save_session(lot.id, permit_id=permit.id)
    refused = await desk.ask("DELETE", f"/permits/{permit.id}")
    assert (refused.status_code, "inside" in refused.json()["detail"]) == (409, True)


async def test_plates_are_put_on_lists_and_taken_off(desk, lot):
    here = {
        "list": "deny",
        "plate": "ab-123",
        "reason": " owes ",
        "lot": "north",
        "valid_until": "2030-01-01T00:00:00Z",
    }
    everywhere = {"list": "allow", "plate": "xy 99", "reason": "Fire brigade"}
    kept = [(await desk.ask("POST", "/listed-plates", given)).json() for given in (here, everywhere)]
    assert (await desk.get("/lots/north/listed-plates")) == {"items": kept, "next": None}
    assert [(item["plate"], item["reason"], item["lot"]) for item in kept] == [
        ("AB123", "owes", "north"),
        ("XY99", "Fire brigade", None),
    ]
    assert (await desk.ask("DELETE", f"/listed-plates/{kept[0]['id']}")).status_code == 204
    assert (await desk.ask("DELETE", f"/listed-plates/{kept[0]['id']}")).status_code == 404
    assert len((await desk.get("/lots/north/listed-plates"))["items"]) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [({"plate": "?"}, 422), ({"reason": " "}, 422), ({"lot": "south"}, 404), ({"list": "grey"}, 400),
     ({"valid_until": "2030-01-01T00:00:00"}, 422), ({"valid_until": "0001-01-01T00:00:00+14:00"}, 422)],
    ids=["no plate", "no reason", "no such lot", "no list", "no zone", "no time"],
)  # fmt: skip
async def test_a_wrong_entry_is_refused(desk, lot, change, status):
    usual = {"list": "deny", "plate": "AB123", "reason": "owes"}
    assert (await desk.ask("POST", "/listed-plates", {**usual, **change})).status_code == status


async def test_strangers_and_other_sites_are_turned_away(lot, program, staff):
    permit = await save_permit(lot.id)
    for path in (f"/permits/{permit.id}", "/lots/north/permits", "/lots/north/listed-plates"):
        assert (await program.get(f"/api/v1{path}")).status_code == 401
    assert (await staff.delete(f"/api/v1/permits/{permit.id}")).status_code == 403
    assert (await staff.post("/api/v1/permits", json={**KIM, "lots": ["north"]})).status_code == 403


async def test_it_stands_in_the_description_of_the_interface(staff):
    paths = (await staff.get("/schema/openapi.json")).json()["paths"]
    assert {"/api/v1/permits", "/api/v1/permits/{permit_id}", "/api/v1/listed-plates"} <= set(paths)
