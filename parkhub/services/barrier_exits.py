"""What drivers at an exit may know and do who have scanned the code there.

Nobody is asked for a plate: whoever stands there pays for the car that stands there, and the page tells only what that
owes, neither plate nor times nor pictures. The code in its address cannot be guessed, and hangs where only drivers at
the exit see it. Who would pay for the car before them is told that another one stands there now.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.clients import Clients
from parkhub.db import barrier_calls as call_rows
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.db import lots as lot_rows
from parkhub.db import sessions as session_rows
from parkhub.db.barrier_openings import OpeningFilter
from parkhub.domain.accounts import network
from parkhub.domain.barrier_decisions import Closed
from parkhub.domain.barriers import Barrier, Call, CallCause, OpeningOutcome
from parkhub.domain.lots import Lot
from parkhub.domain.passages import Direction
from parkhub.domain.text import one_line
from parkhub.errors import ConflictError, NotFoundError
from parkhub.languages import marked
from parkhub.services import barrier_calls, barriers, checkouts
from parkhub.services.barriers import Standing
from parkhub.services.checkouts import Checkout
from parkhub.settings import Settings

CALLS_PER_ADDRESS: Final = 3
CALLS_PER_BARRIER: Final = 10
CALLS_WINDOW_S: Final = 600
OPEN_FOR: Final = timedelta(seconds=30)
"""So long after it opened the page says that it is open."""

NO_BARRIER: Final = marked("There is no barrier at this address.")
ANOTHER_CAR: Final = marked("Another car stands at the barrier now. Look whether it is yours before you pay.")


class ExitState(StrEnum):
    """What a driver at the exit is told."""

    NOBODY = "nobody"
    READING = "reading"
    DUE = "due"
    OPENING = "opening"
    OPEN = "open"
    STUCK = "stuck"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class AtExit:
    """An exit as its drivers' page shows it. ``car`` tells one car from the next, and nothing else about it."""

    barrier: Barrier
    lot: Lot
    state: ExitState
    due_cents: int
    currency: str
    car: str
    call: Call | None


async def find_exit(code: str) -> Barrier:
    """The barrier of an exit by the code on its sign. Raises NotFoundError."""
    barrier = await barrier_rows.find_by_code(code) if one_line(code) else None
    if barrier is None or barrier.side is not Direction.EXIT or not barrier.enabled:
        raise NotFoundError(NO_BARRIER)
    return barrier


async def look_at_exit(code: str, key: str, now: datetime) -> AtExit:
    """An exit as it is now. Raises NotFoundError."""
    barrier = await find_exit(code)
    standing = await barriers.look(barrier, now)
    owes = standing.due_cents if standing.decision.closed is Closed.UNPAID else 0
    return AtExit(
        barrier=barrier,
        lot=await lot_rows.get_lot(barrier.lot_id),
        state=await _state(barrier, standing, now),
        due_cents=owes,
        currency=standing.currency,
        car=_car(key, barrier, standing),
        call=await call_rows.find_open(barrier.id),
    )


async def pay_at_exit(
    clients: Clients, settings: Settings, code: str, key: str, car: str, shown_cents: int, now: datetime, language: str
) -> Checkout:
    """Open a page to pay what the car owes that stood there when it was shown.

    Raises ConflictError when another one stands there now, or it owes more than was shown, and what
    `checkouts.start_checkout` raises.
    """
    barrier = await find_exit(code)
    standing = await barriers.look(barrier, now)
    same = hmac.compare_digest(_car(key, barrier, standing).encode(), car.encode())
    if standing.session is None or not same or standing.due_cents > shown_cents:
        raise ConflictError(ANOTHER_CAR)
    return await checkouts.start_checkout(clients, settings, standing.session.id, "", now, language=language)


async def call_attendant(clients: Clients, code: str, address: str, now: datetime) -> None:
    """A driver calls somebody to the barrier; again while somebody is called, nothing more happens.

    Raises TooOftenError.
    """
    barrier = await find_exit(code)
    await clients.limiter.hit(f"barrier-call:{barrier.id}:{network(address)}", CALLS_PER_ADDRESS, CALLS_WINDOW_S)
    await clients.limiter.hit(f"barrier-call:{barrier.id}", CALLS_PER_BARRIER, CALLS_WINDOW_S)
    standing = await barriers.look(barrier, now)
    passage_id = standing.passage.id if standing.passage else None
    await barrier_calls.call(clients, barrier, CallCause.DRIVER, now, passage_id)


async def find_exit_of(session_id: int, now: datetime) -> str:
    """The code of the exit where a session's car stands, or has just been let out; "" for none."""
    session = await session_rows.get_session(session_id)
    if session.exited_at is None:
        return ""
    for barrier in await barrier_rows.list_barriers(session.lot_id):
        if barrier.side is not Direction.EXIT or not barrier.enabled:
            continue
        standing = await barriers.look(barrier, now)
        if standing.session is not None and standing.session.id == session_id:
            return barrier.code
        wanted = OpeningFilter(session_id=session_id, since=now - timedelta(seconds=barrier.waits_s))
        if await opening_rows.list_openings([barrier.id], wanted, None, 1):
            return barrier.code
    return ""


async def _state(barrier: Barrier, standing: Standing, now: datetime) -> ExitState:
    opening = standing.opening
    if opening is None:  # one by hand, or for a car that is gone already
        latest = await opening_rows.list_openings([barrier.id], OpeningFilter(since=now - OPEN_FOR), None, 1)
        by_hand = bool(latest) and latest[0].passage_id is None
        opening = latest[0] if latest and (standing.passage is None or by_hand) else None
    if opening is not None:
        if opening.outcome is OpeningOutcome.WAITING:
            return ExitState.OPENING
        if opening.outcome is not OpeningOutcome.ACKNOWLEDGED:
            return ExitState.STUCK
        if opening.acknowledged_at is not None and now - opening.acknowledged_at <= OPEN_FOR:
            return ExitState.OPEN
        return ExitState.UNCLEAR if standing.passage is not None else ExitState.NOBODY
    if standing.decision.cause is not None:
        return ExitState.OPENING
    simple = {
        Closed.NOBODY: ExitState.NOBODY,
        Closed.BEING_READ: ExitState.READING,
        Closed.UNPAID: ExitState.DUE,
    }
    return simple.get(standing.decision.closed or Closed.NOBODY, ExitState.UNCLEAR)


def _car(key: str, barrier: Barrier, standing: Standing) -> str:
    """A name of the car that stands there, good for comparing only."""
    if standing.passage is None:
        return ""
    text = f"parkhub car at exit\0{barrier.id}\0{standing.passage.id}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()[:24]
