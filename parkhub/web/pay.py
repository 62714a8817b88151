"""Drivers find their parking and pay for it. No plate is ever in an address, a title or a log."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Template

from parkhub.db import lot_rules as rule_rows
from parkhub.db import lots as lot_rows
from parkhub.db import pay_ahead as ahead_rows
from parkhub.domain.lots import Lot
from parkhub.domain.own_parking import Found
from parkhub.domain.permits import PLATE_LENGTHS
from parkhub.domain.plates import normalise
from parkhub.domain.sessions import ParkingSession
from parkhub.domain.stay_tokens import make_token
from parkhub.domain.text import printable
from parkhub.errors import NotFoundError, TooOftenError
from parkhub.languages import Language, marked
from parkhub.secret_key import secret_key
from parkhub.services import own_parking
from parkhub.settings import Settings
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import PRIVATE
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest, page
from parkhub.web.waiting import after_wait, wait_minutes

NO_LOT: Final = marked("There is no car park at this address.")
EMAIL_LENGTH_MAX: Final = 254
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_CLOCK: Final = re.compile(r"([01]?\d|2[0-3])[:.h ]?([0-5]\d)(:[0-5]\d)?")


class FindForm(msgspec.Struct):
    """A plate with the time of arrival, or a ticket."""

    plate: str = ""
    arrived: str = ""
    ticket: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A stay that may be the driver's: when it came in, and the way to its page."""

    when: str
    token: str


@get("/pay/{slug:str}", include_in_schema=False)
async def show_find(
    request: AnyRequest, slug: FromPath[str], settings: GivenSettings, begun: FromQuery[str | None] = None
) -> Response[Any] | Template:
    """Ask for a plate or a ticket; where one pays ahead and no camera sees cars come, until when, unless one has."""
    lot = await find_lot(slug)
    ahead = (await rule_rows.get_rules(lot.id)).paid_ahead
    if ahead and begun is None and not (await ahead_rows.get_gates(lot.id)).entry:
        return Redirect(f"/pay/{lot.slug}/ahead", status_code=303)
    return _find_page(request, settings, lot, FindForm(), ahead=ahead)


@post("/pay/{slug:str}", status_code=200, include_in_schema=False)
async def find(
    request: AnyRequest,
    slug: FromPath[str],
    data: Annotated[FindForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Lead to the stay's page; ask which one of those alike it is; or say that nothing fits, whatever the reason."""
    lot, now, words = await find_lot(slug), datetime.now(UTC), spoken(request)
    wrong = _faults(data, words)
    ahead = (await rule_rows.get_rules(lot.id)).paid_ahead
    if wrong:
        return _find_page(request, settings, lot, data, 422, wrong=wrong, ahead=ahead)
    address = request.client.host if request.client else "unknown"
    try:
        if data.ticket.strip():
            found = Found(await own_parking.find_by_ticket(clients, lot, data.ticket, address))
        else:
            minute = minute_of(data.arrived)
            assert minute is not None
            found = await own_parking.find_by_plate(clients, lot, data.plate, minute, address, now)
    except TooOftenError as error:
        return after_wait(_find_page(request, settings, lot, data, 429, wait=wait_minutes(error), ahead=ahead), error)
    key = secret_key(settings)
    if found.own is not None:
        request.scope["state"][PRIVATE] = True
        return Redirect(f"/pay/stays/{make_token(key, found.own.id, now)}", status_code=303)
    if found.alike:
        offers = [_offer(each, key, lot, now, words) for each in found.alike]
        return driver_page(request, settings, "pay/alike.html", lot, offers=offers)
    return _find_page(request, settings, lot, data, 404, nothing=True, ahead=ahead)


def tried_too_often(error: TooOftenError, words: Language) -> str:
    """How long to wait, a sentence."""
    return words.ngettext(
        "That was tried too often. Wait %(num)s minute, then try again, or ask the attendant.",
        "That was tried too often. Wait %(num)s minutes, then try again, or ask the attendant.",
        wait_minutes(error),
    )


def email_fault(email: str, words: Language) -> dict[str, str]:
    """What is wrong with an address that may be left out, by the name of its field."""
    if not email or (len(email) <= EMAIL_LENGTH_MAX and printable(email) and _EMAIL.fullmatch(email)):
        return {}
    return {"email": words.gettext("This is no e-mail address. Leave it empty if you want no receipt by e-mail.")}


def leave_for(request: AnyRequest, settings: Settings, lot: Lot, url: str) -> Response[Any] | Template:
    """Send the browser to the provider.

    A page in between when that is another site: `form-action 'self'` holds for what a form is redirected to as well.
    """
    request.scope["state"][PRIVATE] = True
    host = host_elsewhere(request, url)
    if host is None:
        return Redirect(url, status_code=303)
    return driver_page(request, settings, "pay/leaving.html", lot, url=url, host=host)


def host_elsewhere(request: AnyRequest, url: str) -> str | None:
    """The host of an address on another site; None for one of ours."""
    target = urlsplit(url)
    return None if not target.netloc or target.netloc == request.headers.get("host") else target.hostname


async def find_lot(slug: str) -> Lot:
    """The lot of an address. Raises NotFoundError."""
    lot = await lot_rows.find_lot(slug)
    if lot is None:
        raise NotFoundError(NO_LOT)
    return lot


def driver_page(
    request: AnyRequest, settings: Settings, name: str, lot: Lot, status_code: int = 200, **context: Any
) -> Template:
    """A page of one driver, kept by nobody."""
    request.scope["state"][PRIVATE] = True
    pretended = not settings.takes_real_money
    given = {"lot": lot, "language": spoken(request), "pretended": pretended, **context}
    return page(request, name, status_code=status_code, **given)


def _find_page(
    request: AnyRequest, settings: Settings, lot: Lot, form: FindForm, status_code: int = 200, **context: Any
) -> Template:
    given: dict[str, Any] = {"wrong": {}, "nothing": False, "wait": 0, "ahead": False, "form": form, **context}
    return driver_page(request, settings, "pay/find.html", lot, status_code, **given)


def _faults(form: FindForm, words: Language) -> dict[str, str]:
    if form.ticket.strip():
        return {}
    wrong = {}
    if len(normalise(form.plate)) not in PLATE_LENGTHS:
        wrong["plate"] = words.gettext("Type the letters and digits of your number plate.")
    if minute_of(form.arrived) is None:
        wrong["arrived"] = words.gettext("Say about when you came in, such as 14:30.")
    return wrong


def minute_of(text: str) -> int | None:
    """The minute of the day that a person writes; None for what is no time."""
    found = _CLOCK.fullmatch(text.strip())
    return int(found[1]) * 60 + int(found[2]) if found else None


def _offer(session: ParkingSession, key: str, lot: Lot, now: datetime, words: Language) -> Offer:
    return Offer(words.when(session.entered_at, ZoneInfo(lot.time_zone), now), make_token(key, session.id, now))


routes = [show_find, find]
