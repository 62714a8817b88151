"""An earlier picture of a car that comes after the car was taken moves its stay, and only as far as is fair, on both
databases.
"""

from dataclasses import replace
from datetime import timedelta

import paying
import pytest
from gate_passages import AT, Gate, a_gate

from parkhub.db import passages as passage_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.ledger import Account
from parkhub.domain.passages import GatePassage
from parkhub.domain.sessions import Ending
from parkhub.services import billing, checkouts, passages, payments, sessions
from parkhub.services.ledger import verify
from parkhub.settings import Settings

pytestmark = pytest.mark.usefixtures("database")

LATER = AT + timedelta(hours=3)


@pytest.fixture
async def gate() -> Gate:
    return await a_gate()


async def prolong(passage: GatePassage, seconds: float) -> None:
    """An earlier picture is kept, and whoever was to tell the session is killed."""
    await passage_rows.prolong_passage(replace(passage, first_at=passage.first_at - timedelta(seconds=seconds)))


async def seen_earlier(gate: Gate, passage: GatePassage, seconds: float) -> None:
    """An earlier picture of a car arrives after the car was taken."""
    await prolong(passage, seconds)
    await sessions.take_passage(gate.clients, passage.id, LATER)


async def test_an_earlier_picture_that_comes_late_moves_the_stay_and_its_price(gate: Gate) -> None:
    came, left = await gate.entry("AB1234", 0), await gate.exit("AB1234", 60.01)
    assert await gate.charged(came.session_id) == 400
    await seen_earlier(gate, left, 0.6)
    session = await session_rows.get_session(came.session_id or 0)
    assert (session.exited_at, await gate.charged(session.id)) == (AT + timedelta(hours=1), 200)
    await seen_earlier(gate, came, 1)
    session = await session_rows.get_session(came.session_id or 0)
    assert (session.entered_at, await gate.charged(session.id)) == (AT - timedelta(seconds=1), 400)
    assert await verify(gate.lot_id) == []


async def test_what_was_paid_for_stays_as_it_was_told_whatever_picture_comes_late(gate: Gate) -> None:
    came = await gate.entry("AB1234", 0)
    await payments.pay(came.session_id or 0, 200, Account.CASH, "p-1", AT + timedelta(minutes=30))
    await seen_earlier(gate, came, 1)
    assert (await session_rows.get_session(came.session_id or 0)).entered_at == came.at


async def test_a_moment_that_a_person_has_set_stays(gate: Gate) -> None:
    came = await gate.entry("AB1234", 0)
    session = await session_rows.get_session(came.session_id or 0)
    set_by_hand = replace(session, entered_at=AT + timedelta(minutes=5))
    await session_rows.save_session(set_by_hand)
    await seen_earlier(gate, came, 1)
    assert await session_rows.get_session(session.id) == set_by_hand


async def test_who_pays_what_the_page_asks_owes_nothing_more_whatever_picture_comes_meanwhile(
    gate: Gate, database: Settings
) -> None:
    came = await gate.entry("AB1234", 0)
    session = await session_rows.get_session(came.session_id or 0)
    asked_at = AT + timedelta(minutes=59, seconds=50)
    checkout, _ = await paying.quoted(gate.clients, database, session, asked_at)
    await seen_earlier(gate, came, 20)
    await paying.finish(gate.clients, database, checkout, asked_at + timedelta(seconds=5))
    left = await gate.exit("AB1234", 61)
    bill = await billing.get_bill(session.id, LATER)
    assert (checkout.amount_cents, bill.due_cents, bill.books.charged_cents) == (200, 0, 200)
    assert bill.session.span(LATER).start == came.at
    assert bill.session.exited_at == left.at


async def test_who_was_asked_to_pay_ahead_has_paid_until_then(gate: Gate, database: Settings) -> None:
    came = await gate.entry("AB1234", 0)
    until = AT + timedelta(hours=1)
    checkout = await checkouts.start_checkout(
        gate.clients, database, came.session_id or 0, "", AT + timedelta(minutes=5), until
    )
    await seen_earlier(gate, came, 20)
    await paying.finish(gate.clients, database, checkout, AT + timedelta(minutes=6))
    await seen_earlier(gate, came, 30)
    await gate.exit("AB1234", 59)
    bill = await billing.get_bill(came.session_id or 0, LATER)
    assert (checkout.amount_cents, bill.due_cents, bill.session.entered_at) == (200, 0, came.at)


async def test_an_earlier_end_makes_a_stay_cheaper_though_its_driver_was_asked_for_more(
    gate: Gate, database: Settings
) -> None:
    came, left = await gate.entry("AB1234", 0), await gate.exit("AB1234", 60.01)
    session = await session_rows.get_session(came.session_id or 0)
    before, _ = await paying.quoted(gate.clients, database, session, AT + timedelta(minutes=61))
    await seen_earlier(gate, left, 1)
    after, _ = await paying.quoted(gate.clients, database, session, AT + timedelta(minutes=62))
    assert (before.amount_cents, after.amount_cents) == (400, 200)


async def test_whoever_was_to_tell_a_session_is_killed_and_it_hears_of_it_later(gate: Gate) -> None:
    came, left = await gate.entry("AB1234", 0), await gate.exit("AB1234", 60.01)
    assert await passages.list_untaken(LATER) == []
    await prolong(left, 2)
    assert await passages.list_untaken(left.last_at) == []  # it may still be told
    untaken = await passages.list_untaken(LATER)
    assert untaken == [left.id]
    await passages.give(gate.clients, untaken, LATER)
    assert (await gate.charged(came.session_id), await passages.list_untaken(LATER)) == (200, [])


async def test_what_turns_out_while_a_session_is_told_is_not_taken_for_told(gate: Gate) -> None:
    left = await gate.exit("AB1234", 60)
    await prolong(left, 1)
    told = await passage_rows.get_passage(left.id)
    await prolong(left, 2)
    await passage_rows.set_followed(told)
    assert await passages.list_untaken(LATER) == [left.id]
    known = await passage_rows.get_passage(left.id)
    await passage_rows.set_followed(known)
    await passage_rows.prolong_passage(replace(known, last_at=known.last_at + timedelta(seconds=2)))
    assert await passages.list_untaken(LATER) == []  # a later picture says nothing of when it began


@pytest.mark.parametrize("late", [False, True], ids=["in order", "first entry late"])
async def test_the_end_of_a_stay_whose_exit_was_missed_moves_with_the_entry_that_told(gate: Gate, late: bool) -> None:
    came = {minutes: await gate.entry("AB1234", minutes) for minutes in ((600, 0) if late else (0, 600))}
    again = came[600]
    await seen_earlier(gate, again, 1)
    first, second = sorted(await gate.all(), key=lambda each: each.entered_at)
    assert (first.ending, first.exited_at) == (Ending.EXIT_MISSED, again.at - timedelta(seconds=1))
    assert second.entered_at == first.exited_at
    assert await gate.charged(first.id) == 0


async def test_a_stay_never_begins_within_the_one_before_it(gate: Gate) -> None:
    await gate.entry("AB1234", 0)
    left = await gate.exit("AB1234", 60)
    again = await gate.entry("AB1234", 60.01)
    await seen_earlier(gate, again, 2)
    await seen_earlier(gate, again, 3)
    first, second = await gate.all()
    assert (first.exited_at, second.entered_at) == (left.at, left.at)


async def test_the_end_of_a_stay_moves_no_further_back_than_the_stay_began(gate: Gate) -> None:
    first, second = await gate.entry("AB1234", 0), await gate.entry("AB1234", 5.01)
    await seen_earlier(gate, second, 400)
    begun, again = await gate.all()
    assert first.at == begun.entered_at == begun.exited_at == again.entered_at
