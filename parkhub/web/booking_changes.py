"""Drivers change a booking: its plate at once, its time as far as it is paid for."""

from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath
from litestar.response import Template

from parkhub.errors import ConflictError, FieldsError, InvalidInputError
from parkhub.languages import Language
from parkhub.services import booking_changes, booking_offers
from parkhub.services.booking_changes import PayFirstError
from parkhub.settings import Settings
from parkhub.web.booking_forms import TimesForm
from parkhub.web.booking_offer_view import OfferView
from parkhub.web.booking_pages import go_pay, plate_fault, to_booking
from parkhub.web.booking_view import BookingView
from parkhub.web.bookings import read_booking
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.pay import driver_page
from parkhub.web.speech import spoken
from parkhub.web.templating import AnyRequest


class ChangeForm(TimesForm):
    """Another plate and time. ``do``: "look" at what it costs, or "change"."""

    plate: str = ""
    do: str = "change"


@get("/bookings/{public_id:str}/change", include_in_schema=False)
async def show_change(request: AnyRequest, public_id: FromPath[str], settings: GivenSettings) -> Template:
    """Ask for another plate and time."""
    view = await read_booking(public_id, spoken(request))
    times = view.times
    form = ChangeForm(times.day, times.at, times.until_day, times.until, view.booking.plate)
    return await _change_page(request, settings, view, form)


@post("/bookings/{public_id:str}/change", status_code=200, include_in_schema=False)
async def change(
    request: AnyRequest,
    public_id: FromPath[str],
    data: Annotated[ChangeForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
    settings: GivenSettings,
    clients: GivenClients,
) -> Response[Any] | Template:
    """Show what another time costs, or have it: at once, or as soon as the difference is paid."""
    words, now = spoken(request), datetime.now(UTC)
    view = await read_booking(public_id, words)
    span = data.times.read(view.zone)
    wrong = {**_time_faults(view, data, words, now), **plate_fault(data.plate, words)}
    if wrong or span is None:
        return await _change_page(request, settings, view, data, 422, wrong=wrong)
    if data.do == "look":
        return await _change_page(request, settings, view, data)
    try:
        booking = await booking_changes.change(clients, settings, view.booking.id, data.plate, span, now)
    except PayFirstError:
        return await go_pay(request, settings, clients, view.lot, view.booking, now, span)
    except FieldsError as error:
        names = {"from": "at"}
        wrong = {names.get(name, name): words.gettext(why) for name, why in error.fields.items()}
        return await _change_page(request, settings, view, data, 422, wrong=wrong)
    except (ConflictError, InvalidInputError) as error:
        return await _change_page(request, settings, view, data, error.status, refused=words.gettext(str(error)))
    return to_booking(request, booking)


def _time_faults(view: BookingView, form: ChangeForm, words: Language, now: datetime) -> dict[str, str]:
    """What is wrong with the new time; a beginning that stays may be past."""
    wrong = form.times.wrong(view.zone, words, now)
    span = form.times.read(view.zone)
    if span is not None and span.start == view.booking.span.start:
        wrong.pop("at", None)
    return wrong


async def _change_page(
    request: AnyRequest,
    settings: Settings,
    view: BookingView,
    form: ChangeForm,
    status_code: int = 200,
    wrong: dict[str, str] | None = None,
    refused: str = "",
) -> Template:
    span, zone = form.times.read(view.zone), ZoneInfo(view.lot.time_zone)
    offer = None
    if span is not None and span != view.booking.span and not wrong:
        offer = OfferView(
            await booking_offers.make_offer(view.lot.id, span, view.now), view.lot, view.language, view.now
        )
    more = (offer.offer.price_cents if offer else view.booking.price_cents) - view.booking.price_cents
    given: dict[str, Any] = {
        "view": view,
        "form": form,
        "wrong": wrong or {},
        "refused": refused,
        "offer": offer,
        "more": view.money(more) if more > 0 else "",
        "less": view.money(-more) if more < 0 else "",
        "pays_first": more > 0 and view.booking.paying.value == "advance",
        "today": view.now.astimezone(zone).date().isoformat(),
    }
    return driver_page(request, settings, "bookings/change.html", view.lot, status_code, **given)


routes = [show_change, change]
