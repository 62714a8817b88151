"""The sessions that a car that leaves may belong to."""

from datetime import datetime

from parkhub.db.engine import fetch
from parkhub.domain.matching import Inside


async def list_inside(lot_id: int, at: datetime) -> list[Inside]:
    """Sessions with a plate that a car leaving at ``at`` may belong to, by id and plate.

    Those that are open, and those that ended later because nobody had seen the car leave.
    """
    # When they began is compared here: a database may take its index for the way to them, past a million others.
    rows = await fetch(
        "SELECT id, plate, entered_at FROM parking_session WHERE lot = {} AND state = 'open' AND plate <> '' "
        "UNION ALL SELECT id, plate, entered_at FROM parking_session WHERE lot = {} AND exited_at >= {} "
        "AND state = 'closed' AND ending IN ('exit_missed', 'too_long') AND plate <> ''",
        lot_id,
        lot_id,
        at,
    )
    return [Inside(row["id"], row["plate"]) for row in rows if row["entered_at"] <= at]


async def list_unpriced(lot_id: int, at: datetime) -> list[Inside]:
    """Sessions with a plate that ended before ``at`` without a price, while somebody is asked about that."""
    rows = await fetch(
        "SELECT parking_session.id, plate FROM review JOIN parking_session ON parking_session.id = review.session "
        "WHERE review.lot = {} AND decided_at IS NULL AND review.kind IN ('exit_missed', 'too_long') "
        "AND parking_session.state = 'closed' AND plate <> '' AND exited_at < {}",
        lot_id,
        at,
    )
    return [Inside(row["id"], row["plate"]) for row in rows]


async def list_just_left(lot_id: int, since: datetime, until: datetime) -> list[Inside]:
    """Sessions with a plate whose car was seen to leave in ``since`` <= at <= ``until``."""
    rows = await fetch(
        "SELECT id, plate FROM parking_session WHERE lot = {} AND exited_at >= {} AND exited_at <= {} "
        "AND state = 'closed' AND ending = 'exit' AND plate <> ''",
        lot_id,
        since,
        until,
    )
    return [Inside(row["id"], row["plate"]) for row in rows]
