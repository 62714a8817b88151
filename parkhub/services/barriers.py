"""Who stands before a barrier and may go; opening by hand; and having a command carried out, which jobs do."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import barrier_openings as opening_rows
from parkhub.db import barriers as barrier_rows
from parkhub.db import frames as frame_rows
from parkhub.db import lots as lot_rows
from parkhub.db import plate_lists as list_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.barrier_decisions import (
    Closed,
    Decision,
    EntryFacts,
    ExitFacts,
    decide_entry,
    decide_exit,
    in_front,
    stands,
)
from parkhub.domain.barriers import Barrier, BarrierKind, Cause, Letting, Opening
from parkhub.domain.passages import Direction, GatePassage
from parkhub.domain.plate_lists import PlateList
from parkhub.domain.reasons import checked_reason
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import ParkingSession
from parkhub.domain.spots import SpotState
from parkhub.domain.text import one_line
from parkhub.errors import BusyError, ConflictError, InvalidInputError
from parkhub.services import audit, billing, dues, lots

OPEN_BARRIER: Final = "open_barrier"
END_OPENING: Final = "end_opening"
UID_BYTES: Final = 15

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """Who stands before a barrier, and whether it opens. ``passage`` None: nobody. ``opening``: what it was told."""

    passage: GatePassage | None
    decision: Decision
    session: ParkingSession | None = None
    due_cents: int = 0
    currency: str = ""
    opening: Opening | None = None


NOBODY: Final = Standing(None, Decision(closed=Closed.NOBODY))


async def open_by_hand(
    clients: Clients,
    barrier: Barrier,
    reason: str,
    account_id: int | None,
    uid: str,
    now: datetime,
    cause: Cause = Cause.BY_HAND,
) -> Opening:
    """A person opens a barrier and says why; noted in the audit log. Asked again with the same ``uid`` it opens once.

    Raises InvalidInputError for no reason, ConflictError for a barrier that is switched off.
    """
    if not barrier.enabled:
        raise ConflictError("This barrier is switched off. Switch it on first.")
    if uid and not (8 <= len(uid) <= 80 and one_line(uid)):
        raise InvalidInputError("A uid is 8 to 80 letters on one line.")
    async with transaction():
        await session_rows.lock_lot(barrier.lot_id)
        standing = await look(barrier, now)
        plates = [standing.passage.plate] if standing.passage else []
        plates += [standing.session.plate] if standing.session else []
        reason = checked_reason(reason, plates)
        uid = f"hand-{uid}" if uid else secrets.token_urlsafe(UID_BYTES)
        known = await opening_rows.find_opening(uid)
        if known is not None:
            if known.barrier_id != barrier.id:
                raise ConflictError("Another barrier was opened with this uid.")
            return known
        session_id = standing.session.id if standing.session else None
        opening = await keep(barrier, cause, now, uid=uid, session_id=session_id, account_id=account_id, reason=reason)
        assert opening is not None
        await audit.note(
            "barrier.tested" if cause is Cause.TEST else "barrier.opened",
            account_id=account_id,
            lot_id=barrier.lot_id,
            subject=f"barrier:{barrier.id}",
            before=None,
            after={"opening": opening.id, "session": session_id},
            reason=reason,
            at=now,
        )
    await send_off(clients, barrier, opening, now)
    return await opening_rows.get_opening(opening.id)


async def look(barrier: Barrier, now: datetime) -> Standing:
    """Who stands before a barrier now, and what it decides about them."""
    passage = in_front(await barrier_rows.list_before(barrier, now))
    if passage is None:
        return NOBODY
    latest = await frame_rows.latest_read(passage.camera_id)
    if not stands(barrier, passage, latest.captured_at if latest else None, now):
        return NOBODY
    opening = await opening_rows.find_of_passage(barrier.id, passage.id)
    if not passage.outcome:
        return Standing(passage, Decision(closed=Closed.BEING_READ), opening=opening)
    if barrier.side is Direction.ENTRY:
        decision, session = await _decide_entry(barrier, passage, now)
        due, currency = 0, ""
    else:
        facts = await _exit_facts(passage.session_id, now) if passage.session_id else ExitFacts(None)
        decision, session, due = decide_exit(passage, facts), facts.session, facts.due_cents
        currency = await billing.get_currency(barrier.lot_id)
    opens = decision.cause is not None and opening is None and session is not None
    if opens and session is not None and await opening_rows.has_let_through(barrier.id, session.id):
        decision = Decision(closed=Closed.ALREADY)
    return Standing(passage, decision, session, due, currency, opening)


async def send_off(clients: Clients, barrier: Barrier, opening: Opening, now: datetime) -> None:
    """Have a command carried out. A relay's node fetches it; the others are sent by a job. Both end by themselves."""
    try:
        if barrier.kind is BarrierKind.RELAY:
            await clients.live.announce(f"relay:{barrier.node_id}")
            await opening_rows.claim(opening.id, now)  # afterwards: whoever is killed in between, the clock tells again
        else:
            await clients.queue.enqueue(OPEN_BARRIER, opening.id, job_id=f"open:{opening.id}", queue=QueueName.BARRIERS)
        await clients.queue.enqueue(
            END_OPENING,
            opening.id,
            job_id=f"end:{opening.id}",
            queue=QueueName.BARRIERS,
            delay_s=(opening.expires_at - now).total_seconds() + 2.5,
        )
    except BusyError as error:  # the clock sends what still holds, and ends what does not
        log.warning("barrier.not_sent", opening=opening.id, reason=str(error))
    await clients.live.announce(f"barrier:{barrier.id}")


async def keep(
    barrier: Barrier,
    cause: Cause,
    now: datetime,
    *,
    uid: str = "",
    passage_id: int | None = None,
    session_id: int | None = None,
    account_id: int | None = None,
    reason: str = "",
) -> Opening | None:
    """Keep a command inside the caller's transaction; None when there is one of that uid, or for that passage."""
    opening = Opening(
        id=0,
        uid=uid or secrets.token_urlsafe(UID_BYTES),
        barrier_id=barrier.id,
        session_id=session_id,
        passage_id=passage_id,
        cause=cause,
        account_id=account_id,
        reason=reason,
        asked_at=now,
        expires_at=now + timedelta(seconds=barrier.timeout_s),
    )
    opening_id = await opening_rows.add_opening(opening)
    return await opening_rows.get_opening(opening_id) if opening_id is not None else None


async def _exit_facts(session_id: int, now: datetime) -> ExitFacts:
    standing = await dues.look(session_id, now)
    bill, session = standing.bill, standing.bill.session
    tariff, quote = bill.tariff, bill.quote
    short = tariff is not None and session.span(now).length <= timedelta(minutes=tariff.entry_grace_minutes)
    return ExitFacts(
        session=session,
        due_cents=0 if standing.may_leave else bill.due_cents,
        charged_cents=bill.books.charged_cents,
        grace=quote is not None and quote.gross_cents == 0 and short,
        in_review=await _is_asked_about(session_id),
    )


async def _decide_entry(
    barrier: Barrier, passage: GatePassage, now: datetime
) -> tuple[Decision, ParkingSession | None]:
    session = await session_rows.get_session(passage.session_id) if passage.session_id else None
    plate = passage.plate or (session.plate if session else "")
    denied = bool(plate) and await list_rows.find_listed(PlateList.DENY, barrier.lot_id, plate, now) is not None
    free = 0
    if barrier.letting is Letting.SPACE:
        lot = await lot_rows.get_lot(barrier.lot_id)
        free = (await lots.lot_status(lot.slug, now)).count(SpotState.FREE)
    return decide_entry(barrier, passage, EntryFacts(session, denied=denied, free=free)), session


async def _is_asked_about(session_id: int) -> bool:
    asked = await review_rows.list_of_session(session_id)
    return any(each.question is not Question.DENIED for each in asked)
