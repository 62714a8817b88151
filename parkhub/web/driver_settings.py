"""What drivers change of their account, take with them, and have deleted."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Redirect, Template

from parkhub.errors import FieldsError, SignInRequiredError, TooOftenError
from parkhub.services import driver_account
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.drivers import ACCOUNT, SIGN_IN, account_page, driver_signed_in, make_cookie, the_driver
from parkhub.web.guards import PRIVATE
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest
from parkhub.web.waiting import after_wait, wait_minutes

SETTINGS = f"{ACCOUNT}/settings"


class PasswordForm(msgspec.Struct):
    """The password as it is, and as it shall be."""

    password: str = ""
    new: str = ""


class EmailForm(msgspec.Struct):
    """Another address, and the password."""

    email: str = ""
    password: str = ""


class DeleteForm(msgspec.Struct):
    """The password, and the tick without which nothing is deleted."""

    password: str = ""
    sure: str = ""


@get("/settings", include_in_schema=False)
async def show_settings(request: AnyRequest) -> Template:
    """The forms."""
    return _page(request)


@post("/password", status_code=200, include_in_schema=False)
async def set_password(
    request: AnyRequest,
    data: Annotated[PasswordForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    clients: GivenClients,
) -> Response[Any] | Template:
    """Give the account a password."""
    who, now = the_driver(request), datetime.now(UTC)
    done = driver_account.set_password(clients, who, data.password, data.new, now)
    return await _tried(request, "password", done) or _page(request, done="password", has_password=True)


@post("/email", status_code=200, include_in_schema=False)
async def change_email(
    request: AnyRequest,
    data: Annotated[EmailForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Send a link to another address."""
    who, now = the_driver(request), datetime.now(UTC)
    done = driver_account.ask_for_email(clients, settings, who, data.email, data.password, now)
    answer = await _tried(request, "email", done, email=data.email)
    return answer or account_page(request, "drivers/sent.html", email=data.email.strip(), path=SIGN_IN)


@get("/data.json", include_in_schema=False)
async def download(request: AnyRequest) -> Response[bytes]:
    """All that the account holds, to keep."""
    found = await driver_account.export(the_driver(request).driver, datetime.now(UTC))
    return Response(
        msgspec.json.format(msgspec.json.encode(found)),
        media_type="application/json",
        headers={"content-disposition": 'attachment; filename="parkhub-account.json"'},
    )


@post("/delete", status_code=200, include_in_schema=False)
async def delete_account(
    request: AnyRequest,
    data: Annotated[DeleteForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Delete the account."""
    if not data.sure:
        wrong = {"sure": spoken(request).gettext("Tick the box if this is what you want.")}
        return _page(request, 422, at="delete", wrong=wrong)
    who, now = the_driver(request), datetime.now(UTC)
    answer = await _tried(request, "delete", driver_account.delete(clients, who, data.password, now))
    if answer is not None:
        return answer
    request.scope["state"][PRIVATE] = True
    gone = account_page(request, "drivers/deleted.html", who=None)
    gone.set_cookie(make_cookie(settings, ""))
    return gone


async def _tried(
    request: AnyRequest, at: str, done: Awaitable[None], **context: Any
) -> Response[Any] | Template | None:
    """Do it; the page that says what was wrong with it, None when nothing was."""
    words = spoken(request)
    try:
        await done
    except SignInRequiredError:
        return Redirect(f"{SIGN_IN}?again&next={SETTINGS}", status_code=303)
    except FieldsError as error:
        wrong = {name: words.gettext(text) for name, text in error.fields.items()}
        return _page(request, 422, at=at, wrong=wrong, **context)
    except TooOftenError as error:
        return after_wait(_page(request, 429, at=at, wait=wait_minutes(error), **context), error)
    return None


def _page(request: AnyRequest, status_code: int = 200, **context: Any) -> Template:
    driver = the_driver(request).driver
    usual: dict[str, Any] = {"path": SETTINGS, "at": "", "wrong": {}, "wait": 0, "done": "", "email": ""}
    given = {**usual, "has_password": bool(driver.password_hash), **context}
    return account_page(request, "drivers/settings.html", status_code, driver=driver, **given)


routes = [
    Router(
        ACCOUNT,
        route_handlers=[show_settings, set_password, change_email, download, delete_account],
        guards=[driver_signed_in],
    )
]
