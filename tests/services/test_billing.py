"""What a session costs and how its books change, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_lot

from parkhub.db import ledger as ledger_rows
from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import transaction
from parkhub.db.lot_rules import save_rules
from parkhub.domain.ledger import Account
from parkhub.domain.lot_rules import LotRules, TariffFollows
from parkhub.domain.sessions import Ending, ParkingSession, SessionState, new_ticket
from parkhub.services import billing, payments, tariffs
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


async def test_a_stay_that_was_never_priced_takes_no_free_minutes():
    other = (await save_lot()).id
    await tariffs.publish(other, None, FREE_HALF_HOUR_A_DAY, AT - timedelta(days=1), None, AT)
    await leave(await enter(other), later(20), Ending.EXIT_MISSED)
    second = await enter(other, at=later(20))
    assert (await billing.get_bill(second.id, later(50))).due_cents == 0


async def test_a_charge_is_taken_back_in_its_currency_when_no_tariff_prices_the_stay_any_more(lot):
    session = await enter(lot)
    await leave(session, later(61))
    unpriced = replace(session, state=SessionState.CLOSED, ending=Ending.EXIT, exited_at=later(61), tariff_id=None)
    await session_rows.save_session(unpriced)
    async with transaction():
        await billing.correct(unpriced, "correction-1", later(90))
    assert (await billing.get_bill(session.id, later(90))).books.charged_cents == 0
    assert {currency for currency, _ in await ledger_rows.get_balances(lot)} == {"EUR"}


async def test_a_late_exit_of_a_partly_waived_stay_is_charged_and_not_refused(lot):
    session = await enter(lot)
    await payments.waive(session.id, None, "the barrier was broken", "waive-1", None, later(200))
    await leave(await session_rows.get_session(session.id), later(61))
    books = (await billing.get_bill(session.id, later(300))).books
    assert (books.charged_cents, books.given_up_cents, books.open_cents, books.credit_cents) == (400, 400, 0, 0)
    assert await verify(lot) == []
