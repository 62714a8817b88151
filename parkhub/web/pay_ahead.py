"""Drivers pay ahead: for a plate they type, or for the stay whose page they have."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
import structlog
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Redirect, Template

from parkhub.clients import Clients
from parkhub.db import lot_rules as rule_rows
from parkhub.db import pay_ahead as ahead_rows
from parkhub.domain import pay_ahead as rules_of
from parkhub.domain.lots import Lot
from parkhub.domain.permits import PLATE_LENGTHS
from parkhub.domain.plates import normalise
from parkhub.domain.sessions import ParkingSession
from parkhub.domain.stay_tokens import make_token
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError, ParkHubError, TooOftenError
from parkhub.languages import Language, marked
from parkhub.secret_key import secret_key
from parkhub.services import checkouts, pay_ahead
from parkhub.settings import Settings
from parkhub.web.ahead_view import OfferView, Wanted, offer_view, read_wanted
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.drivers import provide_driver
from parkhub.web.pay import driver_page, email_fault, find_lot, leave_for, minute_of, tried_too_often
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest
from parkhub.web.waiting import after_wait

log = structlog.get_logger(__name__)

NOT_AHEAD: Final = marked("In this car park you pay when you leave.")
RISEN: Final = marked("The price has risen since you opened this page. You have not been charged.")
LATE: Final = marked("This time can no longer be chosen. You have not been charged.")
ON_ITS_WAY: Final = marked("A payment for this stay is on its way. There is nothing more to do.")
UNAVAILABLE: Final = marked("Paying here is not possible just now. You have not been charged. Try again in a moment.")


class ChoiceForm(msgspec.Struct):
    """Until when. ``until``: a choice as the page offered it; ``time``: another time of day, to be priced first."""

    until: str = ""
    time: str = ""
    email: str = ""
    do: str = "pay"


class AheadForm(ChoiceForm):
    """The same for a plate."""

    plate: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nobody is sent to pay: sentences by field, or one for all; the page is shown again."""

    status: int
    wrong: dict[str, str]
    notice: str = ""
    priced: datetime | None = None


@get("/pay/{slug:str}/ahead", include_in_schema=False)
async def show_ahead(request: AnyRequest, slug: FromPath[str], settings: GivenSettings) -> Template:
    """Ask for a plate, and until when."""
    driver = await provide_driver(request)
    return await _page(request, settings, await _ahead_lot(slug), AheadForm(email=driver.email if driver else ""))


@post("/pay/{slug:str}/ahead", status_code=200, include_in_schema=False)
async def begin_ahead(
    request: AnyRequest,
    slug: FromPath[str],
    data: Annotated[AheadForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Lead to the payment, alike for every plate."""
    lot, now, words = await _ahead_lot(slug), datetime.now(UTC), spoken(request)
    session = await pay_ahead.imagine(lot, data.plate, now)
    found = await read_choice(session, lot, data, now, words)
    if len(session.plate) not in PLATE_LENGTHS and (data.do == "pay" or data.plate.strip()):
        told = {"plate": words.gettext("Type the letters and digits of your number plate.")}
        found = Refusal(422, {**told, **(found.wrong if isinstance(found, Refusal) else {})})
    if isinstance(found, Refusal):
        return await _page(request, settings, lot, data, found)
    address = request.client.host if request.client else "unknown"
    try:
        session = await pay_ahead.begin(clients, lot, data.plate, found.until, address, now)
    except TooOftenError as error:
        return after_wait(
            await _page(request, settings, lot, data, Refusal(429, {}, tried_too_often(error, words))), error
        )
    sent = await send_to_pay(request, settings, clients, session, lot, found, data.email.strip(), now)
    return await _page(request, settings, lot, data, sent) if isinstance(sent, Refusal) else sent


async def read_choice(
    session: ParkingSession, lot: Lot, form: ChoiceForm, now: datetime, words: Language
) -> Wanted | Refusal:
    """What a form asks for, if it is allowed and costs no more than its page said."""
    wrong = email_fault(form.email.strip(), words)
    limits = await pay_ahead.limits(session, now)
    if form.time.strip():
        minute = minute_of(form.time)
        end = rules_of.read_end(minute, limits, ZoneInfo(lot.time_zone)) if minute is not None else None
        if end is None:
            wrong["time"] = words.gettext("Say until when, such as 14:30, no later than allowed.")
        return Refusal(422 if wrong else 200, wrong, priced=end)
    wanted = read_wanted(form.until)
    if wrong or wanted is None or form.do == "show":
        if wanted is None and form.do != "show":
            wrong["until"] = words.gettext("Choose until when you stay.")
        return Refusal(422 if wrong else 200, wrong, priced=wanted.until if wanted else None)
    if not rules_of.may_choose(wanted.until, limits):
        return Refusal(409, {}, words.gettext(LATE))
    if (await pay_ahead.price(session, wanted.until, now)).due_cents > wanted.shown_cents:
        return Refusal(409, {}, words.gettext(RISEN), wanted.until)
    return wanted


async def send_to_pay(
    request: AnyRequest,
    settings: Settings,
    clients: Clients,
    session: ParkingSession,
    lot: Lot,
    wanted: Wanted,
    email: str,
    now: datetime,
) -> Response[Any] | Template | Refusal:
    """Lead to the payment of a choice, or to the stay's page when it costs nothing more."""
    words, back = spoken(request), f"/pay/stays/{make_token(secret_key(settings), session.id, now)}"
    try:
        if (await pay_ahead.price(session, wanted.until, now)).due_cents <= 0:
            await pay_ahead.prolong_free(clients, session.id, wanted.until, now)
            return Redirect(back, status_code=303)
        checkout = await checkouts.start_checkout(
            clients, settings, session.id, email, now, wanted.until, language=words.code
        )
    except ConflictError:
        return Refusal(409, {}, words.gettext(ON_ITS_WAY))
    except InvalidInputError:
        return Redirect(back, status_code=303)
    except ParkHubError as error:
        log.warning("checkout.not_opened", error=str(error))
        return Refusal(503, {}, words.gettext(UNAVAILABLE))
    if checkout.amount_cents > wanted.shown_cents:
        return Refusal(409, {}, words.gettext(RISEN), wanted.until)
    return leave_for(request, settings, lot, checkout.url)


async def offered(
    session: ParkingSession, lot: Lot, now: datetime, words: Language, priced: datetime | None = None
) -> OfferView:
    """What may be chosen for a stay, in words."""
    offer = await pay_ahead.offer(session, now, [priced] if priced else [])
    return offer_view(offer, ZoneInfo(lot.time_zone), now, words, priced)


async def _ahead_lot(slug: str) -> Lot:
    lot = await find_lot(slug)
    if not (await rule_rows.get_rules(lot.id)).paid_ahead:
        raise NotFoundError(NOT_AHEAD)
    return lot


async def _page(
    request: AnyRequest, settings: Settings, lot: Lot, form: AheadForm, refusal: Refusal | None = None
) -> Template:
    now, words = datetime.now(UTC), spoken(request)
    said = refusal or Refusal(200, {})
    offer = await offered(await pay_ahead.imagine(lot, normalise(form.plate), now), lot, now, words, said.priced)
    given: dict[str, Any] = {
        "form": form,
        "offer": offer,
        "wrong": said.wrong,
        "notice": said.notice,
        "gates": await ahead_rows.get_gates(lot.id),
    }
    return driver_page(request, settings, "pay/ahead.html", lot, said.status, **given)


routes = [show_ahead, begin_ahead]
