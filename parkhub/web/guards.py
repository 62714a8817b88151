"""Who may see a page."""

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from parkhub.domain.accounts import Role
from parkhub.domain.text import one_line
from parkhub.errors import ForbiddenError, NotFoundError, SignInRequiredError
from parkhub.services import accounts
from parkhub.settings import Settings

PRIVATE: Final = "parkhub_private"
ID_MAX: Final = 2**31 - 1
"""The largest id that a row with an address of its own can have."""


def cookie_name(settings: Settings) -> str:
    """Name of the sign-in's cookie; the prefix makes browsers insist on https, this host and the whole site."""
    return "__Host-parkhub" if settings.secure_cookies else "parkhub"


async def possible(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Turn away, before anything is looked up, addresses that nothing can have: a control character, a huge id.

    The databases would refuse them each in its own way. Raises NotFoundError.
    """
    for given in connection.path_params.values():
        if (isinstance(given, int) and given > ID_MAX) or not one_line(str(given)):
            raise NotFoundError("There is nothing at this address.")


async def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let signed-in people through and put their account into the scope's `user`; the answer is never cached.

    Raises SignInRequiredError, which `web.errors` turns into the way to the sign-in page, or 401 for programs.
    """
    connection.scope["state"][PRIVATE] = True
    token = connection.cookies.get(cookie_name(connection.app.state.settings))
    account = await accounts.who_is(token, datetime.now(UTC)) if token else None
    if account is None:
        raise SignInRequiredError("Sign in to see this page.")
    connection.scope["user"] = account


async def owner(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let owners through, of those who are `signed_in`. Raises ForbiddenError."""
    if connection.user.role is not Role.OWNER:
        raise ForbiddenError("Only an owner may do this.")


def local_path(target: str | None, otherwise: str = "/console") -> str:
    """``target`` when it is a path on this very site, else ``otherwise`` (ASVS 3.7.2).

    Browsers read a backslash as a slash and drop tabs and line ends, so anything with those is refused, as is
    whatever begins with two slashes or names a host or scheme.
    """
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return otherwise
    if any(ord(letter) < 0x21 or ord(letter) == 0x7F for letter in target):
        return otherwise
    try:
        parts = urlsplit(target)
    except ValueError:
        return otherwise
    return otherwise if parts.scheme or parts.netloc or parts.path.startswith("//") else target


def sign_in_address(path: str) -> str:
    """Where to sign in, coming back to ``path`` afterwards."""
    return f"/sign-in?next={quote(path, safe='/')}"
