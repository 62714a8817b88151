"""Drivers sign in by a link or a password, and so does nobody else."""

import re
from datetime import UTC, datetime, timedelta

import httpx
from accounts_of_drivers import DRIVER, enter, letters, the_link
from apps import running
from litestar import Litestar
from visitors import Visitor, token_of, visit

from parkhub.db import drivers as rows
from parkhub.db.engine import fetch
from parkhub.services.drivers import digest
from parkhub.settings import Settings


def the_cookie(answer: httpx.Response, name: str = "driver") -> str:
    found = [value for value in answer.headers.get_list("set-cookie") if value.startswith(f"{name}=")]
    assert len(found) == 1
    return str(found[0]).lower()


async def test_a_link_makes_an_account_and_signs_in_only_when_its_button_is_pressed(visitor: Visitor) -> None:
    asked = await visitor.send_form("/account/sign-in", email=" Kim@Example.org ")
    assert "kim@example.org" in asked.text.lower()
    link = await the_link()
    for _ in range(3):  # a program that looks for viruses
        shown = await visitor.get(link)
        assert (shown.status_code, shown.headers["cache-control"]) == (200, "no-store")
    assert await rows.find_by_email(DRIVER) is None
    answer = await visitor.send_form(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    assert {"httponly", "samesite=lax", "path=/"} <= {part.strip() for part in the_cookie(answer).split(";")}
    assert (await visitor.get("/account")).status_code == 200


async def test_a_link_works_once(visitor: Visitor, app: Litestar) -> None:
    await visitor.send_form("/account/sign-in", email=DRIVER)
    link = await the_link()
    token = token_of(await visitor.get(link))
    first = await visitor.post(link, data={"_csrf_token": token})
    assert first.status_code == 303
    async with visit(app) as thief:
        again = await thief.get(link)
        assert again.status_code == 410
        token = token_of(await thief.get("/account/sign-in"))
        again = await thief.post(link, data={"_csrf_token": token})
    assert again.status_code == 410
    assert "set-cookie" not in again.headers or "driver=" not in again.headers["set-cookie"]


async def test_a_link_is_over_after_twenty_minutes(visitor: Visitor) -> None:
    await visitor.send_form("/account/sign-in", email=DRIVER)
    link = await the_link()
    await fetch("UPDATE driver_link SET expires_at = {}", datetime.now(UTC))
    assert (await visitor.get(link)).status_code == 410


async def test_what_is_no_address_gets_no_letter(visitor: Visitor) -> None:
    for email in ("", "kim", "kim@example.org, all@example.org", "kim@example.org\r\nbcc: x@y.zz"):
        answer = await visitor.send_form("/account/sign-in", email=email)
        assert answer.status_code == 422
        assert 'aria-invalid="true"' in answer.text
    assert await letters() == []


async def test_nobody_learns_whether_an_address_has_an_account(visitor: Visitor, driver: Visitor) -> None:
    def words(answer: httpx.Response) -> str:
        return re.sub(r'value="[0-9a-f]{64,}"', "", answer.text).replace("else@example.org", DRIVER)

    known = await visitor.send_form("/account/sign-in", email=DRIVER)
    unknown = await visitor.send_form("/account/sign-in", email="else@example.org")
    assert (known.status_code, words(known)) == (unknown.status_code, words(unknown))
    known = await visitor.send_form("/account/sign-in", email=DRIVER, password="a wrong password")
    unknown = await visitor.send_form("/account/sign-in", email="else@example.org", password="a wrong password")
    assert (known.status_code, words(known)) == (unknown.status_code, words(unknown)) == (401, words(known))


async def test_letters_to_one_address_are_counted_alike_for_all(visitor: Visitor) -> None:
    for _ in range(3):
        assert (await visitor.send_form("/account/sign-in", email="else@example.org")).status_code == 200
    refused = await visitor.send_form("/account/sign-in", email="Else@Example.org")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900
    assert len(await letters()) == 3


async def test_passwords_are_tried_five_times(visitor: Visitor, driver: Visitor) -> None:
    await driver.send_form("/account/settings", "/account/password", new="correct horse battery")
    for _ in range(5):
        answer = await visitor.send_form("/account/sign-in", email=DRIVER, password="wrong")
        assert answer.status_code == 401
    answer = await visitor.send_form("/account/sign-in", email=DRIVER, password="correct horse battery")
    assert answer.status_code == 429


async def test_a_password_signs_in_and_signing_out_makes_the_cookie_worthless(
    visitor: Visitor, driver: Visitor
) -> None:
    await driver.send_form("/account/settings", "/account/password", new="correct horse battery")
    answer = await visitor.send_form("/account/sign-in", email=DRIVER, password="correct horse battery")
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    token = visitor.cookies["driver"]
    await visitor.send_form("/account", "/account/sign-out")
    visitor.cookies.set("driver", token, domain="parkhub.test")
    assert (await visitor.get("/account")).status_code == 303


async def test_an_account_without_a_password_is_opened_by_none(visitor: Visitor, driver: Visitor) -> None:
    for password in (" ", "''", "None"):
        answer = await visitor.send_form("/account/sign-in", email=DRIVER, password=password)
        assert answer.status_code == 401


async def test_staff_and_drivers_are_apart(driver: Visitor, staff: Visitor) -> None:
    assert (await driver.get("/console")).headers["location"].startswith("/sign-in")
    assert (await staff.get("/account")).headers["location"] == "/account/sign-in"
    driver.cookies.set("parkhub", driver.cookies["driver"], domain="parkhub.test")
    assert (await driver.get("/console")).status_code == 303


async def test_drivers_are_sent_on_within_this_site_only(visitor: Visitor) -> None:
    away = ("https://evil.example", "//evil.example", "/\\evil.example", "/" + "x" * 400)
    for number, wanted in enumerate((*away, "/account/receipts/abc")):
        sent_to = "/account" if wanted in away else wanted
        await visitor.send_form("/account/sign-in?again", "/account/sign-in", email=f"kim{number}@x.yz", next=wanted)
        answer = await visitor.send_form(await the_link())
        assert answer.headers["location"] == sent_to
        assert (await visitor.get("/account/sign-in", params={"next": wanted})).headers["location"] == sent_to


async def test_a_form_from_elsewhere_signs_nobody_in_or_out(driver: Visitor) -> None:
    for path in ("/account/sign-out", "/account/vehicles", "/account/delete", "/account/sign-in"):
        answer = await driver.post(path, data={"sure": "1"}, headers={"origin": "https://evil.example"})
        assert answer.status_code == 403
    assert (await driver.get("/account")).status_code == 200


async def test_over_https_the_cookie_is_for_this_host_only(web_settings: Settings) -> None:
    address = "https://park.example.org"
    async with (
        running(web_settings.model_copy(update={"public_url": address})) as app,
        visit(app, base_url=address) as somebody,
    ):
        await somebody.send_form("/account/sign-in", email=DRIVER)
        link = (await letters())[-1]["link"]
        assert link.startswith(f"{address}/account/enter/")
        answer = await somebody.send_form(link)
    cookie = the_cookie(answer, "__Host-driver")
    assert "secure" in cookie
    assert "domain" not in cookie


async def test_a_sign_in_ends_by_itself_and_so_do_links(visitor: Visitor, driver: Visitor) -> None:
    now = datetime.now(UTC)
    assert await rows.find_sign_in(digest(driver.cookies["driver"]), now + timedelta(days=60, minutes=1)) is None
    await visitor.send_form("/account/sign-in", email=DRIVER)
    assert await rows.delete_over(now + timedelta(days=61)) == 2


async def test_what_the_letter_says_reaches_a_driver_in_their_language(app: Litestar) -> None:
    async with visit(app, headers={"accept-language": "de"}) as somebody:
        await enter(somebody, "eva@example.org")
    found = await rows.find_by_email("eva@example.org")
    assert found is not None
    assert found.language == "de"
