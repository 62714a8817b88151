"""Drivers find their own parking."""

import asyncio
import hashlib
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.clients import Clients
from parkhub.db import matching as matching_rows
from parkhub.db import sessions as session_rows
from parkhub.domain import own_parking
from parkhub.domain.accounts import network, pause_s
from parkhub.domain.lots import Lot
from parkhub.domain.own_parking import Found
from parkhub.domain.plates import fold
from parkhub.domain.sessions import ParkingSession, SessionState, read_ticket

TRIES_PER_ADDRESS: Final = 20
ADDRESS_WINDOW_S: Final = 15 * 60
TRIES_PER_PLATE: Final = 5
PLATE_WINDOW_S: Final = 30 * 60
ANSWER_S: Final = 0.2
"""Every look-up takes at least so long, that how long it took tells nobody whether a plate is known."""


async def find_by_plate(
    clients: Clients, lot: Lot, plate: str, arrived_minute: int, address: str, now: datetime
) -> Found:
    """The open session of a plate that came in about then (`parkhub.domain.own_parking`).

    Known and unknown plates, and a wrong time, are answered alike. Raises TooOftenError, alike for all, after five
    tries for one plate or twenty for any from one network ``address``; one plate tried from many addresses is slowed
    down.
    """
    source, digest = network(address), _digest(lot, plate)
    answered = asyncio.get_running_loop().time() + ANSWER_S
    key = f"own-parking:{digest}:{source}"
    await _hit_address(clients, source)
    await clients.limiter.hit(key, TRIES_PER_PLATE, PLATE_WINDOW_S)
    await asyncio.sleep(pause_s(await clients.limiter.count(f"own-parking:{digest}", PLATE_WINDOW_S)))
    ids = own_parking.alike(plate, await matching_rows.list_inside(lot.id, now))
    known = [each for each in await session_rows.get_sessions(ids) if each.state is SessionState.OPEN]
    found = own_parking.find(plate, arrived_minute, known, ZoneInfo(lot.time_zone))
    await asyncio.sleep(answered - asyncio.get_running_loop().time())
    if found.own is not None:
        await clients.limiter.clear(key)
    return found


async def find_by_ticket(clients: Clients, lot: Lot, ticket: str, address: str) -> ParkingSession | None:
    """The session of a ticket as typed, if it is one of this lot. Raises TooOftenError as finding by plate does."""
    await _hit_address(clients, network(address))
    text = read_ticket(ticket)
    session = await session_rows.find_by_ticket(text) if text else None
    return session if session is not None and session.lot_id == lot.id else None


async def slow_down(clients: Clients, lot: Lot, plate: str, address: str) -> None:
    """Count that a plate was typed in to be paid for. Raises TooOftenError as finding by plate does."""
    source = network(address)
    await _hit_address(clients, source)
    await clients.limiter.hit(f"pay-ahead:{_digest(lot, plate)}:{source}", TRIES_PER_PLATE, PLATE_WINDOW_S)


async def _hit_address(clients: Clients, source: str) -> None:
    await clients.limiter.hit(f"own-parking:from:{source}", TRIES_PER_ADDRESS, ADDRESS_WINDOW_S)


def _digest(lot: Lot, plate: str) -> str:
    """A plate's name among the counters, which are kept for minutes."""
    return hashlib.sha256(f"{lot.id}:{fold(plate)}".encode()).hexdigest()[:32]
