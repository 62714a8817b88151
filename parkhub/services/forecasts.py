"""Forecasts of free places: made by the clock, read by pages."""

import asyncio
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.db import forecasts as rows
from parkhub.db import lots as lot_rows
from parkhub.db import reports as report_rows
from parkhub.domain.forecasts import TRIED_DAYS, WEEKS, Forecast, forecast, history_of
from parkhub.domain.lots import Lot

FRESH: Final = timedelta(minutes=30)
"""A forecast, and a look at the lot, that is older says nothing about now."""
REACHES_BACK: Final = timedelta(days=TRIED_DAYS + 7 * (WEEKS + 1) + 1)


async def keep(now: datetime) -> int:
    """Forecast every lot anew; answers how many have enough history."""
    made = 0
    for lot in await lot_rows.list_lots():
        found = await make_forecast(lot, now)
        if found is not None:
            await rows.save_forecast(lot.id, found)
            made += 1
    return made


async def make_forecast(lot: Lot, now: datetime) -> Forecast | None:
    """The next hours of a lot, from what was counted of it; None when nobody sees it or its history is short."""
    sample, zone = await rows.last_sample(lot.id, now - FRESH), ZoneInfo(lot.time_zone)
    if sample is None:
        return None
    capacity = sample.free + sample.occupied + sample.unknown
    seen = sample.free + sample.occupied
    free_now = sample.free / seen * capacity if seen and seen >= sample.unknown else None
    history = history_of(await report_rows.list_hours(lot.id, now - REACHES_BACK, now), zone)
    return await asyncio.to_thread(forecast, history, capacity, free_now, now, zone) if capacity else None


async def find_forecast(lot: Lot, now: datetime) -> Forecast | None:
    """The last forecast that is fresh."""
    return await rows.find_forecast(lot.id, now - FRESH)
