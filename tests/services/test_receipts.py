"""Receipts: an id that leads to nothing else, a number without gaps, who takes the money; on both databases."""

import asyncio

import pytest
from builders import stand_ins
from paying import AT, SETTINGS, a_paid_lot, a_stay, handle_all, later, pay, quoted, send

from parkhub.clients import Clients
from parkhub.clients.mail import MemoryMailer
from parkhub.clients.payment_sandbox import Way
from parkhub.db.driver_vehicles import add_vehicle, list_stays
from parkhub.db.drivers import ensure_driver
from parkhub.db.engine import fetch, transaction
from parkhub.db.quotes import get_by_public_id
from parkhub.domain.drivers import ProvenBy
from parkhub.domain.receipts import Operator
from parkhub.domain.sessions import SessionState
from parkhub.errors import NotFoundError
from parkhub.services import checkouts, driver_vehicles, lot_rules, mail, payment_sandbox, receipts, refunds
from parkhub.services.checkouts import Checkout, start_checkout
from parkhub.services.receipts import Receipt
from parkhub.settings import Settings

USUAL = {"operator_name": "Harbour Parking Ltd", "operator_address": "1 Quay", "operator_tax_number": "GB 1"}


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def receipt_of(checkout: Checkout) -> Receipt:
    return await receipts.get_receipt(str((await checkouts.find_checkout(checkout.id)).receipt_id))


class CrashError(Exception):
    """The process ends in the middle of a booking."""


async def issue_and_crash(checkout: Checkout) -> None:
    async with transaction():
        await receipts.issue(SETTINGS, await get_by_public_id(checkout.id), later(90))
        raise CrashError


async def test_its_address_is_not_the_one_that_leads_to_the_stay(database: Settings, clients: Clients):
    checkout = await pay(clients, database, await a_stay(), later(90))
    found = await receipt_of(checkout)
    assert found.paid.public_id != checkout.id
    assert len(found.paid.public_id) * 6 >= 128
    with pytest.raises(NotFoundError):
        await receipts.get_receipt(checkout.id)
    with pytest.raises(NotFoundError):
        await checkouts.find_checkout(found.paid.public_id)


async def test_each_lot_counts_its_own_receipts_from_one(database: Settings, clients: Clients):
    one, other = await a_paid_lot(), await a_paid_lot()
    paid = [await pay(clients, database, await a_stay(lot, plate), later(90)) for lot, plate in
            ((one, "A1"), (other, "A2"), (one, "A3"))]  # fmt: skip
    numbers = [(await receipt_of(checkout)).number for checkout in paid]
    assert numbers == [f"{one.id}-000001", f"{other.id}-000001", f"{one.id}-000002"]


async def test_neither_repeats_nor_what_is_undone_nor_many_at_once_leave_a_gap(database: Settings, clients: Clients):
    lot = await a_paid_lot()
    first = await pay(clients, database, await a_stay(lot, "A0"), later(90))

    for plate in ("B1", "B2"):
        undone, _ = await quoted(clients, database, await a_stay(lot, plate), later(90))
        with pytest.raises(CrashError):
            await issue_and_crash(undone)
    names = []
    for number in range(1, 9):
        checkout, name = await quoted(clients, database, await a_stay(lot, f"A{number}"), later(90))
        (event,) = (await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, later(91))).now
        wrong = {
            **event,
            "id": f"evt_wrong{number}",
            "data": {"object": {**event["data"]["object"], "currency": "usd"}},
        }
        await send(clients, database, [wrong, event], later(91))
        names.append(checkout)
    await asyncio.gather(*(handle_all(clients, later(91)) for _ in range(4)))
    found = sorted([(await receipt_of(checkout)).paid.number for checkout in [first, *names]])
    assert found == list(range(1, 10))


async def test_who_gave_an_address_gets_the_receipt_once_and_a_letter_for_each_refund(
    database: Settings, clients: Clients
):
    session, mailer = await a_stay(), clients.mail
    assert isinstance(mailer, MemoryMailer)
    checkout = await start_checkout(clients, database, session.id, "kim@example.org", later(90), language="de")
    name = checkout.url.rpartition("/")[2]
    (event,) = (await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, later(91))).now
    await send(clients, database, [event, {**event, "id": "evt_again"}], later(91))
    await asyncio.gather(handle_all(clients, later(91)), handle_all(clients, later(91)))
    for minutes in (92, 93):
        await refunds.refund_payment(clients, database, checkout.id, 150, "Barrier was stuck", None, later(minutes))
    await mail.send_due(clients, lambda: later(94))
    found = await receipt_of(checkout)
    assert [(letter.to, letter.language) for letter in mailer.sent] == [("kim@example.org", "de")] * 3
    notes = [f"/credit-notes/{note.public_id}" for note in found.notes]
    for letter, link in zip(mailer.sent, [f"/receipts/{found.paid.public_id}", *notes], strict=True):
        assert f"{link}\n" in letter.text
        assert f'{link}"' in letter.html
        assert found.number in letter.text
        assert session.plate not in letter.text + letter.html + letter.subject
        assert checkout.id not in letter.text + letter.html
    assert ["4,00" in letter.text for letter in mailer.sent] == [True] * 3
    assert ["1,50" in letter.subject for letter in mailer.sent] == [False, True, True]


async def test_a_dispute_that_was_lost_brings_its_credit_note_once(database: Settings, clients: Clients):
    session, mailer, sandbox = await a_stay(), clients.mail, payment_sandbox.sandbox_of(clients)
    assert isinstance(mailer, MemoryMailer)
    checkout = await start_checkout(clients, database, session.id, "kim@example.org", later(90))
    (event,) = (await sandbox.pay(checkout.url.rpartition("/")[2], Way.SUCCEEDS, later(91))).now
    opened = await sandbox.dispute(event["data"]["object"]["payment_intent"], later(96))
    closed = await sandbox.decide_dispute(opened[0]["data"]["object"]["id"], later(97), won=False)
    for events in ([event], opened, closed, [{**closed[0], "id": "evt_again"}]):
        await send(clients, database, events, later(98))
        await handle_all(clients, later(98))
    await mail.send_due(clients, lambda: later(99))
    found = await receipt_of(checkout)
    ((note,), (_, letter)) = found.notes, mailer.sent
    assert letter.subject == f"Credit note {session.lot_id}-C000001, which corrects receipt {found.number}"
    assert f"/credit-notes/{note.public_id}\n" in letter.text
    assert f'/credit-notes/{note.public_id}"' in letter.html
    assert "Taken back by the bank after a dispute: €4.00\n" in letter.text
    assert session.plate not in letter.text + letter.html


@pytest.mark.parametrize("email", ["", "kim@@example.org"], ids=["none", "one that is none"])
async def test_without_an_address_nothing_is_written_and_the_payment_is_booked(
    database: Settings, clients: Clients, email: str
):
    checkout, name = await quoted(clients, database, await a_stay(), later(90))
    await fetch("UPDATE quote SET email = {}", email)
    paid = (await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, later(91))).now
    await send(clients, database, paid, later(91))
    await handle_all(clients, later(91))
    assert (await checkouts.find_checkout(checkout.id)).receipt_id is not None
    assert await mail.send_due(clients, lambda: later(94)) == 0


async def test_a_receipt_names_who_took_the_money_then(database: Settings, clients: Clients):
    lot, settings = await a_paid_lot(), SETTINGS.model_copy(update=USUAL)
    stored = []
    for plate, rules in (("A1", {}), ("A2", {"operator_name": "Quay GmbH"}), ("A3", {"operator_name": ""})):
        await lot_rules.set_rules(lot.id, rules, None, AT)
        checkout, _ = await quoted(clients, database, await a_stay(lot, plate), later(90))
        async with transaction():
            quote = await get_by_public_id(checkout.id)
            await receipts.issue(settings, quote, later(90))
        await fetch("UPDATE payment SET state = 'paid', paid_at = {} WHERE quote = {}", later(90), quote.id)
        stored.append(checkout)
    usual = Operator("Harbour Parking Ltd", "1 Quay", "GB 1")
    assert [(await receipt_of(each)).paid.operator for each in stored] == [usual, Operator("Quay GmbH"), usual]


async def test_who_adds_a_receipt_to_an_account_learns_neither_the_plate_nor_whether_the_car_is_there(
    database: Settings, clients: Clients
):
    session = await a_stay()
    checkout = await pay(clients, database, session, later(90))
    found = await receipt_of(checkout)
    somebody = await ensure_driver("lou@example.org", "en", later(91))
    assert await driver_vehicles.add_receipt(somebody, found.paid.public_id, later(91))
    (shown,) = await list_stays(somebody.id, None, 9)
    assert (shown.plate, shown.ticket, shown.state, shown.exited_at) == ("", "", SessionState.CLOSED, None)
    assert [line.receipt_id for line in shown.receipts] == [found.paid.public_id]
    await add_vehicle(somebody.id, session.plate, ProvenBy.TICKET, later(92))
    (shown,) = await list_stays(somebody.id, None, 9)
    assert (shown.plate, shown.state) == (session.plate, SessionState.OPEN)
