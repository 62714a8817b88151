"""Signing in and out over HTTP."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from apps import running
from litestar import Litestar
from visitors import EMAIL, PASSWORD, Visitor, visit

from parkhub.db import accounts as account_rows
from parkhub.domain.accounts import Account
from parkhub.settings import Settings


def the_cookie(answer: httpx.Response, name: str = "parkhub") -> str:
    found = [value for value in answer.headers.get_list("set-cookie") if value.startswith(f"{name}=")]
    assert len(found) == 1
    return str(found[0])


async def test_the_right_password_opens_the_console(visitor: Visitor, account: Account) -> None:
    answer = await visitor.send_form("/sign-in", email=EMAIL, password=PASSWORD)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    shown = await visitor.get("/console")
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"


async def test_the_cookie_is_not_for_scripts_nor_for_other_sites(visitor: Visitor, account: Account) -> None:
    cookie = the_cookie(await visitor.send_form("/sign-in", email=EMAIL, password=PASSWORD)).lower()
    assert {"httponly", "samesite=lax", "path=/", "max-age=43200"} <= {part.strip() for part in cookie.split(";")}
    assert "domain" not in cookie


async def test_over_https_cookies_are_for_this_host_only(web_settings: Settings) -> None:
    address = "https://park.example.org"
    async with (
        running(web_settings.model_copy(update={"public_url": address})) as app,
        visit(app, base_url=address) as somebody,
    ):
        shown = await somebody.get("/sign-in")
    cookie = the_cookie(shown, "__Host-csrf")
    assert "secure" in cookie.lower()
    assert "httponly" in cookie.lower()
    assert shown.headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("email", "password"),
    [(EMAIL, "wrong"), ("nobody@example.org", PASSWORD), ("", ""), (EMAIL, "x" * 5000)],
    ids=["wrong password", "unknown e-mail", "nothing", "endless password"],
)
async def test_a_wrong_pair_is_refused_in_the_same_words(
    visitor: Visitor, account: Account, email: str, password: str
) -> None:
    answer = await visitor.send_form("/sign-in", email=email, password=password)
    assert answer.status_code == 401
    assert "E-mail and password do not match. 4 tries left." in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "parkhub=" not in answer.headers.get("set-cookie", "")


async def test_what_was_typed_is_kept_but_the_password(visitor: Visitor, account: Account) -> None:
    answer = await visitor.send_form("/sign-in", email='kim"><b>@example.org', password="secret-try")
    assert 'value="kim&#34;&gt;&lt;b&gt;@example.org"' in answer.text
    assert "secret-try" not in answer.text


async def test_after_five_tries_even_the_right_password_must_wait(visitor: Visitor, account: Account) -> None:
    for left in (4, 3, 2):
        answer = await visitor.send_form("/sign-in", email=EMAIL, password="wrong")
        assert f"{left} tries left" in answer.text
    assert "1 try left" in (await visitor.send_form("/sign-in", email=EMAIL.upper(), password="wrong")).text
    assert "the last try" in (await visitor.send_form("/sign-in", email=EMAIL, password="wrong")).text
    answer = await visitor.send_form("/sign-in", email=EMAIL, password=PASSWORD)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "Wait 15 minutes" in answer.text


async def test_a_good_sign_in_gives_the_tries_back(visitor: Visitor, account: Account) -> None:
    await visitor.send_form("/sign-in", email=EMAIL, password="wrong")
    assert (await visitor.send_form("/sign-in", email=EMAIL, password=PASSWORD)).status_code == 303
    visitor.cookies.delete("parkhub")
    assert "4 tries left" in (await visitor.send_form("/sign-in", email=EMAIL, password="wrong")).text


@pytest.mark.parametrize(
    ("wanted", "sent_to"),
    [
        ("/console/cameras?x=1#top", "/console/cameras?x=1#top"),
        ("/lots/harbour-street", "/lots/harbour-street"),
        ("", "/console"),
        ("https://evil.example", "/console"),
        ("//evil.example", "/console"),
        ("///evil.example", "/console"),
        ("/\\evil.example", "/console"),
        ("\\\\evil.example", "/console"),
        ("/\tevil", "/console"),
        ("/\n/evil.example", "/console"),
        ("/%0d%0aset-cookie", "/%0d%0aset-cookie"),
        ("javascript:alert(1)", "/console"),
        ("console", "/console"),
        (" /console/cameras", "/console"),
        ("/console\x7f", "/console"),
    ],
)
async def test_people_are_sent_on_within_this_site_only(
    visitor: Visitor, account: Account, wanted: str, sent_to: str
) -> None:
    answer = await visitor.send_form("/sign-in", email=EMAIL, password=PASSWORD, next=wanted)
    assert (answer.status_code, answer.headers["location"]) == (303, sent_to)
    again = await visitor.get("/sign-in", params={"next": wanted})
    assert (again.status_code, again.headers["location"]) == (303, sent_to)


async def test_who_must_sign_in_first_comes_back_to_where_they_wanted(visitor: Visitor, account: Account) -> None:
    answer = await visitor.get("/console/cameras?lot=a b")
    assert answer.status_code == 303
    asked = await visitor.get(answer.headers["location"])
    assert 'name="next" value="/console/cameras?lot=a%20b"' in asked.text


async def test_each_sign_in_has_a_token_of_its_own_and_ends_the_one_before(app: Litestar, account: Account) -> None:
    async with visit(app) as somebody:
        await somebody.send_form("/sign-in", email=EMAIL, password=PASSWORD)
        first = somebody.cookies["parkhub"]
        page = await somebody.get("/lots/none")  # any page: the sign-in page would send us on
        assert page.status_code == 404
        somebody.cookies.delete("parkhub")
        await somebody.send_form("/sign-in", email=EMAIL, password=PASSWORD)
        assert somebody.cookies["parkhub"] != first


async def test_signing_out_makes_the_cookie_worthless(staff: Visitor) -> None:
    token = staff.cookies["parkhub"]
    answer = await staff.send_form("/console", "/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    staff.cookies.set("parkhub", token, domain="parkhub.test")
    assert (await staff.get("/console")).status_code == 303


async def test_a_sign_in_ends_by_itself(app: Litestar, account: Account) -> None:
    now = datetime.now(UTC)
    hashed = "0" * 64
    await account_rows.add_sign_in(hashed, account.id, now - timedelta(hours=12, seconds=1), now - timedelta(seconds=1))
    assert await account_rows.find_sign_in(hashed, now) is None


async def test_a_link_cannot_sign_anybody_out(staff: Visitor) -> None:
    assert (await staff.get("/sign-out")).status_code == 405
    assert (await staff.get("/console")).status_code == 200
