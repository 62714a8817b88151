"""The same by Stripe's own library, at a server that speaks as Stripe does: saved, charged, confirmed, let go."""

import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import stripe_shaped
from accounts_of_drivers import letters
from builders import save_lot, stand_ins
from kept_cards import drive_by
from paying import TARIFF, handle_all
from pydantic import SecretStr
from stripe_shaped import KEY, StripeShaped

from parkhub.clients import Clients
from parkhub.clients.payments import Raw
from parkhub.clients.sandbox_cards import SandboxCard
from parkhub.clients.stripe import StripePayments
from parkhub.db import driver_vehicles, drivers
from parkhub.db import payments as payment_rows
from parkhub.domain.drivers import Driver, ProvenBy
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction
from parkhub.domain.payments import PaymentState
from parkhub.domain.webhook_signatures import sign
from parkhub.services import billing, payment_events, saved_cards, tariffs
from parkhub.services.card_charges import charge_at_exit, take_up
from parkhub.settings import Settings

SECRET = "whsec_of_the_test"


@pytest.fixture
async def given(sqlite_open: Settings) -> AsyncIterator[tuple[Settings, Clients, StripeShaped]]:
    """Settings with a test key, clients, and the server, whose webhooks are heard at once."""
    async with stripe_shaped.running() as server:
        settings = sqlite_open.model_copy(
            update={
                "stripe_api_base": server.address,
                "stripe_secret_key": SecretStr(KEY),
                "stripe_webhook_secret": SecretStr(SECRET),
            }
        )
        clients = replace(stand_ins(), payments=StripePayments(settings))

        async def tell(events: Iterable[Raw]) -> None:
            for event in events:
                body, now = json.dumps(event).encode(), datetime.now(UTC)
                await payment_events.receive(clients, settings, body, sign(body, SECRET, now), now)

        server.tell = tell  # type: ignore[method-assign]
        yield settings, clients, server
        await clients.payments.close()


async def a_payer(settings: Settings, clients: Clients, server: StripeShaped, card: SandboxCard) -> tuple[Driver, Lot]:
    """A driver whose card was saved on the provider's page and pays by itself."""
    now = datetime.now(UTC)
    lot = await save_lot()
    await tariffs.publish(lot.id, None, TARIFF, now - timedelta(days=9), None, now)
    before = now - timedelta(days=1)
    driver = await drivers.ensure_driver("kim@example.org", "en", before)
    await driver_vehicles.add_vehicle(driver.id, "AB123", ProvenBy.TICKET, before)
    url = await saved_cards.start_setup(clients, settings, driver, "I agree.", now)
    await server.tell(await server.sandbox.keep_card(url.rpartition("/")[2], card, now))
    await handle_all(clients, datetime.now(UTC))
    await saved_cards.switch_on(driver.id, 5000, "EUR", "Pay.", before)
    return driver, lot


async def a_stay(clients: Clients, lot: Lot) -> int:
    now = datetime.now(UTC)
    await drive_by(clients, lot, Direction.ENTRY, now - timedelta(minutes=90))
    session_id = (await drive_by(clients, lot, Direction.EXIT, now)).session_id
    assert session_id is not None
    return session_id


async def test_a_stay_is_paid_by_a_card_that_stripe_keeps(given: tuple[Settings, Clients, StripeShaped]):
    settings, clients, server = given
    driver, lot = await a_payer(settings, clients, server, SandboxCard.PAYS)
    session_id = await a_stay(clients, lot)
    now = datetime.now(UTC)
    await charge_at_exit(clients, settings, session_id, now)
    (payment,) = await payment_rows.list_of_session(session_id)
    assert (payment.state, payment.intent[:3]) == (PaymentState.PROCESSING, "pi_")
    assert set(await handle_all(clients, datetime.now(UTC))) == {"handled"}
    assert (await payment_rows.get_payment(payment.id)).state is PaymentState.PAID
    assert (await billing.get_bill(session_id, now)).due_cents == 0
    await saved_cards.remove(clients, driver.id, now)
    assert [each["customer"] for each in await server.sandbox._shelf.list("method:")] == [None]
    assert "AB123" not in str(server.requests)


async def test_a_card_that_must_be_confirmed_leads_to_a_letter(given: tuple[Settings, Clients, StripeShaped]):
    settings, clients, server = given
    _, lot = await a_payer(settings, clients, server, SandboxCard.CONFIRMS)
    session_id = await a_stay(clients, lot)
    now = datetime.now(UTC)
    charge = await charge_at_exit(clients, settings, session_id, now)
    assert charge is not None
    assert (charge.outcome, charge.code) == ("needs_confirmation", "authentication_required")
    await handle_all(clients, datetime.now(UTC))
    await take_up(clients, settings, now + timedelta(minutes=1))
    assert [letter["name"] for letter in await letters()] == ["card_confirm"]
    (payment,) = await payment_rows.list_of_session(session_id)
    assert payment.state is PaymentState.FAILED
