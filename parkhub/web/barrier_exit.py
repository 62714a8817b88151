"""The page of an exit's barrier, for who stands before it: pay, see it open, call somebody."""

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import structlog
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template
from litestar.types import ASGIApp

from parkhub.errors import ConflictError, InvalidInputError, ParkHubError, TooOftenError
from parkhub.languages import Language
from parkhub.secret_key import secret_key
from parkhub.services import barrier_exits
from parkhub.services.barrier_exits import AtExit, ExitState
from parkhub.settings import Settings
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.pay import driver_page, leave_for
from parkhub.web.speech import spoken
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest
from parkhub.web.waiting import after_wait
from parkhub.web.watched import encode

REREAD_S: Final = 3.0

log = structlog.get_logger(__name__)


class ExitForm(msgspec.Struct):
    """What the pay button sends: which car was shown, and what it owed, in minor units."""

    car: str = ""
    shown: str = ""


@dataclass(frozen=True)
class ExitSource:
    """An exit's page, the same in every language: what it shows is loaded again when it changes."""

    code: str
    secret: str = field(repr=False)

    @property
    def key(self) -> Hashable:
        """See `Source`."""
        return "exit", self.code

    async def read(self) -> AtExit:
        """See `Source`."""
        return await barrier_exits.look_at_exit(self.code, self.secret, datetime.now(UTC))

    def topics(self, view: AtExit) -> frozenset[str]:
        """See `Source`."""
        return frozenset({f"barrier:{view.barrier.id}", f"sessions:{view.lot.id}"})

    def tell(self, view: AtExit, before: AtExit | None) -> bytes | None:
        """See `Source`."""
        kind = kind_of(view)
        return None if before is not None and kind_of(before) == kind else encode("stay", {"state": kind})

    def due_s(self, view: AtExit) -> float:  # noqa: ARG002
        """See `Source`."""
        return REREAD_S


def kind_of(view: AtExit) -> str:
    """What makes an open page load itself again when it changes."""
    called = "" if view.call is None else "called" if view.call.taken_at is None else "coming"
    return ":".join([view.state.value, view.car, str(view.due_cents), called])


@get("/exit/{code:str}", include_in_schema=False)
async def show_exit(request: AnyRequest, code: FromPath[str], settings: GivenSettings) -> Template:
    """What the car owes that stands there, or what the barrier does."""
    return await _page(request, settings, code)


@get("/exit/{code:str}/events", opt=NO_CSRF, include_in_schema=False)
async def stream_exit(request: AnyRequest, code: FromPath[str], settings: GivenSettings) -> ASGIApp:
    """Every change of it."""
    return await stream(request, ExitSource(code, secret_key(settings)))


@post("/exit/{code:str}", status_code=200, include_in_schema=False)
async def pay(
    request: AnyRequest,
    code: FromPath[str],
    data: Annotated[ExitForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Begin to pay for the car that stands there, if it is the one that was shown."""
    key, now, shown = secret_key(settings), datetime.now(UTC), _shown(data)
    try:
        checkout = await barrier_exits.pay_at_exit(
            clients, settings, code, key, data.car, shown, now, spoken(request).code
        )
    except InvalidInputError:
        return Redirect(f"/exit/{code}", status_code=303)
    except ConflictError as error:
        return await _page(request, settings, code, 409, wrong=spoken(request).gettext(str(error)))
    except ParkHubError as error:
        if error.status == 404:
            raise
        log.warning("checkout.not_opened", error=str(error))
        return await _page(request, settings, code, 503, unavailable=True)
    view = await barrier_exits.look_at_exit(code, key, now)
    return leave_for(request, settings, view.lot, checkout.url)


@post("/exit/{code:str}/call", status_code=200, include_in_schema=False)
async def call(
    request: AnyRequest, code: FromPath[str], settings: GivenSettings, clients: GivenClients
) -> Response[Any] | Template:
    """Call somebody to the barrier."""
    address = request.client.host if request.client else "unknown"
    try:
        await barrier_exits.call_attendant(clients, code, address, datetime.now(UTC))
    except TooOftenError as error:
        words = spoken(request)
        wrong = words.gettext("You have called several times. Wait a moment; somebody has been told.")
        return after_wait(await _page(request, settings, code, 429, wrong=wrong), error)
    return Redirect(f"/exit/{code}", status_code=303)


async def _page(request: AnyRequest, settings: Settings, code: str, status_code: int = 200, **context: Any) -> Template:
    view = await barrier_exits.look_at_exit(code, secret_key(settings), datetime.now(UTC))
    usual: dict[str, Any] = {"wrong": "", "unavailable": False}
    words = spoken(request)
    given = {
        **usual,
        "view": view,
        "kind": kind_of(view),
        "due": _money(view, words),
        "reload_s": 5 if view.state in (ExitState.OPENING, ExitState.READING) else 15,
        **context,
    }
    return driver_page(request, settings, "barriers/exit.html", view.lot, status_code, **given)


def _money(view: AtExit, words: Language) -> str:
    return words.money(view.due_cents, view.currency) if view.due_cents > 0 else ""


def _shown(form: ExitForm) -> int:
    return int(form.shown) if re.fullmatch(r"[0-9]{1,12}", form.shown, re.ASCII) else 0


routes = [show_exit, stream_exit, pay, call]
