"""Stays at a lot that begin, are corrected and end, as staff make them."""

from datetime import UTC, datetime, timedelta

from builders import save_camera, save_lot, stand_ins

from parkhub.db import lots as lot_rows
from parkhub.db import passages as passage_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.plates import Candidate
from parkhub.domain.reviews import Question
from parkhub.domain.sessions import ParkingSession
from parkhub.services import billing, session_changes, session_corrections, sessions, tariffs

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
TARIFF = 'currency: EUR\nlost_ticket: "20"\nbands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]\n'
WHY = "the picture shows it"
clients = stand_ins()


async def save_priced_lot() -> int:
    """A lot at 2.00 an hour."""
    lot_id = (await save_lot()).id
    await tariffs.publish(lot_id, None, TARIFF, AT - timedelta(days=1), None, AT)
    return lot_id


def later(minutes: float) -> datetime:
    """So long after the beginning."""
    return AT + timedelta(minutes=minutes)


async def come(lot_id: int, plate: str, minutes: float = 0) -> ParkingSession:
    """A session that somebody opens."""
    at = later(minutes)
    return await session_corrections.open_by_hand(clients, lot_id, plate, None, at, WHY, None, later(9999))


async def go(session: ParkingSession, minutes: float) -> int:
    """Somebody says when it ended; the entry in the log."""
    return await session_corrections.close_by_hand(clients, session.id, later(minutes), WHY, None, later(9999))


async def undo(entry: int) -> int:
    """Somebody takes a correction back, a moment after all others."""
    return await session_changes.undo(clients, entry, None, later(10_000))


async def owed(session_id: int) -> int:
    """What is owed for a session."""
    return (await billing.get_bill(session_id, later(9999))).books.open_cents


async def now_is(session: ParkingSession) -> ParkingSession:
    """The session as it is now."""
    return await session_rows.get_session(session.id)


async def asked(lot_id: int) -> list[Question]:
    """What waits for a person."""
    return [review.question for review in await review_rows.list_open(lot_id)]


async def seen(
    lot_id: int, direction: Direction | None, plate: str, minutes: float, *, clock_unsure: bool = False
) -> GatePassage:
    """A passage that was taken, as it is then."""
    camera = await save_camera(await lot_rows.get_lot(lot_id))
    candidates = (Candidate(plate, 0.9),) if plate else ()
    at = later(minutes)
    passage = GatePassage(
        0,
        lot_id,
        camera.id,
        direction,
        plate,
        0.9,
        candidates,
        None,
        at,
        at,
        5,
        state=PassageState.ACCEPTED,
        decided_at=at,
        clock_unsure=clock_unsure,
    )
    passage_id = await passage_rows.save_passage(passage)
    await sessions.take_passage(clients, passage_id, at)
    return await passage_rows.get_passage(passage_id)
