"""A lot where one pays, cars that have stayed a while, and the sandbox's answers, for tests of payments."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from builders import save_lot, save_session

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import Way
from parkhub.clients.payments import Raw
from parkhub.db import stripe_events
from parkhub.db.tariffs import find_in_force
from parkhub.domain.lots import Lot
from parkhub.domain.payment_events import EventStatus
from parkhub.domain.sessions import ParkingSession
from parkhub.services import payment_events, payment_sandbox, tariffs
from parkhub.services.checkouts import Checkout, start_checkout
from parkhub.settings import Settings, load_settings

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)  # a Monday
SETTINGS = load_settings()
TARIFF = """
currency: EUR
exit_grace_minutes: 15
tax: {percent: "19"}
bands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]
"""


def later(minutes: float) -> datetime:
    """So long after the car came in."""
    return AT + timedelta(minutes=minutes)


async def a_paid_lot(text: str = TARIFF) -> Lot:
    """A lot with a price."""
    lot = await save_lot()
    await tariffs.publish(lot.id, None, text, AT - timedelta(days=1), None, AT)
    return lot


async def a_stay(lot: Lot | None = None, plate: str = "AB123") -> ParkingSession:
    """A car that came in at `AT` and is inside."""
    found = lot or await a_paid_lot()
    version = await find_in_force(found.id, None, AT)
    return await save_session(found.id, plate, entered_at=AT, tariff_id=version.id if version else None)


async def a_stay_until_now(minutes: float, text: str = TARIFF, plate: str = "AB123") -> ParkingSession:
    """A car that came in so many minutes ago, by the real clock, into a lot of its own."""
    now = datetime.now(UTC)
    lot = await save_lot(name="Harbour Street")
    await tariffs.publish(lot.id, None, text, now - timedelta(days=9), None, now)
    version = await find_in_force(lot.id, None, now)
    assert version is not None
    return await save_session(lot.id, plate, entered_at=now - timedelta(minutes=minutes), tariff_id=version.id)


async def quoted(
    clients: Clients, settings: Settings, session: ParkingSession, at: datetime, email: str = ""
) -> tuple[Checkout, str]:
    """A checkout that was begun at ``at``, and what the provider calls it."""
    checkout = await start_checkout(clients, settings, session.id, email, at)
    return checkout, checkout.url.rpartition("/")[2]


async def send(clients: Clients, settings: Settings, events: Iterable[Raw], at: datetime) -> None:
    """Tell events by the webhook's own handler, signed."""
    for event in events:
        await payment_events.receive(clients, settings, *payment_sandbox.signed(settings, event, at), at)


async def handle_all(clients: Clients, at: datetime) -> list[EventStatus]:
    """Handle every event that is due, as the worker would; answers what became of each."""
    return [
        await payment_events.handle(clients, SETTINGS, event_id, at)
        for event_id in await stripe_events.list_due(at, 1000)
    ]


async def pay(
    clients: Clients, settings: Settings, session: ParkingSession, at: datetime, way: Way = Way.SUCCEEDS
) -> Checkout:
    """Begin to pay at ``at`` and finish at once, up to the books."""
    checkout, _ = await quoted(clients, settings, session, at)
    await finish(clients, settings, checkout, at, way=way)
    return checkout


async def finish(
    clients: Clients,
    settings: Settings,
    checkout: Checkout,
    at: datetime,
    told: datetime | None = None,
    way: Way = Way.SUCCEEDS,
) -> None:
    """Pay a checkout at ``at``; the books are told of it then or later."""
    outcome = await payment_sandbox.sandbox_of(clients).pay(checkout.url.rpartition("/")[2], way, at)
    await send(clients, settings, outcome.now, told or at)
    await handle_all(clients, told or at)
