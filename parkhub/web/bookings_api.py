"""Bookings for programs: the JSON interface, for signed-in staff."""

from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
from litestar import Router, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from parkhub.db import booking_rules as rule_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import lots as lot_rows
from parkhub.db import payments as payment_rows
from parkhub.domain.accounts import Account
from parkhub.domain.bookings import SPAN_MAX, Booking, BookingRules, BookingState, Paying, PaymentRule, Place
from parkhub.domain.local_time import Span
from parkhub.domain.rights import Right
from parkhub.errors import InvalidInputError
from parkhub.services import booking_money, booking_rules, bookings
from parkhub.web.api_answers import PAGE, after_of, aware, find_lot, page_of
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.plates import shown_plate
from parkhub.web.provider_payments_api import PaymentItems, payment_item
from parkhub.web.templating import AnyRequest

DEFAULTS: Final = BookingRules()
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NEVER: Final = datetime(9999, 1, 1, tzinfo=UTC)


class BookingForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A place for a plate. Times with their zone. ``spot``: the name of a certain place, empty for any."""

    plate: Annotated[str, msgspec.Meta(max_length=100)]
    start: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="until")
    spot: Annotated[str, msgspec.Meta(max_length=100)] = ""
    holder: Annotated[str, msgspec.Meta(max_length=1000)] = ""


class BookingItem(msgspec.Struct, frozen=True):
    """A booking. ``place``: the number of the place it holds.

    ``price_cents``: what was told for the booked time; ``fee_cents``: what cancelling late or not coming has cost.
    ``payment``: "" for one by staff, "on_site", or "advance"; then ``hold_until`` is null once it is paid, and
    ``held_cents`` what was paid and is neither used by a stay nor given back.
    """

    id: int
    lot: str
    plate: str
    start: datetime = msgspec.field(name="from")
    end: datetime = msgspec.field(name="until")
    place: int
    spot: str
    holder: str
    state: BookingState
    session: int | None
    arrived_at: datetime | None
    ended_at: datetime | None
    price_cents: int
    fee_cents: int
    currency: str
    payment: Paying
    hold_until: datetime | None
    held_cents: int


class BookingPage(msgspec.Struct, frozen=True):
    """Bookings by id; ``next``: what to ask ``after`` for the next ones, null at the end."""

    items: list[BookingItem]
    next: int | None


class PriceLine(msgspec.Struct, frozen=True):
    """A line of a price."""

    text: str
    amount_cents: int


class BookingPrice(msgspec.Struct, frozen=True):
    """What a booked time costs, explained."""

    currency: str
    lines: list[PriceLine]
    net_cents: int
    tax_cents: int
    gross_cents: int


class RulesForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A lot's rules for bookings. ``any_places``: how many are anybody's; ``spots``: those to be had by name.

    ``no_show_minutes`` 0: a place is kept to the end of the booking. ``payment``: how who books without staff pays.
    """

    any_places: int
    spots: list[str] = []
    early_minutes: int = DEFAULTS.early_minutes
    no_show_minutes: int = DEFAULTS.no_show_minutes
    cancel_free_hours: int = DEFAULTS.cancel_free_hours
    cancel_fee_percent: int = DEFAULTS.cancel_fee_percent
    payment: PaymentRule = DEFAULTS.payment


@get("/lots/{slug:str}/bookings", tags=["Bookings"])
async def list_bookings(
    request: AnyRequest,
    slug: FromPath[str],
    since: FromQuery[datetime] = _EVER,
    until: FromQuery[datetime] = _NEVER,
    after: FromQuery[int] = 0,
    limit: FromQuery[int] = PAGE,
) -> BookingPage:
    """A lot's bookings of any state whose time lies in ``since`` to ``until``, or touches it."""
    lot, limit = await find_lot(slug), page_of(limit)
    found = await booking_rows.list_bookings(lot.id, _span(since, until), after_of(after), limit)
    return BookingPage(
        [await _item(each, lot.slug, request.user) for each in found], found[-1].id if len(found) == limit else None
    )


@post("/lots/{slug:str}/bookings", tags=["Bookings"], guards=[needs(Right.RUN)])
async def book(
    request: AnyRequest, clients: GivenClients, slug: FromPath[str], data: JSONBody[BookingForm]
) -> BookingItem:
    """Book a place."""
    lot = await find_lot(slug)
    wish = bookings.Wish(lot.id, data.plate, aware(data.start), aware(data.end), data.spot, data.holder)
    return await _item(await bookings.book(clients, wish, request.user.id, datetime.now(UTC)), lot.slug, request.user)


@get("/lots/{slug:str}/booking-price", tags=["Bookings"])
async def show_price(
    slug: FromPath[str],
    start: Annotated[datetime, QueryParameter(name="from")],
    end: Annotated[datetime, QueryParameter(name="until")],
) -> BookingPrice | None:
    """What a booked time costs if the car comes and leaves in it; null where nothing is charged."""
    lot, span = await find_lot(slug), _span(start, end)
    if span.length > SPAN_MAX:
        raise InvalidInputError(f"Book at most {SPAN_MAX.days} days.")
    quote = await bookings.quote(lot.id, span)
    if quote is None:
        return None
    lines = [PriceLine(line.text, line.amount_cents) for line in quote.lines]
    return BookingPrice(quote.currency, lines, quote.net_cents, quote.tax_cents, quote.gross_cents)


@get("/bookings/{booking_id:int}", tags=["Bookings"])
async def show_booking(request: AnyRequest, booking_id: FromPath[int]) -> BookingItem:
    """One booking."""
    booking = await booking_rows.get_booking(booking_id)
    return await _item(booking, (await lot_rows.get_lot(booking.lot_id)).slug, request.user)


@get("/bookings/{booking_id:int}/quotes", tags=["Bookings"])
async def list_payments(booking_id: FromPath[int]) -> PaymentItems:
    """What was to be paid for a booking at the payment provider, and what became of it."""
    booking = await booking_rows.get_booking(booking_id)
    return PaymentItems([await payment_item(each) for each in await payment_rows.list_of_booking(booking.id)])


@post("/bookings/{booking_id:int}/cancel", status_code=200, tags=["Bookings"], guards=[needs(Right.RUN)])
async def cancel_booking(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, booking_id: FromPath[int]
) -> BookingItem:
    """Give a booking up; what that costs is its fee."""
    booking = await bookings.cancel(clients, settings, booking_id, request.user.id, datetime.now(UTC))
    return await _item(booking, (await lot_rows.get_lot(booking.lot_id)).slug, request.user)


@get("/lots/{slug:str}/booking-rules", tags=["Bookings"])
async def show_rules(slug: FromPath[str]) -> RulesForm:
    """A lot's rules for bookings and its places that can be booked."""
    lot = await find_lot(slug)
    return _rules(await rule_rows.get_rules(lot.id), await rule_rows.list_places(lot.id))


@put("/lots/{slug:str}/booking-rules", tags=["Bookings"], guards=[needs(Right.SET_UP)])
async def set_rules(request: AnyRequest, slug: FromPath[str], data: JSONBody[RulesForm]) -> RulesForm:
    """Set them; what is left out is as at first."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    rules = BookingRules(
        data.early_minutes, data.no_show_minutes, data.cancel_free_hours, data.cancel_fee_percent, data.payment
    )
    return _rules(
        rules, await booking_rules.set_rules(lot.id, rules, data.any_places, data.spots, request.user.id, now)
    )


def _span(start: datetime, end: datetime) -> Span:
    start, end = aware(start), aware(end)
    if end < start:
        raise InvalidInputError("The time ends before it begins.")
    return Span(start, end)


async def _item(booking: Booking, slug: str, account: Account) -> BookingItem:
    return BookingItem(
        id=booking.id,
        lot=slug,
        plate=shown_plate(account, booking.plate, booking.lot_id),
        start=booking.span.start,
        end=booking.span.end,
        place=booking.place,
        spot=booking.spot,
        holder=booking.holder,
        state=booking.state,
        session=booking.session_id,
        arrived_at=booking.arrived_at,
        ended_at=booking.ended_at,
        price_cents=booking.price_cents,
        fee_cents=booking.fee_cents,
        currency=booking.currency,
        payment=booking.paying,
        hold_until=booking.hold_until,
        held_cents=await booking_money.held_cents(booking) if booking.public_id else 0,
    )


def _rules(rules: BookingRules, places: list[Place]) -> RulesForm:
    return RulesForm(
        sum(not place.spot for place in places),
        [place.spot for place in places if place.spot],
        rules.early_minutes,
        rules.no_show_minutes,
        rules.cancel_free_hours,
        rules.cancel_fee_percent,
        rules.payment,
    )


routes = [
    Router(
        "/api/v1",
        route_handlers=[
            list_bookings,
            book,
            show_price,
            show_booking,
            list_payments,
            cancel_booking,
            show_rules,
            set_rules,
        ],
        guards=[needs(Right.READ)],
    )
]
