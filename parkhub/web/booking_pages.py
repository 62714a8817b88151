"""Where drivers book: a time, its price and the places left, a plate and an address. No plate is in any address."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import structlog
from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect, Template

from parkhub.db import booking_rules as rule_rows
from parkhub.domain.bookings import Booking, Paying
from parkhub.domain.local_time import Span
from parkhub.domain.lots import Lot
from parkhub.domain.mail import read_address
from parkhub.domain.permits import is_plate
from parkhub.domain.plates import normalise
from parkhub.errors import ConflictError, InvalidInputError, ParkHubError, TooOftenError
from parkhub.languages import Language
from parkhub.services import booking_checkouts, booking_offers, bookings
from parkhub.services.bookings import Wish
from parkhub.settings import Settings
from parkhub.web.booking_forms import Times, TimesForm, presets, usual_times
from parkhub.web.booking_offer_view import OfferView
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.drivers import GivenDriver
from parkhub.web.guards import PRIVATE
from parkhub.web.pay import driver_page, find_lot, leave_for
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest
from parkhub.web.waiting import after_wait, wait_minutes

log = structlog.get_logger(__name__)

_KEY: Final = re.compile(r"[\w-]{24}", re.ASCII)
_AMOUNT: Final = re.compile(r"[0-9]{1,12}", re.ASCII)


class BookForm(TimesForm):
    """What is booked. ``how``: "advance" or "on_site"; ``key`` the same however often it is sent; ``shown``: the price
    the page told, in minor units.
    """

    plate: str = ""
    email: str = ""
    how: str = "advance"
    key: str = ""
    shown: str = ""


@get("/lots/{slug:str}/book", include_in_schema=False)
async def show_book(
    request: AnyRequest,
    slug: FromPath[str],
    settings: GivenSettings,
    driver: GivenDriver,
    day: FromQuery[str] = "",
    at: FromQuery[str] = "",
    until_day: FromQuery[str] = "",
    until: FromQuery[str] = "",
) -> Template:
    """Ask for a time, and say what it costs and how many places are left in it."""
    lot = await find_lot(slug)
    now, zone = datetime.now(UTC), ZoneInfo(lot.time_zone)
    times = Times(day, at, until_day, until) if day or at or until else usual_times(now, zone)
    form = BookForm(times.day, times.at, times.until_day, times.until, email=driver.email if driver else "")
    return await _page(request, settings, lot, form)


@post("/lots/{slug:str}/book", status_code=200, include_in_schema=False)
async def book(
    request: AnyRequest,
    slug: FromPath[str],
    data: Annotated[BookForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
    driver: GivenDriver,
) -> Response[Any] | Template:
    """Hold a place; then to the payment, or to the booking's page."""
    lot, now, words = await find_lot(slug), datetime.now(UTC), spoken(request)
    zone = ZoneInfo(lot.time_zone)
    span, email = data.times.read(zone), read_address(data.email)
    wrong = {**data.times.wrong(zone, words, now), **_faults(data, email, words)}
    if wrong or span is None or email is None:
        return await _page(request, settings, lot, data, 422, wrong=wrong)
    wish = _wish(lot, data, span, email, words, driver.id if driver else None)
    offer = await booking_offers.make_offer(lot.id, span, now)
    if not offer.left and await booking_offers.find_taken(wish) is None:
        return await _page(request, settings, lot, data, 409, just_taken=True)
    if offer.price_cents > _shown(data):  # nobody books dearer than the button said
        return await _page(request, settings, lot, data, 409, risen=True)
    try:
        booking = await booking_offers.take(clients, settings, wish, _address(request), now)
    except TooOftenError as error:
        return after_wait(await _page(request, settings, lot, data, 429, wait=wait_minutes(error)), error)
    except (ConflictError, InvalidInputError) as error:
        return await _page(request, settings, lot, data, error.status, refused=words.gettext(str(error)))
    if booking.hold_until is None:
        return to_booking(request, booking)
    return await go_pay(request, settings, clients, lot, booking, now)


async def go_pay(
    request: AnyRequest,
    settings: Settings,
    clients: GivenClients,
    lot: Lot,
    booking: Booking,
    now: datetime,
    span: Span | None = None,
) -> Response[Any] | Template:
    """To the provider's page, or to the booking's where that cannot be."""
    try:
        checkout = await booking_checkouts.start_checkout(clients, settings, booking.id, now, span)
    except (ConflictError, InvalidInputError):
        return to_booking(request, booking)
    except ParkHubError as error:
        log.warning("checkout.not_opened", error=str(error))
        return to_booking(request, booking, "unavailable=1")
    return leave_for(request, settings, lot, checkout.url)


def to_booking(request: AnyRequest, booking: Booking, said: str = "") -> Redirect:
    """To a booking's page."""
    request.scope["state"][PRIVATE] = True
    return Redirect(f"/bookings/{booking.public_id}{'?' if said else ''}{said}", status_code=303)


def plate_fault(plate: str, words: Language) -> dict[str, str]:
    """What is wrong with a plate as typed."""
    return {} if is_plate(normalise(plate)) else {"plate": words.gettext("A plate has 2 to 12 letters and digits.")}


def _faults(form: BookForm, email: str | None, words: Language) -> dict[str, str]:
    wrong = plate_fault(form.plate, words)
    if email is None:
        wrong["email"] = words.gettext("Type the e-mail address to which the booking is sent.")
    return wrong


def _wish(lot: Lot, form: BookForm, span: Span, email: str, words: Language, driver_id: int | None) -> Wish:
    return Wish(
        lot_id=lot.id,
        plate=form.plate,
        start=span.start,
        end=span.end,
        paying=Paying.ON_SITE if form.how == Paying.ON_SITE.value else Paying.ADVANCE,
        email=email,
        language=words.code,
        driver_id=driver_id,
        public_id=form.key if _KEY.fullmatch(form.key) else "",
    )


def _shown(form: BookForm) -> int:
    return int(form.shown) if _AMOUNT.fullmatch(form.shown) else 0


def _address(request: AnyRequest) -> str:
    return request.client.host if request.client else "unknown"


async def _page(
    request: AnyRequest, settings: Settings, lot: Lot, form: BookForm, status_code: int = 200, **context: Any
) -> Template:
    now, words, zone = datetime.now(UTC), spoken(request), ZoneInfo(lot.time_zone)
    if not await rule_rows.count_places(lot.id):
        return driver_page(request, settings, "bookings/none.html", lot, status_code)
    wrong = {**form.times.wrong(zone, words, now), **context.pop("wrong", {})}
    span = None if {"at", "until"} & wrong.keys() else form.times.read(zone)
    offer = await booking_offers.make_offer(lot.id, span, now) if span else None
    usual: dict[str, Any] = {"risen": False, "refused": "", "wait": 0, "just_taken": False}
    given = {
        **usual,
        "wrong": wrong,
        "form": form,
        "key": form.key if _KEY.fullmatch(form.key) else bookings.new_public_id(),
        "view": OfferView(offer, lot, words, now) if offer else None,
        "presets": presets(now, zone, words),
        "today": now.astimezone(zone).date().isoformat(),
        **context,
    }
    return driver_page(request, settings, "bookings/book.html", lot, status_code, **given)


routes = [show_book, book]
