"""`parkhub stripe` against a real data folder, a real Redis, and a server that speaks as Stripe does."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import paying
import pytest
import stripe_shaped
from processes import completed
from stripe_shaped import KEY, StripeShaped

from parkhub.clients import close_clients, open_clients
from parkhub.clients.payment_sandbox import Way
from parkhub.db.engine import close_database, open_database
from parkhub.services import checkouts
from parkhub.settings import Settings


@pytest.fixture
async def server() -> AsyncIterator[StripeShaped]:
    async with stripe_shaped.running() as found:
        yield found


@pytest.fixture
def given(sqlite_settings: Settings, redis_url: str, server: StripeShaped) -> Settings:
    return sqlite_settings.model_copy(
        update={
            "redis_url": redis_url,
            "stripe_api_base": server.address,
            "stripe_secret_key": type(sqlite_settings.stripe_secret_key)(KEY),
        }
    )


async def run(given: Settings, *arguments: object) -> tuple[int, list[dict[str, Any]], str]:
    """The command's exit status, its lines, and what it complained about."""
    env = {
        **os.environ,
        "PARKHUB_REDIS_URL": given.redis_url,
        "PARKHUB_STRIPE_API_BASE": given.stripe_api_base,
        "PARKHUB_STRIPE_SECRET_KEY": given.stripe_secret_key.get_secret_value(),
        "PARKHUB_DATA_DIR": str(given.data_dir),
    }
    command = [sys.executable, "-m", "parkhub.cli.main", "stripe", *map(str, arguments)]
    done = await asyncio.to_thread(completed, command, env)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


async def a_payment_nobody_told_of(given: Settings, server: StripeShaped) -> str:
    """The event of a payment that was made half an hour ago, whose webhook never came."""
    at = datetime.now(UTC) - timedelta(minutes=30)
    await open_database(given)
    clients = await open_clients(given)
    session = await paying.a_stay_until_now(120)
    checkout = await checkouts.start_checkout(clients, given, session.id, "", datetime.now(UTC) - timedelta(minutes=1))
    outcome = await server.sandbox.pay(checkout.url.rpartition("/")[2], Way.SUCCEEDS, at)
    await close_clients(clients)
    await close_database()
    return str(outcome.now[0]["id"])


async def test_a_lost_webhook_is_found_by_reconciling_and_put_right_by_sending_the_event_again(
    given: Settings, server: StripeShaped
):
    name = await a_payment_nobody_told_of(given, server)
    status, lines, _ = await run(given, "reconcile")
    assert status == 1
    assert [(each["matter"], each["provider_cents"], each["ledger_cents"]) for each in lines] == [("payment", 400, 0)]
    for _ in range(2):
        status, lines, _ = await run(given, "resend", name)
        assert (status, lines) == (
            0,
            [{"event": name, "type": "checkout.session.completed", "status": "handled", "error": ""}],
        )
    assert await run(given, "reconcile", "--since", "2026-01-01") == (0, [], "")


async def test_an_event_that_nobody_knows_is_named(given: Settings):
    status, lines, complaint = await run(given, "resend", "evt_other")
    assert (status, lines) == (1, [])
    assert "evt_other: Neither ParkHub nor the payment provider knows this event." in complaint


async def test_a_date_that_is_none_is_wrong_usage(given: Settings):
    status, _, complaint = await run(given, "reconcile", "--since", "yesterday")
    assert status == 2
    assert "is no date" in complaint


async def test_the_key_is_in_no_output(given: Settings, tmp_path: Path):
    wrong = given.model_copy(update={"stripe_secret_key": type(given.stripe_secret_key)("sk_test_51Hwrong")})
    status, lines, complaint = await run(wrong, "reconcile")
    assert (status, lines) == (1, [])
    assert "51Hwrong" not in complaint
