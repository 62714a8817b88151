"""Giving back through the provider: all, a part, with a reason, once; on both databases."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from builders import save_account, stand_ins
from paying import a_stay, handle_all, later, pay, quoted, send

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import PaymentSandbox
from parkhub.clients.payments import Refunded, RefundOrder
from parkhub.clients.shelf import MemoryShelf
from parkhub.db import ledger as ledger_rows
from parkhub.db import payments as payment_rows
from parkhub.db import refunds as refund_rows
from parkhub.db.quotes import get_by_public_id
from parkhub.domain.audit import EntryFilter
from parkhub.domain.ledger import Account, Kind
from parkhub.domain.payment_events import EventStatus
from parkhub.domain.sessions import ParkingSession
from parkhub.errors import BusyError, ConflictError, InvalidInputError, NotFoundError
from parkhub.services import audit, checkouts, payment_sandbox, receipts, reconciliation, refunds
from parkhub.settings import Settings

WHY = "The barrier did not open"


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def test_a_part_and_then_the_rest_is_given_back_with_who_and_why(database: Settings, clients: Clients):
    session, account = await a_stay(), await save_account()
    checkout = await pay(clients, database, session, later(90))
    part = await refunds.refund_payment(clients, database, checkout.id, 150, WHY, account.id, later(95))
    assert (part.paid_cents, part.refunded_cents) == (400, 150)
    rest = await refunds.refund_payment(clients, database, checkout.id, None, WHY, account.id, later(96))
    assert rest.refunded_cents == 400
    assert (await ledger_rows.get_books(session.id))[Account.CLEARING] == 0
    posted = [each.transaction for each in await ledger_rows.list_of_session(session.id)]
    assert [each.reason for each in posted if each.kind is Kind.REFUND] == [WHY, WHY]
    entries = await audit.list_entries(EntryFilter(action="payment.refunded"))
    assert [(entry.account_id, entry.reason) for entry in entries] == [(account.id, WHY)] * 2
    receipt_id = (await checkouts.find_checkout(checkout.id)).receipt_id
    assert (await receipts.get_receipt(str(receipt_id))).paid.refunded_cents == 400


async def test_what_stripe_tells_of_a_refund_made_here_changes_nothing(database: Settings, clients: Clients):
    session = await a_stay()
    checkout = await pay(clients, database, session, later(90))
    await refunds.refund_payment(clients, database, checkout.id, 150, WHY, None, later(95))
    sandbox = payment_sandbox.sandbox_of(clients)
    intent = (await payment_rows.list_of_session(session.id))[0].intent
    _, told = await sandbox.refund_told(RefundOrder("at the provider", intent, 100, "EUR", later(96)))
    await send(clients, database, told, later(97))
    await handle_all(clients, later(97))
    posted = [each.transaction for each in await ledger_rows.list_of_session(session.id)]
    assert [each.reason for each in posted if each.kind is Kind.REFUND] == [WHY, refunds.AT_PROVIDER]
    assert (await ledger_rows.get_books(session.id))[Account.CLEARING] == 150


TOO_MUCH = [(401, "more than was paid"), (0, "more than was paid"), (-5, "more than was paid")]


@pytest.mark.parametrize(("cents", "words"), TOO_MUCH)
async def test_no_more_is_given_back_than_was_paid(database: Settings, clients: Clients, cents: int, words: str):
    checkout = await pay(clients, database, await a_stay(), later(90))
    with pytest.raises(InvalidInputError, match=words):
        await refunds.refund_payment(clients, database, checkout.id, cents, WHY, None, later(95))


async def test_many_refunds_at_once_give_back_no_more_than_was_paid(database: Settings, clients: Clients):
    session = await a_stay()
    checkout = await pay(clients, database, session, later(90))
    asked = [refunds.refund_payment(clients, database, checkout.id, 150, WHY, None, later(95)) for _ in range(6)]
    done = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(not isinstance(each, BaseException) for each in done) == 2
    assert {type(each) for each in done if isinstance(each, BaseException)} == {InvalidInputError}
    assert (await ledger_rows.get_books(session.id))[Account.CLEARING] == 100


async def test_what_is_not_paid_yet_cannot_be_given_back(database: Settings, clients: Clients):
    checkout, _ = await quoted(clients, database, await a_stay(), later(10))
    with pytest.raises(ConflictError, match="has not been paid"):
        await refunds.refund_payment(clients, database, checkout.id, None, WHY, None, later(11))


@pytest.mark.parametrize("reason", ["", "  ", "The car AB 123 was towed"])
async def test_a_refund_needs_a_reason_without_a_plate(database: Settings, clients: Clients, reason: str):
    checkout = await pay(clients, database, await a_stay(), later(90))
    with pytest.raises(InvalidInputError):
        await refunds.refund_payment(clients, database, checkout.id, None, reason, None, later(95))


class Dropping(PaymentSandbox):
    """A provider that does what it is asked, but whose answer is lost the first time."""

    answers = False

    async def refund(self, order: RefundOrder) -> Refunded:
        done = await super().refund(order)
        if not self.answers:
            self.answers = True
            raise BusyError("The payment provider is away.")
        return done


async def test_a_refund_whose_answer_was_lost_is_asked_for_again_and_made_once(database: Settings):
    given = stand_ins()
    clients = Clients(given.pictures, given.queue, given.live, given.limiter, Dropping(MemoryShelf()))
    session = await a_stay()
    checkout = await pay(clients, database, session, later(90))
    with pytest.raises(BusyError):
        await refunds.refund_payment(clients, database, checkout.id, 150, WHY, None, later(95))
    with pytest.raises(InvalidInputError):
        await refunds.refund_payment(clients, database, checkout.id, 300, WHY, None, later(95))
    assert await refunds.ask_again(clients, database, later(95)) == 0
    assert await refunds.ask_again(clients, database, later(97)) == 1
    assert (await ledger_rows.get_books(session.id))[Account.CLEARING] == 250
    assert await refunds.ask_again(clients, database, later(99)) == 0


class Refusing(PaymentSandbox):
    """A provider that gives nothing back as long as it ``refuses``."""

    refuses = True

    async def refund(self, order: RefundOrder) -> Refunded:
        if not self.refuses:
            return await super().refund(order)
        raise InvalidInputError("The payment provider refused this (insufficient_funds).")


async def test_a_refused_refund_is_said_and_not_asked_for_again(database: Settings):
    given = stand_ins()
    clients = Clients(given.pictures, given.queue, given.live, given.limiter, Refusing(MemoryShelf()))
    checkout = await pay(clients, database, await a_stay(), later(90))
    for _ in range(2):
        with pytest.raises(InvalidInputError, match="insufficient_funds"):
            await refunds.refund_payment(clients, database, checkout.id, None, WHY, None, later(95))
    assert await refunds.ask_again(clients, database, later(95) + timedelta(hours=1)) == 0


async def test_a_refused_refund_is_asked_for_once_more_by_a_person(database: Settings):
    given = stand_ins()
    refusing = Refusing(MemoryShelf())
    clients = Clients(given.pictures, given.queue, given.live, given.limiter, refusing)
    session = await a_stay()
    checkout = await pay(clients, database, session, later(90))
    with pytest.raises(InvalidInputError):
        await refunds.refund_payment(clients, database, checkout.id, 150, WHY, None, later(95))
    (refused,) = await refund_rows.list_refused(session.id)
    assert (refused.amount_cents, refused.reason) == (150, WHY)
    assert "insufficient_funds" in refused.refusal
    with pytest.raises(InvalidInputError):
        await refunds.retry(clients, database, session.id, refused.public_id, None, later(96))
    (again,) = await refund_rows.list_refused(session.id)
    refusing.refuses = False
    done = await refunds.retry(clients, database, session.id, again.public_id, None, later(97))
    assert done.refunded_cents == 150
    assert await refund_rows.list_refused(session.id) == []
    with pytest.raises(NotFoundError):
        await refunds.retry(clients, database, session.id, again.public_id, None, later(98))


async def given_back(settings: Settings, clients: Clients, cents: int) -> tuple[ParkingSession, str, str]:
    """A stay of which something was given back, its quote, and the refund's id at the provider."""
    session = await a_stay()
    checkout = await pay(clients, settings, session, later(90))
    await refunds.refund_payment(clients, settings, checkout.id, cents, WHY, None, later(95))
    sandbox = payment_sandbox.sandbox_of(clients)
    moved = [each async for each in sandbox.balance_transactions() if each.kind == "refund"]
    return session, checkout.id, moved[-1].source


async def test_a_refund_that_fails_later_is_booked_back_once_and_can_be_asked_for_again(
    database: Settings, clients: Clients
):
    session, quote, refund = await given_back(database, clients, 150)
    told = await payment_sandbox.sandbox_of(clients).fail_refund(refund, later(200))
    for _ in range(2):  # both events tell of the same failure, and both may come twice
        await send(clients, database, told, later(201))
        await handle_all(clients, later(201))
    books = await ledger_rows.get_books(session.id)
    assert (books[Account.CLEARING], books.credit_cents, books.refundable_cents) == (400, 150, 400)
    payment = await payment_rows.get_of_quote((await get_by_public_id(quote)).id)
    assert (payment.refunded_cents, payment.failed_cents, payment.returned_cents) == (0, 150, 150)
    (shown,) = await refund_rows.list_refused(session.id)
    assert (shown.failed, shown.refusal, shown.amount_cents) == (True, "expired or canceled card", 150)
    again = await refunds.retry(clients, database, session.id, shown.public_id, None, later(210))
    assert (again.refunded_cents, again.failed_cents, again.returned_cents) == (150, 150, 0)
    await handle_all(clients, later(211))
    books = await ledger_rows.get_books(session.id)
    assert (books[Account.CLEARING], books.credit_cents, books.earned_cents) == (250, 0, 250)
    assert await refund_rows.list_refused(session.id) == []
    receipt = await receipts.get_receipt(str((await checkouts.find_checkout(quote)).receipt_id))
    assert [note.amount_cents for note in receipt.notes] == [150], "what was given again is on the first note"
    rest = await refunds.refund_payment(clients, database, quote, None, WHY, None, later(220))
    assert rest.refunded_cents == 400
    assert (await ledger_rows.get_books(session.id))[Account.CLEARING] == 0
    assert await reconciliation.differences(clients.payments, later(0), later(600)) == []


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["made, failed", "failed, made"])
async def test_a_refund_made_at_the_provider_may_fail_before_it_is_told_as_made(
    database: Settings, clients: Clients, order: tuple[int, int]
):
    session = await a_stay()
    await pay(clients, database, session, later(90))
    sandbox = payment_sandbox.sandbox_of(clients)
    intent = (await payment_rows.list_of_session(session.id))[0].intent
    done, made = await sandbox.refund_told(RefundOrder("at the provider", intent, 100, "EUR", later(95)))
    events = (made, await sandbox.fail_refund(done.id, later(96)))
    for index in order:
        await send(clients, database, events[index], later(97))
        await handle_all(clients, later(97))
    await handle_all(clients, later(97) + timedelta(hours=1))
    books = await ledger_rows.get_books(session.id)
    assert (books[Account.CLEARING], books.credit_cents) == (400, 100)
    (shown,) = await refund_rows.list_refused(session.id)
    assert (shown.failed, shown.reason) == (True, refunds.AT_PROVIDER)


class Counting(PaymentSandbox):
    """A provider that knows how often it was asked for all refunds of a payment."""

    asked: tuple[str, ...] = ()

    async def sum_refunds(self, intent: str, currency: str) -> int:
        self.asked += (intent,)
        return await super().sum_refunds(intent, currency)


async def test_of_a_failed_refund_the_provider_is_asked_only_once_the_payment_is_known(database: Settings):
    given, counting = stand_ins(), Counting(MemoryShelf())
    clients = Clients(given.pictures, given.queue, given.live, given.limiter, counting)
    session, _, refund = await given_back(database, clients, 150)
    told = await counting.fail_refund(refund, later(200))
    body = {**told[1]["data"]["object"], "payment_intent": None}
    strange = {**told[1], "id": "evt_strange", "data": {"object": {**body, "metadata": {}}}}
    await send(clients, database, [strange], later(201))
    assert (await handle_all(clients, later(201)), counting.asked) == ([EventStatus.EARLY], ())
    named = {**told[1], "id": "evt_named", "data": {"object": body}}  # by its quote, without the payment intent
    await send(clients, database, [named], later(202))
    assert EventStatus.HANDLED in await handle_all(clients, later(202))
    intent = (await payment_rows.list_of_session(session.id))[0].intent
    assert counting.asked == (intent,)
    assert (await ledger_rows.get_books(session.id)).credit_cents == 150


async def test_a_refund_that_is_made_before_it_is_told_that_another_failed_is_booked_too(
    database: Settings, clients: Clients
):
    session, quote, refund = await given_back(database, clients, 150)
    failed = await payment_sandbox.sandbox_of(clients).fail_refund(refund, later(96))
    await refunds.refund_payment(clients, database, quote, 150, WHY, None, later(97))
    await send(clients, database, failed, later(98))
    await handle_all(clients, later(98))
    assert (await ledger_rows.get_books(session.id))[Account.CLEARING] == 250
    payment = await payment_rows.get_of_quote((await get_by_public_id(quote)).id)
    assert (payment.refunded_cents, payment.failed_cents, payment.returned_cents) == (150, 150, 0)
    receipt = await receipts.get_receipt(str((await checkouts.find_checkout(quote)).receipt_id))
    assert [note.amount_cents for note in receipt.notes] == [150]


async def test_a_refund_that_took_a_failed_ones_place_is_booked_after_it_however_many_fail(
    database: Settings, clients: Clients
):
    session = await a_stay()
    await pay(clients, database, session, later(90))
    sandbox = payment_sandbox.sandbox_of(clients)
    intent = (await payment_rows.list_of_session(session.id))[0].intent
    made, failed = list[Any](), list[Any]()
    for round_ in range(2):  # each gives back all, and then nothing of it arrives
        for number in range(2):
            order = RefundOrder(f"{round_} {number}", intent, 200, "EUR", later(95 + round_))
            done, told = await sandbox.refund_told(order)
            made += told
            if round_ == 0:
                failed += await sandbox.fail_refund(done.id, later(95))
    await send(clients, database, [*failed[::-1], *made[::-1]], later(100))
    for hours in range(3):
        await handle_all(clients, later(101) + timedelta(hours=hours))
    payment = (await payment_rows.list_of_session(session.id))[0]
    assert (payment.refunded_cents, payment.failed_cents) == (400, 400)
    assert (await ledger_rows.get_books(session.id))[Account.CLEARING] == 0
