"""Bookings that are paid in advance, from the checkout to the books, and races around them, on both databases."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from builders import stand_ins
from paying import AT, TARIFF, a_paid_lot, handle_all, send

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import Way
from parkhub.clients.payments import Raw
from parkhub.db import booking_holds as hold_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import payments as payment_rows
from parkhub.db import quotes as quote_rows
from parkhub.db import receipts as receipt_rows
from parkhub.db.engine import transaction
from parkhub.db.sessions import lock_lot
from parkhub.domain.bookings import HOLD, Booking, BookingRules, BookingState, Paying, PaymentRule
from parkhub.domain.local_time import Span
from parkhub.domain.lots import Lot
from parkhub.domain.sessions import Ending
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import (
    billing,
    booking_changes,
    booking_checkouts,
    booking_refunds,
    booking_rules,
    booking_stays,
    bookings,
    desk_payments,
    payment_sandbox,
    receipts,
    refunds,
    session_corrections,
    session_spans,
    tariffs,
)
from parkhub.services.bookings import Wish
from parkhub.services.ledger import verify
from parkhub.settings import Settings

RULES = BookingRules(early_minutes=30, no_show_minutes=60, cancel_free_hours=24, cancel_fee_percent=50)
RESERVED, ARRIVED, DONE, CANCELLED, NO_SHOW, EXPIRED = BookingState
START, END = AT + timedelta(days=2), AT + timedelta(days=2, hours=4)
PRICE = 800

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


@pytest.fixture
async def lot(database: Settings) -> Lot:
    """A lot with two places at two euros an hour."""
    lot = await a_paid_lot()
    await booking_rules.set_rules(lot.id, RULES, 2, [], None, AT)
    return lot


async def reserve(
    clients: Clients, lot: Lot, plate: str = "AB123", paying: Paying = Paying.ADVANCE, **given: datetime
) -> Booking:
    start, end = given.get("start", START), given.get("end", END)
    wish = Wish(lot.id, plate, start, end, paying=paying, email=f"{plate.lower()}@example.org")
    return await bookings.book(clients, wish, None, AT)


async def ask(
    clients: Clients, settings: Settings, booking: Booking, at: datetime = AT, span: Span | None = None
) -> str:
    """Begin to pay; what the provider calls it."""
    checkout = await booking_checkouts.start_checkout(clients, settings, booking.id, at, span)
    return checkout.url.rpartition("/")[2]


async def pay(
    clients: Clients,
    settings: Settings,
    booking: Booking,
    at: datetime = AT,
    span: Span | None = None,
    told: datetime | None = None,
) -> None:
    name = await ask(clients, settings, booking, at, span)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, at)
    await tell(clients, settings, outcome.now, told or at)


async def tell(clients: Clients, settings: Settings, events: tuple[Raw, ...], at: datetime) -> None:
    await send(clients, settings, events, at)
    await handle_all(clients, at)


async def balances(lot: Lot) -> dict[str, int]:
    """What is not at zero, once the ledger has been found whole."""
    assert await verify(lot.id) == []
    return {account.value: cents for (_, account), cents in (await ledger_rows.get_balances(lot.id)).items() if cents}


async def now_of(booking: Booking) -> Booking:
    return await booking_rows.get_booking(booking.id)


async def enter(lot: Lot, at: datetime, plate: str = "AB123"):
    async with transaction():
        await lock_lot(lot.id)
        return await session_spans.open_session(lot.id, plate, None, at)


async def leave(session, at: datetime) -> None:
    async with transaction():
        await lock_lot(session.lot_id)
        await session_spans.close_session(session, at, Ending.EXIT, f"end:{session.id}", at)


async def test_what_is_paid_in_advance_is_a_liability(database, clients, lot):
    booking = await reserve(clients, lot)
    assert booking.hold_until == AT + HOLD
    await pay(clients, database, booking)
    assert await balances(lot) == {"clearing": PRICE, "prepaid": -PRICE}
    paid = await now_of(booking)
    assert (paid.state, paid.hold_until, paid.paying) == (RESERVED, None, Paying.ADVANCE)
    assert await booking_checkouts.expire_unpaid(clients, AT + timedelta(hours=1)) == 0


async def test_told_twice_it_is_paid_once(database, clients, lot):
    booking = await reserve(clients, lot)
    name = await ask(clients, database, booking)
    (event,) = (await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, AT)).now[-1:]
    for number in range(2):
        await tell(clients, database, ({**event, "id": f"evt_{number}"},), AT)
    assert (await balances(lot))["prepaid"] == -PRICE


async def test_the_stay_uses_what_was_paid_and_owes_only_what_goes_beyond(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    session = await enter(lot, START)
    assert await balances(lot) == {"clearing": PRICE, "credit": -PRICE}
    assert (await billing.get_bill(session.id, END)).due_cents == 0
    assert (await billing.get_bill(session.id, END + timedelta(minutes=61))).due_cents == 400
    await leave(session, END + timedelta(minutes=30))
    assert await balances(lot) == {"clearing": PRICE, "receivable": 200, "revenue": -840, "tax_payable": -160}


@pytest.mark.parametrize("paying", [Paying.ON_SITE, Paying.ADVANCE], ids=["on site", "held for its payment"])
async def test_what_a_stranger_reserves_for_a_plate_makes_its_stay_no_dearer(database, clients, lot, paying):
    booking = await reserve(clients, lot, paying=paying, start=AT, end=AT + timedelta(days=90))
    session = await enter(lot, AT + timedelta(minutes=5))
    assert session.booking_id == booking.id
    await leave(session, AT + timedelta(minutes=50))
    assert (await balances(lot))["receivable"] == 200


async def test_who_reserves_on_site_pays_for_the_stay_and_no_more_than_was_told(database, clients, lot):
    overstay = 'overstay: {rate: {type: per_started, minutes: 60, price: "9.00"}}\n'
    await tariffs.publish(lot.id, None, f"{TARIFF}{overstay}", START - timedelta(hours=1), None, AT)
    await reserve(clients, lot, paying=Paying.ON_SITE)
    session = await enter(lot, START)
    for hours, due in ((1, 200), (4, PRICE), (5, 1000)):
        assert (await billing.get_bill(session.id, START + timedelta(hours=hours))).due_cents == due


async def test_a_payment_that_arrives_after_the_car_binds_it_to_the_time_it_paid_for(database, clients, lot):
    booking = await reserve(clients, lot)
    name = await ask(clients, database, booking)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS_LATE, AT)
    await tell(clients, database, outcome.now, AT)
    session = await enter(lot, START)
    await tell(clients, database, outcome.late, START + timedelta(minutes=30))
    await leave(session, START + timedelta(hours=1))
    assert await balances(lot) == {"clearing": PRICE, "revenue": -672, "tax_payable": -128}


async def test_a_tariff_that_rises_meanwhile_does_not_change_what_was_paid_for(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    dearer = 'currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: "9.00"}}]\n'
    await tariffs.publish(lot.id, None, dearer, START - timedelta(hours=1), None, AT)
    session = await enter(lot, START)
    assert (await billing.get_bill(session.id, END)).due_cents == 0


@pytest.mark.parametrize(
    ("before", "fee", "left"),
    [(timedelta(days=1), 0, {}), (timedelta(hours=1), 400, {"clearing": 400, "revenue": -336, "tax_payable": -64})],
    ids=["in time", "late"],
)
async def test_cancelling_gives_back_what_it_does_not_cost_and_its_fee_is_revenue_with_tax(
    database, clients, lot, before, fee, left
):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    ended = await bookings.cancel(clients, database, booking.id, None, START - before)
    assert (ended.state, ended.fee_cents) == (CANCELLED, fee)
    assert await balances(lot) == left
    (payment,) = await payment_rows.list_of_booking(booking.id)
    assert payment.refunded_cents == PRICE - fee
    await booking_refunds.give_back_overpaid(clients, database, START)
    await bookings.cancel(clients, database, booking.id, None, START)
    assert await balances(lot) == left


async def test_what_was_given_back_of_a_booking_and_came_back_is_held_again_and_not_sent_in_circles(
    database, clients, lot
):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    await bookings.cancel(clients, database, booking.id, None, START - timedelta(hours=30))
    sandbox = payment_sandbox.sandbox_of(clients)
    (source,) = [each.source async for each in sandbox.balance_transactions() if each.kind == "refund"]
    await tell(clients, database, await sandbox.fail_refund(source, AT), AT)
    assert await balances(lot) == {"clearing": PRICE, "prepaid": -PRICE}
    for _ in range(2):
        await booking_refunds.give_back_overpaid(clients, database, AT)
    assert len([each async for each in sandbox.balance_transactions() if each.kind == "refund"]) == 1
    quote = await quote_rows.get_quote((await payment_rows.list_of_booking(booking.id))[0].quote_id)
    await refunds.refund_payment(clients, database, quote.public_id, None, "another card", None, AT)
    assert await balances(lot) == {}


async def test_what_could_not_be_given_back_at_once_is_later(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    async with transaction():  # as a process does that is killed right after
        held = await booking_rows.get_booking(booking.id)
        await lock_lot(lot.id)
        await bookings.end(held, CANCELLED, 0, None, AT)
    assert (await balances(lot))["prepaid"] == -PRICE
    await asyncio.gather(*(booking_refunds.give_back_overpaid(clients, database, AT) for _ in range(3)))
    assert await balances(lot) == {}


async def test_who_does_not_come_has_the_rest_back_and_who_comes_after_all_has_the_fee_back(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    late = START + timedelta(hours=1)
    assert await booking_stays.release_no_shows(clients, database, late) == 1
    assert await balances(lot) == {"clearing": 400, "revenue": -336, "tax_payable": -64}
    session = await enter(lot, START + timedelta(minutes=50))  # its picture came late
    assert (session.booking_id, (await now_of(booking)).state) == (booking.id, ARRIVED)
    assert await balances(lot) == {"clearing": 400, "credit": -400}
    assert (await billing.get_bill(session.id, END)).due_cents == 400


async def test_who_never_paid_for_a_place_that_was_held_owes_nothing_for_not_coming(database, clients, lot):
    await booking_rules.set_rules(lot.id, replace(RULES, no_show_minutes=5), 2, [], None, AT)
    booking = await reserve(clients, lot, start=AT, end=AT + timedelta(hours=2))
    late = AT + timedelta(minutes=10)
    assert await booking_stays.release_no_shows(clients, database, late) == 0
    assert await booking_checkouts.expire_unpaid(clients, AT + HOLD) == 1
    assert ((await now_of(booking)).state, await balances(lot)) == (EXPIRED, {})


async def test_who_does_not_come_while_a_bank_has_the_payment_in_hand_pays_the_fee_of_it(database, clients, lot):
    booking = await reserve(clients, lot)
    name = await ask(clients, database, booking)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS_LATE, AT)
    await tell(clients, database, outcome.now, AT)
    assert await booking_stays.release_no_shows(clients, database, START + timedelta(hours=1)) == 1
    await tell(clients, database, outcome.late, END)
    assert await balances(lot) == {"clearing": 400, "revenue": -336, "tax_payable": -64}


async def test_a_fee_of_who_has_not_paid_is_owed_and_can_be_paid(database, clients, lot):
    booking = await reserve(clients, lot, paying=Paying.ON_SITE)
    await bookings.cancel(clients, database, booking.id, None, START - timedelta(hours=1))
    assert await balances(lot) == {"receivable": 400, "revenue": -336, "tax_payable": -64}
    await pay(clients, database, booking, START)
    assert await balances(lot) == {"clearing": 400, "revenue": -336, "tax_payable": -64}
    with pytest.raises(InvalidInputError, match="nothing to pay"):
        await ask(clients, database, booking, START)


async def test_a_booking_that_is_not_paid_in_time_is_let_go_and_its_page_ends(database, clients, lot):
    booking = await reserve(clients, lot)
    name = await ask(clients, database, booking)
    assert await booking_checkouts.expire_unpaid(clients, AT + HOLD - timedelta(seconds=1)) == 0
    assert await booking_checkouts.expire_unpaid(clients, AT + HOLD) == 1
    assert (await now_of(booking)).state is EXPIRED
    with pytest.raises(ConflictError):
        await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, AT + HOLD)
    assert await balances(lot) == {}


async def test_a_payment_in_the_last_moment_keeps_the_place_until_it_is_told(database, clients, lot):
    booking = await reserve(clients, lot)
    name = await ask(clients, database, booking)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, AT + HOLD)
    assert await booking_checkouts.expire_unpaid(clients, AT + HOLD) == 0
    await tell(clients, database, outcome.now, AT + HOLD + timedelta(seconds=5))
    assert ((await now_of(booking)).state, (await now_of(booking)).hold_until) == (RESERVED, None)


@pytest.mark.parametrize("taken", [False, True], ids=["a place is free", "all are taken"])
async def test_a_payment_told_after_the_hold_is_honoured_while_a_place_is_free_else_given_back(
    database, clients, lot, taken
):
    booking = await reserve(clients, lot)
    name = await ask(clients, database, booking)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, AT)
    late = AT + timedelta(hours=2)  # the provider was silent for longer than its page lived
    assert await booking_checkouts.expire_unpaid(clients, late) == 1
    if taken:
        for plate in ("CD1", "CD2"):
            await bookings.book(clients, Wish(lot.id, plate, START, END), None, late)
    await tell(clients, database, outcome.now, late)
    found = await now_of(booking)
    assert found.state is (EXPIRED if taken else RESERVED)
    assert await balances(lot) == ({} if taken else {"clearing": PRICE, "prepaid": -PRICE})


async def test_who_cancels_while_paying_has_it_all_back(database, clients, lot):
    booking = await reserve(clients, lot)
    name = await ask(clients, database, booking)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, AT)
    await asyncio.gather(
        bookings.cancel(clients, database, booking.id, None, AT), tell(clients, database, outcome.now, AT)
    )
    await booking_refunds.give_back_overpaid(clients, database, AT)
    assert (await now_of(booking)).state is CANCELLED
    assert await balances(lot) == {}


async def test_two_who_take_the_last_place_at_once_are_one(database, clients, lot):
    await reserve(clients, lot, "FIRST1")

    async def one(plate: str) -> bool:
        try:
            await reserve(clients, lot, plate)
        except ConflictError:
            return False
        return True

    assert sorted(await asyncio.gather(*(one(f"AB{number}") for number in range(4)))) == [False] * 3 + [True]


async def test_a_bank_that_takes_days_keeps_the_place(database, clients, lot):
    booking = await reserve(clients, lot)
    name = await ask(clients, database, booking)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS_LATE, AT)
    await tell(clients, database, outcome.now, AT)
    later = AT + timedelta(hours=20)
    assert await booking_checkouts.expire_unpaid(clients, later) == 0
    await tell(clients, database, outcome.late, later)
    assert ((await now_of(booking)).hold_until, await balances(lot)) == (None, {"clearing": PRICE, "prepaid": -PRICE})


async def test_a_dearer_time_is_paid_first_and_had_then(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    longer = Span(START, END + timedelta(hours=1))
    with pytest.raises(booking_changes.PayFirstError):
        await booking_changes.change(clients, database, booking.id, "AB123", longer, AT)
    assert (await now_of(booking)).span == booking.span
    await pay(clients, database, booking, span=longer)
    changed = await now_of(booking)
    assert (changed.span, changed.price_cents, changed.changes) == (longer, 1000, 1)
    assert await balances(lot) == {"clearing": 1000, "prepaid": -1000}


async def test_a_dearer_time_that_is_taken_while_it_is_paid_goes_back_and_the_old_one_stays(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    longer = Span(START, END + timedelta(hours=1))
    name = await ask(clients, database, booking, span=longer)
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, Way.SUCCEEDS, AT)
    for plate in ("CD1", "CD2"):
        await bookings.book(clients, Wish(lot.id, plate, END, END + timedelta(hours=2)), None, AT)
    await tell(clients, database, outcome.now, AT)
    assert (await now_of(booking)).span == booking.span
    assert await balances(lot) == {"clearing": PRICE, "prepaid": -PRICE}


@pytest.mark.parametrize("way", [Way.SUCCEEDS, Way.SUCCEEDS_LATE], ids=["told late", "a bank that takes days"])
async def test_what_was_paid_for_a_time_goes_back_when_its_driver_has_chosen_another_since(database, clients, lot, way):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    name = await ask(clients, database, booking, span=Span(START, END + timedelta(hours=2)))
    outcome = await payment_sandbox.sandbox_of(clients).pay(name, way, AT)
    if outcome.late:
        await tell(clients, database, outcome.now, AT)
    shorter = Span(START, END - timedelta(hours=1))
    later = AT + timedelta(minutes=1)
    await booking_changes.change(clients, database, booking.id, "AB123", shorter, later)
    await tell(clients, database, outcome.late or outcome.now, later + timedelta(minutes=1))
    assert ((await now_of(booking)).span, (await now_of(booking)).price_cents) == (shorter, 600)
    assert await balances(lot) == {"clearing": 600, "prepaid": -600}


async def test_a_cheaper_time_gives_back_the_difference(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    shorter = Span(START, END - timedelta(hours=1))
    changed = await booking_changes.change(clients, database, booking.id, "CD456", shorter, AT)
    assert (changed.plate, changed.span, changed.price_cents) == ("CD456", shorter, 600)
    assert await balances(lot) == {"clearing": 600, "prepaid": -600}


async def test_when_cancelling_costs_the_beginning_stays_and_the_end_comes_no_earlier(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    late = START - timedelta(hours=2)
    for span in (Span(START + timedelta(days=9), END + timedelta(days=9)), Span(START, END - timedelta(hours=1))):
        with pytest.raises(InvalidInputError, match="too late"):
            await booking_changes.change(clients, database, booking.id, "AB123", span, late)
    await booking_changes.change(clients, database, booking.id, "CD456", booking.span, late)
    await pay(clients, database, await now_of(booking), late, Span(START, END + timedelta(hours=1)))
    assert (await now_of(booking)).span.end == END + timedelta(hours=1)


async def test_a_session_that_never_was_gives_the_money_back_to_its_booking(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    session = await enter(lot, START)
    await session_corrections.cancel(clients, session.id, "a misread plate", None, START)
    assert (await now_of(booking)).state is RESERVED
    assert await balances(lot) == {"clearing": PRICE, "prepaid": -PRICE}
    again = await enter(lot, START + timedelta(minutes=5))
    await leave(again, END)
    assert await balances(lot) == {"clearing": PRICE, "revenue": -672, "tax_payable": -128}


@pytest.mark.parametrize("used", [False, True], ids=["before", "after"])
async def test_a_lost_dispute_leaves_no_liability_whether_the_stay_was_before_or_after(database, clients, lot, used):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    if used:
        await leave(await enter(lot, START), END)
    async with transaction():
        await lock_lot(lot.id)
        (payment,) = await payment_rows.list_of_booking(booking.id)
        quote = await quote_rows.get_quote(payment.quote_id)
        await booking_checkouts.dispute(quote, PRICE, False, "dispute", END)
        await booking_checkouts.dispute(quote, PRICE, False, "dispute", END)
    left = await balances(lot)
    assert sum(left.get(name, 0) for name in ("prepaid", "credit", "receivable", "disputed", "clearing")) == 0
    assert left == ({"revenue": -672, "write_off": 672} if used else {})


async def test_what_a_bank_has_taken_back_is_not_given_back_until_it_decides(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    (payment,) = await payment_rows.list_of_booking(booking.id)
    quote = await quote_rows.get_quote(payment.quote_id)

    async def told(won: bool | None) -> None:
        async with transaction():
            await lock_lot(lot.id)
            await booking_checkouts.dispute(quote, PRICE, won, "dispute", AT)

    await told(None)
    await bookings.cancel(clients, database, booking.id, None, AT)
    assert await hold_rows.list_overpaid(AT - timedelta(days=1), 9) == []
    assert await booking_refunds.give_back(clients, database, booking.id, AT) == 0
    await told(True)
    await booking_refunds.give_back_overpaid(clients, database, AT)
    assert await balances(lot) == {}


async def test_reservations_on_site_leave_half_of_the_places_and_three_an_address(database, clients, lot):
    await booking_rules.set_rules(lot.id, RULES, 8, [], None, AT)
    wish = Wish(lot.id, "AB1", START, END, paying=Paying.ON_SITE, email="kim@example.org")
    for number in range(3):
        await bookings.book(clients, replace(wish, plate=f"AB{number}"), None, AT)
    with pytest.raises(ConflictError, match="several reservations"):
        await bookings.book(clients, replace(wish, plate="AB9"), None, AT)
    await bookings.book(clients, replace(wish, plate="CD1", email="lou@example.org"), None, AT)
    with pytest.raises(ConflictError, match="without paying in advance"):
        await bookings.book(clients, replace(wish, plate="CD2", email="sam@example.org"), None, AT)
    assert (await reserve(clients, lot, "CD3")).state is RESERVED
    assert (await bookings.book(clients, Wish(lot.id, "CD4", START, END), None, AT)).state is RESERVED


async def test_who_pays_on_site_cannot_move_to_a_time_at_which_he_could_not_have_reserved(database, clients, lot):
    await reserve(clients, lot, "AB1", Paying.ON_SITE)
    moved = await reserve(clients, lot, "CD1", Paying.ON_SITE, start=END, end=END + timedelta(hours=2))
    with pytest.raises(ConflictError, match="without paying in advance"):
        await booking_changes.change(clients, database, moved.id, "CD1", Span(START, END), AT)
    longer = Span(END, END + timedelta(hours=3))
    assert (await booking_changes.change(clients, database, moved.id, "CD2", longer, AT)).span == longer


async def test_the_lot_says_how_bookings_are_paid(database, clients, lot):
    await booking_rules.set_rules(lot.id, replace(RULES, payment=PaymentRule.ADVANCE), 2, [], None, AT)
    with pytest.raises(InvalidInputError, match="not paid that way"):
        await reserve(clients, lot, paying=Paying.ON_SITE)


async def test_staff_give_back_what_a_stay_has_used_by_the_books_of_the_stay(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    await leave(await enter(lot, START), END)
    (payment,) = await payment_rows.list_of_booking(booking.id)
    quote = await quote_rows.get_quote(payment.quote_id)
    await refunds.refund_payment(clients, database, quote.public_id, 300, "the barrier did not open", None, END)
    assert await balances(lot) == {"clearing": 500, "revenue": -672, "refunds": 252, "tax_payable": -80}


async def test_cash_that_is_given_back_for_such_a_stay_corrects_the_bookings_receipt(database, clients, lot):
    booking = await reserve(clients, lot)
    await pay(clients, database, booking)
    session = await enter(lot, START)
    await leave(session, END)
    await desk_payments.give_back(session.id, 300, "the barrier did not open", "staff:back", None, END)
    (payment,) = await payment_rows.list_of_booking(booking.id)
    receipt = await receipts.get_receipt(await receipt_rows.find_of_quote(payment.quote_id) or "")
    assert [(note.amount_cents, note.tax_cents) for note in receipt.notes] == [(300, 48)]
