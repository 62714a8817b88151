"""Signing in and out."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template

from parkhub.errors import FieldsError, SignInRequiredError, TooOftenError
from parkhub.secret_key import secret_key
from parkhub.services import accounts, people
from parkhub.settings import Settings
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import PRIVATE, cookie_name, local_path, sign_in_address
from parkhub.web.templating import AnyRequest, page
from parkhub.web.waiting import after_wait


class SignInForm(msgspec.Struct):
    """What the sign-in page sends."""

    email: str = ""
    password: str = ""
    next: str = ""


def _form(request: AnyRequest, target: str, email: str = "", error: str = "", status_code: int = 200) -> Template:
    return page(request, "accounts/sign_in.html", status_code=status_code, next=target, email=email, error=error)


@get("/sign-in", include_in_schema=False)
async def show_sign_in(request: AnyRequest, settings: GivenSettings) -> Response[Any] | Template:
    """The form; whoever is signed in already goes on."""
    request.scope["state"][PRIVATE] = True
    goal = local_path(request.query_params.get("next"))
    token = request.cookies.get(cookie_name(settings))
    if token and await accounts.who_is(token, datetime.now(UTC)) is not None:
        return Redirect(goal, status_code=303)
    return _form(request, goal)


@post("/sign-in", include_in_schema=False)
async def sign_in(
    request: AnyRequest,
    data: Annotated[SignInForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Check the password; a good one gets a fresh cookie and goes where it wanted to."""
    request.scope["state"][PRIVATE] = True
    goal = local_path(data.next)
    address = request.client.host if request.client else "unknown"
    try:
        now, agent = datetime.now(UTC), request.headers.get("user-agent", "")
        token = await accounts.sign_in(clients, data.email, data.password, address, now, agent)
    except SignInRequiredError as error:
        return _form(request, goal, data.email, str(error), 401)
    except TooOftenError as error:
        return after_wait(_form(request, goal, data.email, str(error), 429), error)
    old = request.cookies.get(cookie_name(settings))
    if old:
        await accounts.sign_out(clients, old)
    if await accounts.asks_for_code(token, now):
        return _on(settings, f"/sign-in/code?next={quote(goal, safe='/')}", token, accounts.CODE_LIFE)
    return _on(settings, goal, token, accounts.SIGN_IN_LIFE)


def _on(settings: Settings, goal: str, token: str, life: timedelta) -> Redirect:
    on = Redirect(goal, status_code=303)
    on.set_cookie(_cookie(settings, token, int(life.total_seconds())))
    return on


class CodeForm(msgspec.Struct):
    """What the page sends that asks for the second factor."""

    code: str = ""
    next: str = ""


@get("/sign-in/code", include_in_schema=False)
async def show_code(request: AnyRequest, settings: GivenSettings) -> Response[Any] | Template:
    """Where the code of the second factor is typed, after the password."""
    request.scope["state"][PRIVATE] = True
    goal = local_path(request.query_params.get("next"))
    token = request.cookies.get(cookie_name(settings), "")
    if not await accounts.asks_for_code(token, datetime.now(UTC)):
        return Redirect(sign_in_address(goal), status_code=303)
    return page(request, "accounts/code.html", next=goal, error="")


@post("/sign-in/code", include_in_schema=False)
async def enter_code(
    request: AnyRequest,
    data: Annotated[CodeForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Take the code; a good one gets another cookie."""
    request.scope["state"][PRIVATE] = True
    goal = local_path(data.next)
    token, agent = request.cookies.get(cookie_name(settings), ""), request.headers.get("user-agent", "")
    try:
        fresh = await accounts.enter_code(clients, secret_key(settings), token, data.code, datetime.now(UTC), agent)
    except SignInRequiredError:
        return Redirect(sign_in_address(goal), status_code=303)
    except FieldsError as error:
        return page(request, "accounts/code.html", status_code=422, next=goal, error=error.fields["code"])
    except TooOftenError as error:
        return after_wait(page(request, "accounts/code.html", status_code=429, next=goal, error=str(error)), error)
    return _on(settings, goal, fresh, accounts.SIGN_IN_LIFE)


@get("/sign-in/choose/{token:str}", include_in_schema=False)
async def show_choice(request: AnyRequest, token: FromPath[str]) -> Template:
    """Where somebody who was sent a link chooses a password; only looking uses nothing up."""
    request.scope["state"][PRIVATE] = True
    account = await people.whose_link(token, datetime.now(UTC))
    return page(request, "accounts/choose.html", email=account.email, error="")


@post("/sign-in/choose/{token:str}", include_in_schema=False)
async def choose(request: AnyRequest, clients: GivenClients, token: FromPath[str]) -> Response[Any] | Template:
    """Keep the password; the link works no more."""
    request.scope["state"][PRIVATE] = True
    now, new = datetime.now(UTC), str((await request.form()).get("new", ""))
    account = await people.whose_link(token, now)
    try:
        await people.choose_password(clients, token, new, now)
    except FieldsError as error:
        return page(request, "accounts/choose.html", status_code=422, email=account.email, error=error.fields["new"])
    return Redirect("/sign-in", status_code=303)


@post("/sign-out", include_in_schema=False)
async def sign_out(request: AnyRequest, clients: GivenClients, settings: GivenSettings) -> Redirect:
    """Make the cookie worthless, here and on the server."""
    request.scope["state"][PRIVATE] = True
    token = request.cookies.get(cookie_name(settings))
    if token:
        await accounts.sign_out(clients, token)
    answer = Redirect("/sign-in", status_code=303)
    answer.set_cookie(_cookie(settings, "", 0))
    return answer


def _cookie(settings: Settings, value: str, max_age: int) -> Cookie:
    return Cookie(
        key=cookie_name(settings),
        value=value,
        path="/",
        max_age=max_age,
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )


routes = [show_sign_in, sign_in, show_code, enter_code, show_choice, choose, sign_out]
