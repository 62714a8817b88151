"""A payment through real processes: the web process hears of it, a worker books it."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stripe_shaped
import visitors
from builders import save_session
from paying import a_stay_until_now
from processes import wait_for
from pydantic import SecretStr
from stripe_shaped import KEY
from workers import web, worker

from parkhub.clients import Clients, close_clients, open_clients
from parkhub.db import ledger as ledger_rows
from parkhub.db.sessions import get_session
from parkhub.domain.ledger import Account
from parkhub.domain.payments import PaymentState
from parkhub.services import checkouts, refunds
from parkhub.services.checkouts import Checkout
from parkhub.services.ledger import verify
from parkhub.services.reconciliation import differences
from parkhub.settings import Settings

SECRET = "whsec_of_the_test"

pytestmark = pytest.mark.slow


async def begin(clients: Clients, settings: Settings) -> tuple[Checkout, int, int]:
    """A stay of 90 minutes that is about to be paid, its session and its lot."""
    session = await a_stay_until_now(90)
    checkout = await checkouts.start_checkout(clients, settings, session.id, "", datetime.now(UTC))
    return checkout, session.id, session.lot_id


async def until(state: PaymentState, checkout: Checkout) -> checkouts.CheckoutState:
    """Once the payment stands so."""
    async with asyncio.timeout(60):
        while (found := await checkouts.find_checkout(checkout.id)).state is not state:
            await asyncio.sleep(0.05)
    return found


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Clients]:
    clients = await open_clients(settings)
    try:
        yield clients
    finally:
        await close_clients(clients)


async def test_a_test_payment_is_paid_and_a_late_one_fails_later(database: Settings, redis_url: str, tmp_path: Path):
    settings = database.model_copy(update={"redis_url": redis_url})
    with web(settings, tmp_path) as (_, address), worker("work", settings, tmp_path) as work:
        async with opened(settings) as clients, visitors.Visitor(base_url=address) as visitor:
            # Before it is begun: else both of the two events are due at once.
            wait_for(lambda: work.log_lines("worker.started"), "the worker")
            checkout, session_id, lot_id = await begin(clients, settings)
            answer = await visitor.send_form(checkout.url, way="fails_late")
            assert answer.status_code == 303
            await until(PaymentState.PROCESSING, checkout)
            await until(PaymentState.FAILED, checkout)
            again = await checkouts.start_checkout(clients, settings, session_id, "", datetime.now(UTC))
            await visitor.send_form(again.url, way="succeeds")
            found = await until(PaymentState.PAID, again)
            assert found.leave_by is not None
            assert (await ledger_rows.get_balances(lot_id))["EUR", Account.CLEARING] == 400
            assert await verify(lot_id) == []


async def test_a_payment_at_a_server_like_stripe_is_paid_refunded_and_reconciled(
    database: Settings, redis_url: str, tmp_path: Path
):
    async with stripe_shaped.running(secret=SECRET) as server:
        settings = database.model_copy(
            update={
                "redis_url": redis_url,
                "stripe_api_base": server.address,
                "stripe_secret_key": SecretStr(KEY),
                "stripe_webhook_secret": SecretStr(f"whsec_of_before,{SECRET}"),
            }
        )
        with web(settings, tmp_path) as (process, address), worker("work", settings, tmp_path) as work:
            server.webhook = f"{address}/webhooks/stripe"
            async with opened(settings) as clients, visitors.Visitor() as visitor:
                checkout, session_id, lot_id = await begin(clients, settings)
                assert checkout.url.startswith(f"{server.address}/c/pay/")
                answer = await visitor.post(checkout.url, data={"way": "succeeds_late"})
                assert answer.headers["location"].endswith(f"/pay/checkouts/{checkout.id}")
                await until(PaymentState.PAID, checkout)
                now = datetime.now(UTC)
                await refunds.refund_payment(clients, settings, checkout.id, 150, "The gate stuck", None, now)
                intent = (await differences_are_none(clients, now))[0]
                await server.tell(await server.sandbox.dispute(intent, now))
                await server.tell(await server.sandbox.pay_out(now))
                await eventually(lambda: _has(session_id, {Account.CLEARING: 0, Account.DISPUTED: 250}))
                assert await verify(lot_id) == []
            for told in (process.stdout, process.stderr, work.stdout, work.stderr):
                assert KEY not in told
                assert SECRET not in told


@pytest.mark.parametrize("database_settings", ["sqlite"], indirect=True)  # services are tried with both
async def test_two_hundred_pay_at_once_on_the_card_page_and_each_has_paid_once(
    database: Settings, redis_url: str, tmp_path: Path
):
    settings = database.model_copy(update={"redis_url": redis_url})
    with web(settings, tmp_path) as (_, address), worker("work", settings, tmp_path):
        async with opened(settings) as clients, visitors.Visitor(base_url=address, timeout=60) as visitor:
            first, session_id, lot_id = await begin(clients, settings)
            entered = (await get_session(session_id)).entered_at
            tariff_id = (await get_session(session_id)).tariff_id
            begun = [first]
            for number in range(199):
                session = await save_session(lot_id, f"P{number}", entered_at=entered, tariff_id=tariff_id)
                begun.append(await checkouts.start_checkout(clients, settings, session.id, "", datetime.now(UTC)))
            form = {"_csrf_token": visitors.token_of(await visitor.get(first.url)), "way": "succeeds"}
            since = time.monotonic()
            answers = await asyncio.gather(*(visitor.post(each.url, data=form) for each in begun for _ in range(2)))
            assert {answer.status_code for answer in answers} == {303}
            for each in begun:
                await until(PaymentState.PAID, each)
            print(f"200 payments, each asked for twice, were booked {time.monotonic() - since:.1f} s after the first")
            assert (await ledger_rows.get_balances(lot_id))["EUR", Account.CLEARING] == 200 * 400
            assert await verify(lot_id) == []
            assert await differences_are_none(clients, datetime.now(UTC)) != []


async def differences_are_none(clients: Clients, now: datetime) -> list[str]:
    """That the account and the ledger agree; answers the payment intents in the account."""
    assert await differences(clients.payments, now - timedelta(days=1), now + timedelta(hours=1)) == []
    return [each.intent async for each in clients.payments.balance_transactions(now - timedelta(days=1))]


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await look():
            await asyncio.sleep(0.05)


async def _has(session_id: int, wanted: dict[Account, int]) -> bool:
    books = await ledger_rows.get_books(session_id)
    return {account: books[account] for account in wanted} == wanted
