"""What every part of the JSON interface does with what it is given."""

from datetime import UTC, datetime
from typing import Final

from parkhub.db import lots as lot_rows
from parkhub.domain.lots import Lot
from parkhub.domain.text import printable
from parkhub.errors import InvalidInputError, NotFoundError
from parkhub.web.guards import ID_MAX

PAGE: Final = 100
PAGE_MAX: Final = 500


async def find_lot(slug: str) -> Lot:
    """The lot. Raises NotFoundError."""
    lot = await lot_rows.find_lot(slug) if printable(slug) else None
    if lot is None:
        raise NotFoundError("There is no car park at this address.")
    return lot


def aware(at: datetime) -> datetime:
    """The time in UTC. Raises InvalidInputError when it has no zone."""
    if at.utcoffset() is None:
        raise InvalidInputError("Give times with their zone, such as 2026-11-21T12:00:00Z.")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise InvalidInputError("Give times of these centuries.") from None


def page_of(limit: int) -> int:
    """How many things a page has, whatever was asked for."""
    return min(max(limit, 1), PAGE_MAX)


def after_of(after: int) -> int:
    """Beyond which id a page begins, as far as ids go."""
    return min(max(after, 0), ID_MAX)
