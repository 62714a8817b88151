"""Staff put sessions right: the price follows, everything is noted, and everything can be taken back."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import save_camera, save_lot, save_permit, stand_ins

from parkhub.db import lots as lot_rows
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.ledger import Account
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.plates import Candidate
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Ending, Outcome, ParkingSession, SessionState
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import audit, billing, payments, reviews, session_changes, session_corrections, sessions, tariffs
from parkhub.services.ledger import verify

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
TARIFF = 'currency: EUR\nlost_ticket: "20"\nbands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]\n'
WHY = "the picture shows it"
clients = stand_ins()

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    lot_id = (await save_lot()).id
    await tariffs.publish(lot_id, None, TARIFF, AT - timedelta(days=1), None, AT)
    return lot_id


def later(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


async def come(lot_id: int, plate: str, minutes: float = 0) -> ParkingSession:
    at = later(minutes)
    return await session_corrections.open_by_hand(clients, lot_id, plate, None, at, WHY, None, later(9999))


async def go(session: ParkingSession, minutes: float) -> int:
    return await session_corrections.close_by_hand(clients, session.id, later(minutes), WHY, None, later(9999))


async def owed(session_id: int) -> int:
    return (await billing.get_bill(session_id, later(9999))).books.open_cents


async def now_is(session: ParkingSession) -> ParkingSession:
    return await session_rows.get_session(session.id)


async def undo(entry: int) -> int:
    return await session_changes.undo(clients, entry, None, later(9999))


async def seen_leaving(lot_id: int, plate: str, minutes: float) -> int:
    """A passage out of the lot that was taken; answers its id."""
    camera = await save_camera(await lot_rows.get_lot(lot_id))
    passage = GatePassage(
        0,
        lot_id,
        camera.id,
        Direction.EXIT,
        plate,
        0.9,
        (Candidate(plate, 0.9),),
        None,
        later(minutes),
        later(minutes),
        5,
        state=PassageState.ACCEPTED,
        decided_at=later(minutes),
    )
    passage_id = await passage_rows.save_passage(passage)
    await sessions.take_passage(clients, passage_id, later(minutes))
    return passage_id


async def test_another_time_of_exit_changes_the_price_and_undo_brings_it_back(lot):
    session = await come(lot, "AB1234")
    await go(session, 90)
    assert await owed(session.id) == 400
    reopened = await session_corrections.reopen(clients, session.id, WHY, None, later(9999))
    closed = await go(session, 30)
    assert await owed(session.id) == 200
    await undo(closed)
    await undo(reopened)
    assert (await owed(session.id), (await now_is(session)).exited_at) == (400, later(90))
    assert await verify(lot) == []


async def test_a_lower_price_after_payment_is_credit(lot):
    session = await come(lot, "AB1234")
    await go(session, 90)
    await payments.pay(session.id, 400, Account.CASH, "p-1", later(95))
    await session_corrections.reopen(clients, session.id, WHY, None, later(9999))
    await go(session, 30)
    assert (await billing.get_bill(session.id, later(9999))).books.credit_cents == 200
    assert await verify(lot) == []


async def test_another_plate_brings_its_permit_and_is_undone_with_it(lot):
    await save_permit(lot, "CD5678")
    session = await come(lot, "AB1234")
    await go(session, 90)
    entry = await session_corrections.edit_plate(clients, session.id, "cd 56-78", WHY, None, later(9999))
    after = await now_is(session)
    assert (after.plate, after.right, await owed(session.id)) == ("CD5678", "permit", 0)
    noted = await audit.get_entry(entry)
    assert (noted.plates, noted.reason) == (("AB1234", "CD5678"), WHY)
    await undo(entry)
    assert ((await now_is(session)).plate, await owed(session.id)) == ("AB1234", 400)


async def test_a_plate_that_is_inside_already_is_refused(lot):
    session, _ = await come(lot, "AB1234"), await come(lot, "CD5678")
    with pytest.raises(ConflictError, match="Merge"):
        await session_corrections.edit_plate(clients, session.id, "CD5678", WHY, None, later(1))
    with pytest.raises(InvalidInputError, match="letters and digits"):
        await session_corrections.edit_plate(clients, session.id, "A" * 13, WHY, None, later(1))


@pytest.mark.parametrize("reason", ["", "  ", "x" * 301, "two\nlines"])
async def test_a_change_without_a_reason_changes_nothing(lot, reason):
    session = await come(lot, "AB1234")
    with pytest.raises(InvalidInputError, match="Say why"):
        await session_corrections.close_by_hand(clients, session.id, later(30), reason, None, later(60))
    assert (await now_is(session)).state is SessionState.OPEN


async def test_an_exit_lies_between_entry_and_now(lot):
    session = await come(lot, "AB1234", 10)
    for minutes in (9, 61):
        with pytest.raises(InvalidInputError, match="between"):
            await session_corrections.close_by_hand(clients, session.id, later(minutes), WHY, None, later(60))


async def test_two_sessions_of_one_visit_are_merged_and_parted_again(lot):
    first, second = await come(lot, "AB1234"), await come(lot, "A81234", 30)
    await go(second, 90)
    entry = await session_corrections.merge(clients, first.id, second.id, WHY, None, later(9999))
    whole, gone = await now_is(first), await now_is(second)
    assert (whole.plate, whole.entered_at, whole.exited_at) == ("AB1234", AT, later(90))
    assert gone.state is SessionState.CANCELLED
    assert (await owed(first.id), await owed(second.id)) == (400, 0)
    await undo(entry)
    assert (await now_is(first)).state is SessionState.OPEN
    assert (await owed(first.id), await owed(second.id)) == (0, 200)
    assert await verify(lot) == []


async def test_a_session_that_was_paid_is_not_merged_away(lot):
    first, second = await come(lot, "AB1234"), await come(lot, "CD5678")
    await payments.pay(second.id, 200, Account.CASH, "p-1", later(10))
    with pytest.raises(ConflictError, match="Merge into that one"):
        await session_corrections.merge(clients, first.id, second.id, WHY, None, later(20))
    await session_corrections.merge(clients, second.id, first.id, WHY, None, later(20))
    assert (await now_is(first)).state is SessionState.CANCELLED


async def test_one_session_is_split_into_two_visits_and_joined_again(lot):
    session = await come(lot, "AB1234")
    await go(session, 300)
    assert await owed(session.id) == 1000
    entry = await session_corrections.split(clients, session.id, later(30), later(270), WHY, None, later(9999))
    second = (await session_rows.search(lot, "AB1234", 5))[0]
    assert (await owed(session.id), await owed(second.id)) == (200, 200)
    assert (second.entered_at, second.exited_at, second.ticket != session.ticket) == (later(270), later(300), True)
    await undo(entry)
    assert (await owed(session.id), await owed(second.id)) == (1000, 0)
    assert (await now_is(second)).state is SessionState.CANCELLED


async def test_an_open_session_may_be_split(lot):
    session = await come(lot, "AB1234")
    await session_corrections.split(clients, session.id, later(30), later(60), WHY, None, later(100))
    assert ((await now_is(session)).state, await session_rows.count_open(lot)) == (SessionState.CLOSED, 1)


async def test_a_cancelled_session_costs_nothing(lot):
    session = await come(lot, "AB1234")
    await go(session, 90)
    entry = await session_corrections.cancel(clients, session.id, WHY, None, later(9999))
    assert await owed(session.id) == 0
    await undo(entry)
    assert await owed(session.id) == 400


async def test_nothing_is_undone_twice_or_out_of_order(lot):
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


async def test_an_undoing_can_be_undone(lot):
    session = await come(lot, "AB1234")
    await undo(await undo(await go(session, 90)))
    assert (await owed(session.id), (await now_is(session)).ending) == (400, Ending.BY_HAND)


async def test_what_is_no_correction_is_not_undone(lot):
    version = (await audit.list_entries())[-1]
    with pytest.raises(InvalidInputError, match="cannot be undone"):
        await undo(version.id)


async def test_a_lost_ticket_is_a_session_that_is_over_and_costs_its_fee(lot):
    session = await session_corrections.open_by_hand(
        clients, lot, "", None, later(10), WHY, None, later(10), lost_ticket=True
    )
    assert (session.ending, await owed(session.id)) == (Ending.LOST_TICKET, 2000)


async def test_a_doubtful_exit_is_given_to_a_session_and_taken_back(lot):
    first, _ = await come(lot, "AB1234"), await come(lot, "AB1235")
    passage = await seen_leaving(lot, "AB123E", 90)
    (review,) = await review_rows.list_open(lot)
    entry = await reviews.assign_exit(clients, review.id, first.id, WHY, None, later(100))
    assert (await owed(first.id), (await now_is(first)).exit_passage_id) == (400, passage)
    assert (await passage_rows.get_passage(passage)).outcome == Outcome.LEFT
    assert await review_rows.list_open(lot) == []
    with pytest.raises(ConflictError, match="decided"):
        await reviews.assign_exit(clients, review.id, first.id, WHY, None, later(100))
    await undo(entry)
    assert (await owed(first.id), (await now_is(first)).state) == (0, SessionState.OPEN)
    assert [each.id for each in await review_rows.list_open(lot)] == [review.id]
    assert (await passage_rows.get_passage(passage)).outcome == Outcome.ASKED


async def test_a_question_is_dismissed_with_a_reason(lot):
    await seen_leaving(lot, "AB123E", 90)
    (review,) = await review_rows.list_open(lot)
    assert review.question is Question.EXIT_WITHOUT_ENTRY
    await reviews.dismiss(clients, review.id, WHY, None, later(100))
    assert await review_rows.list_open(lot) == []


async def test_an_answered_question_waits_no_longer(lot):
    session = await come(lot, "AB1234")
    await sessions.close_overlong(clients, AT + timedelta(days=4))
    assert [review.question for review in await review_rows.list_open(lot)] == [Question.TOO_LONG]
    await go(session, 90)
    assert (await review_rows.list_open(lot), await owed(session.id)) == ([], 400)
