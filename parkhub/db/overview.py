"""What the live view tells of all lots at once: read slim, because it is read again at every change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.db.engine import fetch
from parkhub.db.frames import SELECT as FRAMES
from parkhub.db.frames import read_frame
from parkhub.domain.frames import Frame

_LETTERS: Final = {"free": "f", "occupied": "o", "unknown": "u"}


@dataclass(frozen=True, slots=True)
class SpotNow:
    """A spot's letter (f, o or u), and until when that was sure: the caller lets it expire.

    ``decider_id``: the camera whose view it is. ``counted`` False: it is one place with a spot of another camera,
    which stands for both.
    """

    lot_id: int
    camera_id: int
    decider_id: int
    counted: bool
    letter: str
    seen_at: datetime | None
    held_until: datetime | None


async def list_spots_now() -> list[SpotNow]:
    """Every spot of every lot in map order."""
    rows = await fetch(
        "SELECT spot.lot, spot.camera, coalesce(spot_track.camera, spot.camera) AS decider, spot_track.state, "
        "spot_track.seen_at, spot_track.held_until, place IS NULL OR place = spot.id AS counted FROM spot "
        "LEFT JOIN spot_track ON spot_track.spot = spot.id LEFT JOIN spot_view ON spot_view.spot = spot.id "
        "WHERE spot.retired IS FALSE ORDER BY spot.lot, spot.camera, spot.position"
    )
    return [
        SpotNow(
            row["lot"],
            row["camera"],
            row["decider"],
            bool(row["counted"]),
            _LETTERS.get(row["state"], "u"),
            row["seen_at"],
            row["held_until"],
        )
        for row in rows
    ]


async def list_newest_frames() -> dict[int, Frame]:
    """The picture each camera took last, by camera."""
    newest = (
        "SELECT (SELECT id FROM frame WHERE frame.camera = camera.id ORDER BY captured_at DESC, id DESC LIMIT 1) "
        "FROM camera"
    )
    rows = await fetch(f"{FRAMES}WHERE id IN ({newest})")
    return {row["camera"]: read_frame(row) for row in rows}


async def count_pictures(since: datetime) -> dict[int, int]:
    """How many pictures came from ``since`` on, by camera."""
    rows = await fetch("SELECT camera, count(*) AS n FROM frame WHERE received_at >= {} GROUP BY camera", since)
    return {row["camera"]: int(row["n"]) for row in rows}


async def find_oldest_waiting() -> datetime | None:
    """When the picture came that waits longest to be read; None when none does."""
    rows = await fetch("SELECT received_at FROM frame WHERE status = 'stored' ORDER BY received_at LIMIT 1")
    return rows[0]["received_at"] if rows else None


async def count_open() -> dict[int, int]:
    """How many are inside, by lot."""
    rows = await fetch("SELECT lot, count(*) AS n FROM parking_session WHERE state = 'open' GROUP BY lot")
    return {row["lot"]: int(row["n"]) for row in rows}


async def count_entered(lot_ids: Sequence[int], since: datetime) -> dict[int, int]:
    """How many came in from ``since`` on, by lot."""
    rows = await fetch(
        f"SELECT lot, count(*) AS n FROM parking_session WHERE lot IN ({_marks(lot_ids)}) AND entered_at >= {{}} "  # noqa: S608
        "AND state IN ('open', 'closed') GROUP BY lot",
        *lot_ids,
        since,
    )
    return {row["lot"]: int(row["n"]) for row in rows}


async def count_left(lot_ids: Sequence[int], since: datetime) -> dict[int, int]:
    """How many went out from ``since`` on, by lot."""
    rows = await fetch(
        f"SELECT lot, count(*) AS n FROM parking_session WHERE lot IN ({_marks(lot_ids)}) AND exited_at >= {{}} "  # noqa: S608
        "AND state = 'closed' GROUP BY lot",
        *lot_ids,
        since,
    )
    return {row["lot"]: int(row["n"]) for row in rows}


async def sum_taken(lot_ids: Sequence[int], since: datetime) -> Mapping[int, tuple[str, int]]:
    """What drivers paid from ``since`` on less what went back to them, by lot: the currency and its minor units."""
    rows = await fetch(
        "SELECT lot, currency, CAST(sum(amount_cents) AS BIGINT) AS cents FROM ledger_transaction "  # noqa: S608
        'JOIN ledger_posting ON ledger_posting."transaction" = ledger_transaction.id '
        "WHERE at >= {} AND kind IN ('payment', 'refund') AND account IN ('cash', 'clearing') "
        f"AND lot IN ({_marks(lot_ids)}) GROUP BY lot, currency",
        since,
        *lot_ids,
    )
    return {row["lot"]: (row["currency"], int(row["cents"])) for row in rows}


def _marks(lot_ids: Sequence[int]) -> str:
    return ", ".join("{}" for _ in lot_ids)
