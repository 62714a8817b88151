"""Forms from other sites are refused (ASVS 3.5.1).

Every form carries a signed token that equals the one in a cookie (double submit); scripts may send it as a header
instead. A multipart form can be a recording of a gigabyte, sent by anybody, so it is never read to find a token
before its handler has asked who sends it; every other form is short, and read no further than that. For a multipart
form the browser's own word counts: `Sec-Fetch-Site`, or an `Origin` that is ours; without either, the header is
needed.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from litestar.config.csrf import CSRFConfig
from litestar.datastructures import Headers
from litestar.enums import RequestEncodingType, ScopeType
from litestar.exceptions import PermissionDeniedException
from litestar.middleware.csrf import CSRFMiddleware, generate_csrf_token
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send, WebSocketReceiveMessage
from litestar.utils.scope.state import ScopeState

from parkhub.errors import TooLargeError

HEADER: Final = "x-csrftoken"
FORM_BYTES_MAX: Final = 64 * 1024
OPT_KEY: Final = "exclude_from_csrf"
BEARER: Final = "bearer "
NO_CSRF: Final[dict[str, Any]] = {OPT_KEY: True}
REFUSED_PROGRAM: Final = "Send the value of the cookie that ends in csrf as the header X-CSRFToken."
REFUSED: Final = "This form was not sent from ParkHub, or it lay open too long. Open the page again and repeat."


def csrf_config(secret: str, *, secure: bool) -> CSRFConfig:
    """The token's cookie: not readable by scripts (pages hold the token themselves), for this host only."""
    return CSRFConfig(
        secret=secret,
        cookie_name="__Host-csrf" if secure else "csrf",
        cookie_secure=secure,
        cookie_httponly=True,
        cookie_samesite="lax",
        header_name=HEADER,
        exclude_from_csrf_key=OPT_KEY,
    )


class CsrfGuard(CSRFMiddleware):
    """Litestar's token check, except that the body of a multipart form is left alone."""

    def __init__(self, app: ASGIApp, config: CSRFConfig) -> None:
        super().__init__(app, config)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, then call the app; raises PermissionDeniedException."""
        if scope["type"] != ScopeType.HTTP or scope["method"] in self.config.safe_methods or self._is_open(scope):
            await super().__call__(scope, receive, send)
            return
        headers = Headers.from_scope(scope)
        if has_key(scope["path"], headers):  # no browser adds that by itself, and then no cookie counts
            await self.app(scope, receive, send)
            return
        multipart = headers.get("content-type", "").lower().startswith(RequestEncodingType.MULTI_PART)
        if multipart and HEADER not in headers:
            if not sent_from_here(headers):
                raise PermissionDeniedException(REFUSED)
            # The page shown when the form has an error needs a token again, and it must fit the cookie.
            cookie = self._cookie(headers)
            ScopeState.from_scope(scope).csrf_token = cookie or generate_csrf_token(self.config.secret)
            await self.app(scope, receive, send)
            return
        try:
            await super().__call__(scope, receive if multipart else _bounded(headers, receive), send)
        except PermissionDeniedException as error:
            if error.detail == "CSRF token verification failed":
                raise PermissionDeniedException(REFUSED) from None
            raise

    def _is_open(self, scope: Scope) -> bool:
        handler = scope.get("route_handler")
        return bool(handler is not None and handler.opt.get(OPT_KEY))

    def _cookie(self, headers: Headers) -> str | None:
        for pair in headers.get("cookie", "").split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self.config.cookie_name:
                return value
        return None


def _bounded(headers: Headers, receive: Receive) -> Receive:
    """The body up to `FORM_BYTES_MAX`; raises TooLargeError beyond, because it is read before anybody is known."""
    announced = headers.get("content-length", "")
    left = FORM_BYTES_MAX

    def check(byte_count: int) -> None:
        if byte_count > left:
            raise TooLargeError("The form is larger than any form of ParkHub. Shorten what you typed.")

    async def bounded() -> HTTPReceiveMessage | WebSocketReceiveMessage:
        nonlocal left
        message = await receive()
        if message["type"] == "http.request":
            check(len(message["body"]))
            left -= len(message["body"])
        return message

    if announced.isascii() and announced.isdigit():
        check(int(announced[:12]))
    return bounded


def has_key(path: str, headers: Mapping[str, str]) -> bool:
    """Whether a request to the JSON interface brings a program's key; whoever does is never known by a cookie."""
    return path.startswith("/api/") and headers.get("authorization", "")[: len(BEARER)].lower() == BEARER


def sent_from_here(headers: Headers) -> bool:
    """Whether the browser says that a page of this very host sent the request."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == headers.get("host")
