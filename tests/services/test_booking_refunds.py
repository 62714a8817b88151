"""What was given back of a booking comes back: it waits for a person, who asks again; on both databases."""

from datetime import datetime, timedelta

import pytest
from builders import save_account, stand_ins
from paying import AT, a_paid_lot, handle_all, send

from parkhub.clients import Clients
from parkhub.clients.payment_sandbox import Way
from parkhub.db import booking_holds as hold_rows
from parkhub.db import bookings as booking_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import refunds as refund_rows
from parkhub.db.engine import transaction
from parkhub.domain.bookings import Booking, BookingRules, BookingState, Paying
from parkhub.domain.local_time import Span
from parkhub.domain.lots import Lot
from parkhub.errors import ConflictError, NotFoundError
from parkhub.services import (
    booking_changes,
    booking_checkouts,
    booking_money,
    booking_refunds,
    booking_rules,
    booking_stays,
    bookings,
    payment_sandbox,
)
from parkhub.services.bookings import Wish
from parkhub.services.ledger import verify
from parkhub.settings import Settings

START, END = AT + timedelta(days=2), AT + timedelta(days=2, hours=4)
RULES = BookingRules(no_show_minutes=60, cancel_free_hours=24, cancel_fee_percent=50)
PRICE = 800
LATER = START + timedelta(hours=2)

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


async def paid(clients: Clients, settings: Settings, lot: Lot) -> Booking:
    """A booking that was paid in advance."""
    wish = Wish(lot.id, "AB123", START, END, paying=Paying.ADVANCE, email="kim@example.org")
    booking = await bookings.book(clients, wish, None, AT)
    checkout = await booking_checkouts.start_checkout(clients, settings, booking.id, AT, None)
    outcome = await payment_sandbox.sandbox_of(clients).pay(checkout.url.rpartition("/")[2], Way.SUCCEEDS, AT)
    await send(clients, settings, outcome.now, AT)
    await handle_all(clients, AT)
    return await booking_rows.get_booking(booking.id)


async def come_back(clients: Clients, settings: Settings, at: datetime) -> None:
    """The driver's bank does not take the last refund that was made."""
    sandbox = payment_sandbox.sandbox_of(clients)
    made = [each async for each in sandbox.balance_transactions() if each.kind == "refund"]
    await send(clients, settings, await sandbox.fail_refund(made[-1].source, at), at)
    await handle_all(clients, at)


async def give_back_often(clients: Clients, settings: Settings, booking: Booking) -> None:
    """As upkeep does, and as whatever changes a booking does."""
    for minutes in range(3):
        await booking_refunds.give_back_overpaid(clients, settings, LATER + timedelta(minutes=minutes))
    await booking_refunds.give_back(clients, settings, booking.id, LATER)


async def ask_again(clients: Clients, settings: Settings, booking: Booking, at: datetime = LATER) -> None:
    """A person asks for the one that waits."""
    (waits,) = await refund_rows.list_refused_of_booking(booking.id)
    await booking_refunds.retry(clients, settings, booking.id, waits.public_id, (await save_account()).id, at)


async def balances(lot: Lot) -> dict[str, int]:
    assert await verify(lot.id) == []
    return {account.value: cents for (_, account), cents in (await ledger_rows.get_balances(lot.id)).items() if cents}


@pytest.mark.parametrize(
    ("state", "back", "left"),
    [
        (BookingState.CANCELLED, PRICE, {}),
        (BookingState.NO_SHOW, 400, {"clearing": 400, "revenue": -336, "tax_payable": -64}),
    ],
    ids=["cancelled", "not used"],
)
async def test_what_comes_back_waits_for_a_person_and_is_given_back_however_often_it_comes_back(
    database, clients, lot, state, back, left
):
    booking = await paid(clients, database, lot)
    if state is BookingState.CANCELLED:
        await bookings.cancel(clients, database, booking.id, None, AT)
    else:
        assert await booking_stays.release_no_shows(clients, database, START + timedelta(hours=1)) == 1
    for number in range(2):
        await come_back(clients, database, LATER + timedelta(hours=number))
        assert await refund_rows.list_bookings_refused(lot.id, 9) == [booking.id]
        await give_back_often(clients, database, booking)
        assert (await balances(lot))["prepaid"] == -back, "it is not asked for by itself"
        (waits,) = await refund_rows.list_refused_of_booking(booking.id)
        assert (waits.amount_cents, waits.failed, waits.refusal) == (back, True, "expired or canceled card")
        await ask_again(clients, database, booking, LATER + timedelta(hours=number))
        assert (await balances(lot), await refund_rows.list_refused_of_booking(booking.id)) == (left, [])
    await handle_all(clients, LATER + timedelta(hours=3))
    assert (await balances(lot), await refund_rows.list_bookings_refused(lot.id, 9)) == (left, [])


async def test_after_one_came_back_and_went_again_what_is_due_next_goes_back_by_itself(database, clients, lot):
    booking = await paid(clients, database, lot)
    shorter = Span(START, END - timedelta(hours=1))
    await booking_changes.change(clients, database, booking.id, booking.plate, shorter, AT)
    assert await balances(lot) == {"clearing": 600, "prepaid": -600}
    await come_back(clients, database, AT)
    await ask_again(clients, database, booking, AT)
    assert await balances(lot) == {"clearing": 600, "prepaid": -600}
    async with transaction():  # as a process does that is killed right after
        held = await booking_money.lock(booking.id)
        await bookings.end(held, BookingState.CANCELLED, 0, None, AT)
    assert await hold_rows.list_overpaid(AT, 9) == [booking.id]
    await booking_refunds.give_back_overpaid(clients, database, AT)
    assert await balances(lot) == {}


async def test_who_cancels_while_a_part_waits_has_the_rest_back_at_once_and_the_part_when_it_is_asked_for(
    database, clients, lot
):
    booking = await paid(clients, database, lot)
    shorter = Span(START, END - timedelta(hours=1))
    await booking_changes.change(clients, database, booking.id, booking.plate, shorter, AT)
    await come_back(clients, database, AT)
    await bookings.cancel(clients, database, booking.id, None, AT)
    assert await balances(lot) == {"clearing": 200, "prepaid": -200}
    assert await hold_rows.list_overpaid(AT, 9) == []
    await ask_again(clients, database, booking, AT)
    assert await balances(lot) == {}


async def test_while_one_waits_another_of_just_as_much_goes_back_by_itself(database, clients, lot):
    booking = await paid(clients, database, lot)
    for hours, left in ((1, 600), (2, 600)):
        shorter = Span(START, END - timedelta(hours=hours))
        await booking_changes.change(clients, database, booking.id, booking.plate, shorter, AT)
        assert await balances(lot) == {"clearing": left, "prepaid": -left}
        if hours == 1:
            await come_back(clients, database, AT)
    await ask_again(clients, database, booking, AT)
    assert await balances(lot) == {"clearing": 400, "prepaid": -400}


async def test_a_booking_that_costs_more_again_does_not_give_back_what_came_back(database, clients, lot):
    booking = await paid(clients, database, lot)
    shorter = Span(START, END - timedelta(hours=1))
    await booking_changes.change(clients, database, booking.id, booking.plate, shorter, AT)
    await come_back(clients, database, AT)
    await booking_changes.change(clients, database, booking.id, booking.plate, booking.span, AT)
    with pytest.raises(ConflictError, match="costs what would go back"):
        await ask_again(clients, database, booking, AT)
    assert await balances(lot) == {"clearing": PRICE, "prepaid": -PRICE}


async def test_a_refund_of_another_booking_is_none_of_this_one(database, clients, lot):
    booking = await paid(clients, database, lot)
    await bookings.cancel(clients, database, booking.id, None, AT)
    await come_back(clients, database, AT)
    (waits,) = await refund_rows.list_refused_of_booking(booking.id)
    other = await bookings.book(clients, Wish(lot.id, "CD456", START, END), None, AT)
    with pytest.raises(NotFoundError):
        await booking_refunds.retry(clients, database, other.id, waits.public_id, None, AT)
