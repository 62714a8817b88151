"""Reports by the clock: what happened is counted and forecast, again and again without harm."""

from datetime import UTC, datetime, timedelta

from builders import save_lot, save_session, stand_ins
from reported import give_past

from parkhub.db import reports as rows
from parkhub.db.engine import fetch
from parkhub.domain.lots import Lot
from tasks.reports import keep_reports, write_reports


async def entries(lot: Lot) -> int:
    today = datetime.now(UTC).date()
    by_day = await rows.sum_by_day(lot.id, today - timedelta(days=1), today + timedelta(days=1))
    return sum(hours.entries for hours in by_day.values())


async def test_a_car_that_came_is_counted_once_however_often_the_clock_asks(database):
    lot, ctx = await save_lot(time_zone="UTC"), {"clients": stand_ins(), "settings": database}
    await give_past(lot, 16, datetime.now(UTC), database, per_day=0)
    await fetch("DELETE FROM lot_forecast")
    await save_session(lot.id, "AB123", entered_at=datetime.now(UTC))
    for _ in range(2):
        await keep_reports(ctx)
        assert await entries(lot) == 1
    assert len(await fetch("SELECT lot FROM lot_forecast")) == 1
    await write_reports(ctx)
    assert await fetch("SELECT id FROM letter") == []
