"""Errors as people and programs see them: a page that says what happened, or problem+json (RFC 9457)."""

import secrets
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect, Template
from litestar.types import ExceptionHandlersMap

from parkhub.errors import FactorRequiredError, ParkHubError, SignInRequiredError
from parkhub.languages import ENGLISH, marked
from parkhub.web.csrf import REFUSED, REFUSED_PROGRAM
from parkhub.web.drivers import ACCOUNT, sign_in_first
from parkhub.web.guards import FACTOR, sign_in_address
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest, page

log = structlog.get_logger(__name__)

RETRY_AFTER_S: Final = 5
SERVER_ERROR: Final = 500

# What Litestar's own exceptions say is meant for developers; these are the same things for people.
SENTENCES: Final[dict[int, tuple[str, str]]] = {
    400: (marked("The request cannot be understood"), marked("Something in it is missing or misspelt.")),
    401: (marked("Sign in first"), marked("This is for people who have signed in.")),
    403: (marked("Not allowed"), marked("You may not do this.")),
    404: (
        marked("There is nothing at this address"),
        marked("It may have been moved or deleted, or the address has a slip in it."),
    ),
    405: (
        marked("This address does not take that"),
        marked("Open it in the browser, or use the form that leads here."),
    ),
    413: (marked("Too large"), marked("The file is larger than this page takes.")),
    415: (marked("This type is not taken"), marked("Send it in one of the forms the page names.")),
    429: (marked("Too many tries"), marked("Wait a while, then try again.")),
}

# What people who are not signed in may hear from other rooms; said here so that the catalogues know of it.
HEARD: Final = (
    marked("Not found"),
    marked("A value is wrong"),
    marked("Not just now"),
    marked("Already there"),
    marked("Something went wrong here"),
    marked("It is not your fault. It has been written down and somebody can look it up by the code."),
    marked("There is nothing at this address."),
    marked("There is no such payment."),
    marked("There is no such test payment."),
    marked("There is no such receipt."),
    marked("The receipt cannot be made just now. Try again in a moment."),
    marked("Too many people watch just now. Try again in a moment."),
    marked("Tries cannot be counted just now. Try again in a moment."),
    marked("This code does not exist here."),
    marked("This code is not valid yet."),
    marked("This code has expired."),
    marked("This code has been used up."),
    marked("This code is used for this stay already."),
    marked("This session was cancelled."),
)


def wants_page(request: AnyRequest) -> bool:
    """Whether HTML is the right answer: for browsers, and for whoever does not say; never where programs ask."""
    if request.url.path.startswith(("/api/", "/health/", "/schema", "/webhooks/")):
        return False
    accept = request.headers.get("accept", "")
    return "html" in accept or "json" not in accept


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> Response[dict[str, Any]]:
    """An error for programs."""
    return Response(
        {"type": "about:blank", "title": title, "status": status, "detail": detail},
        status_code=status,
        media_type="application/problem+json",
        headers=headers or {},
    )


def _answer(
    request: AnyRequest, status: int, title: str, detail: str, *, code: str = "", headers: dict[str, str] | None = None
) -> Response[Any] | Template:
    if not wants_page(request):
        return problem(status, title, detail, headers)
    staff = request.url.path.startswith("/console")
    words = ENGLISH if staff else spoken(request)
    told = {"title": words.gettext(title), "detail": words.gettext(detail) if detail else "", "code": code}
    found = page(request, "error.html", status_code=status, language=words, staff=staff, **told)
    found.headers.update(headers or {})
    return found


def on_parkhub_error(request: AnyRequest, error: ParkHubError) -> Response[Any] | Template | Redirect:
    """Say what the error says; whoever is not signed in is shown the way."""
    if isinstance(error, SignInRequiredError) and wants_page(request):
        return to_sign_in(request)
    if isinstance(error, FactorRequiredError) and wants_page(request):
        return to_second_factor(request)
    if error.status >= SERVER_ERROR and not error.retryable:
        return on_unknown_error(request, error)
    wait_s = error.retry_after_s or (RETRY_AFTER_S if error.retryable else None)
    headers = {} if wait_s is None else {"retry-after": str(wait_s)}
    return _answer(request, error.status, error.title, str(error), headers=headers)


def to_sign_in(request: AnyRequest) -> Response[Any] | Template:
    """Send the browser to the sign-in page and back here afterwards; one that sent something keeps what it sent."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    reads, part = request.method in ("GET", "HEAD"), request.headers.get("hx-request") == "true"
    if request.url.path.startswith(ACCOUNT):
        return Redirect(sign_in_first(here if reads else ACCOUNT), status_code=303)
    if part:  # `static/console.js` tells, and the page is left as it is: a form on it may be half filled in
        return Response(b"", status_code=401)
    if reads:
        return Redirect(sign_in_address(here), status_code=303)
    return page(request, "accounts/signed_out.html", status_code=401)


def to_second_factor(request: AnyRequest) -> Response[Any]:
    """Send the browser to where a second factor is set up."""
    if request.headers.get("hx-request") == "true":
        return Response(b"", status_code=204, headers={"hx-redirect": f"{FACTOR}/needed"})
    return Redirect(f"{FACTOR}/needed", status_code=303)


def on_http_error(request: AnyRequest, error: HTTPException) -> Response[Any] | Template:
    """Say in plain words what Litestar refused."""
    if error.status_code >= SERVER_ERROR:
        return on_unknown_error(request, error)
    title, detail = SENTENCES.get(error.status_code, (HTTPStatus(error.status_code).phrase, ""))
    # Only our own handlers write sentences into 403s; everything else speaks to developers.
    ours = error.status_code == HTTPStatus.FORBIDDEN and error.detail.endswith(".")
    if isinstance(error, ValidationException) and not wants_page(request):
        detail = _wrong_parts(error) or detail
    if error.detail == REFUSED and not wants_page(request):
        ours, detail = False, REFUSED_PROGRAM
    headers = dict(error.headers or {})
    return _answer(request, error.status_code, title, error.detail if ours else detail, headers=headers)


def _wrong_parts(error: ValidationException) -> str:
    """What a program has sent wrong, by name; the message says what was expected, never what came."""
    parts = error.extra if isinstance(error.extra, list) else []
    told = [f"{part['key']}: {part['message']}" if part.get("key") else part["message"] for part in parts]
    return "; ".join(told)


def on_unknown_error(request: AnyRequest, error: Exception) -> Response[Any] | Template:
    """Log once with a short code, and show the code: whoever calls can name it."""
    code = secrets.token_hex(3).upper()
    log.error("request failed", incident=code, method=request.method, path=request.url.path, exc_info=error)
    detail = "It is not your fault. It has been written down and somebody can look it up by the code."
    if not wants_page(request):
        detail = f"{detail} The code is {code}."
    return _answer(request, SERVER_ERROR, "Something went wrong here", detail, code=code)


exception_handlers: ExceptionHandlersMap = {
    ParkHubError: on_parkhub_error,
    HTTPException: on_http_error,
    Exception: on_unknown_error,
}
