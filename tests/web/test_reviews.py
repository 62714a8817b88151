"""The queue of questions in the console: one at a time, answered by one button each, and taken back."""

import re

import pytest
from builders import stand_ins
from litestar import Litestar
from stays import later, save_priced_lot, seen
from visitors import Visitor, token_of

from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.passages import Direction
from parkhub.domain.sessions import SessionState
from parkhub.services import session_corrections

QUEUE = "/console/review"


@pytest.fixture
async def lot(app: Litestar) -> int:
    return await save_priced_lot()


async def come(lot: int, plate: str) -> int:
    at, told = later(0), later(9999)
    return (await session_corrections.open_by_hand(stand_ins(), lot, plate, None, at, "seen", None, told)).id


async def waiting(lot: int) -> list[int]:
    return [each.id for each in await review_rows.list_open(lot)]


def answers(text: str) -> list[str]:
    return re.findall(r'name="choice" value="([^"]*)"', text)


async def test_an_empty_queue_says_so(staff: Visitor) -> None:
    assert "Nothing waits" in (await staff.get(QUEUE)).text


async def test_a_doubtful_exit_is_given_to_a_session_and_the_answer_is_taken_back(attendant: Visitor, lot: int) -> None:
    first, _ = await come(lot, "AB1234"), await come(lot, "AB1235")
    await seen(lot, Direction.EXIT, "AB123E", 90)
    (review,) = await waiting(lot)
    shown = await attendant.get(QUEUE)
    assert "Which car went out?" in shown.text
    assert f"assign:{first}" in answers(shown.text)
    given = {"_csrf_token": token_of(shown), "choice": f"assign:{first}"}
    done = await attendant.post(f"/console/reviews/{review}/answer", data=given)
    assert done.status_code == 303
    assert (await session_rows.get_session(first)).state is SessionState.CLOSED
    after = await attendant.get(done.headers["location"])
    assert ("The exit is given" in after.text, "Nothing waits" in after.text) == (True, True)
    again = await attendant.post(f"/console/reviews/{review}/answer", data=given)
    assert (again.status_code, "decided this already" in again.text) == (422, True)
    entry = re.search(r'name="entry" value="(\d+)"', after.text)
    assert entry is not None
    undone = {"_csrf_token": token_of(after), "entry": entry[1]}
    assert (await attendant.post(f"/console/reviews/{review}/undo", data=undone)).status_code == 303
    assert (await session_rows.get_session(first)).state is SessionState.OPEN
    assert await waiting(lot) == [review]
    assert (await attendant.post(f"/console/reviews/{review}/undo", data=undone)).status_code == 422


async def test_two_people_are_shown_two_questions(attendant: Visitor, staff: Visitor, lot: int) -> None:
    for plate in ("XX1111", "YY2222"):
        await seen(lot, Direction.EXIT, plate, 90)
    first, second = [re.search(r'data-review="(\d+)"', (await each.get(QUEUE)).text) for each in (attendant, staff)]
    assert first is not None
    assert second is not None
    assert {int(first[1]), int(second[1])} == set(await waiting(lot))
    skipped = (await attendant.get(f"{QUEUE}?after={first[1]}")).text
    assert f'data-review="{first[1]}"' in skipped  # the other one is somebody's
    held = await staff.send_form(QUEUE, f"/console/reviews/{first[1]}/hold")
    assert held.status_code == 409


async def test_of_a_car_at_an_unknown_time_nothing_follows_but_a_persons_word(attendant: Visitor, lot: int) -> None:
    inside = await come(lot, "AB1234")
    await seen(lot, Direction.EXIT, "AB1234", 90, clock_unsure=True)
    (review,) = await waiting(lot)
    shown = await attendant.get(QUEUE)
    assert "A car went by at a time that nobody knows" in shown.text
    assert "nothing began, ended or was charged" in shown.text
    [choice] = answers(shown.text)
    done = await attendant.send_form(QUEUE, f"/console/reviews/{review}/answer", choice=choice)
    assert done.status_code == 303
    assert await waiting(lot) == []
    assert (await session_rows.get_session(inside)).state is SessionState.OPEN


async def test_a_plate_is_typed_for_a_car_that_came_in_without_one(attendant: Visitor, lot: int) -> None:
    passage = await seen(lot, Direction.ENTRY, "", 30)
    assert passage.session_id is not None
    (review,) = await waiting(lot)
    address = f"/console/reviews/{review}/answer"
    wrong = await attendant.send_form(QUEUE, address, choice="plate:", plate=" ")
    assert (wrong.status_code, "Type the plate" in wrong.text) == (422, True)
    assert (await attendant.send_form(QUEUE, address, choice="dance")).status_code == 422
    done = await attendant.send_form(QUEUE, address, choice="plate:", plate="zz 9000")
    assert done.status_code == 303
    assert (await session_rows.get_session(passage.session_id)).plate == "ZZ9000"


async def test_htmx_gets_the_next_question_at_once(attendant: Visitor, lot: int) -> None:
    for plate in ("XX1111", "YY2222"):
        await seen(lot, Direction.EXIT, plate, 90)
    first, second = await waiting(lot)
    shown = await attendant.get(QUEUE)
    given = {"_csrf_token": token_of(shown), "choice": "nothing"}
    answer = await attendant.post(f"/console/reviews/{first}/answer", data=given, headers={"hx-request": "true"})
    assert (answer.status_code, f'data-review="{second}"' in answer.text) == (200, True)
    assert "<html" not in answer.text
    assert "Closed, nothing is changed." in answer.text
