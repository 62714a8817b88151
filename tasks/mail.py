"""Letters that wait are sent."""

from datetime import UTC, datetime
from typing import Any

from parkhub.services import mail


async def send_letters(ctx: dict[str, Any]) -> None:
    """Send what is due: asked for, and every five seconds for what nobody asked for or a killed worker left."""
    await mail.send_due(ctx["clients"], lambda: datetime.now(UTC))
