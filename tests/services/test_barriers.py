"""A barrier opens once, for the car that stands before it, when that may go; on both databases."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from builders import save_account, save_permit, save_session, stand_ins
from gated import a_side, jobs
from paying import AT, a_stay, later, pay

from parkhub.clients import Clients
from parkhub.clients.live import MemoryLive
from parkhub.db import barrier_calls as call_rows
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import reviews as review_rows
from parkhub.domain.barrier_decisions import Closed
from parkhub.domain.barriers import BarrierKind, CallCause, Cause, Letting, OpeningOutcome
from parkhub.domain.ledger import Account
from parkhub.domain.passages import Direction
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import Outcome
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services import audit, barrier_calls, barrier_openings, barriers, payments, permits, reviews
from parkhub.settings import Settings

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def causes(side):
    return [each.cause for each in await side.openings()]


async def test_a_paid_car_is_let_out_once_however_often_it_is_asked_for(clients: Clients):
    side = await a_side()
    session = await a_stay(side.lot)
    await payments.pay(session.id, 400, Account.CASH, "cash-in-the-box", later(90))
    passage = await side.drives_up(clients, "AB123", later(95))
    (opening,) = await side.openings()
    assert (opening.cause, opening.session_id, opening.passage_id) == (Cause.PAID, session.id, passage.id)
    assert opening.expires_at - opening.asked_at == timedelta(seconds=8)
    await asyncio.gather(*(barrier_openings.passed(clients, passage, later(95.1)) for _ in range(4)))
    await barrier_openings.open_waiting(clients, later(95.2))
    assert len(await side.openings()) == 1
    assert ("open_barrier", opening.id) in jobs(clients)


async def test_an_unpaid_car_waits_and_its_payment_lets_it_out_without_another_picture(
    database: Settings, clients: Clients
):
    side = await a_side()
    session = await a_stay(side.lot)
    await side.drives_up(clients, "AB123", later(90))
    standing = await barriers.look(side.barrier, later(90.5))
    assert (standing.decision.closed, standing.due_cents, standing.currency) == (Closed.UNPAID, 400, "EUR")
    assert await causes(side) == []
    await pay(clients, database, session, later(91))
    assert await causes(side) == [Cause.PAID]


async def test_a_payment_opens_for_nobody_else_who_stands_there_meanwhile(database: Settings, clients: Clients):
    side = await a_side()
    session = await a_stay(side.lot)
    await a_stay(side.lot, "CD456")
    await side.drives_up(clients, "AB123", later(90))
    await side.drives_up(clients, "CD456", later(91))
    await pay(clients, database, session, later(91.5))
    assert await causes(side) == []


async def test_nor_for_one_who_is_seen_but_not_decided_on_yet(database: Settings, clients: Clients):
    side = await a_side()
    session = await a_stay(side.lot)
    await side.drives_up(clients, "AB123", later(90))
    await side.saw("CD456", later(91))
    await pay(clients, database, session, later(91.2))
    assert await causes(side) == []
    assert (await barriers.look(side.barrier, later(91.2))).decision.closed is Closed.BEING_READ


async def test_nor_when_later_pictures_show_nobody(database: Settings, clients: Clients):
    side = await a_side()
    session = await a_stay(side.lot)
    await side.drives_up(clients, "AB123", later(90))
    await side.pictured(later(90.5))
    await pay(clients, database, session, later(91))
    assert await causes(side) == []


async def test_nor_after_the_time_that_a_car_is_taken_to_stand_there(database: Settings, clients: Clients):
    side = await a_side(waits_s=60)
    session = await a_stay(side.lot)
    await side.drives_up(clients, "AB123", later(90))
    await pay(clients, database, session, later(92))
    await barrier_openings.open_waiting(clients, later(92))
    assert await causes(side) == []


async def test_of_two_cars_behind_each_other_the_front_one_counts(database: Settings, clients: Clients):
    side = await a_side()
    first, second = await a_stay(side.lot), await a_stay(side.lot, "CD456")
    together = later(90.5)
    await side.drives_up(clients, "AB123", later(90), last_at=together, heard_at=together)
    await side.drives_up(clients, "CD456", later(90.2), last_at=together, heard_at=together)
    await pay(clients, database, second, later(91))
    assert await causes(side) == []
    await pay(clients, database, first, later(91))
    assert [(each.cause, each.session_id) for each in await side.openings()] == [(Cause.PAID, first.id)]


async def test_a_late_picture_opens_nothing(clients: Clients):
    side = await a_side()
    session = await a_stay(side.lot)
    await payments.pay(session.id, 400, Account.CASH, "cash-in-the-box", later(90))
    passage = await side.drives_up(clients, "AB123", later(91), heard_at=later(92))
    assert passage.outcome == Outcome.LEFT
    await barrier_openings.open_waiting(clients, later(92.1))
    assert await causes(side) == []


async def test_a_car_that_was_let_out_is_not_let_out_again_when_it_is_seen_again(clients: Clients):
    side = await a_side()
    session = await a_stay(side.lot)
    await payments.pay(session.id, 400, Account.CASH, "cash-in-the-box", later(90))
    await side.drives_up(clients, "AB123", later(91))
    again = await side.drives_up(clients, "AB123", later(92))
    assert (again.outcome, again.session_id) == (Outcome.SEEN_AGAIN, session.id)
    assert (await barriers.look(side.barrier, later(92.1))).decision.closed is Closed.ALREADY
    assert await causes(side) == [Cause.PAID]


@pytest.mark.parametrize("answered", [True, False], ids=["it opened late", "it never answered"])
async def test_one_that_did_not_answer_in_time_is_told_again_unless_it_opened_late(clients: Clients, answered: bool):
    side = await a_side()
    session = await a_stay(side.lot)
    await payments.pay(session.id, 400, Account.CASH, "cash-in-the-box", later(90))
    await side.drives_up(clients, "AB123", later(91))
    (opening,) = await side.openings()
    await opening_rows.settle(opening.id, OpeningOutcome.TIMED_OUT, "no answer", None)
    if answered:
        await opening_rows.note_late(opening.id, later(91.3))
    await side.drives_up(clients, "AB123", later(92))
    assert len(await side.openings()) == (1 if answered else 2)


async def test_unclear_unknown_and_unread_cars_stay_and_it_is_said_why(clients: Clients):
    side = await a_side()
    await side.drives_up(clients, "XY999", later(10))
    assert (await barriers.look(side.barrier, later(10.1))).decision.closed is Closed.UNKNOWN
    await side.drives_up(clients, "", later(20))
    assert (await barriers.look(side.barrier, later(20.1))).decision.closed is Closed.NO_PLATE
    await save_session(side.lot.id, "AB1237", entered_at=AT)
    await side.drives_up(clients, "AB1233", later(30))
    assert (await barriers.look(side.barrier, later(30.1))).decision.closed is Closed.UNCLEAR
    assert await causes(side) == []


async def test_a_stay_that_somebody_asks_about_waits_for_the_answer(clients: Clients):
    side = await a_side()
    session = await a_stay(side.lot)
    await payments.pay(session.id, 400, Account.CASH, "cash-in-the-box", later(90))
    await review_rows.ask(side.lot.id, Question.SECOND_ENTRY, None, session.id, (), later(50))
    await side.drives_up(clients, "AB123", later(91))
    assert (await barriers.look(side.barrier, later(91.2))).decision.closed is Closed.IN_REVIEW
    (review,) = await review_rows.list_of_session(session.id)
    await reviews.dismiss(clients, review.id, "the same car twice", None, later(91.5))
    assert await barrier_openings.open_waiting(clients, later(91.6)) == 1
    assert await causes(side) == [Cause.PAID]


async def test_one_car_of_which_nothing_can_be_found_out_keeps_no_other_barrier_shut(clients: Clients):
    broken, side = await a_side(calls_after_s=20), await a_side(lot=None, calls_after_s=20)
    await broken.saw("AB123", later(90), outcome=Outcome.LEFT.value, session_id=987654)  # of none that there is
    session = await a_stay(side.lot)
    passage = await side.drives_up(clients, "AB123", later(90))
    await payments.pay(session.id, 400, Account.CASH, "cash-in-the-box", later(90.2))
    assert await barrier_openings.open_waiting(clients, later(90.3)) == 1
    unpaid = await a_side(calls_after_s=20)
    await a_stay(unpaid.lot)
    await unpaid.drives_up(clients, "AB123", later(90))
    assert await barrier_calls.call_for_waiting(clients, later(90.5)) == 1
    assert [each.passage_id for each in await side.openings()] == [passage.id]


async def test_permits_bookings_and_short_stays_leave_freely(clients: Clients):
    side = await a_side()
    await save_session(side.lot.id, "PERMIT1", entered_at=AT, right="allowed")
    await side.drives_up(clients, "PERMIT1", later(90))
    free = await a_side(lot=None)
    await save_session(free.lot.id, "FREE11", entered_at=AT)
    await free.drives_up(clients, "FREE11", later(90))
    assert (await causes(side), await causes(free)) == ([Cause.PERMIT], [Cause.FREE])


LETTING = {
    "nobody": (Letting.NOBODY, False, Closed.BY_HAND_ONLY),
    "everyone": (Letting.EVERYONE, False, Cause.ENTRY),
    "permits, without one": (Letting.RIGHTS, False, Closed.NO_RIGHT),
    "permits, with one": (Letting.RIGHTS, True, Cause.PERMIT),
    "space, while nobody sees any": (Letting.SPACE, False, Closed.FULL),
    "space, with a permit": (Letting.SPACE, True, Cause.PERMIT),
}


@pytest.mark.parametrize(("letting", "permit", "expected"), LETTING.values(), ids=LETTING)
async def test_an_entrance_opens_for_whom_its_lot_says(clients: Clients, letting, permit, expected):
    side = await a_side(side=Direction.ENTRY, letting=letting.value)
    if permit:
        await save_permit(side.lot.id, "AB123")
    await side.drives_up(clients, "AB123", later(0))
    if isinstance(expected, Cause):
        assert await causes(side) == [expected]
    else:
        assert await causes(side) == []
        assert (await barriers.look(side.barrier, later(0.1))).decision.closed is expected


async def test_nobody_on_the_deny_list_is_let_in(clients: Clients):
    side = await a_side(side=Direction.ENTRY, letting=Letting.EVERYONE.value)
    listed = ListedPlate(PlateList.DENY, "AB123", side.lot.id, "owes")
    await permits.list_plate(listed, None, AT)
    await side.drives_up(clients, "AB123", later(0))
    assert await causes(side) == []
    assert (await barriers.look(side.barrier, later(0.1))).decision.closed is Closed.DENIED


async def test_a_person_opens_with_a_reason_once_per_uid_and_the_log_keeps_it(clients: Clients):
    side, account = await a_side(), await save_account()
    with pytest.raises(InvalidInputError, match="Say why"):
        await barriers.open_by_hand(clients, side.barrier, " ", account.id, "press-number-1", later(0))
    for _ in range(2):
        opening = await barriers.open_by_hand(
            clients, side.barrier, "ambulance", account.id, "press-number-1", later(0)
        )
    assert [(each.cause, each.reason, each.email) for each in await side.openings()] == [
        (Cause.BY_HAND, "ambulance", account.email)
    ]
    entry = (await audit.list_entries())[0]
    assert (entry.action, entry.account_id, entry.reason) == ("barrier.opened", account.id, "ambulance")
    assert entry.after == {"opening": opening.id, "session": None}


async def test_the_reason_names_no_plate_and_what_is_off_stays_shut(clients: Clients):
    side = await a_side()
    await a_stay(side.lot)
    await side.drives_up(clients, "AB123", later(90))
    with pytest.raises(InvalidInputError, match="plate"):
        await barriers.open_by_hand(clients, side.barrier, "let AB 123 go", None, "", later(90.1))
    off = await a_side(enabled=False)
    with pytest.raises(ConflictError, match="switched off"):
        await barriers.open_by_hand(clients, off.barrier, "test", None, "", later(0))
    assert await side.openings() == await off.openings() == []


async def test_a_relays_node_is_told_at_once(clients: Clients):
    side = await a_side(BarrierKind.RELAY)
    await barriers.open_by_hand(clients, side.barrier, "ambulance", None, "", later(0))
    assert f"relay:{side.camera.id}" in clients.live.announced
    (opening,) = await side.openings()
    assert (opening.sent_at, opening.attempts) == (later(0), 1)


async def test_a_relays_node_is_told_by_the_clock_when_whoever_asked_was_killed_before(clients: Clients):
    class Killed(MemoryLive):
        async def announce(self, topic: str) -> None:
            raise asyncio.CancelledError

    side = await a_side(BarrierKind.RELAY)
    with pytest.raises(asyncio.CancelledError):
        await barriers.open_by_hand(replace(clients, live=Killed()), side.barrier, "ambulance", None, "", later(0))
    await barrier_openings.open_waiting(clients, later(0.05))
    assert f"relay:{side.camera.id}" in clients.live.announced


async def test_somebody_is_called_once_for_a_car_that_stands_there_unpaid(clients: Clients):
    side = await a_side(calls_after_s=20)
    await a_stay(side.lot)
    await side.drives_up(clients, "AB123", later(90))
    assert await barrier_calls.call_for_waiting(clients, later(90.1)) == 0
    assert await barrier_calls.call_for_waiting(clients, later(90.5)) == 1
    assert await barrier_calls.call_for_waiting(clients, later(90.6)) == 0
    (call,) = await call_rows.list_open(side.lot.id)
    assert call.cause is CallCause.WAITING
    assert f"alerts:{side.lot.id}" in clients.live.announced
    account = await save_account()
    assert (await barrier_calls.take(clients, call.id, account.id, later(91))).taken_by_email == account.email
    with pytest.raises(ConflictError, match="taken this call"):
        await barrier_calls.take(clients, call.id, account.id, later(91))
    await barrier_calls.resolve(clients, call.id, account.id, later(92))
    assert await call_rows.list_open() == []
    assert await barrier_calls.call_for_waiting(clients, later(92)) == 0
    assert await barrier_calls.delete_old(later(92) + barrier_calls.KEPT) == 0
    assert await barrier_calls.delete_old(later(93) + barrier_calls.KEPT) == 1
