"""Drivers let the payment provider keep a card, take it away again, and say when it pays by itself.

The provider tells by its webhook when a card is kept, is another now, or is gone. What it is to forget is noted in the
transaction that forgets it here, and asked for until it is done.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.clients.saved_cards import SetupOrder
from parkhub.db import card_charges as charge_rows
from parkhub.db import drivers as driver_rows
from parkhub.db import lots as lot_rows
from parkhub.db import saved_cards as rows
from parkhub.db import sessions as session_rows
from parkhub.db import stripe_events as event_rows
from parkhub.db.engine import transaction
from parkhub.db.stripe_events import StoredEvent
from parkhub.domain.drivers import Driver
from parkhub.domain.payment_events import EventStatus, retry_at
from parkhub.domain.payments import CHECKOUT_LIFE
from parkhub.domain.saved_cards import CAP_MAX, CardChanged, CardKept, CardTold, KeptCard, SavedCard
from parkhub.errors import BusyError, InvalidInputError, NotFoundError, ParkHubError
from parkhub.languages import marked
from parkhub.services import billing
from parkhub.settings import Settings

CHARGE_STAY: Final = "charge_stay"
_BATCH: Final = 50

log = structlog.get_logger(__name__)


async def find_card(driver_id: int) -> SavedCard | None:
    """The card that is kept for a driver; None when there is none."""
    found = await rows.find_card(driver_id)
    return found if found is not None and found.method else None


async def ensure_customer(clients: Clients, driver: Driver, consent: str, now: datetime) -> str:
    """Whom the provider keeps a driver's card for; ``consent``: the words they agreed to when they asked for it.

    Raises BusyError, and NotFoundError for an account that has gone meanwhile.
    """
    provider = clients.payments.name
    known = await rows.find_card(driver.id)
    if known is None or known.provider != provider:
        digest = hashlib.sha256(f"{driver.email}\0{driver.created_at.isoformat()}".encode()).hexdigest()[:16]
        customer = await clients.payments.create_customer(f"{driver.id}-{digest}", driver.email, now)
    else:
        customer = known.customer
    try:
        async with transaction():
            await driver_rows.lock_driver(driver.id)  # or two at once add the same customer
            card = await rows.add_customer(driver.id, provider, customer, consent, now)
            if card.provider != provider:
                await rows.add_farewell(card.provider, card.customer, "", now)
                await rows.move_to_provider(driver.id, provider, customer)
                return customer
    except NotFoundError:  # what was made at the provider meanwhile names nobody for long
        await rows.add_farewell(provider, customer, "", now)
        raise
    return card.customer


async def start_setup(clients: Clients, settings: Settings, driver: Driver, consent: str, now: datetime) -> str:
    """The address of the provider's page where a driver's card is saved. Raises BusyError, InvalidInputError."""
    customer = await ensure_customer(clients, driver, consent, now)
    order = SetupOrder(
        key=secrets.token_urlsafe(18),
        customer=customer,
        return_url=f"{settings.address}/account/card?saving=1",
        cancel_url=f"{settings.address}/account/card",
        created_at=now,
        expires_at=now + CHECKOUT_LIFE,
        metadata={"by": "setup"},
    )
    return await clients.payments.create_setup(order)


async def switch_on(driver_id: int, cap_cents: int, currency: str, consent: str, now: datetime) -> None:
    """Let the card pay when a car of the driver's leaves, at most so much at once; ``consent``: the words agreed to.

    Raises InvalidInputError for no amount, another currency, and without a card.
    """
    if currency not in await list_currencies():
        raise InvalidInputError(marked("Nothing is paid in this currency here."))
    if not 0 < cap_cents <= CAP_MAX:
        raise InvalidInputError(marked("Say the most that may be charged at once, as 50.00."))
    if not await rows.switch_on(driver_id, cap_cents, currency, consent, now):
        raise InvalidInputError(marked("Save a card first."))
    log.info("card.automatic_on", driver=driver_id)


async def switch_off(driver_id: int) -> None:
    """Let nothing be paid by itself any more. What was asked of the provider before is not called back."""
    await rows.switch_off(driver_id)
    log.info("card.automatic_off", driver=driver_id)


async def remove(clients: Clients, driver_id: int, now: datetime) -> None:
    """Take a driver's card away, here at once and at the provider as soon as it answers."""
    async with transaction():
        card = await rows.find_card(driver_id)
        if card is None or not card.method:
            return
        await rows.clear_method(driver_id)
        await rows.add_farewell(card.provider, card.customer, card.method, now)
    await say_farewells(clients, now)


async def forget(driver_id: int, now: datetime) -> None:
    """The account goes: nothing is known of the card any more. Inside the caller's transaction, before the driver.

    The provider is asked by `say_farewells`, after the commit or by upkeep.
    """
    card = await rows.find_card(driver_id)
    if card is not None:
        await rows.add_farewell(card.provider, card.customer, "", now)
    await rows.delete_card(driver_id)


async def say_farewells(clients: Clients, now: datetime) -> int:
    """Have the provider forget what it still is to forget; answers how much it did."""
    done = 0
    for each in await rows.list_farewells(clients.payments.name, now, _BATCH):
        try:
            if each.method:
                await clients.payments.detach_card(each.method)
            else:
                await clients.payments.delete_customer(each.customer)
        except ParkHubError as error:
            log.warning("card.not_forgotten", farewell=each.id, reason=str(error))
            await rows.put_off_farewell(each.id, retry_at(now, each.tries))
            continue
        await rows.delete_farewell(each.id)
        done += 1
    return done


async def export(driver_id: int) -> dict[str, Any]:
    """All that is kept of a driver's card and what was charged to it, for their own copy."""
    card = await rows.find_card(driver_id)
    if card is None:
        return {}
    charges = await charge_rows.list_of_driver(driver_id)
    return {
        "card": {
            "brand": card.brand, "last4": card.last4, "expires": f"{card.exp_year}-{card.exp_month:02}"
        } if card.method else None,
        "agreed_to": card.consent,
        "agreed_at": card.consented_at,
        "pays_automatically": card.automatic,
        "automatic_agreed_to": card.automatic_consent,
        "automatic_agreed_at": card.automatic_at,
        "at_most_cents": card.cap_cents,
        "currency": card.currency,
        "charges": [
            {
                "at": each.created_at, "amount_cents": each.amount_cents, "currency": each.currency,
                "outcome": each.outcome.value or each.state.value,
            }
            for each in charges
        ],
    }  # fmt: skip


async def list_currencies() -> list[str]:
    """What is paid in here, by lot, each once."""
    found = [await billing.get_currency(lot.id) for lot in await lot_rows.list_lots()]
    return list(dict.fromkeys(each for each in found if each))


async def ask_after_exit(clients: Clients, session_id: int) -> None:
    """After an exit's commit: have a worker charge the driver's card, if there is one. A lost job is upkeep's."""
    session = await session_rows.get_session(session_id)
    if session.exited_at is None or not session.plate:
        return
    if await rows.find_payer(session.plate, session.exited_at, clients.payments.name) is None:
        return
    try:
        await clients.queue.enqueue(CHARGE_STAY, session_id, job_id=f"charge:{session_id}", queue=QueueName.CHARGES)
    except BusyError as error:
        log.warning("charge.not_enqueued", session=session_id, reason=str(error))


async def take_told(clients: Clients, stored: StoredEvent, told: CardTold, now: datetime) -> None:
    """Handle what the provider told of a card, once. Raises BusyError when it does not say which card it is."""
    if isinstance(told, CardChanged) and told.gone:
        card = None
    else:
        card = await clients.payments.get_card(told.method)
    async with transaction():
        if not await event_rows.finish(stored.id, EventStatus.HANDLED, now):
            return
        if isinstance(told, CardKept):
            await _keep(clients.payments.name, told, card, stored.event.created_at, now)
        elif (known := await rows.find_by_method(told.method)) is None:
            return
        elif card is None or card.customer != known.customer:
            await rows.clear_method(known.driver_id)
        else:
            await rows.set_method(known.driver_id, card, known.changed_at)


async def _keep(provider: str, told: CardKept, card: KeptCard | None, at: datetime, now: datetime) -> None:
    """Keep a card in the place of the one before. One that was kept earlier than that goes, whenever it is told of."""
    known = await rows.find_by_customer(told.customer)
    if known is None or known.method == told.method or await rows.is_leaving(told.method):
        return
    if card is None or card.customer != told.customer:  # no card, or taken away meanwhile
        return
    if at < known.changed_at:
        await rows.add_farewell(provider, told.customer, told.method, now)
        return
    if known.method:
        await rows.add_farewell(provider, told.customer, known.method, now)
    await rows.set_method(known.driver_id, card, at)
    log.info("card.kept", driver=known.driver_id)
