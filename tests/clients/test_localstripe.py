"""Against localstripe, a server by others: payment intents, kept cards, refunds and signed webhooks.

It has no Checkout and no idempotency keys, and lists no balance transactions by time: `stripe_shaped` has.
"""

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import stripe
from builders import stand_ins
from processes import free_port, running, wait_for
from pydantic import SecretStr
from workers import web

from parkhub.clients.payments import RefundOrder
from parkhub.clients.saved_cards import ChargeOrder, ChargeOutcome
from parkhub.clients.stripe import StripePayments
from parkhub.db import stripe_events
from parkhub.errors import InvalidInputError
from parkhub.services import payment_events
from parkhub.settings import Settings

KEY = "sk_test_12345"
SECRET = "whsec_of_localstripe"


@pytest.fixture
def localstripe(tmp_path: Path) -> Iterator[str]:
    """Its address."""
    pytest.importorskip("localstripe", reason="localstripe is not installed")
    port = free_port()
    arguments = ["localstripe", "--from-scratch", "--port", str(port)]
    program = f"import sys; sys.argv = {arguments!r}; from localstripe.server import start; start()"
    with running([sys.executable, "-c", program], tmp_path, {}, cwd=tmp_path) as server:
        address = f"http://127.0.0.1:{port}"

        def answers() -> bool:
            if server.process.poll() is not None:
                raise AssertionError(server.stderr)
            try:
                return httpx.get(f"{address}/v1/plans", auth=(KEY, "")).status_code == 200
            except httpx.TransportError:
                return False

        wait_for(answers, "localstripe to answer")
        yield address


@pytest.fixture
def given(sqlite_open: Settings, redis_url: str, localstripe: str) -> Settings:
    return sqlite_open.model_copy(
        update={
            "redis_url": redis_url,
            "stripe_api_base": localstripe,
            "stripe_secret_key": SecretStr(KEY),
            "stripe_webhook_secret": SecretStr(SECRET),
        }
    )


async def a_paid_intent(address: str) -> str:
    """A payment intent that was paid by card."""
    http = stripe.HTTPXClient()
    client = stripe.StripeClient(KEY, base_addresses={"api": address}, http_client=http)
    card = {"type": "card", "card": {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}}
    method = await client.v1.payment_methods.create_async(card)  # type: ignore[arg-type]
    intent = await client.v1.payment_intents.create_async(
        {"amount": 540, "currency": "eur", "payment_method": method.id, "confirm": True}
    )
    await http.close_async()  # type: ignore[no-untyped-call]
    assert intent.status == "succeeded"
    return intent.id


async def test_a_payment_is_given_back_in_two_parts(given: Settings):
    provider = StripePayments(given)
    intent = await a_paid_intent(given.stripe_api_base)
    order = RefundOrder("refund-1", intent, 150, "EUR", datetime.now(UTC), {"quote": "quote-1"})
    assert (await provider.refund(order)).refunded_cents == 150
    assert (await provider.refund(replace(order, key="refund-2", amount_cents=90))).refunded_cents == 240
    with pytest.raises(InvalidInputError):
        await provider.refund(RefundOrder("refund-3", "pi_other", 150, "EUR", datetime.now(UTC)))
    await provider.close()


CARDS = [
    ("4242424242424242", ChargeOutcome.SUCCEEDED),
    ("4000000000000341", ChargeOutcome.DECLINED),
    ("4000002760003184", ChargeOutcome.NEEDS_CONFIRMATION),
]


async def test_a_kept_card_is_charged_while_nobody_is_there_and_taken_away(given: Settings):
    provider = StripePayments(given)
    http = stripe.HTTPXClient()
    client = stripe.StripeClient(KEY, base_addresses={"api": given.stripe_api_base}, http_client=http)
    for number, (digits, outcome) in enumerate(CARDS):
        now = datetime.now(UTC)
        customer = await provider.create_customer(f"driver-{number}", "kim@example.org", now)
        card = {"type": "card", "card": {"number": digits, "exp_month": 12, "exp_year": 2034, "cvc": "123"}}
        method = await client.v1.payment_methods.create_async(card)  # type: ignore[arg-type]
        await client.v1.payment_methods.attach_async(method.id, {"customer": customer})
        kept = await provider.get_card(method.id)
        assert kept is not None
        assert (kept.customer, kept.brand, kept.last4, kept.exp_year) == (customer, "visa", digits[-4:], 2034)
        order = ChargeOrder(f"quote-{number}", customer, method.id, 540, "EUR", now, {"quote": "quote-1"})
        assert (await provider.charge(order)).outcome is outcome
        await provider.detach_card(method.id)
        assert (await provider.get_card(method.id)).customer == ""  # type: ignore[union-attr]
        await provider.delete_customer(customer)
    await http.close_async()  # type: ignore[no-untyped-call]
    await provider.close()


@pytest.mark.slow
async def test_what_it_signs_is_taken_and_kept(given: Settings, tmp_path: Path):
    with web(given, tmp_path) as (_, address):
        async with httpx.AsyncClient(base_url=given.stripe_api_base) as client:
            config = {"url": f"{address}/webhooks/stripe", "secret": SECRET}
            assert (await client.post("/_config/webhooks/parkhub", data=config)).status_code == 200
            await a_paid_intent(given.stripe_api_base)
        async with asyncio.timeout(60):
            while not (due := await stripe_events.list_due(datetime.now(UTC), 9)):
                await asyncio.sleep(0.1)
    stored = await stripe_events.get_event(due[0])
    assert stored.event.type == "payment_intent.succeeded"
    assert await payment_events.handle(stand_ins(), given, due[0], datetime.now(UTC)) == "ignored"
