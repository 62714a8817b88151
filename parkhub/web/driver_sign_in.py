"""Drivers sign in and out. Nobody needs to: paying, booking and receipts work without an account."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template

from parkhub.errors import ConflictError, InvalidInputError, NotFoundError, SignInRequiredError, TooOftenError
from parkhub.services import driver_sign_in, drivers
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.drivers import ACCOUNT, SIGN_IN, GivenDriver, account_page, driver_cookie, make_cookie
from parkhub.web.guards import PRIVATE, local_path
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest
from parkhub.web.waiting import after_wait, wait_minutes

GOAL_LENGTH_MAX: Final = 300


class SignInForm(msgspec.Struct):
    """What the page sends: without a password, a letter is asked for."""

    email: str = ""
    password: str = ""
    next: str = ""


@get("/account/sign-in", include_in_schema=False)
async def show_sign_in(request: AnyRequest, driver: GivenDriver) -> Response[Any] | Template:
    """The form; whoever is signed in already goes on."""
    goal = _goal(request.query_params.get("next", ""))
    if driver is not None and "again" not in request.query_params:
        request.scope["state"][PRIVATE] = True
        return Redirect(goal, status_code=303)
    return _form(request, SignInForm(next=goal), again="again" in request.query_params)


@post("/account/sign-in", status_code=200, include_in_schema=False)
async def sign_in(
    request: AnyRequest,
    data: Annotated[SignInForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Send a link, or check a password."""
    data.next = _goal(data.next)
    now, address = datetime.now(UTC), request.client.host if request.client else "unknown"
    words = spoken(request)
    try:
        if data.password:
            token = await driver_sign_in.sign_in(clients, data.email, data.password, address, now)
            return await _enter(request, settings, token, data.next)
        await driver_sign_in.ask_for_link(clients, settings, data.email, words.code, data.next, address, now)
    except TooOftenError as error:
        return after_wait(_form(request, data, 429, wait=wait_minutes(error)), error)
    except SignInRequiredError as error:
        return _form(request, data, 401, wrong={"password": words.gettext(str(error))})
    except InvalidInputError as error:
        return _form(request, data, 422, wrong={"email": words.gettext(str(error))})
    return account_page(request, "drivers/sent.html", email=data.email.strip(), path=SIGN_IN)


@get("/account/enter/{token:str}", include_in_schema=False)
async def show_enter(request: AnyRequest, token: FromPath[str]) -> Template:
    """A button: programs that look at letters open the links in them, and press nothing."""
    try:
        link = await driver_sign_in.read_link(token, datetime.now(UTC))
    except NotFoundError:
        return account_page(request, "drivers/enter.html", 410, link=None, token="", taken=False)
    return account_page(request, "drivers/enter.html", link=link, token=token, taken=False)


@post("/account/enter/{token:str}", status_code=200, include_in_schema=False)
async def enter(
    request: AnyRequest, token: FromPath[str], settings: GivenSettings, clients: GivenClients
) -> Response[Any] | Template:
    """Use the link, once."""
    try:
        entered = await driver_sign_in.use_link(clients, token, spoken(request).code, datetime.now(UTC))
    except NotFoundError:
        return account_page(request, "drivers/enter.html", 410, link=None, token="", taken=False)
    except ConflictError:
        return account_page(request, "drivers/enter.html", 409, link=None, token="", taken=True)
    return await _enter(request, settings, entered.token, _goal(entered.goal))


@post("/account/sign-out", status_code=303, include_in_schema=False)
async def sign_out(request: AnyRequest, settings: GivenSettings) -> Redirect:
    """Make the cookie worthless, here and on the server."""
    request.scope["state"][PRIVATE] = True
    if token := request.cookies.get(driver_cookie(settings)):
        await drivers.sign_out(token)
    answer = Redirect("/", status_code=303)
    answer.set_cookie(make_cookie(settings, ""))
    return answer


async def _enter(request: AnyRequest, settings: GivenSettings, token: str, goal: str) -> Redirect:
    request.scope["state"][PRIVATE] = True
    if old := request.cookies.get(driver_cookie(settings)):
        await drivers.sign_out(old)
    on = Redirect(goal, status_code=303)
    on.set_cookie(make_cookie(settings, token))
    return on


def _form(request: AnyRequest, form: SignInForm, status_code: int = 200, **context: Any) -> Template:
    given: dict[str, Any] = {"wrong": {}, "wait": 0, "again": False, "form": form, **context}
    return account_page(request, "drivers/sign_in.html", status_code, **given)


def _goal(target: str) -> str:
    found = local_path(target, ACCOUNT)
    return found if len(found) <= GOAL_LENGTH_MAX else ACCOUNT


routes = [show_sign_in, sign_in, show_enter, enter, sign_out]
