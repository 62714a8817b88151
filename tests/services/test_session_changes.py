"""What people changed can be taken back, with the questions that it had answered."""

from datetime import timedelta

import pytest
from builders import save_permit
from stays import AT, WHY, asked, clients, come, go, later, now_is, owed, save_priced_lot, undo

from parkhub.db.engine import fetch
from parkhub.domain.ledger import Account
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Ending, SessionState
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import (
    audit,
    billing,
    payments,
    session_corrections,
    session_overlong,
)
from parkhub.services.ledger import verify

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    return await save_priced_lot()


async def test_nothing_is_undone_twice_or_out_of_order(lot: int) -> None:
    session = await come(lot, "AB1234")
    first = await go(session, 90)
    second = await session_corrections.cancel(clients, session.id, WHY, None, later(9999))
    with pytest.raises(ConflictError, match="later change first"):
        await undo(first)
    await undo(second)
    with pytest.raises(ConflictError):
        await undo(second)
    await undo(first)
    assert (await now_is(session)).state is SessionState.OPEN


async def test_an_undoing_can_be_undone(lot: int) -> None:
    session = await come(lot, "AB1234")
    await undo(await undo(await go(session, 90)))
    assert (await owed(session.id), (await now_is(session)).ending) == (400, Ending.BY_HAND)


async def test_what_is_no_correction_is_not_undone(lot: int) -> None:
    version = (await audit.list_entries())[-1]
    with pytest.raises(InvalidInputError, match="cannot be undone"):
        await undo(version.id)


async def test_what_a_correction_had_answered_is_asked_again_when_it_is_undone(lot: int) -> None:
    session = await come(lot, "AB1234")
    await session_overlong.close_overlong(clients, AT + timedelta(days=4))
    closed = await go(session, 90)
    assert await asked(lot) == []
    undone = await undo(closed)
    assert ((await now_is(session)).ending, await asked(lot)) == (Ending.TOO_LONG, [Question.TOO_LONG])
    await undo(undone)
    assert (await owed(session.id), await asked(lot)) == (400, [])


async def test_a_change_of_the_plate_is_not_undone_past_a_later_one(lot: int) -> None:
    session = await come(lot, "AB1234")
    first = await session_corrections.edit_plate(clients, session.id, "CD5678", WHY, None, later(9999))
    second = await session_corrections.edit_plate(clients, session.id, "EF9012", WHY, None, later(9999))
    with pytest.raises(ConflictError, match="later change first"):
        await undo(first)
    await undo(second)
    await undo(first)
    assert (await now_is(session)).plate == "AB1234"


async def test_a_change_of_a_plate_that_is_no_longer_kept_is_not_undone(lot: int) -> None:
    await save_permit(lot, "CD5678")
    session = await come(lot, "AB1234")
    changed = await session_corrections.edit_plate(clients, session.id, "CD5678", WHY, None, later(9999))
    await fetch("DELETE FROM audit_plate")
    with pytest.raises(InvalidInputError, match="cannot be undone"):
        await undo(changed)
    assert (await now_is(session)).right == "permit"


async def test_a_session_that_nobody_corrected_is_not_undone(lot: int) -> None:
    await come(lot, "AB1234")
    await session_overlong.close_overlong(clients, AT + timedelta(days=4))
    entry = (await audit.list_entries())[0]
    assert entry.action == "session.closed_overlong"
    with pytest.raises(InvalidInputError, match="cannot be undone"):
        await undo(entry.id)


async def test_a_correction_is_undone_after_a_later_payment_which_is_credit_then(lot: int) -> None:
    session = await come(lot, "AB1234")
    closed = await go(session, 90)
    await payments.pay(session.id, 400, Account.CASH, "p-1", later(9999))
    await undo(closed)
    books = (await billing.get_bill(session.id, later(30))).books
    assert (books[Account.CASH], books.charged_cents, books.open_cents) == (400, 400, 0)
    await go(session, 30)
    assert (await billing.get_bill(session.id, later(9999))).books.credit_cents == 200
    assert await verify(lot) == []


async def test_an_exit_is_not_taken_back_by_undoing_while_the_car_is_inside_again(lot: int) -> None:
    session = await come(lot, "AB1234")
    closed = await go(session, 90)
    await come(lot, "AB1234", 120)
    with pytest.raises(ConflictError, match="open already"):
        await undo(closed)


async def test_no_merged_visit_is_open_beside_another_of_its_plate(lot: int) -> None:
    first = await come(lot, "AB1234")
    await go(first, 30)
    other = await come(lot, "CD5678", 40)
    await come(lot, "AB1234", 50)
    with pytest.raises(ConflictError, match="open already"):
        await session_corrections.merge(clients, first.id, other.id, WHY, None, later(9999))
