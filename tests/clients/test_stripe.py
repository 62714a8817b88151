"""What is asked of Stripe, against its own description; on a server that speaks as Stripe does, and on localstripe."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from stripe_shaped import StripeShaped
from stripe_spec import faults_of_request
from structlog.testing import capture_logs

from parkhub.clients.payment_sandbox import Way
from parkhub.clients.payments import CheckoutOrder, RefundOrder
from parkhub.clients.stripe import StripePayments
from parkhub.errors import BusyError, InvalidInputError
from parkhub.settings import load_settings


def an_order(**given: object) -> CheckoutOrder:
    now = datetime.now(UTC)
    usual = CheckoutOrder(
        key="quote-1",
        amount_cents=540,
        currency="EUR",
        title="Parking, Harbour Street",
        email="kim@example.org",
        return_url="https://park.example.org/pay/checkouts/quote-1",
        cancel_url="https://park.example.org/pay/checkouts/quote-1?cancelled=1",
        created_at=now,
        expires_at=now + timedelta(minutes=35),
        metadata={"quote": "quote-1", "lot": "harbour", "session": "7"},
    )
    return replace(usual, **given)  # type: ignore[arg-type]


async def paid(server: StripeShaped, provider: StripePayments, order: CheckoutOrder) -> str:
    """The payment intent of an order that was paid."""
    opened = await provider.create_checkout(order)
    await server.sandbox.pay(opened.id, Way.SUCCEEDS, datetime.now(UTC))
    intent: str = (await server.sandbox.get_checkout(opened.id))["payment_intent"]
    return intent


async def test_a_checkout_is_asked_for_as_stripes_description_has_it(server: StripeShaped, provider: StripePayments):
    opened = await provider.create_checkout(an_order())
    assert opened.url == f"{server.address}/c/pay/{opened.id}"
    ((method, path, form),) = server.requests
    assert faults_of_request(method, path, form) == []
    assert form["line_items"]["0"]["price_data"]["unit_amount"] == "540"
    assert form["payment_intent_data"]["metadata"] == form["metadata"] == dict(an_order().metadata)


async def test_without_an_email_none_is_asked_with(server: StripeShaped, provider: StripePayments):
    await provider.create_checkout(an_order(email=""))
    assert "customer_email" not in server.requests[0][2]


CURRENCIES = [("JPY", 540, "540"), ("KWD", 1250, "1250"), ("ISK", 54, "5400")]


@pytest.mark.parametrize(("currency", "cents", "sent"), CURRENCIES, ids=[each for each, _, _ in CURRENCIES])
async def test_an_amount_is_sent_in_stripes_units(
    server: StripeShaped, provider: StripePayments, currency: str, cents: int, sent: str
):
    await provider.create_checkout(an_order(currency=currency, amount_cents=cents))
    assert server.requests[0][2]["line_items"]["0"]["price_data"]["unit_amount"] == sent


async def test_the_same_quote_asks_for_the_same_checkout(server: StripeShaped, provider: StripePayments):
    order = an_order()
    first = await provider.create_checkout(order)
    assert await provider.create_checkout(order) == first
    with pytest.raises(InvalidInputError, match="refused"):
        await provider.create_checkout(replace(order, amount_cents=100))


async def test_what_is_away_for_a_moment_is_asked_again(server: StripeShaped, provider: StripePayments):
    server.away = 2
    opened = await provider.create_checkout(an_order())
    assert opened.id.startswith("cs_test_")
    assert len(server.requests) == 3
    server.away = 3
    with pytest.raises(BusyError, match="away"):
        await provider.create_checkout(an_order(key="quote-2"))


async def test_a_checkout_ends_once(server: StripeShaped, provider: StripePayments):
    opened = await provider.create_checkout(an_order())
    assert await provider.expire_checkout(opened.id, datetime.now(UTC))
    assert not await provider.expire_checkout(opened.id, datetime.now(UTC))
    method, _, form = server.requests[-1]
    assert faults_of_request(method, "/v1/checkout/sessions/{session}/expire", form) == []


async def test_a_refund_is_asked_for_once_and_answered_by_all_that_was_given_back(
    server: StripeShaped, provider: StripePayments
):
    intent = await paid(server, provider, an_order())
    order = RefundOrder("refund-1", intent, 150, "EUR", datetime.now(UTC), {"quote": "quote-1"})
    first = await provider.refund(order)
    assert await provider.refund(order) == first
    second = await provider.refund(replace(order, key="refund-2", amount_cents=90))
    assert (first.refunded_cents, second.refunded_cents) == (150, 240)
    assert await provider.sum_refunds(intent, "EUR") == 240
    for method, path, form in server.requests[1:]:
        assert faults_of_request(method, path, form) == []
    with pytest.raises(InvalidInputError, match="refused"):
        await provider.refund(replace(order, key="refund-3", amount_cents=400))


async def test_movements_are_read_page_by_page_with_the_payment_they_belong_to(
    server: StripeShaped, provider: StripePayments
):
    intents = {await paid(server, provider, an_order(key=f"quote-{number}")) for number in range(5)}
    since = datetime.now(UTC) - timedelta(hours=1)
    found = [each async for each in provider.balance_transactions(since)]
    assert {(each.kind, each.amount_cents, each.currency) for each in found} == {("charge", 540, "EUR")}
    assert {each.intent for each in found} == intents
    for method, path, form in server.requests[-3:]:
        assert faults_of_request(method, path, form) == []
    assert [each async for each in provider.balance_transactions(since + timedelta(hours=2))] == []


async def test_movements_of_a_payout_are_asked_for_by_its_id(server: StripeShaped, provider: StripePayments):
    await paid(server, provider, an_order())
    (told,) = await server.sandbox.pay_out(datetime.now(UTC))
    found = [each async for each in provider.balance_transactions(payout=told["data"]["object"]["id"])]
    assert [(each.kind, each.amount_cents) for each in found] == [("charge", 540)]


async def test_an_event_is_fetched_again(server: StripeShaped, provider: StripePayments):
    opened = await provider.create_checkout(an_order())
    outcome = await server.sandbox.pay(opened.id, Way.SUCCEEDS, datetime.now(UTC))
    assert await provider.fetch_event(outcome.now[0]["id"]) == outcome.now[0]
    assert await provider.fetch_event("evt_other") is None


async def test_a_wrong_key_is_said_to_nobody(server: StripeShaped):
    wrong = StripePayments(load_settings(stripe_secret_key="sk_test_51Hwrong", stripe_api_base=server.address))
    with capture_logs() as logs, pytest.raises(BusyError) as caught:
        await wrong.create_checkout(an_order())
    await wrong.close()
    assert "wrong" not in f"{caught.value}{logs}"
    assert caught.value.__cause__ is None
