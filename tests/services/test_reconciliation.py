"""The ledger beside the provider's account: nothing to tell when they agree, each difference when they do not."""

from datetime import timedelta

import pytest
from builders import stand_ins
from paying import a_paid_lot, a_stay, handle_all, later, pay, quoted, send

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import PaymentSandbox, Way
from parkhub.clients.payments import RefundOrder
from parkhub.clients.shelf import MemoryShelf
from parkhub.db import ledger as ledger_rows
from parkhub.db import payments as payment_rows
from parkhub.domain.ledger import Account
from parkhub.services import payment_sandbox, payments, refunds
from parkhub.services.reconciliation import Difference, Matter, differences
from parkhub.settings import Settings

NOW = later(500)
SINCE = later(-500)


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


def sandbox(clients: Clients) -> PaymentSandbox:
    return payment_sandbox.sandbox_of(clients)


async def told(clients: Clients) -> list[tuple[Matter, int, int]]:
    found = await differences(clients.payments, SINCE, NOW)
    return [(each.matter, each.provider_cents, each.ledger_cents) for each in found]


async def a_whole_story(clients: Clients, settings: Settings) -> tuple[str, str]:
    """Payments, refunds, disputes won and lost and a payout, all booked; a quote that was paid and its intent."""
    lot = await a_paid_lot()
    session = await a_stay(lot, "AA1")
    checkout = await pay(clients, settings, session, later(90))
    await refunds.refund_payment(clients, settings, checkout.id, 150, "The barrier did not open", None, later(95))
    for number, won in ((2, True), (3, False)):
        other = await a_stay(lot, f"AA{number}")
        await pay(clients, settings, other, later(90))
        (payment,) = await payment_rows.list_of_session(other.id)
        disputed = await sandbox(clients).dispute(payment.intent, later(100))
        closed = await sandbox(clients).decide_dispute(disputed[0]["data"]["object"]["id"], later(110), won=won)
        await send(clients, settings, [*disputed, *closed], later(111))
    await send(clients, settings, await sandbox(clients).pay_out(later(120)), later(121))
    await handle_all(clients, later(121))
    assert (await ledger_rows.get_balances(lot.id))["EUR", Account.CLEARING] == 0
    return checkout.id, (await payment_rows.list_of_session(session.id))[0].intent


async def test_when_all_was_told_there_is_nothing_to_tell(database: Settings, clients: Clients):
    await a_whole_story(clients, database)
    assert await told(clients) == []


async def test_a_payment_of_which_no_webhook_came_is_told(database: Settings, clients: Clients):
    checkout, name = await quoted(clients, database, await a_stay(), later(90))
    await sandbox(clients).pay(name, Way.SUCCEEDS, later(90))
    (found,) = await differences(clients.payments, SINCE, NOW)
    assert (found.matter, found.provider_cents, found.ledger_cents) == (Matter.PAYMENT, 400, 0)
    assert "the ledger has not" in found.why
    assert checkout.id not in found.reference  # not known to be ours yet


async def test_a_refund_made_at_the_provider_of_which_no_webhook_came_is_told(database: Settings, clients: Clients):
    quote, intent = await a_whole_story(clients, database)
    await sandbox(clients).refund(RefundOrder("at the provider", intent, 50, "EUR", later(130)))
    (found,) = await differences(clients.payments, SINCE, NOW)
    assert (found.matter, found.reference) == (Matter.REFUND, quote)
    assert (found.provider_cents, found.ledger_cents) == (-200, -150)
    assert "different amounts" in found.why


async def test_what_the_ledger_alone_has_is_told(database: Settings, clients: Clients):
    session = await a_stay()
    await payments.pay(session.id, 200, Account.CLEARING, "by hand", later(30))
    (found,) = await differences(clients.payments, SINCE, NOW)
    assert isinstance(found, Difference)
    assert (found.matter, found.reference, found.provider_cents, found.ledger_cents) == (
        Matter.PAYMENT, "by hand", 0, 200,
    )  # fmt: skip
    assert "the provider's account has not" in found.why


async def test_what_is_older_or_just_happening_is_not_told(database: Settings, clients: Clients):
    _, name = await quoted(clients, database, await a_stay(), later(90))
    await sandbox(clients).pay(name, Way.SUCCEEDS, later(90))
    assert await differences(clients.payments, later(91), NOW) == []
    assert await differences(clients.payments, SINCE, later(104)) == []
    assert len(await differences(clients.payments, SINCE, later(105))) == 1


async def test_test_payments_are_not_looked_for_in_stripes_account(database: Settings, clients: Clients):
    class Another(PaymentSandbox):
        name = "another"

    await pay(clients, database, await a_stay(), later(90))
    assert await differences(Another(MemoryShelf()), SINCE, NOW) == []


async def test_the_books_are_never_changed(database: Settings, clients: Clients):
    await sandbox(clients).pay((await quoted(clients, database, await a_stay(), later(9)))[1], Way.SUCCEEDS, later(9))
    before = await ledger_rows.list_through(Account.CLEARING, SINCE - timedelta(days=400))
    assert len(await told(clients)) == 1
    assert await ledger_rows.list_through(Account.CLEARING, SINCE - timedelta(days=400)) == before
