"""Forecasts as they were made last."""

from datetime import datetime

import msgspec

from parkhub.db.engine import fetch
from parkhub.domain.forecasts import Forecast
from parkhub.domain.lots import OccupancySample

_read = msgspec.json.Decoder(Forecast).decode


async def save_forecast(lot_id: int, forecast: Forecast) -> None:
    """Put it in the place of the last one."""
    await fetch(
        "INSERT INTO lot_forecast (lot, made_at, forecast) VALUES ({}, {}, {}) "
        "ON CONFLICT (lot) DO UPDATE SET made_at = excluded.made_at, forecast = excluded.forecast",
        lot_id,
        forecast.made_at,
        msgspec.json.encode(forecast).decode(),
    )


async def find_forecast(lot_id: int, since: datetime) -> Forecast | None:
    """The last one, unless it is older."""
    rows = await fetch("SELECT forecast FROM lot_forecast WHERE lot = {} AND made_at >= {}", lot_id, since)
    return _read(rows[0]["forecast"]) if rows else None


async def last_sample(lot_id: int, since: datetime) -> OccupancySample | None:
    """The lot's last five minutes, unless they are older."""
    rows = await fetch(
        "SELECT at, free, occupied, unknown FROM occupancy_sample WHERE lot = {} AND at >= {} ORDER BY at DESC LIMIT 1",
        lot_id,
        since,
    )
    return OccupancySample(lot_id, **rows[0]) if rows else None
