"""A lot that takes bookings, people who book there, and the sandbox's answers, for tests of bookings' pages."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from drivers import save_paid_lot
from visitors import Visitor, token_of

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import Way
from parkhub.db import bookings as booking_rows
from parkhub.db import stripe_events
from parkhub.db.engine import transaction
from parkhub.domain.bookings import Booking, BookingRules, BookingState, Paying
from parkhub.domain.local_time import Span
from parkhub.domain.lots import Lot
from parkhub.services import (
    booking_checkouts,
    booking_money,
    booking_rules,
    bookings,
    payment_events,
    payment_sandbox,
)
from parkhub.services.bookings import Wish
from parkhub.settings import Settings

PLATE, EMAIL = "PKH4827", "kim@example.org"
ZONE = ZoneInfo("Europe/Berlin")
BOOK = "/lots/harbour/book"
EVER = Span(datetime(2026, 1, 1, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC))


async def a_bookable_lot(places: int = 4, rules: BookingRules | None = None) -> Lot:
    """A lot at two euros an hour, with places to book."""
    lot = await save_paid_lot(slug="harbour", name="Harbour Street")
    given = rules or BookingRules(cancel_fee_percent=50)
    await booking_rules.set_rules(lot.id, given, places, [], None, datetime.now(UTC))
    return lot


def times(days: int = 3, start: str = "08:00", end: str = "12:00") -> dict[str, str]:
    """A time on a day to come, as its fields."""
    day = (datetime.now(ZONE) + timedelta(days=days)).date().isoformat()
    return {"day": day, "at": start, "until_day": day, "until": end}


async def book(visitor: Visitor, how: str = "on_site", **given: Any) -> httpx.Response:
    """Fill the page in and send it."""
    fields: dict[str, Any] = {**times(), "plate": PLATE, "email": EMAIL, "how": how, "shown": "99999", **given}
    page = await visitor.get(BOOK)
    key = re.search(r'name="key" value="([\w-]+)"', page.text)
    assert key is not None
    return await visitor.post(BOOK, data={"_csrf_token": token_of(page), "key": key[1], **fields})


async def list_booked(lot: Lot) -> list[Booking]:
    """All of a lot's bookings, the first first."""
    return await booking_rows.list_bookings(lot.id, EVER, 0, 99)


async def send(visitor: Visitor, path: str, **fields: Any) -> httpx.Response:
    """Send a form that stands on a booking's page, or on the page for what is asked of it."""
    page = await visitor.get(path.removesuffix("/pay"))
    return await visitor.post(path, data={"_csrf_token": token_of(page), **fields})


async def pay(clients: Clients, settings: Settings, name: str) -> None:
    """Pay a test checkout, up to the books."""
    now = datetime.now(UTC)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, now)
    for event in outcome.now:
        await payment_events.receive(clients, settings, *payment_sandbox.signed(settings, event, now), now)
    await handle_events(clients, settings)


async def handle_events(clients: Clients, settings: Settings) -> None:
    """Handle what the provider has told, as the worker would."""
    now = datetime.now(UTC)
    for event_id in await stripe_events.list_due(now + timedelta(seconds=1), 100):
        await payment_events.handle(clients, settings, event_id, now)


async def shown(clients: Clients, settings: Settings, lot: Lot, now: datetime) -> dict[str, str]:
    """Bookings in every state, for who looks at all pages; addresses by name."""
    await booking_rules.set_rules(lot.id, BookingRules(cancel_fee_percent=50), 40, [], None, now)
    full = await save_paid_lot(slug="garage", name="Old Town Garage")
    await booking_rules.set_rules(full.id, BookingRules(), 1, [], None, now)
    start = (now + timedelta(days=3)).replace(hour=8, minute=0, second=0, microsecond=0)
    soon = Span(start, start + timedelta(hours=10))
    await bookings.book(clients, Wish(full.id, PLATE, now, now + timedelta(hours=3)), None, now)
    pages = {"book": "/lots/harbour/book", "book-full": "/lots/garage/book", "book-none": "/lots/meadow/book"}

    async def one(name: str, paying: Paying, span: Span = soon) -> Booking:
        wish = Wish(lot.id, PLATE, span.start, span.end, paying=paying, email=f"{name}@example.org")
        made = await bookings.book(clients, wish, None, now)
        pages[f"booking-{name}"] = f"/bookings/{made.public_id}"
        return made

    async def paid(made: Booking) -> None:
        checkout = await booking_checkouts.start_checkout(clients, settings, made.id, now)
        await pay(clients, settings, checkout.url.rpartition("/")[2])

    await one("to-pay", Paying.ADVANCE)
    reserved = await one("reserved", Paying.ON_SITE)
    await paid(await one("paid", Paying.ADVANCE))
    pages["booking-change"] = f"/bookings/{reserved.public_id}/change"
    pages["booking-cancel"] = f"{pages['booking-paid']}/cancel"
    late = Span(now + timedelta(hours=2), now + timedelta(hours=8))
    cancelled = await one("cancelled", Paying.ADVANCE, late)
    await paid(cancelled)
    await bookings.cancel(clients, settings, cancelled.id, None, now)
    for state in (BookingState.NO_SHOW, BookingState.EXPIRED, BookingState.DONE, BookingState.ARRIVED):
        over = await one(state.value.replace("_", "-"), Paying.ON_SITE, late)
        async with transaction():
            await booking_money.lock(over.id)
            await bookings.end(over, state, 300 if state is BookingState.NO_SHOW else 0, None, now)
    return pages
