"""Which driver asks: by a cookie of their own, apart from the staff's."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

from litestar.connection import ASGIConnection, Request
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.handlers.base import BaseRouteHandler
from litestar.response import Template

from parkhub.domain.drivers import SIGN_IN_LIFE, Driver, SignedIn
from parkhub.errors import SignInRequiredError
from parkhub.languages import marked
from parkhub.services import drivers
from parkhub.settings import Settings
from parkhub.web.guards import PRIVATE
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest, page

ACCOUNT: Final = "/account"
SIGN_IN: Final = "/account/sign-in"
_STATE: Final = "parkhub_driver"

GivenDriver = NamedDependency[Driver | None]
"""The driver who is signed in, for any page of drivers: None for most."""


def driver_cookie(settings: Settings) -> str:
    """Name of the cookie; the prefix makes browsers insist on https, this host and the whole site."""
    return "__Host-driver" if settings.secure_cookies else "driver"


def make_cookie(settings: Settings, token: str) -> Cookie:
    """The cookie that holds a token; without one it is deleted."""
    return Cookie(
        key=driver_cookie(settings),
        value=token,
        path="/",
        max_age=int(SIGN_IN_LIFE.total_seconds()) if token else 0,
        httponly=True,
        samesite="lax",
        secure=settings.secure_cookies,
    )


async def provide_driver(request: Request[Any, Any, Any]) -> Driver | None:
    """See `GivenDriver`."""
    found = await _who(request)
    return found.driver if found else None


async def driver_signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let drivers who are signed in through; the answer is never cached.

    Raises SignInRequiredError, which `web.errors` turns into the way to the drivers' sign-in page.
    """
    connection.scope["state"][PRIVATE] = True
    if await _who(connection) is None:
        raise SignInRequiredError(marked("Sign in to see your account."))


def the_driver(request: AnyRequest) -> SignedIn:
    """Who is signed in, behind `driver_signed_in`."""
    found = request.scope["state"][_STATE]
    assert isinstance(found, SignedIn)
    return found


def sign_in_first(goal: str = ACCOUNT) -> str:
    """Where a driver signs in, coming back to ``goal`` afterwards."""
    return SIGN_IN if goal == ACCOUNT else f"{SIGN_IN}?next={quote(goal, safe='/')}"


def account_page(request: AnyRequest, name: str, status_code: int = 200, **context: Any) -> Template:
    """A page of accounts, kept by nobody."""
    request.scope["state"][PRIVATE] = True
    given = {"language": spoken(request), "who": request.scope["state"].get(_STATE), **context}
    return page(request, name, status_code=status_code, **given)


async def _who(connection: ASGIConnection[Any, Any, Any, Any]) -> SignedIn | None:
    """Looked up once in a request."""
    state = connection.scope["state"]
    if _STATE not in state:
        token = connection.cookies.get(driver_cookie(connection.app.state.settings))
        state[_STATE] = await drivers.who_is(token, datetime.now(UTC)) if token else None
    found: SignedIn | None = state[_STATE]
    return found
