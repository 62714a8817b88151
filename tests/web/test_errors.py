"""What people and programs are told when something does not work."""

import re
from typing import Any

import pytest
import structlog
from apps import running
from builders import save_account
from litestar import Litestar, get
from visitors import EMAIL, PASSWORD, Visitor, token_of, visit

from parkhub.app import create_app
from parkhub.db import lots
from parkhub.errors import BusyError, ConflictError, NotFoundError, ParkHubError, TooOftenError
from parkhub.services import accounts
from parkhub.settings import Settings

BROWSER = {"accept": "text/html"}
PROGRAM = {"accept": "application/json"}


async def ask(settings: Settings, error: Exception, accept: dict[str, str]) -> Any:
    """Answer of an application in which one address raises the error."""

    @get("/breaks", opt={"exclude_from_csrf": True})
    async def breaks() -> None:
        raise error

    app = create_app(settings)
    app.register(breaks)
    async with app.lifespan(), visit(app, headers=accept) as somebody:
        return await somebody.get("/breaks")


@pytest.mark.parametrize(
    ("error", "status", "title"),
    [
        (NotFoundError("There is no such lot."), 404, "Not found"),
        (ConflictError("It is there already."), 409, "Already there"),
        (TooOftenError("Wait.", retry_after_s=7), 429, "Too many tries"),
        (BusyError("The database is away."), 503, "Not just now"),
    ],
    ids=lambda given: type(given).__name__ if isinstance(given, ParkHubError) else "",
)
async def test_our_errors_say_what_they_say(
    web_settings: Settings, error: ParkHubError, status: int, title: str
) -> None:
    shown = await ask(web_settings, error, BROWSER)
    assert shown.status_code == status
    assert str(error) in shown.text
    told = await ask(web_settings, error, PROGRAM)
    assert told.headers["content-type"].startswith("application/problem+json")
    assert told.json() == {"type": "about:blank", "title": title, "status": status, "detail": str(error)}


@pytest.mark.parametrize(("error", "wait"), [(BusyError("Later."), "5"), (TooOftenError("No.", retry_after_s=7), "7")])
async def test_who_shall_come_again_is_told_when(web_settings: Settings, error: ParkHubError, wait: str) -> None:
    assert (await ask(web_settings, error, BROWSER)).headers["retry-after"] == wait


@pytest.mark.parametrize("accept", [BROWSER, PROGRAM], ids=["browser", "program"])
async def test_the_unforeseen_is_logged_once_under_the_code_that_is_shown(
    web_settings: Settings, accept: dict[str, str]
) -> None:
    with structlog.testing.capture_logs() as logs:
        answer = await ask(web_settings, ZeroDivisionError("secret detail"), accept)
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    code = re.search(r"\b[0-9A-F]{6}\b", re.sub("<head>.*</svg>", "", answer.text, count=1, flags=re.S))
    assert code is not None
    failures = [line for line in logs if line["event"] == "request failed"]
    assert [line["incident"] for line in failures] == [code[0]]
    assert isinstance(failures[0]["exc_info"], ZeroDivisionError)


@pytest.mark.parametrize("path", ["/nowhere", "/lots/nowhere", "/static/nowhere.css", "/static/../../pyproject.toml"])
async def test_what_is_not_there_is_a_page_for_people(visitor: Visitor, path: str) -> None:
    answer = await visitor.get(path)
    assert answer.status_code == 404
    assert "<h1" in answer.text
    assert 'href="/"' in answer.text


@pytest.mark.parametrize("path", ["/api/v1/nowhere", "/api/v1/lots/nowhere/status"])
async def test_what_is_not_there_is_a_problem_for_programs(visitor: Visitor, path: str) -> None:
    answer = await visitor.get(path)
    assert (answer.status_code, answer.json()["status"]) == (404, 404)


async def test_a_wrong_method_is_refused_in_plain_words(visitor: Visitor, program: Visitor) -> None:
    assert (await visitor.get("/sign-out")).status_code == 405
    answer = await program.delete("/api/v1/lots")
    assert (answer.status_code, answer.json()["title"]) == (405, "This address does not take that")


@pytest.mark.parametrize(
    "path", ["/console", "/console/cameras", "/console/lots/new", "/console/cameras/x/latest.jpg", "/console/now"]
)
async def test_staff_pages_ask_strangers_to_sign_in(visitor: Visitor, path: str) -> None:
    answer = await visitor.get(path)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=/console")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/console", "/schema/openapi.json"])
async def test_programs_that_must_sign_in_are_told_so(program: Visitor, path: str) -> None:
    answer = await program.get(path)
    assert (answer.status_code, answer.json()["title"]) == (401, "Sign in first")


async def test_a_part_that_renews_itself_leaves_what_is_typed_on_the_page(visitor: Visitor) -> None:
    answer = await visitor.get("/console/recordings/folders/now", headers={"hx-request": "true"})
    assert (answer.status_code, "hx-redirect" in answer.headers) == (401, False)


async def test_a_part_that_was_sent_leaves_what_is_typed_on_the_page(staff: Visitor) -> None:
    token = token_of(await staff.get("/console/lots/new"))
    staff.cookies.delete("parkhub")
    page = "/console/lots/north/tariff/check"
    answer = await staff.post(page, data={"_csrf_token": token}, headers={"hx-request": "true"})
    assert (answer.status_code, "hx-redirect" in answer.headers) == (401, False)


async def test_a_form_that_was_sent_after_the_sign_in_had_ended_can_be_sent_once_more(staff: Visitor) -> None:
    page = "/console/lots/new"
    form = {"_csrf_token": token_of(await staff.get(page)), "name": "Mill", "time_zone": "Europe/Berlin"}
    staff.cookies.delete("parkhub")
    answer = await staff.post(page, data=form)
    assert (answer.status_code, "nothing you typed is lost" in answer.text) == (401, True)
    assert await lots.list_lots() == []
    await staff.send_form("/sign-in", email=EMAIL, password=PASSWORD)
    answer = await staff.post(page, data=form)  # as a browser does that loads the answer's page again
    assert (answer.status_code, [lot.name for lot in await lots.list_lots()]) == (303, ["Mill"])


async def test_staff_may_read_the_description_of_the_api(staff: Visitor) -> None:
    answer = await staff.get("/schema/openapi.json")
    assert answer.status_code == 200
    paths = answer.json()["paths"]
    assert "/api/v1/lots/{slug}/status" in paths
    assert not [path for path in paths if path.startswith("/console")]


@pytest.mark.parametrize("path", ["/", "/sign-in", "/nowhere", "/api/v1/lots", "/health/live", "/console"])
async def test_every_answer_carries_the_security_headers(visitor: Visitor, path: str) -> None:
    headers = (await visitor.get(path)).headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    for part in ("object-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"):
        assert part in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]


async def test_no_page_has_scripts_or_styles_within_it(staff: Visitor, app: Litestar) -> None:
    for path in ("/", "/sign-in", "/console", "/console/lots/new", "/console/cameras"):
        text = (await staff.get(path)).text
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path
        assert not re.search(r"\s(style|on\w+)=\"", text), path


@pytest.mark.parametrize(
    "path",
    [
        "/lots/%00",
        "/lots/a%00b/events",
        "/lots/%1f",
        "/api/v1/lots/%00/status",
        "/static/%00.css",
        "/console/cameras/%00",
        "/console/cameras/%7f/latest.jpg",
        f"/console/recordings/{2**31}",
        f"/console/recordings/{2**70}/progress",
        f"/console/recordings/{2**40}/summary.json",
    ],
)
async def test_addresses_that_nothing_can_have_are_not_found_on_either_database(
    database_settings: Settings, redis_url: str, path: str
) -> None:
    settings = database_settings.model_copy(update={"redis_url": redis_url})
    async with running(settings) as app, visit(app) as somebody:
        await save_account(EMAIL, password_hash=await accounts.hash_password(PASSWORD))
        assert (await somebody.send_form("/sign-in", email=EMAIL, password=PASSWORD)).status_code == 303
        assert (await somebody.get(path)).status_code == 404


async def test_an_upload_for_a_camera_that_nothing_can_be_is_not_found(program: Visitor) -> None:
    assert (await program.post("/api/v1/cameras/%00/frames", content=b"x")).status_code == 404
