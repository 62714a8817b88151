"""What every part of the JSON interface does with what it is given."""

from datetime import UTC, datetime
from typing import Final

from parkhub.db import lots as lot_rows
from parkhub.domain.lots import Lot
from parkhub.errors import InvalidInputError, NotFoundError

PAGE: Final = 100
PAGE_MAX: Final = 500


async def find_lot(slug: str) -> Lot:
    """The lot. Raises NotFoundError."""
    lot = await lot_rows.find_lot(slug)
    if lot is None:
        raise NotFoundError("There is no car park at this address.")
    return lot


def aware(at: datetime) -> datetime:
    """The time in UTC. Raises InvalidInputError when it has no zone."""
    if at.utcoffset() is None:
        raise InvalidInputError("Give times with their zone, such as 2026-11-21T12:00:00Z.")
    return at.astimezone(UTC)


def page_of(limit: int) -> int:
    """How many things a page has, whatever was asked for."""
    return min(max(limit, 1), PAGE_MAX)
