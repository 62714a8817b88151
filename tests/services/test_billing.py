"""What a session costs and how its books change, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from builders import save_lot

from parkhub.db import discount_codes as code_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import transaction
from parkhub.db.lot_rules import save_rules
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.ledger import Account
from parkhub.domain.lot_rules import LotRules, TariffFollows
from parkhub.domain.sessions import Ending, ParkingSession, SessionState, new_ticket
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import billing, tariffs
from parkhub.services.ledger import verify

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)  # a Monday
TWO_AN_HOUR = """
currency: EUR
exit_grace_minutes: 15
entry_grace_minutes: 10
lost_ticket: "20.00"
tax: {percent: "19"}
bands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]
"""
THREE_AN_HOUR = TWO_AN_HOUR.replace('"2.00"', '"3.00"')
FREE_HALF_HOUR_A_DAY = f"""
{TWO_AN_HOUR.replace("entry_grace_minutes: 10", "")}
free_minutes: {{minutes: 30, per: day}}
"""

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    lot_id = (await save_lot()).id
    await tariffs.publish(lot_id, None, TWO_AN_HOUR, AT - timedelta(days=1), None, AT)
    return lot_id


async def enter(lot_id: int, at: datetime = AT, **more: Any) -> ParkingSession:
    version = await tariff_rows.find_in_force(lot_id, None, at)
    assert version is not None
    given = ParkingSession(
        0, new_ticket(), lot_id, "AB123", None, SessionState.OPEN, Ending.NONE, at, tariff_id=version.id
    )
    return await session_rows.add_session(replace(given, **more))


async def leave(session: ParkingSession, at: datetime, ending: Ending = Ending.EXIT) -> ParkingSession:
    """End a session and charge it, as an exit does."""
    async with transaction():
        left = replace(session, state=SessionState.CLOSED, ending=ending, exited_at=at)
        await session_rows.save_session(left)
        await billing.settle(left, f"session:{session.id}:exit:1", at)
    return left


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


async def test_an_open_session_costs_what_it_would_cost_now(lot):
    session = await enter(lot)
    bill = await billing.get_bill(session.id, later(90))
    assert bill.quote is not None
    assert (bill.quote.gross_cents, bill.due_cents, bill.books.charged_cents) == (400, 400, 0)
    assert (await billing.get_bill(session.id, later(10))).due_cents == 0


async def test_leaving_charges_once(lot):
    session = await enter(lot)
    await leave(session, later(61))
    await leave(session, later(61))
    books = (await billing.get_bill(session.id, later(500))).books
    assert (books.charged_cents, books.open_cents) == (400, 400)
    assert books[Account.TAX_PAYABLE] == -64
    assert await verify(lot) == []


async def test_who_has_paid_leaves_within_the_exit_grace_for_nothing_more(lot):
    session = await enter(lot)
    bill = await billing.pay(session.id, 400, Account.CASH, "pay-1", later(61))
    assert bill.session.leave_by == later(76)
    assert (bill.due_cents, bill.books.open_cents) == (0, 0)
    assert (await billing.get_bill(session.id, later(76))).due_cents == 0
    await leave(bill.session, later(76))
    assert (await billing.get_bill(session.id, later(76))).books.open_cents == 0


async def test_who_stays_beyond_the_exit_grace_owes_the_whole_stay_less_what_was_paid(lot):
    session = await enter(lot)
    bill = await billing.pay(session.id, 400, Account.CASH, "pay-1", later(110))
    assert (await billing.get_bill(session.id, later(126))).due_cents == 200
    await leave(bill.session, later(126))
    assert (await billing.get_bill(session.id, later(126))).books.open_cents == 200


async def test_a_payment_told_twice_is_taken_once(lot):
    session = await enter(lot)
    for _ in range(2):
        bill = await billing.pay(session.id, 200, Account.CASH, "pay-1", later(30))
    assert bill.books[Account.CASH] == 200
    with pytest.raises(ConflictError, match="Another session"):
        await billing.pay((await enter(lot, plate="CD456")).id, 200, Account.CASH, "pay-1", later(30))


async def test_a_part_paid_does_not_let_leave(lot):
    session = await enter(lot)
    bill = await billing.pay(session.id, 150, Account.CASH, "pay-1", later(30))
    assert (bill.due_cents, bill.session.leave_by) == (50, None)


async def test_paid_too_much_is_credit_and_goes_back_first(lot):
    session = await enter(lot)
    bill = await billing.pay(session.id, 500, Account.CASH, "pay-1", later(30))
    assert (bill.books.credit_cents, bill.due_cents) == (300, -300)
    bill = await billing.refund(session.id, 300, Account.CASH, "paid too much", "refund-1", None, later(31))
    assert (bill.books.credit_cents, bill.books[Account.CASH], bill.due_cents) == (0, 200, 0)
    bill = await billing.refund(session.id, None, Account.CASH, "kind", "refund-2", None, later(32))
    assert bill.books[Account.CASH] == 0
    assert await verify(lot) == []


async def test_more_than_was_paid_is_not_given_back(lot):
    session = await enter(lot)
    await billing.pay(session.id, 200, Account.CASH, "pay-1", later(30))
    with pytest.raises(InvalidInputError, match="more than was paid"):
        await billing.refund(session.id, 201, Account.CASH, "kind", "refund-1", None, later(31))
    assert (await billing.get_bill(session.id, later(31))).books[Account.CASH] == 200


async def test_waiving_needs_a_reason_and_lets_leave(lot):
    session = await enter(lot)
    with pytest.raises(InvalidInputError, match="Say why"):
        await billing.waive(session.id, None, " ", "waive-1", None, later(30))
    bill = await billing.waive(session.id, None, "the barrier was broken", "waive-1", None, later(30))
    assert (bill.due_cents, bill.books.earned_cents, bill.session.leave_by) == (0, 0, later(45))


@pytest.mark.parametrize("ending", [Ending.EXIT_MISSED, Ending.TOO_LONG])
async def test_an_end_nobody_saw_charges_nothing(lot, ending):
    session = await enter(lot)
    await leave(session, later(600), ending)
    assert await ledger_rows.list_of_session(session.id) == []


async def test_a_lost_ticket_costs_its_fee(lot):
    session = await enter(lot)
    await leave(session, later(5), Ending.LOST_TICKET)
    assert (await billing.get_bill(session.id, later(5))).books.open_cents == 2000


async def test_a_lot_without_a_tariff_charges_nothing():
    bare = (await save_lot()).id
    session = await session_rows.add_session(
        ParkingSession(0, new_ticket(), bare, "AB123", None, SessionState.OPEN, Ending.NONE, AT)
    )
    await leave(session, later(600))
    assert (await billing.get_bill(session.id, later(600))).due_cents == 0


async def test_a_stay_keeps_the_tariff_it_began_under_unless_the_lot_says_otherwise(lot):
    session = await enter(lot)
    await tariffs.publish(lot, None, THREE_AN_HOUR, later(30), None, later(1))
    assert (await billing.get_bill(session.id, later(60))).due_cents == 200
    await save_rules(lot, LotRules(tariff_follows=TariffFollows.RUNNING))
    assert (await billing.get_bill(session.id, later(60))).due_cents == 300


async def test_a_code_takes_off_until_it_is_used_up(lot):
    await code_rows.add_code(lot, Discount("SHOP", minutes=60), CodeLimits(uses_max=1))
    first, second = await enter(lot), await enter(lot, plate="CD456")
    assert (await billing.give_code(first.id, " shop ", later(90))).due_cents == 200
    with pytest.raises(InvalidInputError, match="used up"):
        await billing.give_code(second.id, "SHOP", later(90))
    with pytest.raises(InvalidInputError, match="does not exist"):
        await billing.give_code(second.id, "SHOPS", later(90))


async def test_a_code_after_leaving_lowers_what_is_owed(lot):
    await code_rows.add_code(lot, Discount("HALF", percent=Fraction(50)), CodeLimits())
    session = await enter(lot)
    await leave(session, later(61))
    assert (await billing.give_code(session.id, "HALF", later(70))).books.open_cents == 200
    assert await verify(lot) == []


async def test_free_minutes_of_a_day_are_not_given_twice():
    other = (await save_lot()).id
    await tariffs.publish(other, None, FREE_HALF_HOUR_A_DAY, AT - timedelta(days=1), None, AT)
    await leave(await enter(other), later(20))
    second = await enter(other, at=later(60))
    assert (await billing.get_bill(second.id, later(69))).due_cents == 0
    assert (await billing.get_bill(second.id, later(71))).due_cents == 200
    tomorrow = AT + timedelta(days=1)
    third = await enter(other, at=tomorrow, plate="CD456")
    assert (await billing.get_bill(third.id, tomorrow + timedelta(minutes=29))).due_cents == 0


async def test_a_stay_outside_the_charged_hours_takes_no_free_minutes():
    other = (await save_lot()).id
    from_eleven = FREE_HALF_HOUR_A_DAY.replace("{rate:", '{from: "11:00", to: "20:00", rate:')
    await tariffs.publish(other, None, from_eleven, AT - timedelta(days=1), None, AT)
    await leave(await enter(other), later(45))
    second = await enter(other, at=later(60))
    assert (await billing.get_bill(second.id, later(90))).due_cents == 0
    assert (await billing.get_bill(second.id, later(91))).due_cents == 200


async def test_a_right_makes_a_stay_free(lot):
    session = await enter(lot, right="allowed")
    await leave(session, later(600))
    assert (await billing.get_bill(session.id, later(600))).books.charged_cents == 0


async def test_tariffs_do_not_begin_in_the_past_nor_in_another_currency(lot):
    with pytest.raises(InvalidInputError, match="in the past"):
        await tariffs.publish(lot, None, THREE_AN_HOUR, AT - timedelta(minutes=1), None, AT)
    with pytest.raises(InvalidInputError, match="EUR"):
        await tariffs.publish(lot, None, THREE_AN_HOUR.replace("EUR", "USD"), later(1), None, AT)
    await tariffs.publish(lot, None, THREE_AN_HOUR, later(1), None, AT)
    with pytest.raises(ConflictError):
        await tariffs.publish(lot, None, TWO_AN_HOUR, later(1), None, AT)
