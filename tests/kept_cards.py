"""Drivers with a card that the sandbox keeps, and cars of theirs that drive by cameras, for tests of saved cards."""

from datetime import datetime, timedelta

from builders import save_camera
from paying import AT, a_paid_lot, handle_all, send

from parkhub.clients import Clients
from parkhub.clients.sandbox_cards import SandboxCard
from parkhub.db import driver_vehicles, drivers
from parkhub.db import passages as passage_rows
from parkhub.db import saved_cards as card_rows
from parkhub.db.sessions import get_session
from parkhub.domain.drivers import Driver, ProvenBy
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.payment_events import EventStatus
from parkhub.domain.plates import Candidate
from parkhub.domain.saved_cards import BY_CARD, KeptCard
from parkhub.domain.sessions import ParkingSession
from parkhub.services import payment_sandbox, saved_cards, sessions
from parkhub.settings import Settings

PLATE = "AB123"
BEFORE = AT - timedelta(days=1)


async def a_driver(email: str = "kim@example.org", plate: str = PLATE, at: datetime = BEFORE) -> Driver:
    """A driver who has proven a plate."""
    driver = await drivers.ensure_driver(email, "en", at)
    await driver_vehicles.add_vehicle(driver.id, plate, ProvenBy.TICKET, at)
    return driver


async def save_a_card(
    clients: Clients, settings: Settings, driver: Driver, card: SandboxCard = SandboxCard.PAYS, at: datetime = BEFORE
) -> None:
    """Save a card as the driver would, up to what the provider tells of it."""
    url = await saved_cards.start_setup(clients, settings, driver, "I agree.", at)
    events = await payment_sandbox.sandbox_of(clients).keep_card(url.rpartition("/")[2], card, at)
    await send(clients, settings, events, at)
    await handle_all(clients, at)


async def a_payer(
    clients: Clients, settings: Settings, card: SandboxCard = SandboxCard.PAYS, cap_cents: int = 5000
) -> Driver:
    """A driver whose card pays when the car leaves. Needs a lot with a price."""
    driver = await a_driver()
    await save_a_card(clients, settings, driver, card)
    assert await card_rows.switch_on(driver.id, cap_cents, "EUR", "Pay by itself.", BEFORE)
    return driver


async def shown(driver: Driver, now: datetime) -> dict[str, str]:
    """Pages of a driver whose card pays by itself, with no provider behind it, by name."""
    await card_rows.add_customer(driver.id, "sandbox", "cus_shown", "I agree.", now)
    await card_rows.set_method(driver.id, KeptCard("pm_shown", "cus_shown", "visa", "4242", 12, 2034), now)
    await card_rows.switch_on(driver.id, 5000, "EUR", "Pay by itself.", now)
    return {"account-card": "/account/card"}


async def drive_by(
    clients: Clients, lot: Lot, direction: Direction, at: datetime, plate: str = PLATE, confidence: float = 0.9
) -> GatePassage:
    """A car goes by a camera, and what that means is decided."""
    camera = await save_camera(lot)
    candidates = (Candidate(plate, confidence),)
    passage = GatePassage(
        0, lot.id, camera.id, direction, plate, confidence, candidates, None, at, at, 5,
        state=PassageState.ACCEPTED, decided_at=at,
    )  # fmt: skip
    passage_id = await passage_rows.save_passage(passage)
    await sessions.take_passage(clients, passage_id, at)
    return await passage_rows.get_passage(passage_id)


async def a_stay_that_ended(
    clients: Clients, until: datetime, lot: Lot | None = None, plate: str = PLATE
) -> ParkingSession:
    """A car that came at `AT` and left without paying, both seen by cameras."""
    found = lot or await a_paid_lot()
    await drive_by(clients, found, Direction.ENTRY, AT, plate)
    passage = await drive_by(clients, found, Direction.EXIT, until, plate)
    assert passage.session_id is not None
    return await get_session(passage.session_id)


async def tell_all(clients: Clients, settings: Settings, at: datetime) -> list[EventStatus]:
    """Let the sandbox tell of its charges, and handle that, as workers would; twice, for nothing may hang on it."""
    sandbox = payment_sandbox.sandbox_of(clients)
    names = [
        each["id"]
        for each in await sandbox._shelf.list("event:")
        if str(each["data"]["object"]["metadata"].get("by", "")) == BY_CARD
    ]
    for name in sorted(names) * 2:
        await payment_sandbox.send_late(clients, settings, name, at)
    return await handle_all(clients, at)
