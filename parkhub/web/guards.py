"""Who may see a page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final
from urllib.parse import quote, urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from parkhub.db.whose_lot import NOUNS, list_lots_of
from parkhub.domain.accounts import Account
from parkhub.domain.rights import Right
from parkhub.domain.text import one_line
from parkhub.errors import FactorRequiredError, ForbiddenError, NotFoundError, SignInRequiredError
from parkhub.services import accounts, api_keys, second_factors
from parkhub.settings import Settings
from parkhub.web.csrf import BEARER, has_key

FACTOR: Final = "/console/account/second-factor"
"""Where a second factor is set up, which whoever must have one may do before anything else."""
PRIVATE: Final = "parkhub_private"
NO_RIGHT: Final = "Your account may not do this. An owner can change that."
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

    Alone it is for a person's own things; whatever is a car park's `needs` a right. Raises SignInRequiredError, which
    `web.errors` turns into the way to the sign-in page, or 401 for programs.
    """
    connection.scope["state"][PRIVATE] = True
    if isinstance(connection.scope.get("user"), Account):
        return
    account = await _who(connection)
    if not connection.scope["path"].startswith(FACTOR) and await second_factors.is_missing(account):
        raise FactorRequiredError("Your role demands a second factor. Set it up in the console, on your own page.")
    connection.scope["user"] = account


async def _who(connection: ASGIConnection[Any, Any, Any, Any]) -> Account:
    """By a program's key where there is one, else by a browser's cookie; never by both."""
    now, state = datetime.now(UTC), connection.app.state
    if has_key(connection.scope["path"], connection.headers):
        token = connection.headers["authorization"][len(BEARER) :].strip()
        return await api_keys.who_is(state.clients, token, connection.client.host if connection.client else "", now)
    token = connection.cookies.get(cookie_name(state.settings), "")
    account = await accounts.who_is(token, now) if token else None
    if account is None:
        raise SignInRequiredError("Sign in to see this page.")
    return account


@dataclass(frozen=True, slots=True)
class needs:  # noqa: N801
    """Let those through who have a right in the lot that the address names, as a guard.

    The lot is found by the noun before a path parameter, ``cameras/{public_id}``. What is of several lots is read by
    whoever has one of them and changed by whoever has all. ``everywhere``: it is of no lot, so only for those who
    have all. What a form names besides is the handler's to ask `must` for. Raises SignInRequiredError, ForbiddenError
    for the right, NotFoundError for another's lot.
    """

    right: Right
    everywhere: bool = False

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        """See the class."""
        await signed_in(connection, handler)
        account: Account = connection.user
        if not account.may(self.right) or (self.everywhere and not account.everywhere):
            raise ForbiddenError(NO_RIGHT)
        if account.everywhere:
            return
        ours = any if connection.scope.get("method") in {"GET", "HEAD"} else all
        for noun, key in named_things(connection.scope["path_template"], connection.path_params):
            lot_ids = await list_lots_of(noun, key)
            if lot_ids and not ours(lot_id is not None and account.may(self.right, lot_id) for lot_id in lot_ids):
                raise NotFoundError("There is nothing at this address.")


def must(account: Account, right: Right, lot_id: int | None) -> None:
    """Refuse what a form names and its sender has no right to; ``lot_id`` None: of all lots. Raises ForbiddenError."""
    if not (account.may_everywhere(right) if lot_id is None else account.may(right, lot_id)):
        raise ForbiddenError(NO_RIGHT)


def named_things(path: str, params: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The things a path template names that are of a lot, each with its noun: ("cameras", "x1") of cameras/{id}."""
    parts = path.split("/")
    found = []
    for noun, part in pairwise(parts):
        name = part.strip("{}").partition(":")[0]
        if part.startswith("{") and noun in NOUNS and name in params:
            found.append((noun, params[name]))
    return found


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
