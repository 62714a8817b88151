"""A booking's own page, under an address that nobody can guess: pay, change, cancel, take it to the calendar."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Template
from litestar.types import ASGIApp

from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import lots as lot_rows
from parkhub.db import payments as payment_rows
from parkhub.db import receipts as receipt_rows
from parkhub.domain.bookings import Booking
from parkhub.domain.payments import PaymentState
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.languages import Language, marked
from parkhub.services import booking_money, bookings
from parkhub.settings import Settings
from parkhub.web.booking_calendar import calendar_file
from parkhub.web.booking_pages import go_pay, to_booking
from parkhub.web.booking_view import BookingView, Shown
from parkhub.web.csrf import NO_CSRF
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import PRIVATE
from parkhub.web.pay import driver_page
from parkhub.web.speech import spoken
from parkhub.web.stream import stream
from parkhub.web.templating import AnyRequest
from parkhub.web.watched import encode

NO_BOOKING: Final = marked("This link is none of ours, or a letter of it is missing. Open it from your letter again.")


@dataclass(frozen=True)
class BookingSource:
    """A booking's page, the same in every language: it is loaded again when what it says first changes."""

    public_id: str
    language: Language

    @property
    def key(self) -> Hashable:
        """See `Source`."""
        return "booking", self.public_id

    async def read(self) -> BookingView:
        """See `Source`."""
        return await read_booking(self.public_id, self.language)

    def topics(self, view: BookingView) -> frozenset[str]:
        """See `Source`."""
        return frozenset({f"bookings:{view.lot.id}", f"sessions:{view.lot.id}"})

    def tell(self, view: BookingView, before: BookingView | None) -> bytes | None:
        """See `Source`."""
        same = before is not None and before.state == view.state
        return None if same else encode("stay", {"state": view.state.value})

    def due_s(self, view: BookingView) -> None:
        """See `Source`."""


@get("/bookings/{public_id:str}", include_in_schema=False)
async def show_booking(
    request: AnyRequest,
    public_id: FromPath[str],
    settings: GivenSettings,
    back: FromQuery[str] = "",
    unavailable: FromQuery[str] = "",
) -> Template:
    """The booking as it is now."""
    return await _page(request, settings, public_id, came_back=bool(back), unavailable=bool(unavailable))


@get("/bookings/{public_id:str}/events", opt=NO_CSRF, include_in_schema=False)
async def stream_booking(request: AnyRequest, public_id: FromPath[str]) -> ASGIApp:
    """Every change of it."""
    return await stream(request, BookingSource(public_id, spoken(request)))


@get("/bookings/{public_id:str}/calendar.ics", opt=NO_CSRF, include_in_schema=False)
async def show_calendar(request: AnyRequest, public_id: FromPath[str], settings: GivenSettings) -> Response[bytes]:
    """The booking for calendars; one that was cancelled takes itself out of them."""
    request.scope["state"][PRIVATE] = True
    view = await read_booking(public_id, spoken(request))
    headers = {"content-disposition": f'attachment; filename="booking-{view.booking.code}.ics"'}
    return Response(calendar_file(view, settings.address), media_type="text/calendar", headers=headers)


@post("/bookings/{public_id:str}/pay", status_code=200, include_in_schema=False)
async def pay(
    request: AnyRequest, public_id: FromPath[str], settings: GivenSettings, clients: GivenClients
) -> Response[Any] | Template:
    """Pay what is due: the price, or a fee."""
    booking = await _find(public_id)
    lot = await lot_rows.get_lot(booking.lot_id)
    return await go_pay(request, settings, clients, lot, booking, datetime.now(UTC))


@get("/bookings/{public_id:str}/cancel", include_in_schema=False)
async def show_cancel(request: AnyRequest, public_id: FromPath[str], settings: GivenSettings) -> Template:
    """Say what cancelling costs and gives back, and ask."""
    view = await read_booking(public_id, spoken(request))
    return driver_page(request, settings, "bookings/cancel.html", view.lot, view=view)


@post("/bookings/{public_id:str}/cancel", status_code=200, include_in_schema=False)
async def cancel(
    request: AnyRequest, public_id: FromPath[str], settings: GivenSettings, clients: GivenClients
) -> Response[Any]:
    """Give it up."""
    booking = await _find(public_id)
    try:
        booking = await bookings.cancel(clients, settings, booking.id, None, datetime.now(UTC))
    except (ConflictError, InvalidInputError):  # it is over, or the car has just come: the page says so
        return to_booking(request, booking)
    return to_booking(request, booking)


async def read_booking(public_id: str, language: Language) -> BookingView:
    """A booking as it is now. Raises NotFoundError."""
    booking = await _find(public_id)
    paid = await payment_rows.list_of_booking(booking.id)
    return BookingView(
        booking=booking,
        lot=await lot_rows.get_lot(booking.lot_id),
        rules=await rule_rows.get_rules(booking.lot_id),
        due_cents=await booking_money.due_cents(booking),
        held_cents=await booking_money.held_cents(booking),
        is_waiting=any(each.state is PaymentState.PROCESSING for each in paid),
        refunded_cents=sum(each.refunded_cents for each in paid),
        language=language,
        now=datetime.now(UTC),
    )


async def _find(public_id: str) -> Booking:
    booking = await booking_rows.find_by_public_id(public_id)
    if booking is None:
        raise NotFoundError(NO_BOOKING)
    return booking


async def _page(
    request: AnyRequest, settings: Settings, public_id: str, *, came_back: bool, unavailable: bool
) -> Template:
    view = await read_booking(public_id, spoken(request))
    paid = [each for each in await payment_rows.list_of_booking(view.booking.id) if each.state is PaymentState.PAID]
    receipts = [await receipt_rows.find_of_quote(each.quote_id) for each in reversed(paid)]
    given: dict[str, Any] = {
        "view": view,
        "receipts": [each for each in receipts if each],
        "unavailable": unavailable,
        "came_back": came_back and view.state is Shown.TO_PAY and view.can_pay,
    }
    return driver_page(request, settings, "bookings/booking.html", view.lot, **given)


routes = [show_booking, stream_booking, show_calendar, pay, show_cancel, cancel]
