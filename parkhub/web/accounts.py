"""Signing in and out."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Template

from parkhub.errors import SignInRequiredError, TooOftenError
from parkhub.services import accounts
from parkhub.settings import Settings
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import PRIVATE, cookie_name, local_path
from parkhub.web.templating import AnyRequest, page


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
        token = await accounts.sign_in(clients, data.email, data.password, address, datetime.now(UTC))
    except SignInRequiredError as error:
        return _form(request, goal, data.email, str(error), 401)
    except TooOftenError as error:
        answer = _form(request, goal, data.email, str(error), 429)
        answer.headers["retry-after"] = str(error.retry_after_s)
        return answer
    old = request.cookies.get(cookie_name(settings))
    if old:
        await accounts.sign_out(old)
    on = Redirect(goal, status_code=303)
    on.set_cookie(_cookie(settings, token, int(accounts.SIGN_IN_LIFE.total_seconds())))
    return on


@post("/sign-out", include_in_schema=False)
async def sign_out(request: AnyRequest, settings: GivenSettings) -> Redirect:
    """Make the cookie worthless, here and on the server."""
    request.scope["state"][PRIVATE] = True
    token = request.cookies.get(cookie_name(settings))
    if token:
        await accounts.sign_out(token)
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


routes = [show_sign_in, sign_in, sign_out]
