"""Sessions begin and end earlier when pictures that come late tell so. Inside a transaction with the lot held."""

from dataclasses import replace
from datetime import datetime, timedelta

from parkhub.db import payments as payment_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.passages import GatePassage
from parkhub.domain.sessions import Ending, ParkingSession
from parkhub.services import billing


async def follow(passage: GatePassage, now: datetime) -> None:
    """Let a session begin or end when the first picture of its passage was taken, which has come only now.

    A moment that a person has set lies outside of the passage and stays; so does what something was paid for. Once its
    driver was asked for money it begins no earlier, and ends earlier only where that costs no more.
    """
    if passage.session_id is None:
        return
    session = await session_rows.get_session(passage.session_id)
    came = session.entry_passage_id == passage.id and passage.at < session.entered_at <= passage.last_at
    gone_at = session.exited_at if session.exit_passage_id == passage.id and session.ending is Ending.EXIT else None
    if not came and (gone_at is None or not passage.at < gone_at <= passage.last_at):
        return
    bill = await billing.bill_of(session, now)
    told = session.paid_until is not None or bool(await payment_rows.list_of_session(session.id))
    if bill.books.is_settled_partly or (came and told):
        return
    if came:
        moved = await _begun(session, passage.at)
    else:
        moved = replace(session, exited_at=max(passage.at, session.entered_at))
        if told and (await billing.bill_of(moved, now)).due_cents > bill.due_cents:
            return
    if moved != session:
        await session_rows.save_session(moved)
        await billing.correct(moved, f"session:{session.id}:seen:{passage.id}:{passage.at.timestamp():.6f}", now)


async def _begun(session: ParkingSession, at: datetime) -> ParkingSession:
    """The session as it began at ``at``, but not within its plate's stay before.

    One whose exit was missed had ended, without a price, only because this one began: its end moves along.
    """
    if not session.plate:
        return replace(session, entered_at=at)
    upto = session.entered_at + timedelta.resolution
    ended = await session_rows.list_of_plate(session.lot_id, session.plate, at, upto)
    before = [each for each in ended if each.id != session.id]
    missed = [e for e in before if e.ending is Ending.EXIT_MISSED and e.exited_at == session.entered_at]
    begin = max([at, *(e.entered_at if e in missed else e.exited_at or at for e in before)])
    for each in missed:
        await session_rows.save_session(replace(each, exited_at=begin))
    return replace(session, entered_at=begin)
