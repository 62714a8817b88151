"""Bookings as staff work with them: those of a day by place, new ones, changes and cancelling."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import lots as lot_rows
from parkhub.db import refunds as refund_rows
from parkhub.domain.bookings import Booking, BookingState, cancel_fee_cents
from parkhub.domain.local_time import Span, day_span, local_day
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, FieldsError, InvalidInputError
from parkhub.languages import ENGLISH
from parkhub.services import booking_changes, booking_money, bookings
from parkhub.services.booking_changes import PayFirstError
from parkhub.web.api_answers import find_lot
from parkhub.web.booking_desk_view import BookingRow, by_place
from parkhub.web.booking_forms import Times, times_of, usual_times
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.plates import sees_plates, shown_plate
from parkhub.web.templating import AnyRequest, page

PAGE: Final = 500
SHOWN_MAX: Final = 2000
DONE: Final = {
    "booked": "The place is booked.",
    "changed": "The booking is changed.",
    "cancelled": "The booking is cancelled.",
    "asked": "The payment provider was asked to give it back.",
}


@get("/console/lots/{slug:str}/bookings")
async def show_day(
    request: AnyRequest, slug: FromPath[str], day: FromQuery[str] = "", done: FromQuery[str] = ""
) -> Template:
    """The bookings of a day, by place."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    zone = ZoneInfo(lot.time_zone)
    today = local_day(now, zone)
    chosen = _day(day) or today
    span = day_span(chosen, zone)
    found = await _list(lot, span)
    rows = [BookingRow(each, shown_plate(request.user, each.plate, lot.id), zone, span) for each in found[:SHOWN_MAX]]
    places = await rule_rows.list_places(lot.id)
    return page(
        request,
        "booking_desk/day.html",
        lot=lot,
        day=chosen,
        today=today,
        day_in_words=f"{chosen:%A, %d %B %Y}",
        before=chosen - timedelta(days=1),
        after=chosen + timedelta(days=1),
        by_place=by_place(places, rows),
        count=len(rows),
        cut=len(found) > SHOWN_MAX,
        any_place=bool(places),
        refused=[await booking_rows.get_booking(each) for each in await refund_rows.list_bookings_refused(lot.id, 20)],
        said=DONE.get(done, ""),
        may_book=request.user.may(Right.RUN, lot.id),
        may_change=request.user.may(Right.SET_UP, lot.id),
    )


async def _list(lot: Lot, span: Span) -> list[Booking]:
    found: list[Booking] = []
    while len(found) <= SHOWN_MAX:
        more = await booking_rows.list_bookings(lot.id, span, found[-1].id if found else 0, PAGE)
        found += more
        if len(more) < PAGE:
            break
    return found


def _day(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2200 else None


@get("/console/lots/{slug:str}/bookings/new", guards=[needs(Right.RUN)])
async def show_new(request: AnyRequest, slug: FromPath[str], day: FromQuery[str] = "") -> Template:
    """The form for a new one."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    zone = ZoneInfo(lot.time_zone)
    times, chosen = usual_times(now, zone), _day(day)
    if chosen is not None and chosen > local_day(now, zone):
        times = Times(chosen.isoformat(), "08:00", chosen.isoformat(), "18:00")
    return await _form(request, lot, None, times, {"plate": "", "spot": "", "holder": ""})


@post("/console/lots/{slug:str}/bookings/new", guards=[needs(Right.RUN)])
async def book(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """Say what it costs, or book."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    times, given, do = await _sent(request)
    zone = ZoneInfo(lot.time_zone)
    span, wrong = times.read(zone), times.wrong(zone, ENGLISH, now)
    if span is None or wrong or do == "look":
        return await _form(request, lot, None, times, given, wrong, 422 if wrong else 200, looked=True)
    wish = bookings.Wish(lot.id, given["plate"], span.start, span.end, given["spot"], given["holder"])
    try:
        booking = await bookings.book(clients, wish, request.user.id, now)
    except FieldsError as error:
        return await _form(request, lot, None, times, given, _named(error), 422)
    except ConflictError as error:
        return await _form(request, lot, None, times, given, {"": str(error)}, error.status)
    return Redirect(f"/console/bookings/{booking.id}?done=booked", status_code=303)


@get("/console/bookings/{booking_id:int}")
async def show_booking(request: AnyRequest, booking_id: FromPath[int], done: FromQuery[str] = "") -> Template:
    """One booking, to be read, changed and cancelled."""
    return await show_as_it_is(request, booking_id, said=DONE.get(done, ""))


@post("/console/bookings/{booking_id:int}", guards=[needs(Right.RUN)])
async def change(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, booking_id: FromPath[int]
) -> Response[Any] | Template:
    """Say what another time costs, or have it."""
    booking, now = await booking_rows.get_booking(booking_id), datetime.now(UTC)
    lot = await lot_rows.get_lot(booking.lot_id)
    times, given, do = await _sent(request)
    zone = ZoneInfo(lot.time_zone)
    span = times.read(zone)
    wrong = {} if times == times_of(booking.span, zone) else times.wrong(zone, ENGLISH, now)
    if span is not None and span.start == booking.span.start:
        wrong.pop("at", None)
    if span is None or wrong or do == "look":
        return await _form(request, lot, booking, times, given, wrong, 422 if wrong else 200, looked=True)
    plate = given["plate"] if sees_plates(request.user, lot.id) else booking.plate
    try:
        await booking_changes.change(clients, settings, booking_id, plate, span, now, request.user.id)
    except PayFirstError:
        said = (
            "The new time costs more than was paid. Its driver has it by paying the difference on the booking's page."
        )
        return await _form(request, lot, booking, times, given, {"": said}, 409)
    except FieldsError as error:
        return await _form(request, lot, booking, times, given, _named(error), 422)
    except (ConflictError, InvalidInputError) as error:
        return await _form(request, lot, booking, times, given, {"": str(error)}, error.status)
    return Redirect(f"/console/bookings/{booking_id}?done=changed", status_code=303)


@post("/console/bookings/{booking_id:int}/cancel", guards=[needs(Right.RUN)])
async def cancel(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, booking_id: FromPath[int]
) -> Response[Any] | Template:
    """Give it up, for the fee that the page told."""
    try:
        await bookings.cancel(clients, settings, booking_id, request.user.id, datetime.now(UTC))
    except InvalidInputError as error:
        return await show_as_it_is(request, booking_id, str(error), error.status)
    return Redirect(f"/console/bookings/{booking_id}?done=cancelled", status_code=303)


async def show_as_it_is(
    request: AnyRequest, booking_id: int, wrong: str = "", status_code: int = 200, said: str = ""
) -> Template:
    """A booking's page with what it holds, and what was ``wrong`` or ``said``."""
    booking = await booking_rows.get_booking(booking_id)
    lot = await lot_rows.get_lot(booking.lot_id)
    given = {"plate": shown_plate(request.user, booking.plate, lot.id), "spot": booking.spot, "holder": booking.holder}
    times = times_of(booking.span, ZoneInfo(lot.time_zone))
    return await _form(request, lot, booking, times, given, {"": wrong}, status_code, said=said)


async def _sent(request: AnyRequest) -> tuple[Times, dict[str, str], str]:
    form = await request.form()
    times = Times(*(str(form.get(name, "")).strip() for name in ("day", "at", "until_day", "until")))
    given = {name: str(form.get(name, "")).strip() for name in ("plate", "spot", "holder")}
    return times, given, str(form.get("do", ""))


def _named(error: FieldsError) -> dict[str, str]:
    """Faults by the form's own fields."""
    return {{"from": "at"}.get(name, name): why for name, why in error.fields.items()}


async def _form(
    request: AnyRequest,
    lot: Lot,
    booking: Booking | None,
    times: Times,
    given: dict[str, str],
    errors: dict[str, str] | None = None,
    status_code: int = 200,
    *,
    said: str = "",
    looked: bool = False,
) -> Template:
    zone, now = ZoneInfo(lot.time_zone), datetime.now(UTC)
    span = times.read(zone)
    quote = await bookings.quote(lot.id, span) if span is not None and (looked or booking is None) else None
    rules = await rule_rows.get_rules(lot.id)
    fee = cancel_fee_cents(booking, rules, now) if booking and booking.hold_until is None else 0
    held = await booking_money.held_cents(booking) if booking and booking.public_id else 0
    return page(
        request,
        "booking_desk/booking.html",
        status_code=status_code,
        lot=lot,
        booking=booking,
        row=BookingRow(booking, given["plate"], zone, day_span(local_day(booking.span.start, zone), zone))
        if booking
        else None,
        times=times,
        given=given,
        errors=defaultdict(str, errors or {}),
        spots=[
            ("", "Any place"),
            *((each.spot, each.spot) for each in await rule_rows.list_places(lot.id) if each.spot),
        ],
        price=ENGLISH.money(quote.gross_cents, quote.currency) if quote else "",
        lines=[(line.text, ENGLISH.money(line.amount_cents, line.currency)) for line in quote.lines] if quote else [],
        fee=ENGLISH.money(fee, booking.currency) if booking and fee else "",
        held=ENGLISH.money(held, booking.currency) if booking and held else "",
        charged=ENGLISH.money(booking.fee_cents, booking.currency) if booking and booking.fee_cents else "",
        sees=sees_plates(request.user, lot.id),
        refused=await refund_rows.list_refused_of_booking(booking.id) if booking else [],
        may_refund=request.user.may(Right.REFUND, lot.id),
        said=said,
        is_open=booking is None or booking.state is BookingState.RESERVED,
        may_book=request.user.may(Right.RUN, lot.id),
        back=f"/console/lots/{lot.slug}/bookings?day={times.day if _day(times.day) else ''}",
    )


routes = [
    Router(
        "/",
        route_handlers=[show_day, show_new, book, show_booking, change, cancel],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
