"""Who gets in where: every page and answer of staff needs a right, and another's lot is not there."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import save_account, save_camera, save_lot
from litestar import Litestar
from litestar.routes import HTTPRoute
from visitors import PASSWORD, Desk, Visitor, token_of, visit

from parkhub.app import create_app
from parkhub.db import accounts as rows
from parkhub.db.whose_lot import NOUNS
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right, Role
from parkhub.services import accounts, own_account, people, second_factors
from parkhub.services.people import PersonForm
from parkhub.settings import Settings
from parkhub.web import stream as web_stream
from parkhub.web.guards import named_things, needs

OPEN = {
    "GET /api/v1/lots",
    "GET /api/v1/lots/{slug}",
    "GET /api/v1/lots/{slug}/status",
    "GET /api/v1/lots/{slug}/vehicles",
    "POST /api/v1/cameras/{camera_id}/frames",
    "GET /api/v1/cameras/{camera_id}/commands",
    "POST /api/v1/cameras/{camera_id}/commands/{uid}",
    "GET /api/v1/cameras/{camera_id}/engines",
    "GET /api/v1/cameras/{camera_id}/engines/{name}",
    "POST /api/v1/cameras/{camera_id}/results",
    "POST /api/v1/cameras/{camera_id}/heartbeat",
    "GET /api/v1/cameras/{camera_id}/node",
    "GET /api/v1/cameras/{camera_id}/configuration",
    "POST /api/v1/cameras/{camera_id}/configuration/{version}",
    "POST /api/v1/cameras/{camera_id}/reports/{uid}",
    "POST /api/v1/enrol",
}
"""Public, or signed by a camera's node, or asked with a one-time code."""

OWN = "/console/account"
"""What is a person's own, whatever their rights."""

RIGHTS = {
    Right.READ: [
        "GET /api/v1/barriers/{public_id}",
        "GET /api/v1/barriers/{public_id}/openings",
        "GET /api/v1/barriers/{public_id}/standing",
        "GET /api/v1/bookings/{booking_id}",
        "GET /api/v1/bookings/{booking_id}/quotes",
        "GET /api/v1/cameras/{public_id}/passages",
        "GET /api/v1/lots/{slug}/barrier-calls",
        "GET /api/v1/lots/{slug}/barriers",
        "GET /api/v1/lots/{slug}/booking-price",
        "GET /api/v1/lots/{slug}/booking-rules",
        "GET /api/v1/lots/{slug}/bookings",
        "GET /api/v1/lots/{slug}/listed-plates",
        "GET /api/v1/lots/{slug}/permits",
        "GET /api/v1/lots/{slug}/reviews",
        "GET /api/v1/lots/{slug}/rules",
        "GET /api/v1/lots/{slug}/sessions",
        "GET /api/v1/lots/{slug}/tariffs",
        "GET /api/v1/passages/{passage_id}",
        "GET /api/v1/permits/{permit_id}",
        "GET /api/v1/sessions/{session_id}",
        "GET /api/v1/sessions/{session_id}/history",
        "GET /api/v1/sessions/{session_id}/quotes",
        "GET /console",
        "GET /console/barriers",
        "GET /console/barriers/{public_id}",
        "GET /console/barriers/{public_id}/log",
        "GET /console/barriers/{public_id}/now",
        "GET /console/bookings/{booking_id}",
        "GET /console/cameras",
        "GET /console/cameras/{public_id}",
        "GET /console/cameras/{public_id}/latest.jpg",
        "GET /console/cameras/{public_id}/node",
        "GET /console/cameras/{public_id}/node/events",
        "GET /console/cameras/{public_id}/node/now",
        "GET /console/cameras/{public_id}/seen",
        "GET /console/events",
        "GET /console/lots",
        "GET /console/lots/{slug}/bookings",
        "GET /console/lots/{slug}/counts.csv",
        "GET /console/lots/{slug}/permits",
        "GET /console/lots/{slug}/permits.csv",
        "GET /console/lots/{slug}/plates",
        "GET /console/lots/{slug}/tariff",
        "GET /console/nodes",
        "GET /console/now",
        "GET /console/permits/{permit_id}",
        "GET /console/prices",
        "GET /console/sessions",
        "GET /console/sessions/{session_id}",
        "GET /schema/openapi.json",
        "POST /console/lots/{slug}/permits/search",
        "POST /console/lots/{slug}/tariff",
        "POST /console/lots/{slug}/tariff/check",
        "POST /console/lots/{slug}/tariff/trial",
        "POST /console/sessions/search",
    ],
    Right.SEE_PLATES: [
        "GET /api/v1/passages/{passage_id}/picture",
        "GET /console/cameras/{public_id}/reads",
        "GET /console/passages/{passage_id}/picture",
        "GET /console/patrol",
        "POST /api/v1/enforcement/lookup",
        "POST /console/patrol",
    ],
    Right.RUN: [
        "GET /api/v1/driver-claims",
        "GET /api/v1/lots/{slug}/discount-codes",
        "GET /console/lots/{slug}/bookings/new",
        "GET /console/lots/{slug}/codes",
        "GET /console/lots/{slug}/codes/print",
        "GET /console/review",
        "GET /console/review/events",
        "GET /console/sessions/new",
        "POST /api/v1/barrier-calls/{call_id}/resolve",
        "POST /api/v1/barrier-calls/{call_id}/take",
        "POST /api/v1/barriers/{public_id}/open",
        "POST /api/v1/bookings/{booking_id}/cancel",
        "POST /api/v1/corrections/{audit_id}/undo",
        "POST /api/v1/driver-claims/{claim_id}/decision",
        "POST /api/v1/driver-vehicles",
        "POST /api/v1/driver-vehicles/take",
        "POST /api/v1/lots/{slug}/bookings",
        "POST /api/v1/lots/{slug}/sessions",
        "POST /api/v1/reviews/{review_id}/assign",
        "POST /api/v1/reviews/{review_id}/dismiss",
        "POST /api/v1/sessions/{session_id}/cancel",
        "POST /api/v1/sessions/{session_id}/close",
        "POST /api/v1/sessions/{session_id}/codes",
        "POST /api/v1/sessions/{session_id}/merge",
        "POST /api/v1/sessions/{session_id}/payments",
        "POST /api/v1/sessions/{session_id}/plate",
        "POST /api/v1/sessions/{session_id}/reopen",
        "POST /api/v1/sessions/{session_id}/split",
        "POST /console/barrier-calls/{call_id}/resolve",
        "POST /console/barrier-calls/{call_id}/take",
        "POST /console/barriers/{public_id}/open",
        "POST /console/bookings/{booking_id}",
        "POST /console/bookings/{booking_id}/cancel",
        "POST /console/lots/{slug}/bookings/new",
        "POST /console/reviews/{review_id}/answer",
        "POST /console/reviews/{review_id}/hold",
        "POST /console/reviews/{review_id}/undo",
        "POST /console/sessions/new",
        "POST /console/sessions/{session_id}/code",
        "POST /console/sessions/{session_id}/correct",
        "POST /console/sessions/{session_id}/open",
        "POST /console/sessions/{session_id}/pay",
        "POST /console/sessions/{session_id}/undo",
    ],
    Right.REFUND: [
        "POST /api/v1/payments/{public_id}/refunds",
        "POST /api/v1/sessions/{session_id}/refunds",
        "POST /api/v1/sessions/{session_id}/waivers",
        "POST /console/bookings/{booking_id}/refunds",
        "POST /console/sessions/{session_id}/forgo",
    ],
    Right.SET_UP: [
        "DELETE /api/v1/listed-plates/{listed_id}",
        "DELETE /api/v1/permits/{permit_id}",
        "GET /api/v1/barriers/{public_id}/secret",
        "GET /console/barriers/new",
        "GET /console/barriers/{public_id}/settings",
        "GET /console/cameras/new",
        "GET /console/cameras/{public_id}/arrival",
        "GET /console/cameras/{public_id}/care",
        "GET /console/cameras/{public_id}/node/log/{uid}",
        "GET /console/cameras/{public_id}/node/settings",
        "GET /console/cameras/{public_id}/spots",
        "GET /console/cameras/{public_id}/spots.json",
        "GET /console/cameras/{public_id}/spots/asks/{uid}",
        "GET /console/cameras/{public_id}/spots/document",
        "GET /console/cameras/{public_id}/spots/events",
        "GET /console/cameras/{public_id}/spots/versions/{number}",
        "GET /console/guide",
        "GET /console/lots/new",
        "GET /console/lots/{slug}",
        "GET /console/lots/{slug}/booking-rules",
        "GET /console/lots/{slug}/displays",
        "GET /console/lots/{slug}/guide",
        "GET /console/lots/{slug}/guide/arrival",
        "GET /console/lots/{slug}/guide/marked",
        "GET /console/lots/{slug}/permits/import",
        "GET /console/lots/{slug}/permits/new",
        "GET /console/lots/{slug}/accuracy",
        "GET /console/lots/{slug}/accuracy/heads",
        "GET /console/lots/{slug}/labels",
        "GET /console/lots/{slug}/labels/{label_id}/crop.png",
        "GET /console/lots/{slug}/plan",
        "GET /console/lots/{slug}/plan/document",
        "GET /console/lots/{slug}/states",
        "GET /console/lots/{slug}/states/grid",
        "GET /console/lots/{slug}/states/pictures/{frame_id}",
        "GET /console/lots/{slug}/views",
        "GET /console/lots/{slug}/sign.pdf",
        "GET /console/opening-times",
        "GET /console/recordings",
        "GET /console/recordings/{recording_id}",
        "GET /console/recordings/{recording_id}/progress",
        "GET /console/recordings/{recording_id}/{name}",
        "GET /console/system",
        "GET /console/system/jobs",
        "PATCH /api/v1/lots/{slug}",
        "PATCH /api/v1/lots/{slug}/rules",
        "POST /api/v1/discount-codes/{code_id}/end",
        "POST /api/v1/listed-plates",
        "POST /api/v1/lots/{slug}/barriers",
        "POST /api/v1/lots/{slug}/discount-codes",
        "POST /api/v1/lots/{slug}/tariffs",
        "POST /api/v1/permits",
        "POST /console/barriers/new",
        "POST /console/barriers/{public_id}/secret",
        "POST /console/barriers/{public_id}/settings",
        "POST /console/cameras/new",
        "POST /console/cameras/{public_id}/areas",
        "POST /console/cameras/{public_id}/key",
        "POST /console/cameras/{public_id}/lot",
        "POST /console/cameras/{public_id}/node/code",
        "POST /console/cameras/{public_id}/node/commands",
        "POST /console/cameras/{public_id}/node/key",
        "POST /console/cameras/{public_id}/node/settings",
        "POST /console/cameras/{public_id}/node/settings/{version}",
        "POST /console/cameras/{public_id}/picture",
        "POST /console/cameras/{public_id}/remove",
        "POST /console/cameras/{public_id}/settings",
        "POST /console/cameras/{public_id}/spots/asks/file",
        "POST /console/cameras/{public_id}/spots/asks/look",
        "POST /console/cameras/{public_id}/spots/asks/rows",
        "POST /console/cameras/{public_id}/spots/file",
        "POST /console/cameras/{public_id}/spots/save",
        "POST /console/cameras/{public_id}/spots/suggestions",
        "POST /console/cameras/{public_id}/spots/versions/{number}/restore",
        "POST /console/cameras/{public_id}/view",
        "POST /console/discount-codes/{code_id}/end",
        "POST /console/guide",
        "POST /console/listed-plates/{listed_id}/delete",
        "POST /console/lots/new",
        "POST /console/lots/{slug}/booking-rules",
        "POST /console/lots/{slug}/close",
        "POST /console/lots/{slug}/codes",
        "POST /console/lots/{slug}/delete",
        "POST /console/lots/{slug}/details",
        "POST /console/lots/{slug}/guide/camera",
        "POST /console/lots/{slug}/guide/payments",
        "POST /console/lots/{slug}/guide/picture",
        "POST /console/lots/{slug}/guide/spots",
        "POST /console/lots/{slug}/guide/tariff",
        "POST /console/lots/{slug}/guide/test",
        "POST /console/lots/{slug}/open",
        "POST /console/lots/{slug}/permits/import",
        "POST /console/lots/{slug}/permits/new",
        "POST /console/lots/{slug}/accuracy/adapt",
        "POST /console/lots/{slug}/accuracy/use",
        "POST /console/lots/{slug}/labels/confirm",
        "POST /console/lots/{slug}/labels/delete",
        "POST /console/lots/{slug}/labels/export",
        "POST /console/lots/{slug}/labels/judge",
        "POST /console/lots/{slug}/labels/save",
        "POST /console/lots/{slug}/plan/save",
        "POST /console/lots/{slug}/states/correct",
        "POST /console/lots/{slug}/states/undo",
        "POST /console/lots/{slug}/views/join",
        "POST /console/lots/{slug}/views/join-all",
        "POST /console/lots/{slug}/views/part",
        "POST /console/lots/{slug}/plates",
        "POST /console/lots/{slug}/rules",
        "POST /console/lots/{slug}/tariff/publish",
        "POST /console/lots/{slug}/tariffs/{version_id}/withdraw",
        "POST /console/permits/{permit_id}",
        "POST /console/permits/{permit_id}/end",
        "POST /console/recordings",
        "POST /console/recordings/{recording_id}/cancel",
        "POST /console/recordings/{recording_id}/delete",
        "POST /console/system/jobs/events",
        "PUT /api/v1/barriers/{public_id}",
        "PUT /api/v1/lots/{slug}/booking-rules",
        "PUT /api/v1/permits/{permit_id}",
    ],
    Right.MONEY: [
        "GET /console/reports",
        "GET /console/reports/csv",
        "GET /console/reports/pdf",
        "GET /console/reports/xlsx",
        "POST /console/reports/close",
        "POST /console/reports/letters",
    ],
    Right.PEOPLE: [
        "GET /api/v1/lots/{slug}/audit",
        "GET /console/keys",
        "GET /console/keys/new",
        "GET /console/people",
        "GET /console/people/new",
        "GET /console/people/{person_id}",
        "GET /console/system/audit",
        "POST /console/keys/new",
        "POST /console/keys/{key_id}/revoke",
        "POST /console/people/new",
        "POST /console/people/{person_id}",
        "POST /console/people/{person_id}/let-in",
        "POST /console/people/{person_id}/link",
        "POST /console/people/{person_id}/second-factor-off",
        "POST /console/people/{person_id}/shut-out",
    ],
}
"""What each route needs. Who adds one gives it a guard and adds it here."""


def staffs_routes(settings: Settings) -> Iterator[tuple[str, str, list[Any]]]:
    """Method and path, the path, and the guards, of whatever is not for everybody."""
    for route in create_app(settings).routes:
        if isinstance(route, HTTPRoute) and route.path_format.startswith(("/console", "/api/", "/schema")):
            for handler in route.route_handlers:
                for method in handler.http_methods - {"HEAD", "OPTIONS"}:
                    name = f"{method} {route.path_format}"
                    if name not in OPEN and not route.path_format.startswith(OWN):
                        yield name, route.path_format, handler.resolve_guards()


def test_everything_of_staff_needs_a_right(settings):
    found = dict.fromkeys(name for name, _, _ in staffs_routes(settings))
    unguarded = [name for name, _, guards in staffs_routes(settings) if not any(isinstance(g, needs) for g in guards)]
    assert unguarded == []
    assert {each for names in RIGHTS.values() for each in names} <= found.keys()


@pytest.mark.parametrize("right", list(RIGHTS))
def test_each_route_needs_the_right_it_should(settings, right):
    strictest = {
        name: [guard.right for guard in guards if isinstance(guard, needs)][-1]
        for name, _, guards in staffs_routes(settings)
    }
    assert {name: strictest[name] for name in RIGHTS[right]} == dict.fromkeys(RIGHTS[right], right)


def test_a_thing_in_an_address_is_of_a_lot_that_can_be_found(settings):
    lost = []
    for name, path, guards in staffs_routes(settings):
        everywhere = any(isinstance(guard, needs) and guard.everywhere for guard in guards)
        params = {part.strip("{}"): "1" for part in path.split("/") if part.startswith("{")}
        if params and not everywhere and not path.startswith("/schema") and not named_things(path, params):
            lost.append(name)
    assert lost == []


def test_the_nouns_before_a_parameter_are_understood():
    assert named_things("/console/cameras/{public_id}/spots", {"public_id": "x"}) == [("cameras", "x")]
    assert named_things("/console/cameras/{public_id:str}", {"public_id": "x"}) == [("cameras", "x")]
    assert named_things("/console/recordings/{name}", {"name": "x"}) == []
    assert "lots" in NOUNS


@pytest.fixture
async def two_lots(app: Litestar) -> tuple[Lot, Lot]:
    return await save_lot(slug="ours"), await save_lot(slug="theirs")


@asynccontextmanager
async def entered(
    app: Litestar, role: Role, lot_ids: frozenset[int] | None = None, **given: Any
) -> AsyncIterator[Visitor]:
    """Somebody of a role who has signed in."""
    email = f"{role}@example.org"
    await save_account(email, role, await accounts.hash_password(PASSWORD), lot_ids=lot_ids, **given)
    async with visit(app) as found:
        answer = await found.send_form("/sign-in", email=email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        yield found


async def test_another_lots_things_are_not_there(app, two_lots):
    ours, theirs = two_lots
    camera, other = await save_camera(ours), await save_camera(theirs)
    async with entered(app, Role.OPERATOR, frozenset({ours.id})) as person:
        assert (await person.get(f"/console/cameras/{camera.public_id}")).status_code == 200
        assert (await person.get(f"/console/cameras/{other.public_id}")).status_code == 404
        assert (await person.get("/console/cameras/nothing")).status_code == 404
        for path in (f"/console/lots/{theirs.slug}/plan", f"/console/lots/{theirs.slug}/counts.csv"):
            assert (await person.get(path)).status_code == 404
        shown = (await person.get("/console/cameras")).text
        assert camera.public_id in shown
        assert other.public_id not in shown
        assert "theirs" not in (await person.get("/console/cameras/new")).text
        refused = await person.send_form("/console/cameras/new", lot="theirs", name="Spy", engine="classifier")
        assert (refused.status_code, "Choose a lot from the list." in refused.text) == (422, True)
        assert (await person.get("/console/lots/new")).status_code == 403, "a lot of one's own would be one more"
        assert (await person.get("/console/recordings")).status_code == 403


async def test_a_form_cannot_name_another_lot(app, two_lots):
    ours, _ = two_lots
    async with entered(app, Role.OPERATOR, frozenset({ours.id})) as person:
        desk = Desk(person, token_of(await person.get("/console/cameras/new")))
        permit = {"lots": ["ours", "theirs"], "holder": "Kim", "plates": ["AB1"], "valid_from": "2026-01-01"}
        assert (await desk.ask("POST", "/permits", permit)).status_code == 403
        kept = await desk.ask("POST", "/permits", permit | {"lots": ["ours"]})
        assert kept.status_code == 201, kept.text
        address = f"/permits/{kept.json()['id']}"
        assert (await desk.ask("PUT", address, permit)).status_code == 403
        listed = {"list": "allow", "plate": "AB1", "reason": "a guest"}
        for lot in ("theirs", None):
            assert (await desk.ask("POST", "/listed-plates", listed | {"lot": lot})).status_code == 403
        look = {"registration_number": "AB1", "location": "theirs"}
        assert (await desk.ask("POST", "/enforcement/lookup", look)).status_code == 403
        assert (await desk.ask("GET", "/lots/theirs/sessions")).status_code == 404
        assert (await desk.ask("POST", "/lots/theirs/sessions", {})).status_code == 404


async def test_what_is_of_several_lots_is_read_in_one_and_changed_by_who_has_all(app, two_lots, staff):
    ours, _ = two_lots
    owner = Desk(staff, token_of(await staff.get("/console/lots/new")))
    permit = {"lots": ["ours", "theirs"], "holder": "Kim", "plates": ["AB1"], "valid_from": "2026-01-01"}
    address = f"/permits/{(await owner.ask('POST', '/permits', permit)).json()['id']}"
    async with entered(app, Role.OPERATOR, frozenset({ours.id})) as person:
        desk = Desk(person, token_of(await person.get("/console/cameras/new")))
        assert (await desk.ask("GET", address)).status_code == 200
        assert (await desk.ask("PUT", address, permit | {"lots": ["ours"]})).status_code == 404
        assert (await desk.ask("DELETE", address)).status_code == 404


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        (Role.READ_ONLY, ["/console", "/console/cameras"], ["/console/cameras/new", "/console/lots/new"]),
        (Role.PATROL, ["/console"], ["/console/recordings", "/console/barriers/new"]),
        (Role.ATTENDANT, ["/console/barriers"], ["/console/barriers/new", "/console/cameras/new"]),
        (Role.OPERATOR, ["/console/lots/new", "/console/recordings"], ["/api/v1/lots/ours/audit"]),
    ],
)
async def test_a_role_gets_where_it_may_and_nowhere_else(app, two_lots, role, may, may_not):
    async with entered(app, role) as person:
        assert [(await person.get(path)).status_code for path in may] == [200] * len(may)
        assert [(await person.get(path)).status_code for path in may_not] == [403] * len(may_not)


async def test_plates_are_hidden_from_who_has_no_right_to_them(app, two_lots, staff):
    owner = Desk(staff, token_of(await staff.get("/console/lots/new")))
    opened = {"plate": "AB1234", "entered_at": "2026-11-21T10:00:00Z", "reason": "the camera was off"}
    session = (await owner.ask("POST", "/lots/ours/sessions", opened)).json()["id"]
    await owner.ask("POST", f"/sessions/{session}/plate", {"plate": "AB12345", "reason": "the picture shows it"})
    permit = {"lots": ["ours"], "holder": "Kim", "plates": ["AB1234"], "valid_from": "2026-01-01"}
    await owner.ask("POST", "/permits", permit)
    async with entered(app, Role.ATTENDANT, sees_plates=False) as person:
        desk = Desk(person, token_of(await person.get("/console")))
        paths = ["/lots/ours/sessions", f"/sessions/{session}", f"/sessions/{session}/history", "/lots/ours/permits"]
        told = [(await desk.ask("GET", path)).text for path in paths]
        assert ["AB1234" in text for text in told] == [False] * 4
        assert ["•••" in text for text in told] == [True] * 4
        for path in ("/lots/ours/sessions", "/lots/ours/permits"):
            asked = await desk.ask("GET", path, plate="AB12")
            assert asked.status_code == 403, "who may not see a plate may not find out by asking for it"


@pytest.mark.parametrize("how", ["shut out", "another role", "signed out", "signed out elsewhere", "no second factor"])
async def test_an_open_stream_ends_with_the_right_to_it(app, two_lots, account, how, monkeypatch):
    monkeypatch.setattr(web_stream, "ASKED_S", 600)  # it is the announcement that ends it
    camera, clients = await save_camera(two_lots[0]), app.state.clients
    async with entered(app, Role.OPERATOR) as person:
        open_page = asyncio.create_task(person.get(f"/console/cameras/{camera.public_id}/spots/events"))
        while not app.state.streams.client_count:
            await asyncio.sleep(0.01)
        operator = next(each for each in await rows.list_people() if each.role is Role.OPERATOR)
        now = datetime.now(UTC)
        if how == "shut out":
            await people.shut_out(clients, account, operator.id, now)
        elif how == "another role":
            form = PersonForm("Kim", "read_only", sees_plates=False, every_lot=True)
            await people.change_person(clients, account, operator.id, form, now)
        elif how == "no second factor":
            await second_factors.demand(clients, account, [Role.OPERATOR], now)
        elif how == "signed out":
            await person.send_form("/console", "/sign-out")
        else:
            await own_account.sign_out_elsewhere(clients, operator, "another browser's", now)
        answer = await asyncio.wait_for(open_page, 60)
    assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    "form",
    [
        PersonForm("Kim", "attendant", sees_plates=True, every_lot=False, lots=("ours",)),
        PersonForm("Kim", "attendant", sees_plates=False, every_lot=True),
    ],
    ids=["a lot less", "plates no more"],
)
async def test_a_stream_that_shows_more_than_may_still_be_seen_is_begun_anew(app, two_lots, account, form, monkeypatch):
    monkeypatch.setattr(web_stream, "ASKED_S", 600)
    async with entered(app, Role.ATTENDANT) as person:
        open_page = asyncio.create_task(person.get("/console/events"))
        while not app.state.streams.client_count:
            await asyncio.sleep(0.01)
        attendant = next(each for each in await rows.list_people() if each.role is Role.ATTENDANT)
        await people.change_person(app.state.clients, account, attendant.id, form, datetime.now(UTC))
        answer = await asyncio.wait_for(open_page, 60)
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_nobody_is_shown_a_form_that_would_be_refused(app, two_lots):
    camera = await save_camera(two_lots[0])
    async with entered(app, Role.READ_ONLY) as person:
        for path in ("/console", "/console/cameras", f"/console/cameras/{camera.public_id}", "/console/barriers"):
            shown = (await person.get(path)).text
            assert set(re.findall(r'<form[^>]* action="([^"]*)"', shown)) <= {"/sign-out"}, path
