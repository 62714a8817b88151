"""The card page of test payments, and that it tells by the very webhook that Stripe would tell by."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from httpx import Response
from litestar import Litestar
from paying import SETTINGS, a_stay_until_now
from visitors import Visitor

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import stripe_events
from parkhub.domain.payments import PaymentState
from parkhub.errors import NotFoundError
from parkhub.services import checkouts, payment_events, payment_sandbox
from parkhub.services.checkouts import Checkout
from parkhub.settings import Settings, load_settings

TARIFF = 'currency: EUR\nexit_grace_minutes: 15\nbands: [{rate: {type: per_started, minutes: 60, price: "1.80"}}]\n'


@pytest.fixture
def clients(app: Litestar) -> Clients:
    found: Clients = app.state.clients
    return found


@pytest.fixture
async def checkout(clients: Clients, web_settings: Settings) -> Checkout:
    """€5.40 to pay."""
    session = await a_stay_until_now(150, TARIFF)
    now = datetime.now(UTC)
    return await checkouts.start_checkout(clients, web_settings, session.id, "kim@example.org", now)


async def choose(visitor: Visitor, checkout: Checkout, way: str, **more: str) -> Response:
    await visitor.get(checkout.url)
    return await visitor.send_form(checkout.url, way=way, **more)


async def state(clients: Clients, checkout: Checkout) -> PaymentState:
    """Once every event was handled, as a worker would."""
    for event_id in await stripe_events.list_due(datetime.now(UTC) + timedelta(hours=1), 100):
        await payment_events.handle(clients, SETTINGS, event_id, datetime.now(UTC))
    return (await checkouts.find_checkout(checkout.id)).state


async def test_the_page_says_that_no_money_moves_and_what_is_to_pay(visitor: Visitor, checkout: Checkout):
    answer = await visitor.get(checkout.url)
    assert answer.status_code == 200
    for words in ("Test payments. No money moves.", "Parking, Harbour Street", "Pay €5.40", "kim@example.org"):
        assert words in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_the_page_speaks_the_drivers_language(visitor: Visitor, checkout: Checkout):
    answer = await visitor.get(checkout.url, headers={"accept-language": "de"})
    assert '<html lang="de">' in answer.text
    assert "Testzahlungen. Es fließt kein Geld." in answer.text
    assert "5,40\xa0€" in answer.text
    assert 'value="/sandbox/checkouts/' in answer.text


async def test_paying_sends_a_signed_event_and_leads_back(visitor: Visitor, clients: Clients, checkout: Checkout):
    answer = await choose(visitor, checkout, "succeeds")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/pay/checkouts/{checkout.id}")
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.OPEN
    assert await clients.queue.waiting(QueueName.WORK) == 1
    assert await state(clients, checkout) is PaymentState.PAID


async def test_a_declined_card_is_told_and_another_may_be_chosen(
    visitor: Visitor, clients: Clients, checkout: Checkout
):
    answer = await choose(visitor, checkout, "declined")
    assert answer.status_code == 422
    assert "You have not been charged" in answer.text
    assert await state(clients, checkout) is PaymentState.OPEN
    await choose(visitor, checkout, "succeeds")
    assert await state(clients, checkout) is PaymentState.PAID


async def test_the_bank_may_ask_first(visitor: Visitor, clients: Clients, checkout: Checkout):
    asked = await choose(visitor, checkout, "confirms")
    assert re.search(r"The bank asks.*Refuse.*Confirm €5\.40", asked.text, re.DOTALL)
    assert '<input type="hidden" name="way" value="confirms">' in asked.text  # else to refuse would pay
    assert await state(clients, checkout) is PaymentState.OPEN
    refused = await choose(visitor, checkout, "confirms", confirmed="no")
    assert refused.status_code == 422
    confirmed = await choose(visitor, checkout, "confirms", confirmed="yes")
    assert confirmed.status_code == 303
    assert await state(clients, checkout) is PaymentState.PAID


@pytest.mark.parametrize(
    ("way", "event", "end", "moves"),
    [
        ("fails_late", "async_payment_failed", PaymentState.FAILED, 0),
        ("succeeds_late", "async_payment_succeeded", PaymentState.PAID, 1),
    ],
)
async def test_what_is_decided_late_is_on_its_way_first(
    visitor: Visitor,
    clients: Clients,
    web_settings: Settings,
    checkout: Checkout,
    way: str,
    event: str,
    end: PaymentState,
    moves: int,
):
    answer = await choose(visitor, checkout, way)
    assert answer.status_code == 303
    assert await state(clients, checkout) is PaymentState.PROCESSING
    sandbox = payment_sandbox.sandbox_of(clients)
    found = [each async for each in sandbox.balance_transactions()]
    assert len(found) == moves
    late = [each for each in await sandbox._shelf.list("event:") if each["type"].endswith(event)]
    await payment_sandbox.send_late(clients, web_settings, late[0]["id"], datetime.now(UTC))
    assert await state(clients, checkout) is end


async def test_who_goes_back_may_still_pay(visitor: Visitor, clients: Clients, checkout: Checkout):
    answer = await choose(visitor, checkout, "cancel")
    assert answer.headers["location"] == f"/pay/checkouts/{checkout.id}?cancelled=1"
    assert (await visitor.get(checkout.url)).status_code == 200


async def test_what_is_paid_is_not_asked_for_again(visitor: Visitor, clients: Clients, checkout: Checkout):
    await choose(visitor, checkout, "succeeds")
    for answer in (await visitor.get(checkout.url), await visitor.send_form("/sign-in", checkout.url, way="succeeds")):
        assert (answer.status_code, answer.headers["location"]) == (303, f"/pay/checkouts/{checkout.id}")
    assert await clients.queue.waiting(QueueName.WORK) == 1


async def test_a_way_that_is_none_is_refused(visitor: Visitor, checkout: Checkout):
    assert (await choose(visitor, checkout, "free")).status_code == 422


async def test_there_is_nothing_at_addresses_of_no_test_payment(visitor: Visitor):
    assert (await visitor.get("/sandbox/checkouts/cs_test_other")).status_code == 404


async def test_with_a_key_there_is_no_sandbox(clients: Clients):
    from parkhub.clients.stripe import StripePayments

    real = StripePayments(load_settings(stripe_secret_key="sk_test_1234"))
    with pytest.raises(NotFoundError):
        payment_sandbox.sandbox_of(Clients(clients.pictures, clients.queue, clients.live, clients.limiter, real))
    await real.close()
