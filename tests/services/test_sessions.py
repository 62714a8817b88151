"""Passages begin and end sessions by the written rules, once each, on both databases."""

import asyncio
import itertools
from datetime import timedelta

import pytest
from builders import save_permit
from gate_passages import AT, Gate, a_gate

from parkhub.db import bookings as booking_rows
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.lot_rules import save_rules
from parkhub.domain.bookings import BookingRules, BookingState
from parkhub.domain.ledger import Account
from parkhub.domain.lot_rules import LotRules
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.domain.plates import Candidate
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Ending, Outcome, SessionState
from parkhub.domain.vehicles import VehicleKind
from parkhub.services import booking_rules, bookings, payments, permits, session_overlong, sessions
from parkhub.services.bookings import Wish
from parkhub.services.ledger import verify

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def gate() -> Gate:
    return await a_gate()


async def test_a_car_comes_leaves_and_owes_its_stay(gate):
    came = await gate.entry("AB123", 0)
    left = await gate.exit("AB123", 90)
    assert (came.outcome, left.outcome) == (Outcome.ENTERED, Outcome.LEFT)
    (session,) = await gate.all()
    assert session.id == came.session_id == left.session_id
    assert (session.state, session.ending, session.kind) == (SessionState.CLOSED, Ending.EXIT, VehicleKind.CAR)
    assert (session.entered_at, session.exited_at) == (came.at, left.at)
    assert (session.entry_passage_id, session.exit_passage_id) == (came.id, left.id)
    assert await gate.charged(session.id) == 400
    assert await gate.asked() == []
    assert await verify(gate.lot_id) == []


async def test_a_passage_taken_twice_even_at_once_counts_once(gate):
    came = await gate.entry("AB123", 0, later=True)
    await asyncio.gather(*(sessions.take_passage(gate.clients, came.id, AT) for _ in range(4)))
    left = await gate.exit("AB123", 61, later=True)
    await asyncio.gather(*(sessions.take_passage(gate.clients, left.id, AT) for _ in range(4)))
    (session,) = await gate.all()
    assert await gate.charged(session.id) == 400


async def test_a_misread_exit_closes_the_one_session_that_it_can_be(gate):
    await gate.entry("CD777XY", 0)
    came = await gate.entry("AB123EF", 0)
    left = await gate.exit("A8123EF", 30)
    assert (left.outcome, left.session_id) == (Outcome.LEFT, came.session_id)
    assert (await session_rows.get_session(came.session_id)).plate == "AB123EF"


async def test_a_car_whose_entry_was_missed_does_not_end_the_stay_of_one_with_nearly_its_plate(gate):
    came = await gate.entry("AB1237", 0)
    left = await gate.exit("AB1233", 60)
    assert (left.outcome, await gate.asked()) == (Outcome.ASKED, [Question.DOUBTFUL_EXIT])
    assert (await session_rows.get_session(came.session_id)).state is SessionState.OPEN
    await gate.exit("AB1237", 90)
    assert await gate.charged(came.session_id) == 400


@pytest.mark.parametrize("misread_at", ["entry", "exit"])
async def test_another_letter_is_clear_when_the_gate_that_misread_it_thought_of_the_right_one(gate, misread_at):
    doubted = (Candidate("AB1237", 0.6), Candidate("AB1233", 0.3))
    came = await gate.entry("AB1237", 0, **({"candidates": doubted} if misread_at == "entry" else {}))
    turned = (Candidate("AB1233", 0.6), Candidate("AB1237", 0.3))
    left = await gate.exit("AB1233", 60, **({"candidates": turned} if misread_at == "exit" else {}))
    assert (left.outcome, left.session_id) == (Outcome.LEFT, came.session_id)


async def test_a_late_entry_does_not_take_the_exit_of_one_with_nearly_its_plate(gate):
    left = await gate.exit("AB1233", 60)
    came = await gate.entry("AB1237", 0)
    assert (await session_rows.get_session(came.session_id)).state is SessionState.OPEN
    assert (await passage_rows.get_passage(left.id)).outcome == Outcome.ASKED


async def test_a_doubtful_exit_is_asked_about_and_charges_nothing(gate):
    first, second = await gate.entry("AB1234", 0), await gate.entry("AB1235", 1)
    left = await gate.exit("AB123E", 60)
    assert left.outcome == Outcome.ASKED
    (review,) = await review_rows.list_open(gate.lot_id)
    assert (review.question, review.passage_id) == (Question.DOUBTFUL_EXIT, left.id)
    assert [each.session_id for each in review.suggestions] == [first.session_id, second.session_id]
    assert all(session.state is SessionState.OPEN for session in await gate.all())
    assert await gate.charged(first.session_id) == await gate.charged(second.session_id) == 0


async def test_an_exit_without_entry_is_asked_about(gate):
    left = await gate.exit("AB1234", 0)
    assert (left.outcome, await gate.asked()) == (Outcome.ASKED, [Question.EXIT_WITHOUT_ENTRY])
    assert await gate.all() == []


async def test_an_entry_that_arrives_late_is_closed_by_the_exit_that_waits(gate):
    left = await gate.exit("AB1234", 90)
    came = await gate.entry("AB1234", 0)
    (session,) = await gate.all()
    assert (session.state, session.exited_at) == (SessionState.CLOSED, left.at)
    assert (await passage_rows.get_passage(left.id)).outcome == Outcome.LEFT
    assert (await gate.charged(came.session_id), await gate.asked()) == (400, [])


async def test_an_exit_that_waits_does_not_close_a_session_that_began_after_it(gate):
    await gate.exit("AB1234", 0)
    came = await gate.entry("AB1234", 30)
    assert (await session_rows.get_session(came.session_id)).state is SessionState.OPEN
    assert await gate.asked() == [Question.EXIT_WITHOUT_ENTRY]


async def test_a_car_seen_twice_at_the_entrance_enters_once(gate):
    first = await gate.entry("AB1230", 0)
    again = await gate.entry("AB1230", 4)
    look_alike = await gate.entry("AB123O", 4.5)
    assert [each.outcome for each in (again, look_alike)] == [Outcome.SEEN_AGAIN] * 2
    assert {first.session_id, again.session_id, look_alike.session_id} == {first.session_id}
    assert len(await gate.all()) == 1


async def test_a_car_seen_twice_at_the_exit_leaves_once_and_takes_nobody_elses_session(gate):
    came, other = await gate.entry("AB1234", 0), await gate.entry("AB1238", 10)
    await gate.exit("AB1234", 60)
    again = await gate.exit("AB1234", 61)
    assert (again.outcome, again.session_id) == (Outcome.SEEN_AGAIN, came.session_id)
    assert (await session_rows.get_session(other.session_id)).state is SessionState.OPEN
    assert await gate.charged(came.session_id) == 200  # by when it came to the exit, not by how long it stood there


async def test_a_second_entry_long_after_ends_the_first_unpriced(gate):
    first = await gate.entry("AB1234", 0)
    second = await gate.entry("AB1234", 120)
    old, new = await gate.all()
    assert (old.id, old.ending, old.exited_at) == (first.session_id, Ending.EXIT_MISSED, second.first_at)
    assert (new.id, new.state) == (second.session_id, SessionState.OPEN)
    assert (await gate.charged(old.id), await gate.asked()) == (0, [Question.EXIT_MISSED])


async def test_the_missed_exit_that_arrives_late_prices_the_first_stay(gate):
    first = await gate.entry("AB1234", 0)
    await gate.entry("AB1234", 120)
    left = await gate.exit("AB1234", 90)
    assert left.session_id == first.session_id
    old, new = await gate.all()
    assert (old.ending, old.exited_at, new.state) == (Ending.EXIT, left.at, SessionState.OPEN)
    assert (await gate.charged(old.id), await gate.asked()) == (400, [])


SEEN = {"E1": ("entry", 0), "X1": ("exit", 30), "E2": ("entry", 90), "X2": ("exit", 160)}


@pytest.mark.parametrize("order", list(itertools.permutations(SEEN)), ids="-".join)
async def test_two_visits_of_one_car_are_the_same_in_whatever_order_its_pictures_arrive(gate, order):
    for name in order:
        side, minutes = SEEN[name]
        await (gate.entry if side == "entry" else gate.exit)("AB1234", minutes)
    visits = sorted(await gate.all(), key=lambda session: session.entered_at)
    told = [(v.ending, v.entered_at, v.exited_at, await gate.charged(v.id)) for v in visits]
    assert told == [
        (Ending.EXIT, AT, AT + timedelta(minutes=30), 200),
        (Ending.EXIT, AT + timedelta(minutes=90), AT + timedelta(minutes=160), 400),
    ]
    assert await gate.asked() == []
    assert await verify(gate.lot_id) == []


async def test_an_entry_that_arrives_after_the_next_one_is_a_stay_whose_exit_was_missed(gate):
    again = await gate.entry("AB1234", 120)
    late = await gate.entry("AB1234", 0)
    old = await session_rows.get_session(late.session_id)
    assert (old.state, old.ending, old.exited_at) == (SessionState.CLOSED, Ending.EXIT_MISSED, again.first_at)
    assert (await session_rows.get_session(again.session_id)).state is SessionState.OPEN
    assert (await gate.charged(old.id), await gate.asked()) == (0, [Question.EXIT_MISSED])


async def test_with_anti_passback_a_second_entry_is_asked_about(gate):
    await save_rules(gate.lot_id, LotRules(anti_passback=True))
    await gate.entry("AB1234", 0)
    second = await gate.entry("AB1234", 120)
    assert (second.outcome, await gate.asked()) == (Outcome.ASKED, [Question.SECOND_ENTRY])
    assert len(await gate.all()) == 1


async def test_a_late_entry_within_a_visit_that_is_over_is_the_same_car(gate):
    await gate.entry("AB1234", 0)
    await gate.exit("AB1234", 90)
    late = await gate.entry("AB1234", 30)
    assert (late.outcome, len(await gate.all())) == (Outcome.SEEN_AGAIN, 1)


async def test_a_car_may_come_back_at_once(gate):
    await gate.entry("AB1234", 0)
    await gate.exit("AB1234", 60)
    await gate.entry("AB1234", 62)
    left = await gate.exit("AB1234", 64)
    assert [session.ending for session in await gate.all()] == [Ending.EXIT, Ending.EXIT]
    assert left.outcome == Outcome.LEFT


async def test_tail_gating_cars_are_two(gate):
    first, second = await gate.entry("AB1234", 0), await gate.entry("CD5678", 0.02)
    out = [await gate.exit("AB1234", 30), await gate.exit("CD5678", 30.02)]
    assert [each.session_id for each in out] == [first.session_id, second.session_id]


async def test_a_car_without_a_plate_gets_a_ticket_and_a_question(gate):
    came = await gate.entry("", 0, confidence=0.0)
    (session,) = await gate.all()
    assert (session.plate, came.session_id, len(session.ticket)) == ("", session.id, 9)
    assert await gate.asked() == [Question.ENTRY_WITHOUT_PLATE]
    left = await gate.exit("", 60, confidence=0.0)
    assert left.outcome == Outcome.ASKED
    (_, review) = await review_rows.list_open(gate.lot_id)
    assert (review.question, review.suggestions[0].session_id) == (Question.EXIT_WITHOUT_PLATE, session.id)


async def test_two_cars_without_a_plate_are_two_sessions(gate):
    await gate.entry("", 0, confidence=0.0)
    await gate.entry("", 1, confidence=0.0)
    assert len(await gate.all()) == 2


async def test_a_motorcycle_whose_plate_is_only_seen_from_behind_is_a_persons_to_match(gate):
    await gate.entry("", 0, confidence=0.0, kind=VehicleKind.MOTORCYCLE)
    left = await gate.exit("AB12", 60, kind=VehicleKind.MOTORCYCLE)
    assert left.outcome == Outcome.ASKED
    assert await gate.asked() == [Question.ENTRY_WITHOUT_PLATE, Question.EXIT_WITHOUT_ENTRY]


async def test_a_car_whose_direction_nobody_knows_changes_nothing(gate):
    await gate.entry("AB1234", 0)
    seen = await gate.saw(None, "AB1234", 60)
    assert (seen.outcome, await gate.asked()) == (Outcome.ASKED, [Question.DIRECTION])
    assert [session.state for session in await gate.all()] == [SessionState.OPEN]


async def test_a_session_open_for_too_long_is_closed_unpriced_once(gate):
    came = await gate.entry("AB1234", 0)
    day4 = AT + timedelta(days=4)
    assert await session_overlong.close_overlong(gate.clients, day4) == 1
    assert await session_overlong.close_overlong(gate.clients, day4) == 0
    session = await session_rows.get_session(came.session_id)
    assert (session.ending, await gate.charged(session.id)) == (Ending.TOO_LONG, 0)
    assert await gate.asked() == [Question.TOO_LONG]


async def test_a_car_that_leaves_after_its_session_was_closed_for_its_length_is_asked_about_with_that(gate):
    came = await gate.entry("AB1234", 0)
    await session_overlong.close_overlong(gate.clients, AT + timedelta(days=4))
    await gate.exit("AB1234", 5 * 24 * 60)
    assert await gate.asked() == [Question.TOO_LONG, Question.EXIT_WITHOUT_ENTRY]
    (_, review) = await review_rows.list_open(gate.lot_id)
    assert [each.session_id for each in review.suggestions] == [came.session_id]
    assert await gate.charged(came.session_id) == 0


async def test_a_lot_may_let_sessions_stay_open_for_ever(gate):
    await save_rules(gate.lot_id, LotRules(stay_max_minutes=0))
    await gate.entry("AB1234", 0)
    assert await session_overlong.close_overlong(gate.clients, AT + timedelta(days=400)) == 0


async def test_who_has_paid_stands_well_and_who_has_not_does_not(gate):
    came = await gate.entry("AB1234", 0)
    at = AT + timedelta(minutes=30)
    assert await sessions.find_standing(gate.lot_id, "AB1234", at) == sessions.Standing(False, None)
    await payments.pay(came.session_id, 200, Account.CASH, "p-1", at)
    standing = await sessions.find_standing(gate.lot_id, "AB1234", at)
    assert standing == sessions.Standing(True, at + timedelta(minutes=15))
    assert await sessions.find_standing(gate.lot_id, "AB1235", at) is None


async def test_plates_are_found_by_a_part_with_look_alikes_made_equal(gate):
    await gate.entry("AB1230", 0)
    await gate.entry("XY9876", 1)
    for part, expected in (("B12", ["AB1230"]), ("123O", ["AB1230"]), ("Y9", ["XY9876"]), ("QQQ", [])):
        assert [each.plate for each in await session_rows.search(gate.lot_id, part, 10)] == expected


async def test_a_car_comes_on_its_booking_and_pays_the_booked_time(gate):
    await booking_rules.set_rules(gate.lot_id, BookingRules(), 1, [], None, AT)
    wish = Wish(gate.lot_id, "AB1234", AT + timedelta(hours=1), AT + timedelta(hours=4))
    booking = await bookings.book(gate.clients, wish, None, AT - timedelta(hours=9))
    came = await gate.entry("AB1234", 70)
    assert (await session_rows.get_session(came.session_id)).booking_id == booking.id
    await gate.exit("AB1234", 90)
    assert (await booking_rows.get_booking(booking.id)).state is BookingState.DONE
    assert await gate.charged(came.session_id) == 600


async def test_a_permit_parks_free_and_its_second_car_pays(gate):
    permit = await save_permit(gate.lot_id, "AB1234", "CD5678")
    first, second = await gate.entry("AB1234", 0), await gate.entry("CD5678", 1)
    assert (await session_rows.get_session(first.session_id)).permit_id == permit.id
    for plate in ("AB1234", "CD5678"):
        await gate.exit(plate, 30)
    assert [await gate.charged(each.session_id) for each in (first, second)] == [0, 200]


async def test_a_plate_on_the_deny_list_comes_in_and_is_asked_about(gate):
    listed = ListedPlate(PlateList.DENY, "AB1234", gate.lot_id, "owes us")
    await permits.list_plate(listed, None, AT)
    came = await gate.entry("AB1234", 0)
    assert (came.outcome, await gate.asked()) == (Outcome.ENTERED, [Question.DENIED])
    assert gate.clients.live.announced == [f"sessions:{gate.lot_id}", f"alerts:{gate.lot_id}"]


async def test_a_plate_whose_entry_in_the_deny_list_had_run_out_when_it_came_is_one_like_any_other(gate):
    listed = ListedPlate(PlateList.DENY, "AB1234", gate.lot_id, "owed us", AT)
    await permits.list_plate(listed, None, AT)
    assert (await gate.entry("AB1234", 0)).outcome == Outcome.ENTERED
    assert await gate.asked() == []
