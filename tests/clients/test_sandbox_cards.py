"""The sandbox's cards have Stripe's shape, behave as they say, and are charged once; in memory and in Redis."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis
from stripe_spec import faults_of_object

from parkhub.clients.payment_sandbox import PaymentSandbox, Way
from parkhub.clients.payments import CheckoutOrder, RefundOrder
from parkhub.clients.sandbox_cards import SandboxCard
from parkhub.clients.saved_cards import ChargeOrder, ChargeOutcome, SetupOrder
from parkhub.clients.shelf import MemoryShelf, RedisShelf
from parkhub.errors import ConflictError, InvalidInputError

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)


@pytest.fixture(params=["memory", "redis"])
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[PaymentSandbox]:
    if request.param == "memory":
        yield PaymentSandbox(MemoryShelf())
        return
    redis = Redis.from_url(request.getfixturevalue("redis_url"))
    yield PaymentSandbox(RedisShelf(redis))
    await redis.aclose()


async def a_setup(sandbox: PaymentSandbox) -> tuple[str, str]:
    """A customer, and the page where a card of theirs is kept."""
    customer = await sandbox.create_customer("driver-1", "kim@example.org", NOW)
    order = SetupOrder(
        key="setup-1",
        customer=customer,
        return_url="https://park.example.org/account",
        cancel_url="https://park.example.org/account",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=35),
        metadata={"by": "setup"},
    )
    return customer, (await sandbox.create_setup(order)).rpartition("/")[2]


async def an_order(sandbox: PaymentSandbox, card: SandboxCard) -> ChargeOrder:
    """A charge of a card that was kept."""
    customer, setup = await a_setup(sandbox)
    _, kept = await sandbox.keep_card(setup, card, NOW)
    method = kept["data"]["object"]["payment_method"]
    return ChargeOrder("quote-1", customer, method, 540, "EUR", NOW, {"quote": "quote-1"})


ENDS = [
    (SandboxCard.PAYS, ChargeOutcome.SUCCEEDED, "", ["succeeded"]),
    (SandboxCard.PAYS_LATE, ChargeOutcome.PROCESSING, "", ["processing", "succeeded"]),
    (SandboxCard.CONFIRMS, ChargeOutcome.NEEDS_CONFIRMATION, "authentication_required", ["payment_failed"]),
    (SandboxCard.DECLINES, ChargeOutcome.DECLINED, "insufficient_funds", ["payment_failed"]),
    (SandboxCard.EXPIRED, ChargeOutcome.DECLINED, "expired_card", ["payment_failed"]),
]


@pytest.mark.parametrize(("card", "outcome", "code", "told"), ENDS, ids=[card for card, _, _, _ in ENDS])
async def test_a_card_behaves_as_it_says_and_its_objects_have_stripes_shape(
    sandbox: PaymentSandbox, card: SandboxCard, outcome: ChargeOutcome, code: str, told: list[str]
):
    order = await an_order(sandbox, card)
    done = await sandbox.charge(order)
    assert (done.outcome, done.code) == (outcome, code)
    events = await sandbox.events_of_charge(done.intent)
    assert [each["type"] for each in events] == [f"payment_intent.{word}" for word in told]
    for each in events:
        assert faults_of_object("event", dict(each)) == []
        assert faults_of_object("payment_intent", each["data"]["object"]) == []
    for kind, prefix in (("customer", "customer:"), ("checkout.session", "setup:"), ("payment_method", "method:")):
        (found,) = await sandbox._shelf.list(prefix)
        assert faults_of_object(kind, found) == []
    (setup,) = [each for each in await sandbox._shelf.list("event:") if each["type"] == "setup_intent.succeeded"]
    assert faults_of_object("setup_intent", setup["data"]["object"]) == []


async def test_a_charge_is_made_once_however_many_ask_for_it(sandbox: PaymentSandbox):
    order = await an_order(sandbox, SandboxCard.PAYS)
    done = await asyncio.gather(*(sandbox.charge(order) for _ in range(6)))
    assert len(set(done)) == 1
    assert [each.amount_cents async for each in sandbox.balance_transactions()] == [540]
    assert len(await sandbox.events_of_charge(done[0].intent)) == 1
    given_back = await sandbox.refund(RefundOrder("refund-1", done[0].intent, 540, "EUR", NOW))
    assert given_back.refunded_cents == 540


async def test_a_card_that_was_taken_away_is_not_charged_but_one_charged_before_stays_so(sandbox: PaymentSandbox):
    order = await an_order(sandbox, SandboxCard.PAYS)
    first = await sandbox.charge(order)
    await sandbox.detach_card(order.method)
    assert await sandbox.charge(order) == first
    again = await sandbox.charge(replace(order, key="quote-2"))
    assert (again.intent, again.outcome, again.code) == ("", ChargeOutcome.DECLINED, "resource_missing")
    assert [each.amount_cents async for each in sandbox.balance_transactions()] == [540]


async def test_a_forgotten_customer_has_no_cards(sandbox: PaymentSandbox):
    order = await an_order(sandbox, SandboxCard.PAYS)
    await sandbox.delete_customer(order.customer)
    card = await sandbox.get_card(order.method)
    assert card is not None
    assert (card.customer, card.last4) == ("", "4242")
    await sandbox.delete_customer("cus_other")
    await sandbox.detach_card("pm_other")
    assert await sandbox.get_card("pm_other") is None


async def test_a_page_keeps_one_card_and_none_too_late_or_refused(sandbox: PaymentSandbox):
    _, setup = await a_setup(sandbox)
    assert await sandbox.keep_card(setup, SandboxCard.REFUSED, NOW) == ()
    with pytest.raises(ConflictError):
        await sandbox.keep_card(setup, SandboxCard.PAYS, NOW + timedelta(minutes=36))
    tries = [sandbox.keep_card(setup, SandboxCard.PAYS, NOW) for _ in range(4)]
    done = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in done) == 1
    with pytest.raises(InvalidInputError):
        await sandbox.create_setup(SetupOrder("setup-2", "cus_other", "", "", NOW, NOW))


async def test_who_pays_with_a_customer_lets_the_card_be_kept(sandbox: PaymentSandbox):
    customer = await sandbox.create_customer("driver-1", "kim@example.org", NOW)
    order = CheckoutOrder(
        "quote-1", 540, "EUR", "Parking", "kim@example.org", "https://a.example/b", "https://a.example/c", NOW,
        NOW + timedelta(minutes=35), {"quote": "quote-1"}, customer,
    )  # fmt: skip
    opened = await sandbox.create_checkout(order)
    completed, kept = (await sandbox.pay(opened.id, Way.SUCCEEDS, NOW)).now
    assert faults_of_object("checkout.session", completed["data"]["object"]) == []
    intent = kept["data"]["object"]
    assert faults_of_object("payment_intent", intent) == []
    assert (intent["customer"], intent["setup_future_usage"]) == (customer, "off_session")
    assert (await sandbox.get_card(intent["payment_method"])).last4 == "4242"  # type: ignore[union-attr]


async def test_a_bank_may_renew_a_card(sandbox: PaymentSandbox):
    order = await an_order(sandbox, SandboxCard.PAYS)
    (told,) = await sandbox.card_renewed(order.method, "1881", 2039, NOW)
    assert faults_of_object("payment_method", told["data"]["object"]) == []
    card = await sandbox.get_card(order.method)
    assert card is not None
    assert (card.last4, card.exp_year) == ("1881", 2039)
