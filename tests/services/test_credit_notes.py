"""Credit notes: each movement back corrects its receipt once, by a number without gaps; on both databases."""

import pytest
from builders import save_account, stand_ins
from paying import SETTINGS, a_paid_lot, a_stay, handle_all, later, pay, send

from parkhub.clients import Clients
from parkhub.clients.payments import Raw, RefundOrder
from parkhub.db import payments as payment_rows
from parkhub.db import receipts as receipt_rows
from parkhub.db.credit_notes import CreditNote
from parkhub.db.ledger import get_books
from parkhub.db.quotes import get_by_public_id
from parkhub.db.receipt_book import BookSum, list_entries, list_latest, sum_entries
from parkhub.domain.ledger import Account
from parkhub.domain.sessions import ParkingSession
from parkhub.errors import ConflictError
from parkhub.services import desk_payments, payment_sandbox, receipts, refunds
from parkhub.services.credit_notes import get_correction
from parkhub.services.desk_payments import Tender
from parkhub.services.receipts import Receipt
from parkhub.settings import Settings

WHY = "The barrier did not open"


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def receipts_of(session: ParkingSession) -> list[Receipt]:
    return [await receipts.get_receipt(each) for each in reversed(await receipt_rows.list_of_session(session.id))]


async def notes_of(session: ParkingSession) -> list[tuple[int, str, int, int]]:
    return [(n.number, n.why, n.amount_cents, n.tax_cents) for each in await receipts_of(session) for n in each.notes]


async def intent_of(session: ParkingSession) -> str:
    return (await payment_rows.list_of_session(session.id))[0].intent


async def test_parts_that_are_given_back_have_together_the_tax_of_the_receipt(database: Settings, clients: Clients):
    session = await a_stay()
    checkout = await pay(clients, database, session, later(90))
    for cents, at in ((133, 95), (133, 96), (None, 97)):
        await refunds.refund_payment(clients, database, checkout.id, cents, WHY, None, later(at))
    (receipt,) = await receipts_of(session)
    assert [(note.number, note.amount_cents) for note in receipt.notes] == [(1, 133), (2, 133), (3, 134)]
    assert sum(note.tax_cents for note in receipt.notes) == receipt.tax_cents == 64
    assert (await get_correction(receipt.notes[0].public_id)).number == f"{session.lot_id}-C000001"


async def test_events_told_twice_and_in_the_wrong_order_issue_each_note_once(database: Settings, clients: Clients):
    session = await a_stay()
    await pay(clients, database, session, later(90))
    sandbox, intent = payment_sandbox.sandbox_of(clients), await intent_of(session)
    told: list[list[Raw]] = []
    for number, cents in enumerate((100, 50)):
        _, events = await sandbox.refund_told(RefundOrder(f"r{number}", intent, cents, "EUR", later(95 + number)))
        told.append(list(events))
    for events in (told[1], told[0], told[1], told[0]):
        await send(clients, database, events, later(98))
        await handle_all(clients, later(98))
    assert await notes_of(session) == [(1, "refund", 150, 24)]


@pytest.mark.parametrize(("won", "expected"), [(True, []), (False, [(1, "dispute", 400, 64)])])
async def test_only_a_dispute_that_was_lost_corrects_the_receipt(
    database: Settings, clients: Clients, won: bool, expected: list[tuple[int, str, int, int]]
):
    session = await a_stay()
    await pay(clients, database, session, later(90))
    sandbox = payment_sandbox.sandbox_of(clients)
    opened = await sandbox.dispute(await intent_of(session), later(96))
    closed = await sandbox.decide_dispute(opened[0]["data"]["object"]["id"], later(97), won=won)
    for events in (closed, opened, closed):
        await send(clients, database, events, later(98))
        await handle_all(clients, later(98))
    assert await notes_of(session) == expected


async def test_a_receipt_is_corrected_by_no_more_than_it_tells(database: Settings, clients: Clients):
    session = await a_stay()
    checkout = await pay(clients, database, session, later(90))
    await desk_payments.give_back(session.id, 300, WHY, "staff:cash-back", None, later(95))
    quote = await get_by_public_id(checkout.id)
    await refunds.book(SETTINGS, await payment_rows.get_of_quote(quote.id), quote, 400, later(96))
    assert [amount for _, _, amount, _ in await notes_of(session)] == [300, 100]


async def test_staff_give_a_receipt_for_what_they_take_once(database: Settings):
    session, account = await a_stay(), await save_account()
    given = [
        await desk_payments.take(SETTINGS, session.id, 400, Tender.TERMINAL, "staff:desk-1", later(90), account.id)
        for _ in range(2)
    ]
    assert given[0][1] == given[1][1]
    (receipt,) = await receipts_of(session)
    assert receipt.number == f"{session.lot_id}-000001"
    assert (receipt.paid.paid_cents, receipt.tax_cents, receipt.before_cents) == (400, 64, 0)
    assert (await get_books(session.id))[Account.CASH] == 400
    assert await payment_rows.list_of_session(session.id) == []


async def test_a_part_and_too_much_say_only_what_was_taken(database: Settings):
    session = await a_stay()
    for number, cents in enumerate((150, 500)):
        await desk_payments.take(
            SETTINGS, session.id, cents, Tender.CASH, f"staff:desk-{number}", later(90), None, confirmed=True
        )
    found = await receipts_of(session)
    assert [(each.paid.paid_cents, each.before_cents, each.tax_cents) for each in found] == [(150, 0, 24), (500, 0, 80)]


async def test_cash_that_is_given_back_corrects_the_last_receipts_first(database: Settings):
    session = await a_stay()
    for number, cents in enumerate((150, 250)):
        await desk_payments.take(SETTINGS, session.id, cents, Tender.CASH, f"staff:d{number}", later(90), None)
    for _ in range(2):
        await desk_payments.give_back(session.id, 300, WHY, "staff:back-1", None, later(95))
    first, last = await receipts_of(session)
    assert [note.amount_cents for note in last.notes] == [250]
    assert [note.amount_cents for note in first.notes] == [50]
    assert (first.paid.refunded_cents, last.paid.refunded_cents) == (50, 250)


async def test_cash_that_is_given_back_corrects_cash_before_what_the_provider_took(
    database: Settings, clients: Clients
):
    session = await a_stay()
    await desk_payments.take(SETTINGS, session.id, 150, Tender.CASH, "staff:cash", later(90), None)
    checkout = await pay(clients, database, session, later(91))
    await desk_payments.give_back(session.id, 150, WHY, "staff:cash-back", None, later(95))
    await refunds.refund_payment(clients, database, checkout.id, None, WHY, None, later(96))
    found = await receipts_of(session)
    assert [[note.amount_cents for note in receipt.notes] for receipt in found] == [[150], [250]]
    assert [sum(note.tax_cents for note in each.notes) for each in found] == [each.tax_cents for each in found]


async def test_a_payment_that_is_refused_takes_no_number(database: Settings):
    session = await a_stay()
    with pytest.raises(ConflictError, match="far more"):
        await desk_payments.take(SETTINGS, session.id, 5000, Tender.CASH, "staff:desk-1", later(90), None)
    await desk_payments.take(SETTINGS, session.id, 400, Tender.CASH, "staff:desk-2", later(90), None)
    (receipt,) = await receipts_of(session)
    assert receipt.paid.number == 1


async def test_the_book_has_all_receipts_and_notes_of_its_lot_and_time(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    session = await a_stay(lot)
    checkout = await pay(clients, database, session, later(90))
    await refunds.refund_payment(clients, database, checkout.id, 100, WHY, None, later(95))
    await pay(clients, database, await a_stay(), later(90))
    found = await list_entries(lot.id, later(0), later(200))
    assert [(each.number, each.amount_cents, each.way, each.corrects) for each in found] == [
        (1, 400, "sandbox", None),
        (1, -100, "refund", 1),
    ]
    assert await list_entries(lot.id, later(96), later(200)) == []
    assert await list_latest(lot.id, later(0), later(200), 9) == found[::-1]
    assert await list_latest(lot.id, later(0), later(200), 1) == found[1:]
    assert await sum_entries(lot.id, later(0), later(200)) == BookSum(1, 400, 1, -100)
    assert await sum_entries(lot.id, later(96), later(200)) == BookSum(0, 0, 0, 0)


async def test_two_lots_count_their_notes_apart(database: Settings, clients: Clients):
    numbers: list[CreditNote] = []
    for _ in range(2):
        session = await a_stay()
        checkout = await pay(clients, database, session, later(90))
        await refunds.refund_payment(clients, database, checkout.id, 100, WHY, None, later(95))
        numbers += [note for each in await receipts_of(session) for note in each.notes]
    assert [note.number for note in numbers] == [1, 1]
