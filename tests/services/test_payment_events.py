"""What the provider tells is booked once: told twice, at once, out of order, too early; on both databases."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from itertools import permutations
from typing import Any, TypeVar

import pytest
from builders import stand_ins
from paying import AT, a_paid_lot, a_stay, handle_all, later, pay, quoted, send
from pydantic import SecretStr
from queues import QueueAway

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import PaymentSandbox, Way, webhook_secret
from parkhub.clients.payments import Raw, RefundOrder
from parkhub.clients.queue import MemoryQueue
from parkhub.db import ledger as ledger_rows
from parkhub.db import payments as payment_rows
from parkhub.db import stripe_events
from parkhub.domain.ledger import Account
from parkhub.domain.payment_events import EventStatus
from parkhub.domain.payments import PaymentState
from parkhub.domain.sessions import ParkingSession
from parkhub.domain.webhook_signatures import sign
from parkhub.errors import BusyError, ConflictError, InvalidInputError, SignatureError
from parkhub.secret_key import secret_key
from parkhub.services import checkouts, payment_events, payment_sandbox, refunds
from parkhub.services.billing import get_bill
from parkhub.services.ledger import verify
from parkhub.services.reconciliation import differences
from parkhub.settings import Settings

T = TypeVar("T")
TRIES = 5


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


def sandbox(clients: Clients) -> PaymentSandbox:
    return payment_sandbox.sandbox_of(clients)


async def balance(session: ParkingSession, account: Account) -> int:
    return (await ledger_rows.get_books(session.id))[account]


async def intent_of(session: ParkingSession) -> str:
    return (await payment_rows.list_of_session(session.id))[0].intent


async def test_a_paid_checkout_is_booked_announced_and_lets_the_driver_leave(database: Settings, clients: Clients):
    session = await a_stay()
    checkout = await pay(clients, database, session, later(90))
    state = await checkouts.find_checkout(checkout.id)
    assert (state.state, state.leave_by) == (PaymentState.PAID, later(105))
    assert await balance(session, Account.CLEARING) == 400
    assert await balance(session, Account.RECEIVABLE) == 0
    assert {f"quote:{checkout.id}", f"sessions:{session.lot_id}"} <= set(clients.live.announced)
    assert await verify(session.lot_id) == []


async def test_a_webhook_that_comes_twice_is_kept_and_booked_once(database: Settings, clients: Clients):
    session = await a_stay()
    _, name = await quoted(clients, database, session, later(90))
    (event,) = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(90))).now
    body, signature = payment_sandbox.signed(database, event, later(90))
    told = [await payment_events.receive(clients, database, body, signature, later(90)) for _ in range(3)]
    assert told == [True, False, False]
    assert await handle_all(clients, later(90)) == [EventStatus.HANDLED]
    assert await handle_all(clients, later(90)) == []
    assert await balance(session, Account.CLEARING) == 400


async def test_a_webhook_that_is_handled_many_times_at_once_is_booked_once(database: Settings, clients: Clients):
    session = await a_stay()
    _, name = await quoted(clients, database, session, later(90))
    (event,) = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(90))).now
    body, signature = payment_sandbox.signed(database, event, later(90))
    told = await asyncio.gather(
        *(payment_events.receive(clients, database, body, signature, later(90)) for _ in range(8))
    )
    assert sum(told) == 1
    (event_id,) = await stripe_events.list_due(later(90), 9)
    found = await asyncio.gather(*(payment_events.handle(clients, database, event_id, later(90)) for _ in range(8)))
    assert found == [EventStatus.HANDLED] * 8
    assert await balance(session, Account.CLEARING) == 400


async def story(clients: Clients, settings: Settings, session: ParkingSession, *, won: bool) -> list[Raw]:
    """All that Stripe tells of a payment that comes late, is given back in part and then disputed."""
    _, name = await quoted(clients, settings, session, later(90))
    outcome = await sandbox(clients).pay(name, Way.SUCCEEDS_LATE, later(90))
    checkout = await sandbox(clients).get_checkout(name)
    order = RefundOrder(f"by hand, {name}", checkout["payment_intent"], 150, "EUR", later(95))
    _, refunded = await sandbox(clients).refund_told(order)
    disputed = await sandbox(clients).dispute(checkout["payment_intent"], later(96))
    closed = await sandbox(clients).decide_dispute(disputed[0]["data"]["object"]["id"], later(97), won=won)
    return [*outcome.now, *outcome.late, *refunded, *disputed, *closed]


@pytest.mark.parametrize("won", [True, False], ids=["won", "lost"])
@pytest.mark.parametrize("first", range(5))
async def test_in_whichever_order_events_come_the_books_are_the_same(
    database: Settings, clients: Clients, first: int, won: bool
):
    lot = await a_paid_lot()
    for number, order in enumerate([each for each in permutations(range(5)) if each[0] == first][::4]):
        session = await a_stay(lot, f"AB{first}{number}")
        events = await story(clients, database, session, won=won)
        for index in order:
            await send(clients, database, [events[index]], later(98))
            await handle_all(clients, later(98))
        await handle_all(clients, later(98) + timedelta(minutes=1))
        assert await handle_all(clients, later(98) + timedelta(hours=1)) == [], order
        books = await ledger_rows.get_books(session.id)
        assert (books[Account.CLEARING], books[Account.DISPUTED]) == (250 if won else 0, 0), order
        assert books.earned_cents == (250 if won else 0)
        assert (books.open_cents, books.credit_cents) == (0, 0)
    assert await verify(lot.id) == []


@pytest.mark.parametrize("won", [True, False], ids=["won", "lost"])
@pytest.mark.parametrize("back", [400, 150], ids=["after all was refunded", "of all after a part was refunded"])
async def test_a_bank_may_take_back_what_was_refunded_and_the_books_follow_in_any_order(
    database: Settings, clients: Clients, back: int, won: bool
):
    lot = await a_paid_lot()
    for number, order in enumerate(permutations(range(4))):
        session = await a_stay(lot, f"AB{number}")
        _, name = await quoted(clients, database, session, later(90))
        paid = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(90))).now
        intent = (await sandbox(clients).get_checkout(name))["payment_intent"]
        _, refunded = await sandbox(clients).refund_told(RefundOrder(f"{name}", intent, back, "EUR", later(95)))
        opened = await sandbox(clients).dispute(intent, later(96), whole=True)
        closed = await sandbox(clients).decide_dispute(opened[0]["data"]["object"]["id"], later(97), won=won)
        events = [*paid, *refunded, *opened, *closed]
        for index in order:
            await send(clients, database, [events[index]], later(98))
        for minutes in (98, 99, 200):
            await handle_all(clients, later(minutes))
        assert await handle_all(clients, later(999)) == [], order
        books = await ledger_rows.get_books(session.id)
        assert (books[Account.CLEARING], books[Account.DISPUTED]) == (400 - back - (0 if won else 400), 0), order
        assert (books.earned_cents, books[Account.LOSSES]) == (400 - back if won else 0, 0 if won else back), order
        assert (books.open_cents, books.credit_cents, books.refundable_cents) == (0, 0, 400 - back if won else 0)
    assert await verify(lot.id) == []
    assert await differences(clients.payments, AT, later(9999)) == []


async def test_what_a_payment_waited_for_is_asked_for_as_soon_as_it_is_booked(database: Settings, clients: Clients):
    session = await a_stay()
    completed, late, refunded, *_ = await story(clients, database, session, won=True)
    await send(clients, database, [refunded], later(98))
    assert await handle_all(clients, later(98)) == [EventStatus.EARLY]
    assert isinstance(clients.queue, MemoryQueue)
    clients.queue.jobs.clear()
    await send(clients, database, [completed, late], later(98))
    assert await handle_all(clients, later(98)) == [EventStatus.HANDLED] * 2
    assert [args for _, _, args, _ in clients.queue.jobs][-1] == (1,)


async def test_an_event_about_something_unknown_is_kept_and_tried_again_for_a_week(
    database: Settings, clients: Clients
):
    session = await a_stay()
    events = await story(clients, database, session, won=True)
    unknown = {**events[0], "id": "evt_other"}
    body = {**unknown["data"]["object"], "id": "cs_other", "client_reference_id": "other", "payment_intent": "pi_other"}
    await send(clients, database, [{**unknown, "data": {"object": {**body, "metadata": {}}}}], later(98))
    assert await handle_all(clients, later(98)) == [EventStatus.EARLY]
    assert await payment_events.requeue_due(clients, later(98)) == 0
    assert await handle_all(clients, later(98) + timedelta(minutes=1)) == [EventStatus.EARLY]
    assert await handle_all(clients, later(98) + timedelta(days=8)) == [EventStatus.UNKNOWN]
    assert await handle_all(clients, later(98) + timedelta(days=80)) == []


async def test_a_late_failure_is_told_and_the_driver_may_pay_again(database: Settings, clients: Clients):
    session = await a_stay()
    checkout, name = await quoted(clients, database, session, later(10))
    outcome = await sandbox(clients).pay(name, Way.FAILS_LATE, later(11))
    await send(clients, database, outcome.now, later(11))
    await handle_all(clients, later(11))
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.PROCESSING
    await payment_sandbox.send_late(clients, database, outcome.late[0]["id"], later(12))
    await handle_all(clients, later(12))
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.FAILED
    assert await balance(session, Account.CLEARING) == 0
    again = await pay(clients, database, session, later(13))
    assert (await checkouts.find_checkout(again.id)).state is PaymentState.PAID


async def test_who_comes_back_before_the_webhook_is_told_to_wait(database: Settings, clients: Clients):
    session = await a_stay()
    checkout, name = await quoted(clients, database, session, later(10))
    outcome = await sandbox(clients).pay(name, Way.SUCCEEDS, later(11))
    waiting = await checkouts.find_checkout(checkout.id)
    assert (waiting.state, waiting.receipt_id) == (PaymentState.OPEN, None)
    await send(clients, database, outcome.now, later(11))
    await handle_all(clients, later(11))
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.PAID


async def test_who_pays_while_the_checkout_ends_has_paid_or_not_but_never_both(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    for number in range(20):
        session = await a_stay(lot, f"AB{number}")
        checkout, name = await quoted(clients, database, session, later(10))

        async def pay_now(name: str = name) -> tuple[Raw, ...]:
            try:
                return (await sandbox(clients).pay(name, Way.SUCCEEDS, later(11))).now
            except ConflictError:
                return ()

        paid, expired = await asyncio.gather(pay_now(), sandbox(clients).expired(name, later(11)))
        assert len(paid) + len(expired) == 1
        await send(clients, database, [*expired, *paid], later(11))
        await handle_all(clients, later(11))
        state = (await checkouts.find_checkout(checkout.id)).state
        assert state is (PaymentState.PAID if paid else PaymentState.EXPIRED)


async def test_paid_counts_even_when_its_end_was_told_too(database: Settings, clients: Clients):
    session = await a_stay()
    checkout, name = await quoted(clients, database, session, later(10))
    (paid,) = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(11))).now
    expired = {**paid, "id": "evt_expired", "type": "checkout.session.expired"}
    for events in ([expired, paid], [paid, {**expired, "id": "evt_again"}]):
        await send(clients, database, events, later(11))
        await handle_all(clients, later(11))
        assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.PAID
    assert await balance(session, Account.CLEARING) == 200


async def test_two_pages_paid_at_once_are_both_booked_and_the_second_is_the_drivers_credit(
    database: Settings, clients: Clients
):
    session = await a_stay()
    _, first = await quoted(clients, database, session, later(10), "kim@example.org")
    paid = (await sandbox(clients).pay(first, Way.SUCCEEDS, later(11))).now
    _, second = await quoted(clients, database, session, later(11), "lou@example.org")
    also_paid = (await sandbox(clients).pay(second, Way.SUCCEEDS, later(11))).now
    await send(clients, database, [*paid, *also_paid], later(11))
    await handle_all(clients, later(11))
    bill = await get_bill(session.id, later(11))
    assert (bill.books[Account.CLEARING], bill.books.credit_cents, bill.due_cents) == (400, 200, -200)


async def test_once_paid_no_other_page_takes_money_for_the_same_stay(database: Settings, clients: Clients):
    session = await a_stay()
    _, first = await quoted(clients, database, session, later(10), "kim@example.org")
    paid = (await sandbox(clients).pay(first, Way.SUCCEEDS, later(11))).now
    second, name = await quoted(clients, database, session, later(11), "lou@example.org")
    await send(clients, database, paid, later(11))
    await handle_all(clients, later(11))
    assert (await sandbox(clients).get_checkout(name))["status"] == "expired"
    assert (await checkouts.find_checkout(second.id)).state is PaymentState.EXPIRED


async def test_an_event_in_another_currency_fails_is_kept_and_changes_nothing(database: Settings, clients: Clients):
    session = await a_stay()
    checkout, name = await quoted(clients, database, session, later(10))
    (event,) = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(11))).now
    wrong = {**event, "data": {"object": {**event["data"]["object"], "currency": "usd"}}}
    await send(clients, database, [wrong], later(11))
    assert await handle_all(clients, later(11)) == [EventStatus.FAILED]
    kept = await stripe_events.find_event(event["id"])
    assert kept is not None
    assert kept.error == "It is in USD, but the quote in EUR."
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.OPEN


async def test_what_stripe_says_was_paid_is_booked_even_if_it_is_not_what_was_asked(
    database: Settings, clients: Clients
):
    session = await a_stay()
    _, name = await quoted(clients, database, session, later(10))
    (event,) = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(11))).now
    less = {**event, "data": {"object": {**event["data"]["object"], "amount_total": 150}}}
    await send(clients, database, [less], later(11))
    await handle_all(clients, later(11))
    bill = await get_bill(session.id, later(11))
    assert (bill.books[Account.CLEARING], bill.due_cents, bill.session.leave_by) == (150, 50, None)


async def test_a_payment_heard_of_late_pays_up_to_when_it_was_made(database: Settings, clients: Clients):
    session = await a_stay()
    checkout, name = await quoted(clients, database, session, later(50))
    paid = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(51))).now
    await send(clients, database, paid, later(200))
    await handle_all(clients, later(200))
    assert (await checkouts.find_checkout(checkout.id)).leave_by == later(66)


async def test_an_event_is_kept_when_the_queue_is_away_and_asked_for_later(database: Settings, clients: Clients):
    session = await a_stay()
    _, name = await quoted(clients, database, session, later(10))
    paid = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(11))).now
    away = Clients(clients.pictures, QueueAway(), clients.live, clients.limiter, clients.payments)
    await send(away, database, paid, later(11))
    assert await payment_events.requeue_due(clients, later(12)) == 1


REFUSED = {
    "not signed": (lambda body, _: (body, ""), SignatureError),
    "signed by somebody else": (lambda body, good: (body, good.replace("v1=", "v1=0")), SignatureError),
    "changed on the way": (lambda body, good: (body.replace(b"200", b"100"), good), SignatureError),
}


@pytest.mark.parametrize(("change", "error"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_the_provider_did_not_sign_is_not_kept(
    sqlite_open: Settings, clients: Clients, change: Any, error: type[Exception]
):
    session = await a_stay()
    _, name = await quoted(clients, sqlite_open, session, later(10))
    (event,) = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(11))).now
    body, signature = change(*payment_sandbox.signed(sqlite_open, event, later(11)))
    with pytest.raises(error):
        await payment_events.receive(clients, sqlite_open, body, signature, later(11))
    assert await stripe_events.find_event(event["id"]) is None


async def test_an_event_of_real_money_is_refused_where_only_tests_are_paid(sqlite_open: Settings, clients: Clients):
    event = {"id": "evt_1", "type": "payout.paid", "created": 1, "livemode": True, "data": {"object": {"id": "po_1"}}}
    with pytest.raises(InvalidInputError, match="real money"):
        await send(clients, sqlite_open, [event], AT)


async def test_a_test_payment_pays_nothing_where_real_money_is_taken(sqlite_open: Settings, clients: Clients):
    session = await a_stay()
    checkout, name = await quoted(clients, sqlite_open, session, later(10))
    (event,) = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(11))).now
    live = {"stripe_live_allowed": "take real money", "stripe_secret_key": SecretStr("sk_live_51Hxyz")}
    with pytest.raises(InvalidInputError, match="a test payment"):
        await payment_events.keep(clients, sqlite_open.model_copy(update=live), event, later(11))
    assert await handle_all(clients, later(11)) == []
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.OPEN


async def test_signed_nonsense_is_refused(sqlite_open: Settings, clients: Clients):
    secret = webhook_secret(secret_key(sqlite_open))
    for body in (b"", b"{", b"\xff", json.dumps([1]).encode()):
        with pytest.raises(InvalidInputError):
            await payment_events.receive(clients, sqlite_open, body, sign(body, secret, AT), AT)


class NotASandbox(PaymentSandbox):
    """A provider that is not the sandbox, as Stripe is not."""

    is_sandbox = False


async def test_without_a_signing_secret_everything_is_refused(sqlite_open: Settings, clients: Clients):
    real = Clients(
        clients.pictures, clients.queue, clients.live, clients.limiter, NotASandbox(clients.payments._shelf)  # type: ignore[attr-defined]
    )  # fmt: skip
    with pytest.raises(BusyError, match="refused here until a signing secret is set"):
        await payment_events.receive(real, sqlite_open, b"{}", "t=1,v1=00", AT)


async def test_a_payout_is_split_between_the_lots_it_came_from(database: Settings, clients: Clients):
    one, other = await a_paid_lot(), await a_paid_lot()
    await pay(clients, database, await a_stay(one, "AA1"), later(90))
    await pay(clients, database, await a_stay(one, "AA2"), later(30))
    await pay(clients, database, await a_stay(other, "AA3"), later(30))
    events = await sandbox(clients).pay_out(later(100))
    await send(clients, database, [*events, *events], later(100))
    assert await handle_all(clients, later(100)) == [EventStatus.HANDLED]
    for lot, cents in ((one, 600), (other, 200)):
        found = await ledger_rows.get_balances(lot.id)
        assert found["EUR", Account.BANK] == cents
        assert found.get(("EUR", Account.CLEARING), 0) == 0
        assert await verify(lot.id) == []


async def test_a_payout_waits_a_day_for_payments_in_it_that_were_not_told(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    await pay(clients, database, await a_stay(lot, "AA1"), later(30))
    _, name = await quoted(clients, database, await a_stay(lot, "AA2"), later(30))
    paid = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(30))).now
    events = await sandbox(clients).pay_out(later(40))
    await send(clients, database, events, later(40))
    assert await handle_all(clients, later(40)) == [EventStatus.EARLY]
    await send(clients, database, paid, later(41))
    assert await handle_all(clients, later(50)) == [EventStatus.EARLY, EventStatus.HANDLED]
    assert await handle_all(clients, later(55)) == [EventStatus.HANDLED]
    assert (await ledger_rows.get_balances(lot.id))["EUR", Account.BANK] == 400
    _, name = await quoted(clients, database, await a_stay(lot, "AA3"), later(30))
    await sandbox(clients).pay(name, Way.SUCCEEDS, later(31))
    await pay(clients, database, await a_stay(lot, "AA4"), later(30))
    await send(clients, database, await sandbox(clients).pay_out(later(60)), later(60))
    assert await handle_all(clients, later(60) + timedelta(days=1)) == [EventStatus.HANDLED]
    assert (await ledger_rows.get_balances(lot.id))["EUR", Account.BANK] == 600


async def test_of_a_payout_a_lot_that_gave_back_more_than_came_in_has_a_share_below_zero(
    database: Settings, clients: Clients
):
    one, other = await a_paid_lot(), await a_paid_lot()
    first = await pay(clients, database, await a_stay(one, "AA1"), later(30))
    await send(clients, database, await sandbox(clients).pay_out(later(100)), later(100))
    await refunds.refund_payment(clients, database, first.id, 150, "Barrier was stuck", None, later(110))
    await pay(clients, database, await a_stay(other, "AA2"), later(90))
    await send(clients, database, await sandbox(clients).pay_out(later(200)), later(200))
    assert await handle_all(clients, later(200)) == [EventStatus.HANDLED] * 2
    for lot, cents in ((one, 50), (other, 400)):
        found = await ledger_rows.get_balances(lot.id)
        assert (found["EUR", Account.BANK], found["EUR", Account.CLEARING]) == (cents, 0)
        assert await verify(lot.id) == []
    assert await differences(clients.payments, AT, later(999)) == []


async def test_refunds_and_payments_at_once_leave_the_books_whole(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    for number in range(6):
        session = await a_stay(lot, f"AB{number}")
        first = await pay(clients, database, session, later(30))
        _, name = await quoted(clients, database, session, later(90))
        paid = (await sandbox(clients).pay(name, Way.SUCCEEDS, later(91))).now
        await send(clients, database, paid, later(91))
        await asyncio.gather(
            refunds.refund_payment(clients, database, first.id, None, "Barrier was stuck", None, later(91)),
            handle_all(clients, later(91)),
        )
        books = await ledger_rows.get_books(session.id)
        assert books[Account.CLEARING] == 200
        assert books[Account.CLEARING] == books.earned_cents - books.open_cents + books.credit_cents
    assert await verify(lot.id) == []


async def insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask again, a few times, while the database is too busy, as drivers, the provider and the worker do."""
    for _ in range(TRIES - 1):
        with suppress(BusyError):
            return await ask()
        await asyncio.sleep(1)
    return await ask()


async def test_two_hundred_pay_at_once_and_each_has_paid_once(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    sessions = [await a_stay(lot, f"P{number}") for number in range(200)]

    async def one(session: ParkingSession) -> str:
        checkout, name = await insist(lambda: quoted(clients, database, session, later(90)))
        outcome = await sandbox(clients).pay(name, Way.SUCCEEDS, later(91))
        await asyncio.gather(*(insist(lambda: send(clients, database, outcome.now, later(91))) for _ in range(2)))
        return checkout.id

    names = await asyncio.gather(*(one(session) for session in sessions))
    await asyncio.gather(*(insist(lambda: handle_all(clients, later(91))) for _ in range(3)))
    states = [await checkouts.find_checkout(name) for name in names]
    assert {state.state for state in states} == {PaymentState.PAID}
    assert {(await get_bill(session.id, later(92))).due_cents for session in sessions} == {0}
    assert (await ledger_rows.get_balances(lot.id))["EUR", Account.CLEARING] == 200 * 400
    assert await verify(lot.id) == []
