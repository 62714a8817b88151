"""Sessions that are paid ahead: how a payment begins or prolongs one, and how one ends by the clock."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from parkhub.clients import Clients
from parkhub.db import discount_codes as code_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import passages as passage_rows
from parkhub.db import pay_ahead as rows
from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.db.engine import transaction
from parkhub.db.quotes import StoredQuote
from parkhub.domain.local_time import MINUTE
from parkhub.domain.pay_ahead import SAME_CAR, is_same_car
from parkhub.domain.plates import fold
from parkhub.domain.sessions import Ending, Outcome, ParkingSession, SessionState
from parkhub.errors import NotFoundError
from parkhub.services import audit, billing, session_spans
from parkhub.services.session_changes import answer_settled

_BATCH: Final = 200


async def take(quote: StoredQuote, uid: str, paid_at: datetime, now: datetime) -> ParkingSession:
    """Let a stay be paid until its quote says; told again it changes nothing. Inside a transaction.

    The money itself is booked apart. ``paid_at``: when it was paid, though told at ``now``, when the stay may have
    ended meanwhile.
    """
    assert quote.session_id is not None
    assert quote.paid_until is not None
    session = await session_rows.lock_session(quote.session_id)
    return await prolong(session, quote.paid_until, quote.quote.span.start, uid, paid_at, now)


async def prolong(
    session: ParkingSession, until: datetime, begin: datetime, uid: str, at: datetime, now: datetime
) -> ParkingSession:
    """Begin a stay at ``begin``, or let one that has begun last longer, and charge that. The lot must be held."""
    if session.state is SessionState.CANCELLED or (session.paid_until is not None and until <= session.paid_until):
        return session
    if session.state is SessionState.BEGUN:
        after = await _begun(replace(session, entered_at=begin, paid_until=until), now)
    else:
        after = await _still_there(replace(session, paid_until=until), now)
    await session_rows.save_session(after)
    if after.state is SessionState.OPEN or after.is_priced:
        await billing.settle(after, f"{uid}:ahead", at)
    await audit.note(
        "session.begun_by_driver" if session.state is SessionState.BEGUN else "session.paid_ahead",
        account_id=None,
        lot_id=session.lot_id,
        subject=f"session:{session.id}",
        before={"paid_until": session.paid_until.isoformat() if session.paid_until else None},
        after={"paid_until": until.isoformat(), "state": after.state.value},
        at=now,
    )
    return after


async def close_over(clients: Clients, now: datetime) -> int:
    """Close what was paid ahead and is over, with the time to leave, where no camera sees cars leave."""
    closed = []
    for found in await rows.list_over(now, _BATCH):
        async with transaction():
            session = await session_rows.lock_session(found.id)
            until = session.paid_until
            if session.state is not SessionState.OPEN or until is None or now <= until + await grace_of(session):
                continue
            await session_spans.close_paid(session, now)
        closed.append(session)
    for session in closed:
        await clients.live.announce(f"session:{session.id}")
    for lot_id in {session.lot_id for session in closed}:
        await clients.live.announce(f"sessions:{lot_id}")
    return len(closed)


async def grace_of(session: ParkingSession) -> timedelta:
    """How long after its end a stay's tariff gives to leave."""
    if session.tariff_id is None:
        return timedelta()
    return (await tariff_rows.get_version(session.tariff_id)).tariff.exit_grace_minutes * MINUTE


async def _begun(session: ParkingSession, now: datetime) -> ParkingSession:
    """The stay as it begins: as the one that a camera saw begin, or beside another of the same plate.

    Whoever typed the plate may be a stranger: a stay that was paid or has a right is not touched, and two open ones of
    a plate there cannot be. One beside another so ends by the clock from the beginning.
    """
    opened = replace(session, state=SessionState.OPEN)
    seen = await session_rows.find_inside(session.lot_id, session.plate) or await session_rows.find_just_entered(
        session.lot_id, fold(session.plate), session.entered_at - SAME_CAR, now
    )
    if seen is not None and seen.never_came(session.entered_at):
        await session_spans.close_paid(seen, now)
        seen = None
    if seen is not None and is_same_car(seen, opened) and await _is_untouched(seen):
        return await _taken_over(seen, opened, now)
    aside = seen is not None and seen.plate == session.plate
    return _ended(session) if aside or session.paid_until is None or session.paid_until <= now else opened


async def _still_there(session: ParkingSession, now: datetime) -> ParkingSession:
    """One that had ended by the clock goes on, unless its plate is inside with another or the new end is past too."""
    if session.ending is not Ending.PAID_AHEAD or session.paid_until is None:
        return session
    inside = await session_rows.find_inside(session.lot_id, session.plate)
    if inside is not None or session.paid_until <= now:
        return _ended(session)
    return replace(session, state=SessionState.OPEN, ending=Ending.NONE, exited_at=None)


def _ended(session: ParkingSession) -> ParkingSession:
    return replace(session, state=SessionState.CLOSED, ending=Ending.PAID_AHEAD, exited_at=session.paid_until)


async def _is_untouched(session: ParkingSession) -> bool:
    """Whether nothing was charged, paid or given for it."""
    books = await ledger_rows.get_books(session.id)
    return not (books.charged_cents or books.is_settled_partly or await code_rows.list_given(session.id))


async def _taken_over(seen: ParkingSession, session: ParkingSession, now: datetime) -> ParkingSession:
    """The driver's session, with what a camera saw; the camera's never was one of its own."""
    gone = replace(seen, state=SessionState.CANCELLED)
    await session_rows.save_session(gone)  # first: a plate has one open session at a time
    await answer_settled(gone, "merged", None, now)
    if seen.entry_passage_id is not None:
        with suppress(NotFoundError):
            await passage_rows.set_outcome(
                seen.entry_passage_id, Outcome.ENTERED.value, "its driver paid ahead", session.id
            )
    await audit.note(
        "session.taken_over",
        account_id=None,
        lot_id=seen.lot_id,
        subject=f"session:{seen.id}",
        before={"state": seen.state.value},
        after={"state": gone.state.value, "session": session.id},
        at=now,
    )
    return replace(session, entry_passage_id=seen.entry_passage_id, kind=session.kind or seen.kind)
