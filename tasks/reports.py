"""Reports by the clock: days are counted, forecasts made, letters written."""

from datetime import UTC, datetime
from typing import Any

from parkhub.services import reports


async def keep_reports(ctx: dict[str, Any]) -> None:
    """Count what has changed since it was counted."""
    await reports.keep(ctx["settings"], datetime.now(UTC))
