"""Against localstripe, a server by others: payment intents, refunds and signed webhooks.

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
