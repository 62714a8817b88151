"""Programs with keys over HTTP."""

import re

from builders import save_lot
from litestar import Litestar
from visitors import Visitor, visit

from parkhub.db import audit as audit_rows
from parkhub.domain.audit import EntryFilter

OPENED = {"plate": "AB1234", "entered_at": "2026-11-21T10:00:00Z", "reason": "the camera was off"}


async def make_key(staff: Visitor, *rights: str, **given: str) -> str:
    usual = {"name": "till", "where": "all", "days": "30", "rights": list(rights)}
    made = await staff.send_form("/console/keys/new", **{**usual, **given})
    assert made.status_code == 201, made.text
    assert made.headers["cache-control"] == "no-store"
    return re.search(r'id="key"[^>]*>(parkhub_[\w-]+)<', made.text)[1]  # type: ignore[index]


def with_key(app: Litestar, key: str, **given: object) -> Visitor:
    return visit(app, headers={"accept": "application/json", "authorization": f"Bearer {key}"}, **given)


async def test_a_program_with_a_key_needs_no_form_token_and_is_named_in_the_audit_log(app, staff):
    lot = await save_lot(slug="ours")
    async with with_key(app, await make_key(staff, "run")) as program:
        opened = await program.post("/api/v1/lots/ours/sessions", json=OPENED)
        assert opened.status_code == 201, opened.text
        assert opened.json()["plate"] == "•••"
        session = opened.json()["id"]
        refund = {"reason": "kindness", "uid": "till-0001"}
        assert (await program.post(f"/api/v1/sessions/{session}/refunds", json=refund)).status_code == 403
        assert (await program.patch("/api/v1/lots/ours/rules", json={})).status_code == 403
        assert (await program.get("/api/v1/lots/ours/audit")).status_code == 403
    [entry] = await audit_rows.list_entries(EntryFilter(lot_id=lot.id), None, 10)
    assert entry.email == "API key: till"
    assert "just now" in (await staff.get("/console/keys")).text


async def test_a_key_of_one_lot_finds_nothing_in_another(app, staff):
    await save_lot(slug="ours")
    await save_lot(slug="theirs")
    async with with_key(app, await make_key(staff, "run", where="some", lots="ours")) as program:
        assert (await program.get("/api/v1/lots/ours/sessions")).status_code == 200
        assert (await program.get("/api/v1/lots/theirs/sessions")).status_code == 404
        assert (await program.post("/api/v1/lots/theirs/sessions", json=OPENED)).status_code == 404


async def test_a_key_opens_no_page_of_the_console(app, staff):
    async with with_key(app, await make_key(staff, "set_up")) as program:
        for path in ("/console", "/console/people", "/console/keys", "/console/account"):
            assert (await program.get(path)).status_code == 401


async def test_a_wrong_key_is_refused_whatever_the_cookies_say(app, staff):
    await save_lot(slug="ours")
    headers = {"authorization": "Bearer parkhub_wrong", "accept": "application/json"}
    assert (await staff.get("/api/v1/lots/ours/sessions", headers=headers)).status_code == 401
    posted = await staff.post("/api/v1/lots/ours/sessions", json=OPENED, headers=headers)
    assert posted.status_code == 401, "without a token of a form nobody acts by a cookie"
    other = {"authorization": "Basic a2ltOng=", "accept": "application/json"}
    assert (await staff.post("/api/v1/lots/ours/sessions", json=OPENED, headers=other)).status_code == 403
    assert (await staff.post("/console/lots/new", data={}, headers=headers)).status_code == 403


async def test_a_revoked_key_is_refused(app, staff):
    await save_lot(slug="ours")
    key = await make_key(staff, "run")
    listed = (await staff.get("/console/keys")).text
    address = re.search(r'action="(/console/keys/\d+/revoke)"', listed)[1]  # type: ignore[index]
    async with with_key(app, key) as program:
        assert (await program.get("/api/v1/lots/ours/sessions")).status_code == 200
        done = await staff.send_form("/console/keys", address)
        assert "revoked" in (await staff.get(done.headers["location"])).text
        assert (await program.get("/api/v1/lots/ours/sessions")).status_code == 401


async def test_only_owners_make_keys_and_none_that_says_who_may_what(staff, attendant):
    assert (await attendant.get("/console/keys")).status_code == 403
    answer = await staff.send_form("/console/keys/new", name="", where="some", days="5", rights="people")
    assert answer.status_code == 422
    for words in ("Give a name", "Choose rights", "Choose a time", "Choose at least one car park"):
        assert words in answer.text
