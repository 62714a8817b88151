"""The jobs by which saved cards pay: asked for after an exit, and by the clock for whoever was killed in between."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_lot, stand_ins
from kept_cards import a_driver, drive_by, save_a_card, tell_all
from paying import TARIFF

from parkhub.db import payments as payment_rows
from parkhub.domain.passages import Direction
from parkhub.domain.payments import PaymentState
from parkhub.services import saved_cards, tariffs
from parkhub.settings import Settings
from tasks import payments


@pytest.fixture
def ctx(sqlite_open: Settings) -> dict[str, Any]:
    return {"clients": stand_ins(), "settings": sqlite_open}


async def a_stay_of_today(ctx: dict[str, Any]) -> int:
    """A car whose driver's card pays has left a minute ago."""
    now = datetime.now(UTC)
    before = now - timedelta(days=1)
    lot = await save_lot()
    await tariffs.publish(lot.id, None, TARIFF, now - timedelta(days=9), None, now)
    driver = await a_driver(at=before)
    await save_a_card(ctx["clients"], ctx["settings"], driver, at=before)
    await saved_cards.switch_on(driver.id, 5000, "EUR", "Pay.", before)
    await drive_by(ctx["clients"], lot, Direction.ENTRY, now - timedelta(minutes=91))
    session_id = (await drive_by(ctx["clients"], lot, Direction.EXIT, now - timedelta(minutes=1))).session_id
    assert session_id is not None
    return session_id


async def states(session_id: int) -> list[PaymentState]:
    return [each.state for each in await payment_rows.list_of_session(session_id)]


async def test_the_job_that_an_exit_asks_for_charges_the_card(ctx: dict[str, Any]):
    session_id = await a_stay_of_today(ctx)
    asked = [(args, job) for _, job, args, _ in ctx["clients"].queue.jobs if job == payments.charge_stay.__name__]
    assert asked == [((session_id,), "charge_stay")]
    await payments.charge_stay(ctx, session_id)
    assert await states(session_id) == [PaymentState.PROCESSING]
    await tell_all(ctx["clients"], ctx["settings"], datetime.now(UTC) + timedelta(seconds=1))
    assert await states(session_id) == [PaymentState.PAID]


async def test_without_the_job_the_clock_charges_it_once(ctx: dict[str, Any]):
    session_id = await a_stay_of_today(ctx)
    for _ in range(2):
        await payments.keep_cards(ctx)
    assert await states(session_id) == [PaymentState.PROCESSING]
