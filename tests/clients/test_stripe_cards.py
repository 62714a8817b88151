"""What is asked of Stripe about cards, against its own description, and its refusals read as answers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from stripe_shaped import StripeShaped
from stripe_spec import faults_of_request

from parkhub.clients.payments import CheckoutOrder
from parkhub.clients.sandbox_cards import SandboxCard
from parkhub.clients.saved_cards import ChargeOrder, ChargeOutcome, SetupOrder
from parkhub.clients.stripe import StripePayments
from parkhub.errors import BusyError

SESSIONS = "/v1/checkout/sessions"


async def a_charge(server: StripeShaped, provider: StripePayments, card: SandboxCard) -> ChargeOrder:
    """A charge of a card that was kept on the provider's page."""
    now = datetime.now(UTC)
    customer = await provider.create_customer("driver-1", "kim@example.org", now)
    order = SetupOrder(
        "setup-1", customer, "https://park.example.org/account", "https://park.example.org/account", now,
        now + timedelta(minutes=35), {"by": "setup"},
    )  # fmt: skip
    url = await provider.create_setup(order)
    assert url.startswith(f"{server.address}/c/setup/")
    assert await provider.create_setup(order) == url
    _, kept = await server.sandbox.keep_card(url.rpartition("/")[2], card, now)
    method = kept["data"]["object"]["payment_method"]
    return ChargeOrder("quote-1", customer, method, 540, "EUR", now, {"quote": "quote-1"})


async def test_everything_is_asked_as_stripes_description_has_it(server: StripeShaped, provider: StripePayments):
    order = await a_charge(server, provider, SandboxCard.PAYS)
    await provider.charge(order)
    await provider.get_card(order.method)
    await provider.detach_card(order.method)
    await provider.delete_customer(order.customer)
    names = {order.method: "{payment_method}", order.customer: "{customer}"}
    asked = []
    for method, path, form in server.requests:
        described = "/".join(names.get(part, part) for part in path.split("/"))
        asked.append((method, described))
        assert faults_of_request(method, described, form) == []
    assert asked == [
        ("POST", "/v1/customers"),
        ("POST", SESSIONS),
        ("POST", SESSIONS),
        ("POST", "/v1/payment_intents"),
        ("GET", "/v1/payment_methods/{payment_method}"),
        ("POST", "/v1/payment_methods/{payment_method}/detach"),
        ("DELETE", "/v1/customers/{customer}"),
    ]
    charge = server.requests[3][2]
    assert (charge["off_session"], charge["confirm"], charge["metadata"]) == ("true", "true", {"quote": "quote-1"})


async def test_who_pays_with_a_customer_lets_the_card_be_kept(server: StripeShaped, provider: StripePayments):
    now = datetime.now(UTC)
    customer = await provider.create_customer("driver-1", "kim@example.org", now)
    order = CheckoutOrder(
        "quote-1", 540, "EUR", "Parking", "kim@example.org", "https://a.example/b", "https://a.example/c", now,
        now + timedelta(minutes=35), {"quote": "quote-1"}, customer,
    )  # fmt: skip
    await provider.create_checkout(order)
    form = server.requests[-1][2]
    assert faults_of_request("POST", SESSIONS, form) == []
    assert (form["customer"], form["payment_intent_data"]["setup_future_usage"]) == (customer, "off_session")
    assert "customer_email" not in form


ENDS = [
    (SandboxCard.PAYS, ChargeOutcome.SUCCEEDED, ""),
    (SandboxCard.PAYS_LATE, ChargeOutcome.PROCESSING, ""),
    (SandboxCard.CONFIRMS, ChargeOutcome.NEEDS_CONFIRMATION, "authentication_required"),
    (SandboxCard.DECLINES, ChargeOutcome.DECLINED, "insufficient_funds"),
    (SandboxCard.EXPIRED, ChargeOutcome.DECLINED, "expired_card"),
]


@pytest.mark.parametrize(("card", "outcome", "code"), ENDS, ids=[card for card, _, _ in ENDS])
async def test_a_refusal_is_an_answer_and_asked_again_the_same(
    server: StripeShaped, provider: StripePayments, card: SandboxCard, outcome: ChargeOutcome, code: str
):
    order = await a_charge(server, provider, card)
    done = await provider.charge(order)
    assert (done.intent[:3], done.outcome, done.code) == ("pi_", outcome, code)
    assert await provider.charge(order) == done


async def test_a_card_that_is_gone_is_declined(server: StripeShaped, provider: StripePayments):
    order = await a_charge(server, provider, SandboxCard.PAYS)
    await provider.detach_card(order.method)
    await provider.detach_card(order.method)
    done = await provider.charge(order)
    assert (done.intent, done.outcome, done.code) == ("", ChargeOutcome.DECLINED, "resource_missing")
    assert await provider.get_card("pm_other") is None
    await provider.delete_customer("cus_other")


async def test_nobody_says_what_became_of_a_charge_while_the_provider_is_away(
    server: StripeShaped, provider: StripePayments
):
    order = await a_charge(server, provider, SandboxCard.PAYS)
    server.away = 3
    with pytest.raises(BusyError):
        await provider.charge(order)
    await provider.charge(order)
    with pytest.raises(BusyError):
        await provider.charge(replace(order, amount_cents=1))
