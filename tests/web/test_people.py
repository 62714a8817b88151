"""People over HTTP, as an owner uses it and as somebody tries who is none."""

import re

import pytest
from builders import save_account, save_lot
from visitors import EMAIL, PASSWORD, Visitor, token_of, visit

from parkhub.db import accounts as rows
from parkhub.domain.accounts import Account
from parkhub.domain.rights import Role


async def test_an_owner_invites_and_the_guest_gets_in(app, staff):
    await save_lot(slug="ours", name="Ours")
    shown = await staff.send_form(
        "/console/people/new", email="sam@example.org", name="Sam", role="attendant", where="some", lots="ours"
    )
    assert shown.status_code == 201
    link = re.search(r'id="link"[^>]*>[^<]*(/sign-in/choose/[\w-]+)<', shown.text)
    assert link is not None
    assert "Sam" in (await staff.get("/console/people")).text
    async with visit(app) as guest:
        assert (await guest.send_form(link[1], new="short")).status_code == 422
        done = await guest.send_form(link[1], new="a long new password")
        assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
        assert (await guest.get(link[1])).status_code == 404
        await guest.send_form("/sign-in", email="sam@example.org", password="a long new password")
        own = (await guest.get("/console/account")).text
        assert ("Attendant" in own, "Ours" in own, "hidden" in own) == (True, True, True)
        for path in ("/console/people", "/console/people/1", "/console/people/new"):
            assert (await guest.get(path)).status_code == 403


async def test_nobody_makes_more_of_themselves_by_a_form(app, staff, attendant, account):
    token = token_of(await attendant.get("/console/account"))
    sam = next(each for each in await rows.list_people() if each.email == "sam@example.org")
    fields = {"_csrf_token": token, "name": "Sam", "role": "owner", "where": "all", "sees_plates": "1"}
    for path in (f"/console/people/{sam.id}", "/console/people/new", f"/console/people/{account.id}/shut-out"):
        assert (await attendant.post(path, data=fields)).status_code == 403
    more = {"current": PASSWORD, "new": "a long new password", "role": "owner", "account": str(account.id)}
    assert (await attendant.post("/console/account/password", data=fields | more)).status_code == 303
    assert (await rows.get_account(sam.id)).role is Role.ATTENDANT
    assert (await rows.get_account(account.id)).password_hash == account.password_hash


async def test_the_last_owner_is_told_why_not(staff: Visitor, account: Account) -> None:
    page = f"/console/people/{account.id}"
    answer = await staff.send_form(page, name="Kim", role="operator", where="all")
    assert (answer.status_code, "Somebody must stay owner" in answer.text) == (422, True)
    answer = await staff.send_form(page, f"{page}/shut-out")
    assert (answer.status_code, "Somebody must stay owner" in answer.text) == (409, True)


async def test_shutting_out_ends_a_sign_in_at_its_next_step(staff, attendant):
    sam = next(each for each in await rows.list_people() if each.email == "sam@example.org")
    page = f"/console/people/{sam.id}"
    assert (await attendant.get("/console")).status_code == 200
    assert (await staff.send_form(page, f"{page}/shut-out")).status_code == 303
    assert (await attendant.get("/console")).headers["location"].startswith("/sign-in")
    assert (
        "They can sign in again."
        in (await staff.get((await staff.send_form(page, f"{page}/let-in")).headers["location"])).text
    )


async def test_a_wrong_form_comes_back_as_it_was_sent(staff):
    answer = await staff.send_form("/console/people/new", email="x", name="", role="patrol", where="some")
    assert answer.status_code == 422
    for words in ("This is no e-mail address.", "Give a name", "Choose at least one car park", 'value="x"'):
        assert words in answer.text


@pytest.mark.parametrize("path", ["/console/people/999999", "/console/people/x"])
async def test_there_is_nobody_at_a_wrong_address(staff, path):
    assert (await staff.get(path)).status_code == 404


async def test_an_unnamed_person_has_a_page(app, staff):
    await save_account("blank@example.org", Role.PATROL)
    assert (await staff.get("/console/people")).status_code == 200
    assert EMAIL in (await staff.get("/console/people")).text
