"""Staff put sessions right: the price follows, everything is noted, and everything can be taken back."""

from datetime import timedelta

import pytest
from builders import save_permit
from stays import AT, WHY, asked, clients, come, go, later, now_is, owed, save_priced_lot, seen, undo

from parkhub.db import bookings as booking_rows
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.bookings import BookingRules, BookingState
from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.ledger import Account
from parkhub.domain.passages import Direction
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Ending, Outcome, SessionState
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import (
    audit,
    billing,
    booking_rules,
    bookings,
    discount_codes,
    payments,
    session_corrections,
    session_overlong,
)
from parkhub.services.bookings import Wish
from parkhub.services.ledger import verify

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    return await save_priced_lot()


async def test_another_time_of_exit_changes_the_price_and_undo_brings_it_back(lot: int) -> None:
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


async def test_a_lower_price_after_payment_is_credit(lot: int) -> None:
    session = await come(lot, "AB1234")
    await go(session, 90)
    await payments.pay(session.id, 400, Account.CASH, "p-1", later(95))
    await session_corrections.reopen(clients, session.id, WHY, None, later(9999))
    await go(session, 30)
    assert (await billing.get_bill(session.id, later(9999))).books.credit_cents == 200
    assert await verify(lot) == []


async def test_another_plate_brings_its_permit_and_is_undone_with_it(lot: int) -> None:
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


async def test_a_plate_that_is_inside_already_is_refused(lot: int) -> None:
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


async def test_an_exit_lies_between_entry_and_now(lot: int) -> None:
    session = await come(lot, "AB1234", 10)
    for minutes in (9, 61):
        with pytest.raises(InvalidInputError, match="between"):
            await session_corrections.close_by_hand(clients, session.id, later(minutes), WHY, None, later(60))


async def test_two_sessions_of_one_visit_are_merged_and_parted_again(lot: int) -> None:
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


async def test_a_session_that_was_paid_is_not_merged_away(lot: int) -> None:
    first, second = await come(lot, "AB1234"), await come(lot, "CD5678")
    await payments.pay(second.id, 200, Account.CASH, "p-1", later(10))
    with pytest.raises(ConflictError, match="Merge into that one"):
        await session_corrections.merge(clients, first.id, second.id, WHY, None, later(20))
    await session_corrections.merge(clients, second.id, first.id, WHY, None, later(20))
    assert (await now_is(first)).state is SessionState.CANCELLED


async def test_one_session_is_split_into_two_visits_and_joined_again(lot: int) -> None:
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


@pytest.mark.parametrize("kept", [0, 1])
@pytest.mark.parametrize("inside", [True, False], ids=["inside", "gone"])
async def test_a_merged_visit_is_two_again_whichever_was_kept(lot: int, kept: int, inside: bool) -> None:
    passed = [(Direction.ENTRY, 0), (Direction.EXIT, 30), (Direction.ENTRY, 60), (Direction.EXIT, 90)]
    for direction, minutes in passed[: 3 if inside else 4]:
        await seen(lot, direction, "AB1234", minutes)
    both = sorted(await session_rows.search(lot, "AB1234", 5), key=lambda each: each.id)
    merged = await session_corrections.merge(clients, both[kept].id, both[1 - kept].id, WHY, None, later(9999))
    await undo(await undo(await undo(merged)))
    assert [await now_is(each) for each in both] == both


async def test_a_visit_that_cameras_saw_is_one_again_when_its_split_is_undone(lot: int) -> None:
    for direction, minutes in ((Direction.ENTRY, 0), (Direction.EXIT, 90)):
        await seen(lot, direction, "AB1234", minutes)
    (whole,) = await session_rows.search(lot, "AB1234", 5)
    split = await session_corrections.split(clients, whole.id, later(30), later(60), WHY, None, later(9999))
    await undo(await undo(await undo(split)))
    assert await now_is(whole) == whole


async def test_an_open_session_may_be_split(lot: int) -> None:
    session = await come(lot, "AB1234")
    await session_corrections.split(clients, session.id, later(30), later(60), WHY, None, later(100))
    assert ((await now_is(session)).state, await session_rows.count_open(lot)) == (SessionState.CLOSED, 1)


async def test_a_cancelled_session_costs_nothing(lot: int) -> None:
    session = await come(lot, "AB1234")
    await go(session, 90)
    entry = await session_corrections.cancel(clients, session.id, WHY, None, later(9999))
    assert await owed(session.id) == 0
    await undo(entry)
    assert await owed(session.id) == 400


async def test_a_lost_ticket_is_a_session_that_is_over_and_costs_its_fee(lot: int) -> None:
    session = await session_corrections.open_by_hand(
        clients, lot, "", None, later(10), WHY, None, later(10), lost_ticket=True
    )
    assert (session.ending, await owed(session.id)) == (Ending.LOST_TICKET, 2000)


async def test_a_visit_seen_as_two_cars_at_once_ends_when_the_car_was_seen_to_leave(lot: int) -> None:
    first, second = await come(lot, "AB1234"), await come(lot, "AB1235", 5)
    await go(first, 90)
    await session_corrections.merge(clients, first.id, second.id, WHY, None, later(9999))
    assert ((await now_is(first)).exited_at, await owed(first.id)) == (later(90), 400)


@pytest.mark.parametrize("kept", [0, 1])
async def test_of_two_ends_that_overlap_the_later_one_counts(lot: int, kept: int) -> None:
    found = [await come(lot, "AB1234"), await come(lot, "AB1235", 5)]
    await go(found[0], 90)
    await go(found[1], 40)
    await session_corrections.merge(clients, found[kept].id, found[1 - kept].id, WHY, None, later(9999))
    assert ((await now_is(found[kept])).exited_at, await owed(found[kept].id)) == (later(90), 400)


async def test_a_merged_visit_that_has_no_price_is_still_asked_about(lot: int) -> None:
    first, second = await come(lot, "AB1234"), await come(lot, "AB1235", 600)
    await session_overlong.close_overlong(clients, AT + timedelta(days=9))
    assert await asked(lot) == [Question.TOO_LONG] * 2
    await session_corrections.merge(clients, first.id, second.id, WHY, None, later(99_999))
    assert await asked(lot) == [Question.TOO_LONG]


async def test_a_session_with_a_code_or_a_booking_is_not_merged_away(lot: int) -> None:
    await booking_rules.set_rules(lot, BookingRules(), 1, [], None, AT)
    await bookings.book(clients, Wish(lot, "AB1234", later(60), later(120)), None, AT)
    booked, coded = await come(lot, "AB1234", 60), await come(lot, "CD5678", 70)
    await discount_codes.add_code(lot, Discount("SHOP", minutes=60), CodeLimits(), None, AT)
    await discount_codes.give_code(coded.id, "SHOP", None, later(80))
    for kept, other in ((coded, booked), (booked, coded)):
        with pytest.raises(ConflictError, match="Merge into that one"):
            await session_corrections.merge(clients, kept.id, other.id, WHY, None, later(9999))


async def test_a_booked_visit_that_is_split_pays_for_the_booked_time_once(lot: int) -> None:
    await booking_rules.set_rules(lot, BookingRules(), 1, [], None, AT)
    await bookings.book(clients, Wish(lot, "AB1234", later(0), later(300)), None, later(-10))
    session = await come(lot, "AB1234")
    await go(session, 290)
    assert await owed(session.id) == 1000
    await session_corrections.split(clients, session.id, later(30), later(270), WHY, None, later(9999))
    second = (await session_rows.search(lot, "AB1234", 5))[0]
    assert (await owed(session.id), await owed(second.id)) == (1000, 200)


async def test_the_part_of_a_split_visit_that_has_no_price_is_asked_about(lot: int) -> None:
    session = await come(lot, "AB1234")
    await session_overlong.close_overlong(clients, AT + timedelta(days=4))
    split = await session_corrections.split(clients, session.id, later(30), later(60), WHY, None, later(9999))
    second = (await session_rows.search(lot, "AB1234", 5))[0]
    (review,) = await review_rows.list_open(lot)
    assert (review.question, review.session_id) == (Question.TOO_LONG, second.id)
    await undo(split)
    (review,) = await review_rows.list_open(lot)
    assert review.session_id == session.id


async def test_a_cancelled_session_is_neither_closed_nor_opened_again(lot: int) -> None:
    session = await come(lot, "AB1234")
    await session_corrections.cancel(clients, session.id, WHY, None, later(9999))
    with pytest.raises(ConflictError):
        await go(session, 90)
    with pytest.raises(ConflictError, match="cancelled"):
        await session_corrections.reopen(clients, session.id, WHY, None, later(9999))


async def test_whose_car_it_was_is_asked_when_an_exit_is_taken_back(lot: int) -> None:
    session = await come(lot, "AB1234")
    left = await seen(lot, Direction.EXIT, "AB1234", 60)
    assert left.session_id == session.id
    reopened = await session_corrections.reopen(clients, session.id, WHY, None, later(61))
    (review,) = await review_rows.list_open(lot)
    assert (review.question, review.passage_id) == (Question.DOUBTFUL_EXIT, left.id)
    assert [each.session_id for each in review.suggestions] == [session.id]
    assert (await passage_rows.get_passage(left.id)).outcome == Outcome.ASKED
    await undo(reopened)
    assert (await asked(lot), (await now_is(session)).exit_passage_id) == ([], left.id)
    assert (await passage_rows.get_passage(left.id)).outcome == Outcome.LEFT


async def test_an_exit_is_taken_back_after_its_passage_is_no_longer_kept(lot: int) -> None:
    session = await come(lot, "AB1234")
    left = await seen(lot, Direction.EXIT, "AB1234", 60)
    await passage_rows.delete_passage(left.id)
    await undo(await session_corrections.reopen(clients, session.id, WHY, None, later(61)))
    assert (await asked(lot), await owed(session.id)) == ([], 200)


@pytest.mark.parametrize("plate", ["A" * 13, "A" * 9999, "äöü", "車"])
async def test_what_is_no_plate_opens_no_session(lot: int, plate: str) -> None:
    with pytest.raises(InvalidInputError, match="plate"):
        await come(lot, plate)


@pytest.mark.parametrize("days", [-1, 367, 700_000])
async def test_a_session_begins_within_the_last_year(lot: int, days: int) -> None:
    at = later(0) - timedelta(days=days)
    with pytest.raises(InvalidInputError, match="entry"):
        await session_corrections.open_by_hand(clients, lot, "AB1234", None, at, WHY, None, AT)


async def test_a_reason_does_not_name_the_plate(lot: int) -> None:
    session = await come(lot, "AB1234")
    with pytest.raises(InvalidInputError, match="plate"):
        await session_corrections.cancel(clients, session.id, "AB 1234 turned away", None, later(9999))
    for old_or_new in ("it was not ab-1234", "it says CD 56 78"):
        with pytest.raises(InvalidInputError, match="plate"):
            await session_corrections.edit_plate(clients, session.id, "CD5678", old_or_new, None, later(9999))


async def test_a_car_that_was_misread_comes_on_its_booking_once_its_plate_is_right(lot: int) -> None:
    await booking_rules.set_rules(lot, BookingRules(), 1, [], None, AT)
    booking = await bookings.book(clients, Wish(lot, "AB1234", later(0), later(300)), None, later(-10))
    session = await come(lot, "XY9999", 5)
    edited = await session_corrections.edit_plate(clients, session.id, "AB1234", WHY, None, later(20))
    assert (await now_is(session)).booking_id == booking.id
    assert (await booking_rows.get_booking(booking.id)).state is BookingState.ARRIVED
    await undo(await undo(await undo(edited)))
    assert (await now_is(session)).booking_id is None
    assert (await booking_rows.get_booking(booking.id)).state is BookingState.RESERVED
    await go(session, 65)
    assert await owed(session.id) == 200


async def test_a_car_misread_as_a_booked_one_leaves_the_booking_to_that(lot: int) -> None:
    await booking_rules.set_rules(lot, BookingRules(), 1, [], None, AT)
    booking = await bookings.book(clients, Wish(lot, "AB1234", later(0), later(300)), None, later(-10))
    wrong = await come(lot, "AB1234", 5)
    await session_corrections.edit_plate(clients, wrong.id, "AB7234", WHY, None, later(20))
    assert (await now_is(wrong)).booking_id is None
    right = await come(lot, "AB1234", 30)
    assert right.booking_id == booking.id
