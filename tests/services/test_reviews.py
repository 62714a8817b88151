"""Staff answer what the cameras could not tell."""

import asyncio
from datetime import timedelta

import pytest
from stays import AT, WHY, asked, clients, come, go, later, now_is, owed, save_priced_lot, seen, undo

from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import fetch
from parkhub.db.lot_rules import save_rules
from parkhub.domain.lot_rules import LotRules
from parkhub.domain.passages import Direction
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Outcome, SessionState
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import (
    reviews,
    session_corrections,
    session_overlong,
)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    return await save_priced_lot()


async def test_a_doubtful_exit_is_given_to_a_session_and_taken_back(lot: int) -> None:
    first, _ = await come(lot, "AB1234"), await come(lot, "AB1235")
    passage = (await seen(lot, Direction.EXIT, "AB123E", 90)).id
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


async def test_a_question_is_dismissed_with_a_reason(lot: int) -> None:
    await seen(lot, Direction.EXIT, "AB123E", 90)
    (review,) = await review_rows.list_open(lot)
    assert review.question is Question.EXIT_WITHOUT_ENTRY
    await reviews.dismiss(clients, review.id, WHY, None, later(100))
    assert await review_rows.list_open(lot) == []


async def test_an_answered_question_waits_no_longer(lot: int) -> None:
    session = await come(lot, "AB1234")
    await session_overlong.close_overlong(clients, AT + timedelta(days=4))
    assert [review.question for review in await review_rows.list_open(lot)] == [Question.TOO_LONG]
    await go(session, 90)
    assert (await review_rows.list_open(lot), await owed(session.id)) == ([], 400)


async def test_only_a_question_about_an_exit_ends_a_session(lot: int) -> None:
    came = await seen(lot, Direction.ENTRY, "", 30)
    (review,) = await review_rows.list_open(lot)
    assert (review.question, review.passage_id) == (Question.ENTRY_WITHOUT_PLATE, came.id)
    assert came.session_id is not None
    with pytest.raises(InvalidInputError, match="not about a car that left"):
        await reviews.assign_exit(clients, review.id, came.session_id, WHY, None, later(100))


async def test_a_car_is_not_given_to_a_cancelled_session(lot: int) -> None:
    session = await come(lot, "XY9876")
    await session_corrections.cancel(clients, session.id, WHY, None, later(9999))
    await seen(lot, Direction.EXIT, "AB1234", 90)
    (review,) = await review_rows.list_open(lot)
    with pytest.raises(ConflictError):
        await reviews.assign_exit(clients, review.id, session.id, WHY, None, later(100))


async def test_a_car_seen_without_direction_ends_a_session_when_a_person_says_so(lot: int) -> None:
    session = await come(lot, "AB1234")
    await seen(lot, None, "AB1234", 90)
    (review,) = await review_rows.list_open(lot)
    await reviews.assign_exit(clients, review.id, session.id, WHY, None, later(100))
    assert (await owed(session.id), await asked(lot)) == (400, [])


async def test_a_reason_of_a_dismissal_does_not_name_the_plate(lot: int) -> None:
    await seen(lot, Direction.EXIT, "AB1234", 90)
    (review,) = await review_rows.list_open(lot)
    with pytest.raises(InvalidInputError, match="plate"):
        await reviews.dismiss(clients, review.id, "AB-1234 is ours", None, later(100))
    assert await asked(lot) == [Question.EXIT_WITHOUT_ENTRY]


async def test_a_car_enters_although_the_passage_of_a_waiting_question_is_gone(lot: int) -> None:
    left = await seen(lot, Direction.EXIT, "AB1234", 90)
    await passage_rows.delete_passage(left.id)
    came = await seen(lot, Direction.ENTRY, "AB1234", 30)
    assert came.outcome == Outcome.ENTERED


async def test_an_exit_whose_question_is_older_than_the_entry_by_a_clock_that_was_set_is_found(lot: int) -> None:
    left = await seen(lot, Direction.EXIT, "AB1234", 90)
    await fetch("UPDATE review SET created_at = {}", AT - timedelta(days=1))
    came = await seen(lot, Direction.ENTRY, "AB1234", 30)
    assert came.session_id is not None
    assert (await session_rows.get_session(came.session_id)).exit_passage_id == left.id


async def test_a_dismissal_is_taken_back(lot: int) -> None:
    await seen(lot, Direction.EXIT, "AB123E", 90)
    (review,) = await review_rows.list_open(lot)
    await reviews.dismiss(clients, review.id, WHY, None, later(100))
    entry = await reviews.find_answer(review.id)
    await reviews.take_back(clients, review.id, entry, None, later(101))
    assert [each.id for each in await review_rows.list_open(lot)] == [review.id]
    with pytest.raises(ConflictError):
        await reviews.take_back(clients, review.id, entry, None, later(102))


async def test_a_car_without_direction_came_in_when_a_person_says_so_and_it_is_taken_back(lot: int) -> None:
    passage = await seen(lot, None, "AB1234", 30)
    (review,) = await review_rows.list_open(lot)
    entry = await reviews.enter(clients, review.id, "AB1234", WHY, None, later(40))
    inside = await session_rows.find_inside(lot, "AB1234")
    assert inside is not None
    assert (inside.entered_at, await review_rows.list_open(lot)) == (later(30), [])
    assert (await passage_rows.get_passage(passage.id)).session_id == inside.id
    await reviews.take_back(clients, review.id, entry, None, later(41))
    assert (await now_is(inside)).state is SessionState.CANCELLED
    assert [each.id for each in await review_rows.list_open(lot)] == [review.id]
    assert (await passage_rows.get_passage(passage.id)).outcome == Outcome.ASKED


async def test_a_stay_that_ended_without_a_price_is_charged_until_that_was_noticed(lot: int) -> None:
    session = await come(lot, "AB1234")
    await session_overlong.close_overlong(clients, AT + timedelta(days=4))
    (review,) = await review_rows.list_open(lot)
    entry = await reviews.charge_until_noticed(clients, review.id, WHY, None, AT + timedelta(days=5))
    assert await owed(session.id) > 0
    await reviews.take_back(clients, review.id, entry, None, AT + timedelta(days=6))
    assert (await owed(session.id), await asked(lot)) == (0, [Question.TOO_LONG])


async def test_a_car_seen_to_come_in_twice_had_left_in_between(lot: int) -> None:
    await save_rules(lot, LotRules(anti_passback=True))
    session = await come(lot, "AB1234", 60)
    await seen(lot, Direction.ENTRY, "AB1234", 30)  # before the one that is known: told late
    (review,) = await review_rows.list_open(lot)
    assert review.question is Question.SECOND_ENTRY
    with pytest.raises(InvalidInputError, match="within the stay"):
        await reviews.split_entry(clients, review.id, later(20), WHY, None, later(100))
    assert (await now_is(session)).state is SessionState.OPEN


async def test_a_car_that_somebody_said_came_once_does_not_come_twice(lot: int) -> None:
    await save_rules(lot, LotRules(anti_passback=True))
    session = await come(lot, "AB1234")
    await seen(lot, Direction.ENTRY, "AB1234", 60)
    (review,) = await review_rows.list_open(lot)
    await reviews.dismiss(clients, review.id, WHY, None, later(90))
    with pytest.raises(ConflictError, match="decided"):
        await reviews.split_entry(clients, review.id, later(20), WHY, None, later(100))
    assert (await now_is(session)).state is SessionState.OPEN


async def test_of_two_people_who_name_a_car_at_once_one_is_told_that_it_is_decided(lot: int) -> None:
    came = await seen(lot, Direction.ENTRY, "", 30)
    (review,) = await review_rows.list_open(lot)
    plates = ("AB1234", "CD5678")
    told = await asyncio.gather(
        *(reviews.name_entry(clients, review.id, plate, WHY, None, later(90)) for plate in plates),
        return_exceptions=True,
    )
    refused = [each for each in told if isinstance(each, BaseException)]
    assert [str(each) for each in refused] == ["Somebody has decided this already."]
    assert (await session_rows.get_session(came.session_id or 0)).plate == plates[told.index(refused[0]) - 1]
    assert await review_rows.list_open(lot) == []
