"""Forms from elsewhere."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar
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


async def test_a_large_form_is_refused_before_its_body_is_read(app: Litestar) -> None:
    """Whoever is not signed in must not make the server read a gigabyte."""
    reads = 0

    async def receive() -> dict[str, object]:
        nonlocal reads
        reads += 1
        return {"type": "http.request", "body": b"x" * 65536, "more_body": True}

    for headers, status in (([], 403), ([(b"origin", b"http://parkhub.test")], 401)):
        sent: list[dict[str, Any]] = []

        async def send(message: dict[str, Any], to: list[dict[str, Any]] = sent) -> None:
            to.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/console/recordings",
            "raw_path": b"/console/recordings",
            "query_string": b"",
            "headers": [
                (b"host", b"parkhub.test"),
                (b"accept", b"text/html"),
                (b"content-type", b"multipart/form-data; boundary=b"),
                (b"content-length", b"1000000000"),
                *headers,
            ],
            "client": ("127.0.0.1", 1),
            "server": ("parkhub.test", 80),
            "scheme": "http",
            "root_path": "",
            "http_version": "1.1",
        }
        await app(scope, receive, send)  # type: ignore[arg-type]
        assert sent[0]["status"] == status
    assert reads == 0


async def endless() -> AsyncIterator[bytes]:
    for _ in range(1000):
        yield b"a=&" * 1000


@pytest.mark.parametrize("path", ["/sign-in", "/console/recordings", "/console/cameras/none/picture"])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "in chunks"])
async def test_a_long_form_is_refused_before_it_is_read(visitor: Visitor, path: str, *, announced: bool) -> None:
    body = b"a=&" * 1_000_000 if announced else endless()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await visitor.post(path, content=body, headers=headers)
    assert answer.status_code == 413
    assert "larger than any form" in answer.text
