"""A session begins and ends: what both bring with them, whoever says so. Inside a transaction with the lot held."""

from dataclasses import replace
from datetime import UTC, datetime

from parkhub.db import sessions as session_rows
from parkhub.db import tariffs as tariff_rows
from parkhub.domain.sessions import Ending, ParkingSession, SessionState, new_ticket
from parkhub.domain.vehicles import VehicleKind
from parkhub.services import billing, booking_stays, dues, permits


async def open_session(
    lot_id: int,
    plate: str,
    kind: VehicleKind | None,
    at: datetime,
    passage_id: int | None = None,
    *,
    over_at: datetime | None = None,
) -> ParkingSession:
    """Begin a session with the tariff, the right and the booking that its plate has. Inside a transaction with
    the lot held. ``over_at``: it is known only now that it was over, unpriced, by then."""
    right = await permits.find_right(lot_id, plate, at) if plate else None
    booking = await booking_stays.find_booking(lot_id, plate, at) if plate else None
    version = await tariff_rows.find_in_force(lot_id, kind, at)
    promised = booking.tariff_id if booking else None  # the price that was told when it was booked
    free = right is not None and not right.full
    session = await session_rows.add_session(
        ParkingSession(
            id=0,
            ticket=new_ticket(),
            lot_id=lot_id,
            plate=plate,
            kind=kind,
            state=SessionState.CLOSED if over_at else SessionState.OPEN,
            ending=Ending.EXIT_MISSED if over_at else Ending.NONE,
            entered_at=at,
            exited_at=over_at,
            entry_passage_id=passage_id,
            tariff_id=promised or (version.id if version else None),
            permit_id=right.permit_id if right and free else None,
            booking_id=booking.id if booking else None,
            right=right.kind.value if right and free else "",
        )
    )
    if booking is not None:
        await booking_stays.arrived(booking.id, session.id, at)
    return session


async def close_session(
    session: ParkingSession, at: datetime, ending: Ending, uid: str, now: datetime, passage_id: int | None = None
) -> ParkingSession:
    """End a session and charge what it costs. Inside a transaction with the lot held; ``uid`` names the ending."""
    closed = replace(
        session,
        state=SessionState.CLOSED,
        ending=ending,
        exited_at=at,
        exit_passage_id=passage_id or session.exit_passage_id,
    )
    await session_rows.save_session(closed)
    await billing.settle(closed, uid, now)
    if ending in (Ending.EXIT, Ending.PAID_AHEAD):
        await dues.let_go(closed, uid, now)
    if closed.booking_id is not None:
        await booking_stays.left(closed.booking_id, at)
    return closed


async def close_paid(session: ParkingSession, now: datetime) -> None:
    """Close what was paid ahead when that was over. With the lot's books held."""
    until = session.paid_until or session.entered_at
    uid = f"session:{session.id}:paid_until:{until.astimezone(UTC):%Y%m%dT%H%M%S}"
    await close_session(session, max(until, session.entered_at), Ending.PAID_AHEAD, uid, now)
