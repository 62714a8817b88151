"""The sandbox's objects have Stripe's shape, and nothing of it happens twice; in memory and in Redis."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from stripe_spec import faults_of_object

from parkhub.clients.payment_sandbox import PaymentSandbox, Way
from parkhub.clients.payments import CheckoutOrder, RefundOrder
from parkhub.clients.shelf import MemoryShelf, RedisShelf
from parkhub.errors import BusyError, ConflictError, InvalidInputError, NotFoundError

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
ORDER = CheckoutOrder(
    key="quote-1",
    amount_cents=540,
    currency="EUR",
    title="Parking, Harbour Street",
    email="kim@example.org",
    return_url="https://park.example.org/pay/checkouts/quote-1",
    cancel_url="https://park.example.org/pay/checkouts/quote-1?cancelled=1",
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=35),
    metadata={"quote": "quote-1"},
)
OURS = frozenset(("payment_intent", "payout"))


@pytest.fixture(params=["memory", "redis"])
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[PaymentSandbox]:
    if request.param == "memory":
        yield PaymentSandbox(MemoryShelf())
        return
    redis = Redis.from_url(request.getfixturevalue("redis_url"))
    yield PaymentSandbox(RedisShelf(redis))
    await redis.aclose()


async def test_everything_has_the_shape_of_stripes_examples(sandbox: PaymentSandbox):
    opened = await sandbox.create_checkout(ORDER)
    assert faults_of_object("checkout.session", await sandbox.get_checkout(opened.id)) == []
    (completed,) = (await sandbox.pay(opened.id, Way.SUCCEEDS, NOW)).now
    intent = completed["data"]["object"]["payment_intent"]
    _, refunded = await sandbox.refund_told(RefundOrder("refund-1", intent, 150, "EUR", NOW))
    disputed = await sandbox.dispute(intent, NOW)
    closed = await sandbox.decide_dispute(disputed[0]["data"]["object"]["id"], NOW, won=True)
    paid_out = await sandbox.pay_out(NOW)
    for event, kind in ((completed, "checkout.session"), (*refunded, "charge"), (*disputed, "dispute"),
                        (*closed, "dispute"), (*paid_out, "payout")):  # fmt: skip
        assert faults_of_object("event", dict(event)) == []
        assert faults_of_object(kind, event["data"]["object"]) == []
    (refund,) = await sandbox._shelf.list("refund:")
    assert faults_of_object("refund", refund) == []
    for moved in await sandbox._shelf.list("txn:"):
        assert faults_of_object("balance_transaction", moved, OURS) == []


async def test_the_same_order_is_the_same_checkout_however_often_it_is_given(sandbox: PaymentSandbox):
    opened = await asyncio.gather(*(sandbox.create_checkout(ORDER) for _ in range(5)))
    assert len(set(opened)) == 1
    await sandbox.pay(opened[0].id, Way.SUCCEEDS, NOW)
    assert await sandbox.create_checkout(ORDER) == opened[0]
    assert (await sandbox.get_checkout(opened[0].id))["status"] == "complete"


async def test_a_checkout_is_paid_once_however_many_try_at_once(sandbox: PaymentSandbox):
    opened = await sandbox.create_checkout(ORDER)
    tries = [sandbox.pay(opened.id, Way.SUCCEEDS, NOW) for _ in range(10)]
    done = await asyncio.gather(*tries, sandbox.expired(opened.id, NOW), return_exceptions=True)
    assert sum(not isinstance(each, BaseException) and each != () for each in done) == 1
    assert {type(each) for each in done if isinstance(each, BaseException)} <= {ConflictError}


async def test_what_is_paid_too_late_is_refused(sandbox: PaymentSandbox):
    opened = await sandbox.create_checkout(ORDER)
    with pytest.raises(ConflictError, match="has ended"):
        await sandbox.pay(opened.id, Way.SUCCEEDS, NOW + timedelta(minutes=36))
    assert (await sandbox.get_checkout(opened.id))["status"] == "expired"


async def test_no_more_is_given_back_than_was_paid_however_many_ask_at_once(sandbox: PaymentSandbox):
    opened = await sandbox.create_checkout(ORDER)
    (completed,) = (await sandbox.pay(opened.id, Way.SUCCEEDS, NOW)).now
    intent = completed["data"]["object"]["payment_intent"]
    orders = [RefundOrder(f"refund-{number % 5}", intent, 200, "EUR", NOW) for number in range(10)]
    done: list[Any] = await asyncio.gather(*(sandbox.refund(order) for order in orders), return_exceptions=True)
    assert {type(each) for each in done if isinstance(each, BaseException)} == {InvalidInputError}
    moved = [each.amount_cents async for each in sandbox.balance_transactions()]
    assert sorted(moved) == [-200, -200, 540]


async def test_what_is_not_there_is_not_there(sandbox: PaymentSandbox):
    for asked in (
        sandbox.pay("cs_test_other", Way.SUCCEEDS, NOW),
        sandbox.dispute("pi_other", NOW),
        sandbox.decide_dispute("dp_other", NOW, won=True),
    ):
        with pytest.raises(NotFoundError):
            await asked
    with pytest.raises(InvalidInputError):
        await sandbox.refund(RefundOrder("refund-1", "pi_other", 150, "EUR", NOW))
    assert await sandbox.fetch_event("evt_other") is None


async def test_without_redis_it_is_away():
    sandbox = PaymentSandbox(RedisShelf(Redis.from_url("unix:///nowhere.sock")))
    for asked in (sandbox.create_checkout(ORDER), sandbox.fetch_event("evt_1"), sandbox.pay_out(NOW)):
        with pytest.raises(BusyError):
            await asked
