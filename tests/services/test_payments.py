"""Money that comes, goes or is forgone, on both databases."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_lot, stand_ins

from parkhub.db import ledger as ledger_rows
from parkhub.domain.audit import EntryFilter
from parkhub.domain.ledger import Account, Kind
from parkhub.domain.sessions import ParkingSession
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import audit, billing, payments, session_corrections, tariffs
from parkhub.services.ledger import verify

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)  # a Monday
TWO_AN_HOUR = """
currency: EUR
exit_grace_minutes: 15
tax: {percent: "19"}
bands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]
"""
WHY = "the barrier was broken"
clients = stand_ins()

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    lot_id = (await save_lot()).id
    await tariffs.publish(lot_id, None, TWO_AN_HOUR, AT - timedelta(days=1), None, AT)
    return lot_id


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


async def enter(lot_id: int, plate: str = "AB123") -> ParkingSession:
    return await session_corrections.open_by_hand(clients, lot_id, plate, None, AT, WHY, None, AT)


async def leave(session: ParkingSession, at: datetime) -> None:
    await session_corrections.close_by_hand(clients, session.id, at, WHY, None, at)


async def test_who_has_paid_leaves_within_the_exit_grace_for_nothing_more(lot: int) -> None:
    session = await enter(lot)
    bill = await payments.pay(session.id, 400, Account.CASH, "pay-1", later(61))
    assert bill.session.leave_by == later(76)
    assert (bill.due_cents, bill.books.open_cents) == (0, 0)
    assert (await billing.get_bill(session.id, later(76))).due_cents == 0
    await leave(session, later(76))
    assert (await billing.get_bill(session.id, later(76))).books.open_cents == 0


async def test_who_stays_beyond_the_exit_grace_owes_the_whole_stay_less_what_was_paid(lot: int) -> None:
    session = await enter(lot)
    await payments.pay(session.id, 400, Account.CASH, "pay-1", later(110))
    assert (await billing.get_bill(session.id, later(126))).due_cents == 200
    await leave(session, later(126))
    assert (await billing.get_bill(session.id, later(126))).books.open_cents == 200


async def test_a_payment_told_twice_is_taken_once(lot: int) -> None:
    session = await enter(lot)
    for _ in range(2):
        bill = await payments.pay(session.id, 200, Account.CASH, "pay-1", later(30))
    assert bill.books[Account.CASH] == 200
    with pytest.raises(ConflictError, match="Another session"):
        await payments.pay((await enter(lot, "CD456")).id, 200, Account.CASH, "pay-1", later(30))


async def test_a_part_paid_does_not_let_leave(lot: int) -> None:
    session = await enter(lot)
    bill = await payments.pay(session.id, 150, Account.CASH, "pay-1", later(30))
    assert (bill.due_cents, bill.session.leave_by) == (50, None)


async def test_paid_too_much_is_credit_and_goes_back_first(lot: int) -> None:
    session = await enter(lot)
    bill = await payments.pay(session.id, 500, Account.CASH, "pay-1", later(30))
    assert (bill.books.credit_cents, bill.due_cents) == (300, -300)
    bill = await payments.refund(session.id, 300, Account.CASH, "paid too much", "refund-1", None, later(31))
    assert (bill.books.credit_cents, bill.books[Account.CASH], bill.due_cents) == (0, 200, 0)
    bill = await payments.refund(session.id, None, Account.CASH, "as a courtesy", "refund-2", None, later(32))
    assert bill.books[Account.CASH] == 0
    assert await verify(lot) == []


@pytest.mark.parametrize(("cents", "due"), [(401, "2.00"), (20000, "2.00")])
async def test_far_more_than_is_due_is_asked_about_and_nothing_is_booked_until_it_is_confirmed(
    lot: int, cents: int, due: str
) -> None:
    session = await enter(lot)
    with pytest.raises(ConflictError, match=f"{cents / 100:.2f} EUR is far more than the {due} that are due"):
        await payments.pay(session.id, cents, Account.CASH, "pay-1", later(30), confirmed=False)
    assert (await billing.get_bill(session.id, later(30))).books.balances == {}
    bill = await payments.pay(session.id, cents, Account.CASH, "pay-1", later(30), confirmed=True)
    assert (bill.books[Account.CASH], bill.books.credit_cents) == (cents, cents - 200)
    again = await payments.pay(session.id, cents, Account.CASH, "pay-1", later(30), confirmed=False)
    assert again.books[Account.CASH] == cents


async def test_a_round_sum_is_taken_without_a_question_and_anything_is_asked_about_when_nothing_is_due(
    lot: int,
) -> None:
    session = await enter(lot)
    assert (await payments.pay(session.id, 400, Account.CASH, "pay-1", later(30), confirmed=False)).due_cents == -200
    with pytest.raises(ConflictError, match=r"far more than the 0\.00"):
        await payments.pay(session.id, 1, Account.CASH, "pay-2", later(30), confirmed=False)


async def test_more_than_was_paid_is_not_given_back(lot: int) -> None:
    session = await enter(lot)
    await payments.pay(session.id, 200, Account.CASH, "pay-1", later(30))
    with pytest.raises(InvalidInputError, match="more than was paid"):
        await payments.refund(session.id, 201, Account.CASH, "as a courtesy", "refund-1", None, later(31))
    assert (await billing.get_bill(session.id, later(31))).books[Account.CASH] == 200


async def test_waiving_needs_a_reason_and_lets_leave(lot: int) -> None:
    session = await enter(lot)
    with pytest.raises(InvalidInputError, match="Say why"):
        await payments.waive(session.id, None, " ", "waive-1", None, later(30))
    bill = await payments.waive(session.id, None, "the barrier was broken", "waive-1", None, later(30))
    assert (bill.due_cents, bill.books.earned_cents, bill.session.leave_by) == (0, 0, later(45))


@pytest.mark.parametrize(
    "other",
    [
        lambda session: payments.pay(session.id, 250, Account.CASH, "pay-1", later(40)),
        lambda session: payments.pay(session.id, 200, Account.CLEARING, "pay-1", later(40)),
        lambda session: payments.refund(session.id, 200, Account.CASH, WHY, "pay-1", None, later(40)),
        lambda session: payments.waive(session.id, None, WHY, "pay-1", None, later(40)),
        lambda session: payments.pay(session.id, 200, Account.CASH, "pay-1:charge", later(40)),
    ],
    ids=["another amount", "another way", "a refund", "a waiver", "the charge before it"],
)
async def test_something_else_with_the_id_of_a_payment_is_refused_and_not_taken_for_it(
    lot: int, other: Callable[[ParkingSession], Awaitable[Any]]
) -> None:
    session = await enter(lot)
    await payments.pay(session.id, 200, Account.CASH, "pay-1", later(30))
    with pytest.raises(ConflictError, match="Something else"):
        await other(session)
    assert (await billing.get_bill(session.id, later(30))).books[Account.CASH] == 200


async def test_nothing_is_paid_in_a_lot_without_prices() -> None:
    session = await enter((await save_lot()).id)
    with pytest.raises(InvalidInputError, match="no prices"):
        await payments.pay(session.id, 200, Account.CASH, "pay-1", later(30))
    with pytest.raises(InvalidInputError, match="no prices"):
        await payments.pay_out(session.lot_id, 200, 5, "po-1", later(30))
    assert await ledger_rows.get_balances(session.lot_id) == {}


async def test_a_plate_does_not_stand_in_a_reason_that_is_kept_for_good(lot: int) -> None:
    session = await enter(lot)
    await payments.pay(session.id, 200, Account.CASH, "pay-1", later(30))
    for reason in ("ab-123 was let go", "let AB 1 23 go", "line\nbreak", "a" * 301, "nul\x00"):
        with pytest.raises(InvalidInputError):
            await payments.refund(session.id, 100, Account.CASH, reason, "r-1", None, later(31))
        with pytest.raises(InvalidInputError):
            await payments.waive(session.id, None, reason, "w-1", None, later(99))
    await payments.refund(session.id, 100, Account.CASH, "the cab 123 was late", "r-1", None, later(31))


async def test_a_waived_stay_whose_price_falls_costs_the_lower_price(lot: int) -> None:
    session = await enter(lot)
    await payments.waive(session.id, 100, WHY, "w-1", None, later(90))
    await payments.pay(session.id, 300, Account.CASH, "p-1", later(90))
    await leave(session, later(50))
    books = (await billing.get_bill(session.id, later(95))).books
    assert (books.charged_cents, books.given_up_cents, books.credit_cents) == (200, 0, 100)
    kinds = [posted.transaction.kind for posted in await ledger_rows.list_of_session(session.id)]
    assert kinds == [Kind.CHARGE, Kind.WAIVER, Kind.PAYMENT, Kind.REVERSAL, Kind.CORRECTION]
    assert await verify(lot) == []


async def test_a_dispute_takes_back_and_gives_again_each_once(lot: int) -> None:
    session = await enter(lot)
    await payments.pay(session.id, 200, Account.CLEARING, "p-1", later(30))
    for _ in range(2):
        books = (await payments.dispute(session.id, 200, "d-1", later(40))).books
        assert (books[Account.DISPUTED], books[Account.CLEARING], books.refundable_cents) == (200, 0, 0)
    for _ in range(2):
        books = (await payments.win_dispute(session.id, 200, "d-2", later(50))).books
        assert (books[Account.DISPUTED], books[Account.CLEARING], books.earned_cents) == (0, 200, 200)
    assert await verify(lot) == []


async def test_a_lost_dispute_is_written_off_and_owed_by_nobody(lot: int) -> None:
    session = await enter(lot)
    await payments.pay(session.id, 200, Account.CLEARING, "p-1", later(30))
    await payments.dispute(session.id, 200, "d-1", later(40))
    books = (await payments.lose_dispute(session.id, 200, "d-2", later(50))).books
    assert (books.open_cents, books.earned_cents, books[Account.TAX_PAYABLE]) == (0, 0, 0)
    with pytest.raises(InvalidInputError, match="in dispute"):
        await payments.win_dispute(session.id, 200, "d-3", later(60))
    assert await verify(lot) == []


async def test_a_payout_empties_what_the_provider_had_collected_once(lot: int) -> None:
    session = await enter(lot)
    await payments.pay(session.id, 200, Account.CLEARING, "p-1", later(30))
    assert [await payments.pay_out(lot, 190, 10, "po-1", later(40)) for _ in range(2)] == [True, False]
    balances = await ledger_rows.get_balances(lot)
    assert [balances["EUR", each] for each in (Account.CLEARING, Account.BANK, Account.FEES)] == [0, 190, 10]
    with pytest.raises(ConflictError):
        await payments.pay_out(lot, 180, 10, "po-1", later(40))
    assert await verify(lot) == []


async def test_what_staff_do_with_money_is_noted(lot: int) -> None:
    session = await enter(lot)
    await payments.pay(session.id, 100, Account.CASH, "p-1", later(30))
    await payments.waive(session.id, None, WHY, "w-1", None, later(30))
    await payments.refund(session.id, 50, Account.CASH, WHY, "r-1", None, later(30))
    noted = [entry.action for entry in await audit.list_entries(EntryFilter(subject=f"session:{session.id}"))]
    assert noted == ["payment.refunded", "session.waived", "payment.taken", "session.opened_by_hand"]


@pytest.mark.parametrize(("left", "owes"), [(59, 0), (65, 0), (70, 0), (71, 200), (125, 400)])
async def test_who_paid_and_left_before_the_payment_was_told_owes_the_same_as_if_it_had_been_told(
    lot: int, left: int, owes: int
) -> None:
    told, untold = await enter(lot), await enter(lot, "CD456")
    await payments.pay(told.id, 200, Account.CLEARING, "p-1", later(55))
    await leave(told, later(left))
    await leave(untold, later(left))
    await payments.pay(untold.id, 200, Account.CLEARING, "p-2", later(55))
    for session in (told, untold):
        books = (await billing.get_bill(session.id, later(200))).books
        assert (books.open_cents, books.credit_cents) == (owes, 0)
    assert await verify(lot) == []


async def test_who_had_paid_a_part_only_has_no_time_to_leave(lot: int) -> None:
    session = await enter(lot)
    await leave(session, later(65))
    bill = await payments.pay(session.id, 150, Account.CLEARING, "p-1", later(55))
    assert (bill.books.open_cents, bill.session.leave_by) == (250, None)


async def test_an_earlier_payment_that_is_told_later_takes_no_time_to_leave_away(lot: int) -> None:
    session = await enter(lot)
    await payments.pay(session.id, 200, Account.CLEARING, "p-2", later(58))
    bill = await payments.pay(session.id, 50, Account.CLEARING, "p-1", later(50))
    assert (bill.session.leave_by, bill.books.credit_cents) == (later(73), 50)
