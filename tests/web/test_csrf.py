"""Forms from elsewhere."""

import pytest
from visitors import EMAIL, PASSWORD, Visitor, token_of

from parkhub.domain.accounts import Account
from parkhub.web.csrf import HEADER

FORM = {"email": EMAIL, "password": PASSWORD}


async def test_a_form_without_a_token_is_refused(visitor: Visitor, account: Account) -> None:
    await visitor.get("/sign-in")
    answer = await visitor.post("/sign-in", data=FORM)
    assert answer.status_code == 403
    assert "was not sent from ParkHub" in answer.text


async def test_a_token_without_its_cookie_is_refused(visitor: Visitor, account: Account) -> None:
    token = token_of(await visitor.get("/sign-in"))
    visitor.cookies.clear()
    assert (await visitor.post("/sign-in", data={**FORM, "_csrf_token": token})).status_code == 403


async def test_a_token_that_is_not_signed_is_refused(visitor: Visitor, account: Account) -> None:
    forged = "0" * 128
    visitor.cookies.set("csrf", forged, domain="parkhub.test")
    assert (await visitor.post("/sign-in", data={**FORM, "_csrf_token": forged})).status_code == 403


async def test_scripts_send_the_token_as_a_header(visitor: Visitor, account: Account) -> None:
    token = token_of(await visitor.get("/sign-in"))
    assert (await visitor.post("/sign-in", data=FORM, headers={HEADER: token})).status_code == 303


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"origin": "http://parkhub.test"}, 404),
        ({"origin": "http://evil.test"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "same-origin"}, 404),
        ({"sec-fetch-site": "cross-site", "origin": "http://parkhub.test"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "none"}, 403),
        ({HEADER: "made up"}, 403),
    ],
    ids=["nothing", "ours", "theirs", "null", "same origin", "cross site", "same site", "typed", "wrong token"],
)
async def test_a_form_with_a_file_is_judged_by_where_the_browser_says_it_comes_from(
    staff: Visitor, headers: dict[str, str], status: int
) -> None:
    answer = await staff.post("/console/cameras/none/picture", files={"picture": b"x"}, headers=headers)
    assert answer.status_code == status
