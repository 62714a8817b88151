"""A stay becomes a quote, and the quote a page where it can be paid, on both databases."""

import asyncio
from datetime import timedelta

import pytest
from builders import stand_ins
from paying import AT, a_paid_lot, a_stay, handle_all, later, pay, quoted, send

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import Way
from parkhub.db import payments as payment_rows
from parkhub.db.sessions import get_session
from parkhub.domain.payments import PaymentState
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import checkouts, payment_sandbox, receipts
from parkhub.settings import Settings


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def test_a_checkout_asks_for_what_is_due_and_says_where_to_come_back(database: Settings, clients: Clients):
    session = await a_stay()
    checkout, name = await quoted(clients, database, session, later(90), "kim@example.org")
    assert (checkout.amount_cents, checkout.currency) == (400, "EUR")
    asked = await payment_sandbox.get_checkout(clients, name)
    assert (asked["amount_total"], asked["currency"], asked["customer_email"]) == (400, "eur", "kim@example.org")
    assert asked["client_reference_id"] == checkout.id
    assert asked["success_url"] == f"http://127.0.0.1:8000/pay/checkouts/{checkout.id}"
    assert asked["expires_at"] - later(90).timestamp() > 30 * 60
    assert "AB123" not in str(asked)
    found = await checkouts.find_checkout(checkout.id)
    assert (found.state, found.session_id, found.leave_by, found.receipt_id) == ("open", session.id, None, None)


async def test_the_same_price_gives_the_same_checkout_again(database: Settings, clients: Clients):
    session = await a_stay()
    first, _ = await quoted(clients, database, session, later(61))
    again, _ = await quoted(clients, database, session, later(80))
    assert again == first


async def test_asked_for_many_times_at_once_it_is_one_checkout(database: Settings, clients: Clients):
    session = await a_stay()
    asked = await asyncio.gather(*(quoted(clients, database, session, later(10)) for _ in range(8)))
    assert len({checkout for checkout, _ in asked}) == 1
    assert len(await payment_rows.list_of_session(session.id)) == 1


async def test_a_higher_price_gives_another_checkout_and_ends_the_first(database: Settings, clients: Clients):
    session = await a_stay()
    first, name = await quoted(clients, database, session, later(58))
    second, _ = await quoted(clients, database, session, later(61))
    assert (first.amount_cents, second.amount_cents) == (200, 400)
    assert (await checkouts.find_checkout(first.id)).state is PaymentState.EXPIRED
    with pytest.raises(ConflictError):
        await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, later(61))


async def test_another_email_gives_another_checkout_because_the_first_was_asked_for_with_the_first(
    database: Settings, clients: Clients
):
    session = await a_stay()
    first, _ = await quoted(clients, database, session, later(10), "kim@example.org")
    second, _ = await quoted(clients, database, session, later(10), "lou@example.org")
    assert second.id != first.id


async def test_a_checkout_that_is_nearly_over_is_not_shown_again(database: Settings, clients: Clients):
    session = await a_stay()
    first, _ = await quoted(clients, database, session, later(1))
    second, _ = await quoted(clients, database, session, first.expires_at - timedelta(minutes=4))
    assert second.id != first.id


async def test_nothing_due_is_nothing_to_pay(database: Settings, clients: Clients):
    session = await a_stay()
    await pay(clients, database, session, later(30))
    with pytest.raises(InvalidInputError, match="nothing to pay"):
        await checkouts.start_checkout(clients, database, session.id, "", later(31))


async def test_while_a_payment_is_on_its_way_there_is_no_second(database: Settings, clients: Clients):
    session = await a_stay()
    await pay(clients, database, session, later(30), Way.FAILS_LATE)
    with pytest.raises(ConflictError, match="on its way"):
        await checkouts.start_checkout(clients, database, session.id, "", later(31))


@pytest.mark.parametrize(
    "email", ["kim", "kim@", "@example.org", "kim@example", "k\n@example.org", f"{'k' * 250}@x.org"]
)
async def test_what_is_no_email_address_is_refused(sqlite_open: Settings, clients: Clients, email: str):
    session = await a_stay()
    with pytest.raises(InvalidInputError, match="no e-mail address"):
        await checkouts.start_checkout(clients, sqlite_open, session.id, email, later(1))


async def test_the_receipt_has_the_quotes_lines_once_it_is_paid(database: Settings, clients: Clients):
    session = await a_stay()
    checkout, _ = await quoted(clients, database, session, later(90))
    with pytest.raises(NotFoundError):
        await receipts.get_receipt(checkout.id)
    await pay(clients, database, session, later(90))
    found = await checkouts.find_checkout(checkout.id)
    assert found.receipt_id not in (None, checkout.id)
    receipt = (await receipts.get_receipt(str(found.receipt_id))).paid
    assert (receipt.net, receipt.tax, receipt.gross, receipt.tax_percent) == (336, 64, 400, 19)
    assert [line.text for line in receipt.lines] == ["2 h at 2.00"]
    assert (receipt.span.start, receipt.span.end, receipt.paid_at) == (AT, later(90), later(90))
    assert (receipt.lot_id, receipt.paid_cents) == (session.lot_id, 400)


async def test_who_pays_slowly_pays_what_was_shown_and_has_the_time_to_leave_from_when_it_would_have_risen(
    database: Settings, clients: Clients
):
    session = await a_stay()
    checkout, name = await quoted(clients, database, session, later(58))
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, later(63))
    await send(clients, database, outcome.now, later(63))
    await handle_all(clients, later(63))
    state = await checkouts.find_checkout(checkout.id)
    assert state.state is PaymentState.PAID
    assert state.leave_by is not None
    assert later(74.9) < state.leave_by <= later(75)


async def test_what_stripe_cannot_take_is_said_before_anything_is_asked(database: Settings, clients: Clients):
    lot = await a_paid_lot('currency: KWD\nbands: [{rate: {type: per_started, minutes: 60, price: "1.005"}}]\n')
    session = await a_stay(lot)
    with pytest.raises(InvalidInputError, match=r"1\.005 KWD cannot be paid by card"):
        await checkouts.start_checkout(clients, database, session.id, "", later(1))


async def test_a_checkout_of_which_nobody_tells_expires_and_counts_all_the_same_when_it_was_paid(
    database: Settings, clients: Clients
):
    session = await a_stay()
    checkout, name = await quoted(clients, database, session, later(10))
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, later(11))
    assert await checkouts.expire_untold(later(200)) == 1
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.EXPIRED
    await send(clients, database, outcome.now, later(201))
    await handle_all(clients, later(201))
    assert (await checkouts.find_checkout(checkout.id)).state is PaymentState.PAID
    assert (await payment_rows.list_of_session(session.id))[0].paid_at == later(11)
    assert (await get_session(session.id)).leave_by == later(26)
