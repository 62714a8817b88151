"""A person's own account over HTTP: password, second factor, other browsers."""

import re
from datetime import UTC, datetime

import httpx
import pyotp
from visitors import EMAIL, PASSWORD, Visitor, visit

OWN = "/console/account"


async def set_up(person: Visitor) -> tuple[pyotp.TOTP, list[str], str]:
    """The app, the recovery codes, and the code that was used."""
    begun = await person.send_form(OWN, f"{OWN}/second-factor", current=PASSWORD)
    assert begun.headers["location"] == f"{OWN}/second-factor"
    shown = await person.get(f"{OWN}/second-factor")
    assert shown.headers["cache-control"] == "no-store"
    assert "<svg" in shown.text
    app = pyotp.TOTP(re.search(r'<code class="code">([A-Z2-7 ]+)</code>', shown.text)[1].replace(" ", ""))  # type: ignore[index]
    code = app.at(datetime.now(UTC))
    wrong = await person.send_form(f"{OWN}/second-factor", f"{OWN}/second-factor/confirm", code="12")
    assert wrong.status_code == 422
    told = await person.send_form(f"{OWN}/second-factor", f"{OWN}/second-factor/confirm", code=code)
    assert told.status_code == 200, told.text
    return app, re.findall(r"\b(?:[a-z2-7]{4}-){3}[a-z2-7]{4}\b", told.text), code


async def test_a_second_factor_is_set_up_and_asked_for(app, staff):
    _, codes, used = await set_up(staff)
    assert len(codes) == 10
    async with visit(app) as other:
        asked = await other.send_form("/sign-in", email=EMAIL, password=PASSWORD, next="/console/cameras")
        assert asked.headers["location"] == "/sign-in/code?next=/console/cameras"
        assert (await other.get("/console")).headers["location"].startswith("/sign-in")
        reused = await other.send_form(asked.headers["location"], "/sign-in/code", code=used)
        assert (reused.status_code, "used already" in reused.text) == (422, True)
        half = other.cookies["parkhub"]
        given = {"code": codes[0], "next": "//evil.example"}
        inside = await other.send_form(asked.headers["location"], "/sign-in/code", **given)
        assert (inside.status_code, inside.headers["location"]) == (303, "/console")
        assert other.cookies["parkhub"] != half
        own = (await other.get(OWN)).text
        assert "9 recovery codes are" in own
        assert own.count("<small>signed in") == 2


async def test_the_password_is_asked_for_before_anything_of_it_changes(staff):
    for what in ("second-factor", "second-factor/codes", "second-factor/off"):
        answer = await staff.send_form(OWN, f"{OWN}/{what}", current="wrong")
        assert answer.status_code == 422
        if what == "second-factor":
            assert "This is not your password." in answer.text
    for _ in range(3):
        answer = await staff.send_form(OWN, f"{OWN}/second-factor/off", current="wrong")
    assert (answer.status_code, "retry-after" in answer.headers) == (429, True)


async def test_a_new_password_signs_every_other_browser_out(app, staff):
    async with visit(app) as other:
        await other.send_form("/sign-in", email=EMAIL, password=PASSWORD)
        assert (await other.get(OWN)).status_code == 200
        done = await staff.send_form(OWN, f"{OWN}/password", current=PASSWORD, new="a long new password")
        assert "Your password is changed." in (await staff.get(done.headers["location"])).text
        assert (await other.get(OWN)).status_code == 303
        again = await other.send_form("/sign-in", email=EMAIL, password="a long new password")
        assert again.status_code == 303


async def test_other_browsers_are_listed_and_signed_out(app, staff):
    firefox = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"}
    async with visit(app, headers={"accept": "text/html", **firefox}) as other:
        await other.send_form("/sign-in", email=EMAIL, password=PASSWORD)
        assert "Firefox, Linux" in (await staff.get(OWN)).text
        await staff.send_form(OWN, f"{OWN}/sign-out-elsewhere")
        assert (await other.get(OWN)).status_code == 303
    shown: httpx.Response = await staff.get(OWN)
    assert (shown.status_code, "Firefox" in shown.text) == (200, False)


async def test_a_code_without_a_password_is_nothing(visitor):
    assert (await visitor.get("/sign-in/code")).headers["location"].startswith("/sign-in?")
    assert (
        (await visitor.send_form("/sign-in", "/sign-in/code", code="123456")).headers["location"].startswith("/sign-in")
    )
