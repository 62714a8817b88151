"""What the payment provider told is handled here, and what the sandbox tells later is sent."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog

from parkhub.db import stripe_events
from parkhub.services import (
    card_charges,
    checkouts,
    payment_events,
    payment_sandbox,
    reconciliation,
    refunds,
    saved_cards,
)

RECONCILED: Final = timedelta(days=7)

log = structlog.get_logger(__name__)


async def handle_event(ctx: dict[str, Any], event_id: int) -> None:
    """Handle a kept event, once."""
    await payment_events.handle(ctx["clients"], ctx["settings"], event_id, datetime.now(UTC))


async def give_up(_: dict[str, Any], event_id: int) -> None:
    """An event that made every try fail is left for later."""
    stored = await stripe_events.get_event(event_id)
    await payment_events.put_off(stored, "it could not be handled; the log says why", datetime.now(UTC))


async def send_sandbox_event(ctx: dict[str, Any], name: str) -> None:
    """Send what a test payment's bank answers later, signed as everything of the sandbox is."""
    await payment_sandbox.send_late(ctx["clients"], ctx["settings"], name, datetime.now(UTC))


async def charge_stay(ctx: dict[str, Any], session_id: int) -> None:
    """Let a driver's saved card pay for a stay that has ended."""
    await card_charges.charge_at_exit(ctx["clients"], ctx["settings"], session_id, datetime.now(UTC))


async def keep_cards(ctx: dict[str, Any]) -> None:
    """By the clock: charges of saved cards that nobody began or finished, and cards that the provider is to forget."""
    now = datetime.now(UTC)
    await card_charges.take_up(ctx["clients"], ctx["settings"], now)
    await saved_cards.say_farewells(ctx["clients"], now)


async def reconcile(ctx: dict[str, Any]) -> None:
    """Every night: tell what the provider's account and the ledger do not agree on. Repairs nothing."""
    now = datetime.now(UTC)
    found = await reconciliation.differences(ctx["clients"].payments, now - RECONCILED, now)
    for each in found:
        log.error("reconcile.difference", **asdict(each))
    log.info("reconcile.done", differences=len(found))


async def keep_payments(ctx: dict[str, Any]) -> None:
    """By the clock: events whose time has come, refunds that may not have been made, checkouts that ended untold."""
    now = datetime.now(UTC)
    await payment_events.requeue_due(ctx["clients"], now)
    await refunds.ask_again(ctx["clients"], ctx["settings"], now)
    await checkouts.expire_untold(now)
