"""Parking sessions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from parkhub.db import ledger
from parkhub.db.engine import Row, fetch, on_postgresql
from parkhub.domain.plates import fold
from parkhub.domain.sessions import Ending, ParkingSession, SessionState
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import NotFoundError

PART_MIN = 3  # letters, from which on a part of a plate is looked up in an index

_COLUMNS = (
    "ticket, lot, plate, folded, kind, state, ending, entered_at, exited_at, leave_by, entry_passage, exit_passage, "
    "tariff, permit, booking, paid_until, begun_by"
)
SELECT = f'SELECT id, {_COLUMNS}, "right" FROM parking_session '  # noqa: S608


def read_session(row: Row) -> ParkingSession:
    """A row of `SELECT` as a domain value."""
    return ParkingSession(
        id=row["id"],
        ticket=row["ticket"],
        lot_id=row["lot"],
        plate=row["plate"],
        kind=VehicleKind(row["kind"]) if row["kind"] else None,
        state=SessionState(row["state"]),
        ending=Ending(row["ending"]),
        entered_at=row["entered_at"],
        exited_at=row["exited_at"],
        leave_by=row["leave_by"],
        entry_passage_id=row["entry_passage"],
        exit_passage_id=row["exit_passage"],
        tariff_id=row["tariff"],
        permit_id=row["permit"],
        booking_id=row["booking"],
        right=row["right"],
        paid_until=row["paid_until"],
        begun_by=row["begun_by"],
    )


def _values(session: ParkingSession) -> tuple[Any, ...]:
    return (
        session.ticket,
        session.lot_id,
        session.plate,
        fold(session.plate),
        session.kind.value if session.kind else "",
        session.state.value,
        session.ending.value,
        session.entered_at,
        session.exited_at,
        session.leave_by,
        session.entry_passage_id,
        session.exit_passage_id,
        session.tariff_id,
        session.permit_id,
        session.booking_id,
        session.paid_until,
        session.begun_by,
        session.right,
    )


async def lock_lot(lot_id: int) -> None:
    """Whoever else changes sessions or the ledger of the lot waits until this transaction has ended.

    Taken first by every change of a session, so that two of them never wait for each other.
    """
    await ledger.lock(lot_id)


async def lock_session(session_id: int) -> ParkingSession:
    """The session, with its lot held, so that it stays as it is until the transaction ends. Raises NotFoundError."""
    await lock_lot((await get_session(session_id)).lot_id)
    return await get_session(session_id)


async def add_session(session: ParkingSession) -> ParkingSession:
    """Keep a new session; its id is the database's to give."""
    values = _values(session)
    rows = await fetch(
        f'INSERT INTO parking_session ({_COLUMNS}, "right", plate_hash) '  # noqa: S608
        f"VALUES ({', '.join(['{}'] * len(values))}, '') RETURNING id",
        *values,
    )
    return await get_session(rows[0]["id"])


async def save_session(session: ParkingSession) -> None:
    """Set all of a session; NotFoundError when there is none."""
    names = [*_COLUMNS.split(", "), '"right"']
    rows = await fetch(
        f"UPDATE parking_session SET {', '.join(f'{name} = {{}}' for name in names)} WHERE id = {{}} RETURNING id",  # noqa: S608
        *_values(session),
        session.id,
    )
    if not rows:
        raise NotFoundError("There is no such session.")


async def set_leave_by(session_id: int, leave_by: datetime) -> ParkingSession:
    """Note until when who has paid may leave; answers the session."""
    await fetch("UPDATE parking_session SET leave_by = {} WHERE id = {}", leave_by, session_id)
    return await get_session(session_id)


async def get_session(session_id: int) -> ParkingSession:
    """The session; NotFoundError when there is none."""
    rows = await fetch(SELECT + "WHERE id = {}", session_id)
    if not rows:
        raise NotFoundError("There is no such session.")
    return read_session(rows[0])


async def find_by_ticket(ticket: str) -> ParkingSession | None:
    """The session of a ticket."""
    rows = await fetch(SELECT + "WHERE ticket = {}", ticket)
    return read_session(rows[0]) if rows else None


async def find_inside(lot_id: int, plate: str) -> ParkingSession | None:
    """The open session of a plate."""
    rows = await fetch(
        SELECT + "WHERE lot = {} AND plate = {} AND state = 'open' AND plate <> ''",
        lot_id,
        plate,
    )
    return read_session(rows[0]) if rows else None


async def find_within(lot_id: int, plate: str, at: datetime) -> ParkingSession | None:
    """A session of a plate that is over and was going on at ``at``."""
    rows = await fetch(
        SELECT + "WHERE folded = {} AND lot = {} AND plate = {} AND state = 'closed' AND entered_at <= {} "
        "AND exited_at > {} ORDER BY entered_at DESC LIMIT 1",
        fold(plate),
        lot_id,
        plate,
        at,
        at,
    )
    return read_session(rows[0]) if rows else None


async def find_left(lot_id: int, folded: str, since: datetime, until: datetime) -> ParkingSession | None:
    """The last session of a plate, look-alikes made equal, that ended in ``since`` <= at <= ``until``."""
    rows = await fetch(
        SELECT + "WHERE folded = {} AND lot = {} AND state = 'closed' AND exited_at >= {} AND exited_at <= {} "
        "ORDER BY exited_at DESC LIMIT 1",
        folded,
        lot_id,
        since,
        until,
    )
    return read_session(rows[0]) if rows else None


async def find_just_entered(lot_id: int, folded: str, since: datetime, until: datetime) -> ParkingSession | None:
    """The open session of a plate, look-alikes made equal, that began in ``since`` <= at <= ``until``."""
    rows = await fetch(
        SELECT + "WHERE lot = {} AND folded = {} AND state = 'open' AND entered_at >= {} AND entered_at <= {} "
        "ORDER BY entered_at DESC LIMIT 1",
        lot_id,
        folded,
        since,
        until,
    )
    return read_session(rows[0]) if rows else None


async def list_without_plate(lot_id: int, before: datetime, limit: int) -> list[ParkingSession]:
    """Open sessions without a plate that began before, the first to enter first."""
    rows = await fetch(
        SELECT + "WHERE lot = {} AND state = 'open' AND plate = '' AND entered_at <= {} "
        "ORDER BY entered_at, id LIMIT {}",
        lot_id,
        before,
        limit,
    )
    return [read_session(row) for row in rows]


async def list_of_plate(lot_id: int, plate: str, since: datetime, until: datetime) -> list[ParkingSession]:
    """Sessions of a plate that are over and ended in ``since`` <= at < ``until``, oldest first."""
    rows = await fetch(
        SELECT + "WHERE folded = {} AND lot = {} AND plate = {} AND state = 'closed' AND exited_at >= {} "
        "AND exited_at < {} ORDER BY entered_at",
        fold(plate),
        lot_id,
        plate,
        since,
        until,
    )
    return [read_session(row) for row in rows]


async def list_overlong(lot_id: int, before: datetime) -> list[int]:
    """Ids of a lot's open sessions that began before, unless somebody was asked about that already; oldest first."""
    rows = await fetch(
        "SELECT id FROM parking_session WHERE lot = {} AND state = 'open' AND entered_at <= {} AND NOT EXISTS "
        "(SELECT 1 FROM review WHERE review.session = parking_session.id AND review.kind = 'too_long') "
        "ORDER BY entered_at, id",
        lot_id,
        before,
    )
    return [row["id"] for row in rows]


async def list_sessions(
    lot_id: int, state: SessionState | None, since: datetime, until: datetime, before_id: int, limit: int
) -> list[ParkingSession]:
    """Sessions that began in ``since`` <= at < ``until`` with ids below ``before_id``, the newest id first."""
    rows = await fetch(
        SELECT + "WHERE lot = {} AND entered_at >= {} AND entered_at < {} AND id < {} AND ({} = '' OR state = {}) "
        "AND state <> 'begun' "
        "ORDER BY id DESC LIMIT {}",
        lot_id,
        since,
        until,
        before_id,
        state.value if state else "",
        state.value if state else "",
        limit,
    )
    return [read_session(row) for row in rows]


async def search(lot_id: int, part: str, limit: int) -> list[ParkingSession]:
    """Sessions whose plate has this part, look-alikes made equal, the newest first.

    ``part`` is normalised. Of one or two letters only open sessions are looked through.
    """
    folded = fold(part)
    if len(folded) < PART_MIN:
        condition, args = "state = 'open' AND folded LIKE {}", [f"%{folded}%"]
    elif on_postgresql():
        condition, args = "folded LIKE {}", [f"%{folded}%"]
    else:
        condition = "id IN (SELECT rowid FROM parking_session_parts WHERE parking_session_parts MATCH {})"
        args = [f'"{folded}"']
    rows = await fetch(
        SELECT + f"WHERE state <> 'begun' AND lot = {{}} AND {condition} ORDER BY id DESC LIMIT {{}}",
        lot_id,
        *args,
        limit,
    )
    return [read_session(row) for row in rows]


async def count_open(lot_id: int) -> int:
    """How many vehicles are inside."""
    rows = await fetch("SELECT count(*) AS n FROM parking_session WHERE lot = {} AND state = 'open'", lot_id)
    return int(rows[0]["n"])


async def get_sessions(ids: Sequence[int]) -> list[ParkingSession]:
    """These sessions, in the order of their ids; those that are not there are left out."""
    if not ids:
        return []
    marks = ", ".join("{}" for _ in ids)
    rows = await fetch(SELECT + f"WHERE id IN ({marks}) ORDER BY id", *ids)
    return [read_session(row) for row in rows]
