"""Reports by the clock: days are counted, forecasts made, letters written."""

from datetime import UTC, datetime
from typing import Any

from parkhub.services import forecasts, report_letters, reports


async def keep_reports(ctx: dict[str, Any]) -> None:
    """Count what has changed since it was counted, and forecast from it."""
    now = datetime.now(UTC)
    await reports.keep(ctx["settings"], now)
    await forecasts.keep(now)


async def write_reports(ctx: dict[str, Any]) -> None:
    """Write the letters of the last month."""
    await report_letters.write_letters(ctx["clients"], ctx["settings"], datetime.now(UTC))
