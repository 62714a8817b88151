"""Sessions that are paid ahead, or begun by drivers who have yet to pay."""

from dataclasses import dataclass
from datetime import datetime

from parkhub.db.engine import fetch
from parkhub.db.sessions import get_session, get_sessions
from parkhub.domain.plates import fold
from parkhub.domain.sessions import ParkingSession

_SEEN_LEAVING = "SELECT lot FROM camera WHERE camera.enabled AND camera.role IN ('exit', 'both')"


@dataclass(frozen=True, slots=True)
class Gates:
    """Where enabled cameras see cars go by."""

    entry: bool
    exit: bool


@dataclass(frozen=True, slots=True)
class Told:
    """Who is to be told of a session: the last address given with a payment for it, and the language read then."""

    email: str
    language: str
    quoted_at: datetime


async def get_gates(lot_id: int) -> Gates:
    """Which gates of a lot are watched."""
    rows = await fetch("SELECT DISTINCT role FROM camera WHERE lot = {} AND enabled", lot_id)
    roles = {row["role"] for row in rows}
    return Gates(entry=bool(roles & {"entrance", "both"}), exit=bool(roles & {"exit", "both"}))


async def list_of_plate(lot_id: int, plate: str, since: datetime) -> list[ParkingSession]:
    """A plate's sessions that were paid ahead until after ``since``, the last to end first."""
    rows = await fetch(
        "SELECT id FROM parking_session WHERE folded = {} AND lot = {} AND plate = {} AND paid_until > {} "
        "AND state IN ('open', 'closed') ORDER BY paid_until DESC",
        fold(plate),
        lot_id,
        plate,
        since,
    )
    return [await get_session(row["id"]) for row in rows]


async def find_awaited(lot_id: int, plate: str) -> ParkingSession | None:
    """The open session that a driver began for a plate, look-alikes made equal, whose car no camera has seen yet."""
    rows = await fetch(
        "SELECT id FROM parking_session WHERE lot = {} AND folded = {} AND state = 'open' AND begun_by <> '' "
        "AND entry_passage IS NULL ORDER BY entered_at DESC LIMIT 1",
        lot_id,
        fold(plate),
    )
    return await get_session(rows[0]["id"]) if rows else None


async def list_over(now: datetime, limit: int) -> list[ParkingSession]:
    """Open sessions whose paid time is over, in lots where no camera sees cars leave; the first to end first."""
    rows = await fetch(
        "SELECT id FROM parking_session WHERE state = 'open' AND paid_until IS NOT NULL AND paid_until <= {} "  # noqa: S608
        f"AND lot NOT IN ({_SEEN_LEAVING}) ORDER BY paid_until LIMIT {{}}",
        now,
        limit,
    )
    return await get_sessions([row["id"] for row in rows])


async def list_ending(lot_id: int, now: datetime, before: datetime) -> list[ParkingSession]:
    """A lot's sessions paid until ``now`` < at <= ``before`` whose car nobody saw leave."""
    rows = await fetch(
        "SELECT id FROM parking_session WHERE lot = {} AND state = 'open' AND paid_until > {} AND paid_until <= {} "
        "UNION ALL SELECT id FROM parking_session WHERE lot = {} AND exited_at > {} AND exited_at <= {} "
        "AND state = 'closed' AND ending = 'paid_ahead'",
        lot_id,
        now,
        before,
        lot_id,
        now,
        before,
    )
    return await get_sessions([row["id"] for row in rows])


async def find_told(session_id: int) -> Told | None:
    """Whom to tell of a session that was paid; None where nobody gave an address."""
    rows = await fetch(
        "SELECT email, language, quote.created_at FROM quote JOIN payment ON payment.quote = quote.id "
        "WHERE quote.session = {} AND payment.state IN ('paid', 'processing') ORDER BY quote.id DESC",
        session_id,
    )
    for row in rows:
        if row["email"]:
            return Told(row["email"], row["language"], rows[0]["created_at"])
    return None


async def delete_begun(before: datetime, limit: int) -> int:
    """Delete sessions that drivers began before then and that no payment can pay any more; answers how many."""
    rows = await fetch(
        "SELECT id FROM parking_session WHERE state = 'begun' AND entered_at < {} AND NOT EXISTS (SELECT 1 FROM quote "
        "JOIN payment ON payment.quote = quote.id WHERE quote.session = parking_session.id "
        "AND payment.state IN ('open', 'processing', 'paid')) ORDER BY entered_at LIMIT {}",
        before,
        limit,
    )
    for row in rows:
        await fetch("DELETE FROM session_code WHERE session = {}", row["id"])
        await fetch("DELETE FROM parking_session WHERE id = {} AND state = 'begun'", row["id"])
    return len(rows)
