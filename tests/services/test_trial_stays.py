"""Test stays of the guide: priced, booked, and taken back whole."""

from datetime import timedelta

from builders import NOW, save_session, stand_ins
from drivers import TWO_AN_HOUR, save_paid_lot

from parkhub.db import ledger, sessions
from parkhub.domain.sessions import SessionState
from parkhub.services import trial_stays
from parkhub.settings import Settings


async def test_a_test_stay_costs_what_any_stay_costs_and_leaves_nothing_owed(database: Settings) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR)
    assert not await trial_stays.was_made(lot.id)
    made = await trial_stays.make(stand_ins(), lot.id, None, NOW)
    assert (made.gross_cents, made.currency, made.exited_at - made.entered_at) == (400, "EUR", timedelta(hours=2))
    assert (await sessions.get_session(made.session_id)).state is SessionState.CANCELLED
    books = await ledger.get_books(made.session_id)
    assert (books.charged_cents, books.open_cents) == (0, 0)
    assert await trial_stays.was_made(lot.id)


async def test_one_that_was_left_inside_is_taken_back_before_the_next(database: Settings) -> None:
    lot = await save_paid_lot(TWO_AN_HOUR)
    left = await save_session(lot.id, trial_stays.PLATE, entered_at=NOW - timedelta(days=1))
    await trial_stays.make(stand_ins(), lot.id, None, NOW)
    assert (await sessions.get_session(left.id)).state is SessionState.CANCELLED
    assert await sessions.count_open(lot.id) == 0
