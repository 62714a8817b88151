"""What the clock does for payments, and what becomes of an event that no try could handle."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import stand_ins
from paying import a_stay_until_now, pay, quoted, send
from structlog.testing import capture_logs

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import Way
from parkhub.clients.queue import MemoryQueue
from parkhub.db import stripe_events
from parkhub.domain.payment_events import EventStatus
from parkhub.domain.payments import PaymentState
from parkhub.services import checkouts, payment_sandbox
from parkhub.settings import Settings
from tasks import payments


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def an_untold_payment(clients: Clients, settings: Settings) -> checkouts.Checkout:
    now = datetime.now(UTC)
    checkout, name = await quoted(clients, settings, await a_stay_until_now(90), now)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, now)
    await send(clients, settings, outcome.now, now)
    return checkout


async def test_an_event_whose_job_got_lost_is_asked_for_again_and_handled(database: Settings, clients: Clients):
    checkout = await an_untold_payment(clients, database)
    assert isinstance(clients.queue, MemoryQueue)
    clients.queue.jobs.clear()
    await payments.keep_payments({"clients": clients, "settings": database})
    ((_, job, args, _),) = clients.queue.jobs
    assert job == payments.handle_event.__name__
    await payments.handle_event({"clients": clients, "settings": database}, *args)
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.PAID


async def test_what_no_try_could_handle_is_left_for_later_with_a_word_in_the_log(database: Settings, clients: Clients):
    await an_untold_payment(clients, database)
    (event_id,) = await stripe_events.list_due(datetime.now(UTC), 9)
    await payments.give_up({}, event_id)
    stored = await stripe_events.get_event(event_id)
    assert (stored.status, stored.error) == (EventStatus.FAILED, "it could not be handled; the log says why")
    assert await stripe_events.list_due(datetime.now(UTC), 9) == []
    assert await stripe_events.list_due(datetime.now(UTC) + timedelta(minutes=1), 9) == [event_id]


async def test_every_night_each_difference_is_logged(database: Settings, clients: Clients):
    at = datetime.now(UTC) - timedelta(hours=1)
    await pay(clients, database, await a_stay_until_now(150), at)
    _, name = await quoted(clients, database, await a_stay_until_now(150), at)
    await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, at)
    with capture_logs() as logs:
        await payments.reconcile({"clients": clients})
    told = [each for each in logs if each["event"] == "reconcile.difference"]
    assert [(each["matter"], each["provider_cents"], each["ledger_cents"]) for each in told] == [("payment", 400, 0)]
