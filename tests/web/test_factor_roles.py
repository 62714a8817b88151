"""A second factor demanded of roles: who has none is led to it before anything else, and nobody is locked out."""

import re
from datetime import UTC, datetime

import pyotp
from builders import save_lot
from litestar import Litestar
from visitors import PASSWORD, Visitor, visit

from parkhub.domain.audit import EntryFilter
from parkhub.domain.rights import Role
from parkhub.services import audit, second_factors

OWN = "/console/account"
PAGE = "/console/people/second-factor"
NEEDED = f"{OWN}/second-factor/needed"


async def set_up(person: Visitor, page: str = OWN) -> None:
    begun = await person.send_form(page, f"{OWN}/second-factor", current=PASSWORD)
    assert begun.headers["location"] == f"{OWN}/second-factor", begun.text
    secret = re.search(r'<code class="code">([A-Z2-7 ]+)</code>', (await person.get(f"{OWN}/second-factor")).text)
    assert secret is not None
    code = pyotp.TOTP(secret[1].replace(" ", "")).at(datetime.now(UTC))
    done = await person.send_form(f"{OWN}/second-factor", f"{OWN}/second-factor/confirm", code=code)
    assert "Keep these codes" in done.text


async def demand(owner: Visitor, *roles: Role) -> None:
    answer = await owner.send_form(PAGE, roles=[role.value for role in roles])
    assert answer.headers["location"] == f"{PAGE}?saved=1", answer.text


async def test_who_has_none_is_led_to_it_before_anything_else(staff: Visitor, attendant: Visitor) -> None:
    assert (await attendant.get("/console")).status_code == 200
    await demand(staff, Role.ATTENDANT)
    for path in ("/console", "/console/sessions", OWN):
        answer = await attendant.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, NEEDED)
    refused = await attendant.get("/api/v1/sessions/1", headers={"accept": "application/json"})
    assert refused.status_code == 403
    assert "second factor" in refused.json()["title"]
    part = await attendant.get("/console/sessions", headers={"hx-request": "true"})
    assert part.headers["hx-redirect"] == NEEDED
    assert "whoever is Attendant here" in (await attendant.get(NEEDED)).text
    wrong = await attendant.send_form(NEEDED, f"{OWN}/second-factor", current="wrong")
    assert (wrong.status_code, "This is not your password." in wrong.text) == (422, True)
    await set_up(attendant, NEEDED)
    assert (await attendant.get("/console")).status_code == 200
    assert (await attendant.get(NEEDED)).headers["location"] == "/console"


async def test_it_cannot_be_switched_off_by_who_must_have_it(staff: Visitor, attendant: Visitor) -> None:
    await set_up(attendant)
    await demand(staff, Role.ATTENDANT)
    own = (await attendant.get(OWN)).text
    assert "Your role demands it" in own
    assert "second-factor/off" not in own
    refused = await attendant.send_form(OWN, f"{OWN}/second-factor/off", current=PASSWORD)
    assert refused.status_code == 409
    assert "Your role demands a second factor." in refused.text
    await demand(staff)
    assert (await attendant.send_form(OWN, f"{OWN}/second-factor/off", current=PASSWORD)).status_code == 303


async def test_an_owner_has_one_before_owners_must(staff: Visitor) -> None:
    refused = await staff.send_form(PAGE, roles=Role.OWNER.value)
    assert refused.status_code == 409
    assert "Set up your own second factor first" in refused.text
    assert (await staff.get("/console/people")).status_code == 200
    await set_up(staff)
    await demand(staff, Role.OWNER, Role.OPERATOR)
    assert (await staff.get("/console/people")).status_code == 200
    (entry,) = await audit.list_entries(EntryFilter(action="account.second_factor_demanded"))
    assert (entry.before, entry.after) == ({"roles": []}, {"roles": ["operator", "owner"]})


async def test_who_lost_their_app_sets_it_up_anew(app: Litestar, staff: Visitor) -> None:
    await set_up(staff)
    await demand(staff, Role.OWNER)
    await second_factors.switch_off(1, None, datetime.now(UTC))  # as `parkhub account` does for the last owner
    async with visit(app) as again:
        await again.send_form("/sign-in", email="kim@example.org", password=PASSWORD)
        assert (await again.get("/console")).headers["location"] == NEEDED
        await set_up(again, NEEDED)
        assert (await again.get("/console/people")).status_code == 200


async def test_keys_of_programs_go_on(app: Litestar, staff: Visitor) -> None:
    await set_up(staff)
    await save_lot(slug="ours")
    form = {"name": "signs", "where": "all", "days": "30", "rights": ["read"]}
    key = re.search(r'id="key"[^>]*>(parkhub_[\w-]+)<', (await staff.send_form("/console/keys/new", **form)).text)
    assert key is not None
    await demand(staff, *[role for role in Role if role is not Role.KEY])
    async with visit(app) as program:
        answer = await program.get("/api/v1/lots/ours/sessions", headers={"authorization": f"Bearer {key[1]}"})
        assert answer.status_code == 200


async def test_only_owners_say_of_whom_it_is_demanded(attendant: Visitor) -> None:
    assert (await attendant.get(PAGE)).status_code == 403
