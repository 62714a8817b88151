"""Past stays as a trial of a tariff needs them."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from parkhub.db.discount_codes import read_code
from parkhub.db.engine import fetch
from parkhub.domain.discounts import Discount
from parkhub.domain.local_time import Span
from parkhub.domain.tariff_trial import Stay
from parkhub.domain.vehicles import VehicleKind

_ENDED = "lot = {} AND entered_at >= {} AND entered_at < {} AND state = 'closed'"
_BY_TARIFF = "\"right\" = '' AND booking IS NULL AND paid_until IS NULL AND ending IN ('exit', 'by_hand')"


@dataclass(frozen=True, slots=True)
class PastStays:
    """Stays whose price is the tariff's alone, and how many others ended in that time, by why they are left out."""

    stays: list[Stay]
    on_permit: int
    booked: int
    paid_ahead: int
    ended_otherwise: int


async def load_past(
    lot_id: int, kinds: tuple[VehicleKind | None, ...], since: datetime, until: datetime, limit: int
) -> PastStays:
    """Stays of vehicles of these kinds that began in ``since`` <= at < ``until`` and are over; the last ``limit``."""
    marks = ", ".join("{}" for _ in kinds)
    args = (lot_id, since, until, *(kind.value if kind else "" for kind in kinds))
    chosen = f"{_ENDED} AND kind IN ({marks})"
    rows = await fetch(
        f"SELECT id, entered_at, exited_at, leave_by FROM parking_session WHERE {chosen} AND {_BY_TARIFF} "  # noqa: S608
        "ORDER BY entered_at DESC LIMIT {}",
        *args,
        limit,
    )
    codes = await _codes(lot_id, since, until) if rows else {}
    others = await fetch(
        "SELECT sum(CASE WHEN \"right\" <> '' THEN 1 ELSE 0 END) AS on_permit, "  # noqa: S608
        "sum(CASE WHEN \"right\" = '' AND booking IS NOT NULL THEN 1 ELSE 0 END) AS booked, "
        "sum(CASE WHEN \"right\" = '' AND booking IS NULL AND paid_until IS NOT NULL THEN 1 ELSE 0 END) AS ahead, "
        "sum(CASE WHEN \"right\" = '' AND booking IS NULL AND paid_until IS NULL AND ending NOT IN ('exit', 'by_hand') "
        f"THEN 1 ELSE 0 END) AS otherwise FROM parking_session WHERE {chosen}",
        *args,
    )
    told = others[0]
    stays = [
        Stay(Span(row["entered_at"], row["exited_at"]), tuple(codes.get(row["id"], ())), row["leave_by"])
        for row in rows
    ]
    return PastStays(stays, *(int(told[name] or 0) for name in ("on_permit", "booked", "ahead", "otherwise")))


async def _codes(lot_id: int, since: datetime, until: datetime) -> dict[int, list[Discount]]:
    """What codes take off, by session."""
    rows = await fetch(
        "SELECT session_code.session AS session, discount_code.* FROM session_code "
        "JOIN discount_code ON discount_code.id = session_code.code "
        "JOIN parking_session ON parking_session.id = session_code.session "
        "WHERE parking_session.lot = {} AND parking_session.entered_at >= {} AND parking_session.entered_at < {} "
        "ORDER BY discount_code.code",
        lot_id,
        since,
        until,
    )
    found: defaultdict[int, list[Discount]] = defaultdict(list)
    for row in rows:
        found[row["session"]].append(read_code(row).discount)
    return dict(found)
