"""Test payments: what a person does on the card page, told by signed events as Stripe tells."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import PaymentSandbox, Way, webhook_secret
from parkhub.clients.payments import Raw
from parkhub.clients.sandbox_cards import SandboxCard
from parkhub.clients.shelf import Document
from parkhub.domain.webhook_signatures import sign
from parkhub.errors import NotFoundError
from parkhub.secret_key import secret_key
from parkhub.services import payment_events
from parkhub.settings import Settings

SEND_LATE: Final = "send_sandbox_event"
LATE_S: Final = 5.0
"""So long a test payment's bank takes to answer."""

Send = Callable[[bytes, str], Awaitable[None]]
"""Brings a body and its signature to the webhook."""


def sandbox_of(clients: Clients) -> PaymentSandbox:
    """The sandbox. Raises NotFoundError where payments are real ones of Stripe's."""
    if not isinstance(clients.payments, PaymentSandbox):
        raise NotFoundError("There is nothing at this address.")
    return clients.payments


async def get_checkout(clients: Clients, checkout_id: str) -> Document:
    """A test payment as Stripe would write it. Raises NotFoundError."""
    return await sandbox_of(clients).get_checkout(checkout_id)


async def pay(clients: Clients, settings: Settings, checkout_id: str, way: Way, send: Send, now: datetime) -> Document:
    """Pay a test payment in one of the ways and let the webhook know; answers the checkout as it then is.

    Raises ConflictError when it is paid or has ended already.
    """
    sandbox = sandbox_of(clients)
    outcome = await sandbox.pay(checkout_id, way, now)
    for event in outcome.now:
        await send(*signed(settings, event, now))
    for event in outcome.late:
        await clients.queue.enqueue(SEND_LATE, event["id"], job_id=f"late:{event['id']}", delay_s=LATE_S)
    return await sandbox.get_checkout(checkout_id)


async def keep_card(
    clients: Clients, settings: Settings, setup_id: str, card: SandboxCard, send: Send, now: datetime
) -> None:
    """Save a test card and let the webhook know. Raises ConflictError when the page has ended, NotFoundError."""
    for event in await sandbox_of(clients).keep_card(setup_id, card, now):
        await send(*signed(settings, event, now))


async def tell_of_charge(clients: Clients, intent: str) -> None:
    """Have a worker send what is to be told of a charge of a kept card, in its order. Raises BusyError."""
    for number, event in enumerate(await sandbox_of(clients).events_of_charge(intent) if intent else []):
        delay_s = number * LATE_S
        await clients.queue.enqueue(SEND_LATE, event["id"], job_id=f"late:{event['id']}", delay_s=delay_s)


async def send_late(clients: Clients, settings: Settings, name: str, now: datetime) -> None:
    """Send an event that the sandbox has kept for later; from a worker, so to what the webhook's handler calls."""
    event = await sandbox_of(clients).fetch_event(name)
    if event is not None:
        await payment_events.receive(clients, settings, *signed(settings, event, now), now)


def signed(settings: Settings, event: Raw, now: datetime) -> tuple[bytes, str]:
    """An event's bytes and their signature."""
    body = json.dumps(event).encode()
    return body, sign(body, webhook_secret(secret_key(settings)), now)
