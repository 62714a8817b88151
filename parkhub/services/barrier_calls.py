"""Somebody at a barrier needs a person: drivers call, and so do a car that stands there unpaid and a barrier that did
not open.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import barrier_calls as call_rows
from parkhub.db import barriers as barrier_rows
from parkhub.db import lots as lot_rows
from parkhub.db.engine import transaction
from parkhub.domain.barrier_decisions import Closed
from parkhub.domain.barriers import Barrier, Call, CallCause
from parkhub.errors import BusyError, ParkHubError
from parkhub.services import audit, barriers, mail

KEPT: Final = timedelta(days=400)
WORDS: Final = {
    CallCause.DRIVER: "A driver calls for help.",
    CallCause.WAITING: "A car stands there and may not leave by itself.",
    CallCause.NOT_OPENED: "It was told to open and did not say that it has.",
}
"""Why, for the people who are called."""

log = structlog.get_logger(__name__)


async def call(
    clients: Clients, barrier: Barrier, cause: CallCause, now: datetime, passage_id: int | None = None
) -> Call | None:
    """Call somebody to a barrier, unless somebody is called already; a letter goes to whom the barrier names."""
    async with transaction():
        call_id = await call_rows.add_call(barrier.id, passage_id, cause, now)
        if call_id is not None and barrier.call_email:
            lot = await lot_rows.get_lot(barrier.lot_id)
            values = {"lot": lot.name, "barrier": barrier.name, "zone": lot.time_zone, "why": WORDS[cause]}
            told = {**values, "at": now.isoformat()}
            until = now + timedelta(hours=1)
            await mail.write(f"barrier-call:{call_id}", barrier.call_email, "en", "barrier_call", told, now, until)
    if call_id is None:
        return None
    log.warning("barrier.called", barrier=barrier.public_id, cause=cause.value)
    await clients.live.announce(f"alerts:{barrier.lot_id}")
    await clients.live.announce(f"barrier:{barrier.id}")
    if barrier.call_email:
        await mail.ask(clients)
    return await call_rows.get_call(call_id)


async def take(clients: Clients, call_id: int, account_id: int, now: datetime) -> Call:
    """Somebody goes there. Raises ConflictError when somebody else does."""
    found = await call_rows.get_call(call_id)
    async with transaction():
        await call_rows.take(call_id, account_id, now)
        await _note("barrier.call_taken", found, account_id, now)
    await _tell(clients, found)
    return await call_rows.get_call(call_id)


async def resolve(clients: Clients, call_id: int, account_id: int, now: datetime) -> Call:
    """It is over; asked again, it stays as it was."""
    found = await call_rows.get_call(call_id)
    async with transaction():
        if await call_rows.resolve(call_id, account_id, now):
            await _note("barrier.call_resolved", found, account_id, now)
    await _tell(clients, found)
    return await call_rows.get_call(call_id)


async def end_of(clients: Clients, barrier: Barrier, now: datetime) -> None:
    """The barrier has opened: nobody needs to go there any more."""
    found = await call_rows.find_open(barrier.id)
    if found is not None and await call_rows.resolve(found.id, None, now):
        await _tell(clients, found)


async def call_for_waiting(clients: Clients, now: datetime) -> int:
    """By the clock: call somebody for a car that stands before an exit for long and may not leave by itself."""
    called = 0
    for barrier in await barrier_rows.list_barriers():
        if barrier.enabled and barrier.calls_after_s and barrier.cameras:
            try:
                called += await _call_if_waiting(clients, barrier, now)
            except BusyError:
                raise
            except ParkHubError as error:  # nobody knows what is there, so nobody need go; no other waits for it
                log.warning("barrier.not_looked_at", barrier=barrier.public_id, reason=str(error))
    return called


async def delete_old(now: datetime) -> int:
    """Forget calls that were over long ago; the audit log keeps who took them."""
    return await call_rows.delete_resolved_before(now - KEPT)


async def _call_if_waiting(clients: Clients, barrier: Barrier, now: datetime) -> bool:
    standing = await barriers.look(barrier, now)
    passage, closed = standing.passage, standing.decision.closed
    if passage is None or closed in (None, Closed.BEING_READ, Closed.BY_HAND_ONLY) or standing.opening is not None:
        return False
    waits = now - passage.first_at >= timedelta(seconds=barrier.calls_after_s)
    if not waits or await call_rows.was_called(barrier.id, passage.id):
        return False
    return await call(clients, barrier, CallCause.WAITING, now, passage.id) is not None


async def _note(action: str, found: Call, account_id: int, now: datetime) -> None:
    barrier = await barrier_rows.get_barrier(found.barrier_id)
    await audit.note(
        action,
        account_id=account_id,
        lot_id=barrier.lot_id,
        subject=f"barrier:{barrier.id}",
        before=None,
        after={"call": found.id, "cause": found.cause.value},
        at=now,
    )


async def _tell(clients: Clients, found: Call) -> None:
    barrier = await barrier_rows.get_barrier(found.barrier_id)
    await clients.live.announce(f"alerts:{barrier.lot_id}")
    await clients.live.announce(f"barrier:{barrier.id}")
