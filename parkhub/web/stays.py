"""A stay's page: how long, how much, and the way to pay. Its address is signed and ends by itself."""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
import structlog
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template
from litestar.types import ASGIApp

from parkhub.clients import Clients
from parkhub.db import lots as lot_rows
from parkhub.db import pay_ahead as ahead_rows
from parkhub.domain.stay_tokens import StayToken, read_token
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError, ParkHubError, TooOftenError
from parkhub.languages import Language, marked
from parkhub.secret_key import secret_key
from parkhub.services import checkouts, discount_codes, dues
from parkhub.services.drivers import find_of_plate
from parkhub.settings import Settings
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.drivers import provide_driver
from parkhub.web.pay import driver_page, email_fault, leave_for
from parkhub.web.pay_ahead import ChoiceForm, Refusal, offered, read_choice, send_to_pay
from parkhub.web.saved_cards import customer_of, save_consent
from parkhub.web.speech import spoken
from parkhub.web.stay_view import CHOOSING, StayState, StayView
from parkhub.web.stream import stream
from parkhub.web.templating import ENVIRONMENT, AnyRequest
from parkhub.web.watched import encode

log = structlog.get_logger(__name__)

CODE_TRIES: Final = 10
CODE_WINDOW_S: Final = 3600
NO_STAY: Final = marked(
    "This link is none of ours, or a letter of it is missing. Find your parking again at its car park."
)


class StayForm(msgspec.Struct):
    """What the page's one form sends. ``do``: "code" or "pay"; ``shown``: the amount on the button, minor units.
    ``keep``: whoever is signed in wants the card saved.

    Where one pays ahead also until when (`ChoiceForm`), and ``do`` is "now" to pay what is due and leave.
    """

    do: str = "pay"
    code: str = ""
    email: str = ""
    shown: str = ""
    keep: str = ""
    until: str = ""
    time: str = ""


@dataclass(frozen=True)
class StaySource:
    """A stay's page in one language."""

    session_id: int
    language: Language

    @property
    def key(self) -> Hashable:
        """See `Source`."""
        return "stay", self.session_id, self.language.code

    async def read(self) -> StayView:
        """See `Source`."""
        return await read_stay(self.session_id, self.language)

    def topics(self, view: StayView) -> frozenset[str]:
        """See `Source`."""
        return frozenset({f"session:{self.session_id}", f"sessions:{view.lot.id}"})

    def tell(self, view: StayView, before: StayView | None) -> bytes | None:
        """See `Source`."""
        told = _told(view)
        if before is not None and {**_told(before), "clock": ""} == {**told, "clock": ""}:
            return None
        return encode("stay", told)

    def due_s(self, view: StayView) -> float:
        """See `Source`."""
        return view.changes_in_s


@get("/pay/stays/{token:str}", include_in_schema=False)
async def show_stay(request: AnyRequest, token: FromPath[str], settings: GivenSettings) -> Response[Any] | Template:
    """The stay as it is now."""
    found = _read(settings, token)
    return (
        _ended_page(request, settings, await _view(request, found))
        if _ended(found)
        else await _page(request, settings, token)
    )


@get("/pay/stays/{token:str}/events", opt=NO_CSRF, include_in_schema=False)
async def stream_stay(request: AnyRequest, token: FromPath[str], settings: GivenSettings) -> ASGIApp:
    """Every change of it."""
    found = _read(settings, token)
    if _ended(found):
        raise NotFoundError(NO_STAY)
    return await stream(request, StaySource(found.session_id, spoken(request)))


@post("/pay/stays/{token:str}", status_code=200, include_in_schema=False)
async def change_stay(
    request: AnyRequest,
    token: FromPath[str],
    data: Annotated[StayForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Take a discount code if there is one, else begin to pay."""
    found, now, words = _read(settings, token), datetime.now(UTC), spoken(request)
    if _ended(found):
        return _ended_page(request, settings, await _view(request, found))
    if data.code.strip():  # whichever button was pressed: who types a code and pays wants it taken off
        try:
            await clients.limiter.hit(f"code:{found.session_id}", CODE_TRIES, CODE_WINDOW_S)
            await discount_codes.give_code(found.session_id, data.code, None, now)
        except (InvalidInputError, ConflictError, TooOftenError) as error:
            wrong = {"code": words.gettext(str(error))}
            return await _page(request, settings, token, data, error.status, wrong=wrong)
        await clients.live.announce(f"session:{found.session_id}")
        return await _page(request, settings, token, StayForm(email=data.email), taken=data.code.strip().upper())
    if data.do == "code":
        return await _page(request, settings, token, data)
    view = await _view(request, found)
    if view.state in CHOOSING and data.do != "now":
        return await _choose(request, settings, clients, token, view, data)
    email = data.email.strip()
    if wrong := email_fault(email, words):
        return await _page(request, settings, token, data, 422, wrong=wrong)
    if view.state is not StayState.DUE and not view.pays_now:
        return Redirect(f"/pay/stays/{token}", status_code=303)
    if view.bill.due_cents > _shown(data):  # nobody pays more than the button said
        return await _page(request, settings, token, data, 409, risen=True)
    try:
        checkout = await checkouts.start_checkout(
            clients,
            settings,
            found.session_id,
            email,
            now,
            language=words.code,
            customer=await customer_of(request, clients, now) if data.keep else "",
        )
    except ConflictError:
        return await _page(request, settings, token, data, 409, on_its_way=True)
    except InvalidInputError:
        return Redirect(f"/pay/stays/{token}", status_code=303)
    except ParkHubError as error:
        log.warning("checkout.not_opened", error=str(error))
        return await _page(request, settings, token, data, 503, unavailable=True)
    if checkout.amount_cents > _shown(data):
        return await _page(request, settings, token, data, 409, risen=True)
    return leave_for(request, settings, view.lot, checkout.url)


async def read_stay(session_id: int, language: Language) -> StayView:
    """A stay as it is now. Raises NotFoundError."""
    now = datetime.now(UTC)
    standing = await dues.look(session_id, now)
    lot = await lot_rows.get_lot(standing.bill.session.lot_id)
    ahead = standing.rules.paid_ahead or standing.bill.session.paid_until is not None
    exit_seen = ahead and (await ahead_rows.get_gates(lot.id)).exit
    return StayView(standing, lot, now, language, exit_seen)


async def _choose(
    request: AnyRequest, settings: Settings, clients: Clients, token: str, view: StayView, data: StayForm
) -> Response[Any] | Template:
    """Prolong a stay that is paid ahead, or pay one ahead that a camera saw begin."""
    form = ChoiceForm(data.until, data.time, data.email, data.do)
    found = await read_choice(view.session, view.lot, form, view.now, view.language)
    if not isinstance(found, Refusal):
        email = data.email.strip()
        sent = await send_to_pay(request, settings, clients, view.session, view.lot, found, email, view.now)
        if not isinstance(sent, Refusal):
            return sent
        found = sent
    said = {"wrong": found.wrong, "notice": found.notice, "priced": found.priced}
    return await _page(request, settings, token, data, found.status, **said)


def _read(settings: Settings, token: str) -> StayToken:
    found = read_token(secret_key(settings), token)
    if found is None:
        raise NotFoundError(NO_STAY)
    return found


def _ended(token: StayToken) -> bool:
    return token.ends_at <= datetime.now(UTC)


async def _view(request: AnyRequest, token: StayToken) -> StayView:
    return await read_stay(token.session_id, spoken(request))


def _ended_page(request: AnyRequest, settings: Settings, view: StayView) -> Template:
    return driver_page(request, settings, "pay/ended.html", view.lot, 410)


async def _page(
    request: AnyRequest,
    settings: Settings,
    token: str,
    form: StayForm | None = None,
    status_code: int = 200,
    **context: Any,
) -> Template:
    view = await _view(request, _read(settings, token))
    usual: dict[str, Any] = {"wrong": {}, "taken": "", "risen": False, "unavailable": False, "on_its_way": False}
    usual |= {"notice": "", "offer": None}
    priced: datetime | None = context.pop("priced", None)
    if view.state in CHOOSING:
        context["offer"] = await offered(view.session, view.lot, view.now, view.language, priced)
    driver, holder = await provide_driver(request), await find_of_plate(view.session.plate)
    form = form or StayForm(email=driver.email if driver else "")
    given = {**usual, "view": view, "token": token, "form": form, **context}
    held = holder not in (None, driver) and not view.session.begun_by  # who types a plate learns nothing of it
    given |= {"driver": driver, "held": held, "save_consent": save_consent(view.language)}
    return driver_page(request, settings, "pay/stay.html", view.lot, status_code, **given)


def _told(view: StayView) -> dict[str, Any]:
    """What an open page puts in: a part made here, so that scripts know no language."""
    now = ENVIRONMENT.get_template("pay/_now.html").render(view=view, language=view.language)
    return {
        "state": view.state.value,
        "now": now,
        "pay": view.language.gettext("Pay %(amount)s", amount=view.due),
        "shown": max(0, view.bill.due_cents),
        "clock": view.clock,
        "left_s": view.left_s,
    }


def _shown(form: StayForm) -> int:
    return int(form.shown) if re.fullmatch(r"[0-9]{1,12}", form.shown, re.ASCII) else 0


routes = [show_stay, stream_stay, change_stay]
