"""Barriers open by themselves for who may go.

Every opening is asked for with the lot's books held, so that what decides it cannot change meanwhile; the database
keeps one per barrier and passage, whoever asks: the passage itself, a payment, and the clock, which catches what was
lost.
"""

from datetime import datetime

import structlog

from parkhub.clients import Clients
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.db import passages as passage_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.barriers import Barrier, Opening
from parkhub.domain.passages import GatePassage
from parkhub.errors import BusyError, ParkHubError
from parkhub.services.barriers import keep, look, send_off

log = structlog.get_logger(__name__)


async def passed(clients: Clients, passage: GatePassage, now: datetime) -> list[Opening]:
    """A passage was taken: open what opens for its car. Answers what was asked to open."""
    known = await barrier_rows.list_of_camera(passage.camera_id)
    asked = [await _ask(clients, barrier, now) for barrier in known if passage.direction is barrier.side]
    for barrier in known:
        await clients.live.announce(f"barrier:{barrier.id}")
    return [each for each in asked if each is not None]


async def open_for(clients: Clients, session_id: int, now: datetime) -> list[Opening]:
    """Something about a session was put right, such as its payment: let its car out if it waits."""
    asked = []
    for barrier in await barrier_rows.list_barriers((await session_rows.get_session(session_id)).lot_id):
        found = (await look(barrier, now)).session if barrier.enabled else None
        if found is not None and found.id == session_id:
            asked.append(await _ask(clients, barrier, now))
    return [each for each in asked if each is not None]


async def open_waiting(clients: Clients, now: datetime) -> int:
    """By the clock: let go whom nobody has let go though they may, and send what nobody has sent.

    A barrier about whose car something cannot be found out keeps no other shut.
    """
    asked = 0
    for barrier in await barrier_rows.list_barriers():
        if not barrier.enabled or not barrier.cameras:
            continue
        try:
            standing = await look(barrier, now)
            if standing.passage is not None and standing.decision.cause is not None and standing.opening is None:
                asked += await _ask(clients, barrier, now) is not None
        except BusyError:
            raise
        except ParkHubError as error:
            log.warning("barrier.not_asked", barrier=barrier.public_id, reason=str(error))
    for opening in await opening_rows.list_unsent(now, 100):
        await send_off(clients, await barrier_rows.get_barrier(opening.barrier_id), opening, now)
    return asked


async def tell_passed(clients: Clients, passage_id: int, now: datetime) -> None:
    """After a passage was taken: open for it. What goes wrong is logged; the clock tries again, and the passage stays
    taken.
    """
    try:
        await passed(clients, await passage_rows.get_passage(passage_id), now)
    except ParkHubError as error:
        log.warning("barrier.not_asked", passage=passage_id, reason=str(error))


async def tell_paid(clients: Clients, session_id: int, now: datetime) -> None:
    """After a payment was booked: let its car out if it waits. What goes wrong is logged, and the clock tries again."""
    try:
        await open_for(clients, session_id, now)
    except ParkHubError as error:
        log.warning("barrier.not_asked", session=session_id, reason=str(error))


async def _ask(clients: Clients, barrier: Barrier, now: datetime) -> Opening | None:
    """Ask a barrier to open for who stands there, once; None when it does not open."""
    async with transaction():
        await session_rows.lock_lot(barrier.lot_id)
        standing = await look(barrier, now)
        cause, passage = standing.decision.cause, standing.passage
        if cause is None or passage is None or standing.opening is not None:
            return None
        session_id = standing.session.id if standing.session else None
        opening = await keep(barrier, cause, now, passage_id=passage.id, session_id=session_id)
    if opening is None:
        return None
    log.info("barrier.asked", barrier=barrier.public_id, opening=opening.id, cause=cause.value)
    await send_off(clients, barrier, opening, now)
    return opening
