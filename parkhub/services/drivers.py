"""Drivers and their accounts: who holds a plate, and who is signed in on a browser."""

import hashlib
from datetime import datetime, timedelta
from typing import Final

from parkhub.db import driver_vehicles as vehicle_rows
from parkhub.db import drivers as rows
from parkhub.db.engine import transaction
from parkhub.domain.drivers import Driver, SignedIn
from parkhub.domain.plates import normalise

CLAIMS_KEPT: Final = timedelta(days=180)

__all__ = ["CLAIMS_KEPT", "Driver", "delete_over", "digest", "find_of_plate", "sign_out", "who_is"]


async def find_of_plate(plate: str) -> Driver | None:
    """Who has proven a plate; at most one driver has."""
    text = normalise(plate)
    return await rows.find_of_plate(text) if text else None


async def who_is(token: str, now: datetime) -> SignedIn | None:
    """The driver that ``token`` was given to, while it is valid."""
    return await rows.find_sign_in(digest(token), now)


async def sign_out(token: str) -> None:
    """Make a token worthless; nothing happens when it is already."""
    await rows.delete_sign_in(digest(token))


async def delete_over(now: datetime) -> None:
    """Forget links and sign-ins that are over, and claims decided half a year ago."""
    async with transaction():
        await rows.delete_over(now)
        await vehicle_rows.delete_decided_before(now - CLAIMS_KEPT)


def digest(token: str) -> str:
    """What the database knows a token by."""
    return hashlib.sha256(token.encode()).hexdigest()
