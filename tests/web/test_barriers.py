"""Barriers in the console and for programs: set up by owners, opened by hand by all of staff, with a reason."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from builders import save_camera, save_lot
from gated import Side, a_side
from litestar import Litestar
from visitors import Desk, Visitor, token_of

from parkhub.db import barriers as barrier_rows
from parkhub.db import cameras as camera_rows
from parkhub.db.engine import fetch
from parkhub.domain.barriers import BarrierKind, CallCause, Cause
from parkhub.domain.cameras import CameraRole, Gate
from parkhub.services import barrier_calls


@pytest.fixture
async def side(app: Litestar) -> Side:
    return await a_side()


def page_of(side: Side) -> str:
    return f"/console/barriers/{side.barrier.public_id}"


async def test_an_owner_adds_a_barrier_and_changes_it(staff: Visitor) -> None:
    empty = await staff.get("/console/barriers")
    assert "Add the car park first." in empty.text
    assert (await staff.get("/console/barriers/new")).headers["location"] == "/console/lots/new"
    camera = await save_camera(await save_lot(slug="north"), name="North exit")
    await camera_rows.set_gate(camera.id, Gate(CameraRole.EXIT))
    given = {"lot": "north", "name": "North exit", "kind": "relay", "side": "exit", "letting": "nobody"}
    given |= {"node": camera.public_id, "cameras": camera.public_id, "enabled": "1"}
    numbers = {"pulse_ms": "400", "timeout_s": "8", "waits_s": "300", "calls_after_s": "60"}
    wrong = await staff.send_form("/console/barriers/new", **{**given, **numbers, "timeout_s": "1", "name": " "})
    assert (wrong.status_code, "Use 2 to 60." in wrong.text, "Give the barrier a name" in wrong.text) == (
        422,
        True,
        True,
    )
    added = await staff.send_form("/console/barriers/new", **given, **numbers)
    assert added.status_code == 303, added.text
    (barrier,) = await barrier_rows.list_barriers()
    assert (barrier.cameras, barrier.node_id, barrier.pulse_ms) == ((camera.id,), camera.id, 400)
    shown = await staff.get(added.headers["location"])
    assert "parkhub-node relay" in shown.text
    changed = await staff.send_form(f"{added.headers['location']}/settings", **{**given, **numbers, "pulse_ms": "700"})
    assert changed.status_code == 303
    (after,) = await barrier_rows.list_barriers()
    assert (after.pulse_ms, after.code, after.public_id) == (700, barrier.code, barrier.public_id)


WRONG = {
    "no https": ({"kind": "webhook", "address": "http://gate.example.org"}, "Give an https:// address"),
    "a user in it": ({"kind": "webhook", "address": "https://a:b@gate.example.org"}, "Leave user, password"),
    "a wildcard": ({"kind": "mqtt", "address": "parkhub/+/exit"}, "without + and #"),
    "no node": ({"kind": "relay"}, "Choose the camera whose node has the relay."),
    "another way": ({"kind": "pigeon"}, "Choose from the list."),
    "no mailbox": ({"kind": "mqtt", "address": "a/b", "call_email": "nobody"}, "This is no e-mail address."),
}


@pytest.mark.parametrize(("given", "words"), WRONG.values(), ids=WRONG)
async def test_what_cannot_be_told_is_not_taken(staff: Visitor, given: dict[str, str], words: str) -> None:
    await save_lot(slug="north")
    numbers = {"pulse_ms": "400", "timeout_s": "8", "waits_s": "300", "calls_after_s": "0"}
    usual = {"lot": "north", "name": "A", "side": "exit", "letting": "nobody", **numbers}
    refused = await staff.send_form("/console/barriers/new", **{**usual, **given})
    assert (refused.status_code, words in refused.text) == (422, True)


async def test_an_attendant_opens_with_a_reason_and_sets_nothing_up(attendant: Visitor, side: Side) -> None:
    shown = await attendant.get(page_of(side))
    assert "whsec_" not in shown.text
    uid = re.search(r'name="uid" value="(\w+)"', shown.text)
    assert uid is not None
    token = token_of(shown)
    without = await attendant.post(f"{page_of(side)}/open", data={"_csrf_token": token, "reason": " ", "do": "open"})
    assert (without.status_code, "Say why" in without.text) == (422, True)
    given = {"_csrf_token": token, "reason": "ambulance", "uid": uid[1], "do": "open"}
    for _ in range(2):
        assert (await attendant.post(f"{page_of(side)}/open", data=given)).status_code == 303
    await attendant.post(f"{page_of(side)}/open", data={"_csrf_token": token, "reason": "", "do": "test"})
    assert [(each.cause, each.reason) for each in await side.openings()] == [
        (Cause.BY_HAND, "ambulance"),
        (Cause.TEST, "test"),
    ]
    for path in (f"{page_of(side)}/settings", "/console/barriers/new"):
        assert (await attendant.get(path)).status_code == 403
    log = await attendant.get(f"{page_of(side)}/log", params={"cause": "by_hand"})
    assert ("ambulance" in log.text, "sam@example.org" in log.text, ">Test: test" in log.text) == (True, True, False)
    assert "Nothing here" in (await attendant.get(f"{page_of(side)}/log?outcome=refused&since=2026-01-01")).text


async def test_a_call_stands_on_the_first_page_until_somebody_has_gone(
    app: Litestar, staff: Visitor, side: Side
) -> None:
    await barrier_calls.call(app.state.clients, side.barrier, CallCause.DRIVER, datetime.now(UTC))
    first = await staff.get("/console")
    assert ("Somebody is needed" in first.text, "North barrier" in first.text) == (True, True)
    action = re.search(r'action="(/console/barrier-calls/\d+/take)"', first.text)
    assert action is not None
    taken = await staff.post(action[1], data={"_csrf_token": token_of(first)})
    assert taken.headers["location"] == page_of(side)
    assert "kim@example.org goes there" in (await staff.get("/console/barriers")).text
    await staff.post(action[1].replace("take", "resolve"), data={"_csrf_token": token_of(first)})
    assert "Somebody is needed" not in (await staff.get("/console")).text


async def test_the_page_tells_who_stands_there_and_its_secret_to_owners(
    app: Litestar, staff: Visitor, side: Side
) -> None:
    await side.drives_up(app.state.clients, "AB123", datetime.now(UTC) - timedelta(seconds=5))
    shown = await staff.get(f"{page_of(side)}/now")
    assert ("AB123" in shown.text, "Nobody saw this car come in." in shown.text) == (True, True)
    secret = re.search(r"whsec_[\w-]+", (await staff.get(page_of(side))).text)
    renewed = await staff.send_form(page_of(side), f"{page_of(side)}/secret")
    after = re.search(r"whsec_[\w-]+", (await staff.get(page_of(side))).text)
    assert (renewed.status_code, secret is not None, after is not None) == (303, True, True)
    assert secret[0] != after[0]  # type: ignore[index]


async def test_who_may_see_no_plates_sees_that_a_car_stands_there(app: Litestar, staff: Visitor, side: Side) -> None:
    await fetch("UPDATE account SET role = 'attendant', sees_plates = {}", False)
    await side.drives_up(app.state.clients, "AB123", datetime.now(UTC) - timedelta(seconds=5))
    for path in ("/console/barriers", page_of(side), f"{page_of(side)}/now"):
        shown = (await staff.get(path)).text
        assert ("AB123" in shown, "Nobody saw this car come in." in shown) == (False, True), path


async def test_programs_do_the_same(staff: Visitor, side: Side) -> None:
    desk = Desk(staff, token_of(await staff.get("/console/barriers/new")))
    path = f"/barriers/{side.barrier.public_id}"
    assert [each["id"] for each in await desk.get(f"/lots/{side.lot.slug}/barriers")] == [side.barrier.public_id]
    setup = {**(await desk.get(path))["setup"], "kind": BarrierKind.MQTT, "address": "parkhub/north"}
    changed = await desk.ask("PUT", path, setup)
    assert (changed.status_code, changed.json()["setup"]["address"]) == (200, "parkhub/north")
    added = await desk.ask("POST", f"/lots/{side.lot.slug}/barriers", {**setup, "name": "Second"})
    assert (added.status_code, added.json()["exit_page"].startswith("/exit/")) == (201, True)
    opened = await desk.ask("POST", f"{path}/open", {"reason": "ambulance", "uid": "made-up-1"})
    assert (opened.status_code, opened.json()["outcome"]) == (201, "")
    page = await desk.get(f"{path}/openings", cause="by_hand", since="2026-01-01T00:00:00Z")
    assert [each["reason"] for each in page["items"]] == ["ambulance"]
    assert (await desk.get(f"{path}/standing"))["closed"] == "nobody"
    assert (await desk.get(f"{path}/secret"))["secret"].startswith("whsec_")
    assert (await desk.ask("POST", f"{path}/open", {"reason": ""})).status_code == 422
    assert await desk.get(f"/lots/{side.lot.slug}/barrier-calls") == []


async def test_strangers_see_and_open_nothing(program: Visitor, side: Side) -> None:
    assert (await program.get("/console/barriers")).status_code in (303, 401)
    assert (await program.get(f"/api/v1/barriers/{side.barrier.public_id}")).status_code == 401
