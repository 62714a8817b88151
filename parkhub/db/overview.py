"""What the live view tells of all lots at once: read slim, because it is read again at every change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.db.engine import fetch, on_postgresql
from parkhub.db.frames import SELECT as FRAMES
from parkhub.db.frames import read_frame
from parkhub.domain.frames import Frame

_LETTERS: Final = {"free": "f", "occupied": "o", "unknown": "u"}


@dataclass(frozen=True, slots=True)
class SpotsNow:
    """Spots of one camera that share a letter (f, o or u) and until when that was sure: the caller lets it expire.

    ``decider_id``: the camera whose view it is. ``counted`` False: each is one place with a spot of another camera,
    which stands for both. ``positions``: theirs in the camera's order.
    """

    lot_id: int
    camera_id: int
    decider_id: int
    counted: bool
    letter: str
    seen_at: datetime | None
    held_until: datetime | None
    positions: tuple[int, ...]


async def list_spots_now() -> list[SpotsNow]:
    """Every spot of every lot. One picture decides many alike, so these are far fewer rows than spots."""
    positions = "string_agg(position::text, ',')" if on_postgresql() else "group_concat(position)"
    rows = await fetch(
        "SELECT spot.lot, spot.camera, coalesce(spot_track.camera, spot.camera) AS decider, spot_track.state, "  # noqa: S608
        f"spot_track.seen_at, spot_track.held_until, place IS NULL OR place = spot.id AS counted, {positions} AS "
        "positions FROM spot LEFT JOIN spot_track ON spot_track.spot = spot.id "
        "LEFT JOIN spot_view ON spot_view.spot = spot.id WHERE spot.retired IS FALSE GROUP BY 1, 2, 3, 4, 5, 6, 7"
    )
    return [
        SpotsNow(
            row["lot"],
            row["camera"],
            row["decider"],
            bool(row["counted"]),
            _LETTERS.get(row["state"], "u"),
            row["seen_at"],
            row["held_until"],
            tuple(map(int, str(row["positions"]).split(","))),
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


@dataclass(frozen=True, slots=True)
class Taken:
    """What drivers paid less what went back to them. ``sequence``: of the last transaction that was looked at."""

    sequence: int
    currency: str
    cents: int


async def list_heads(lot_ids: Sequence[int]) -> dict[int, int]:
    """The number of the last transaction in a lot's books, by lot; none where nothing was ever posted."""
    rows = await fetch(
        f"SELECT lot, sequence FROM ledger_head WHERE lot IN ({_marks(lot_ids)}) AND sequence > 0",  # noqa: S608
        *lot_ids,
    )
    return {row["lot"]: row["sequence"] for row in rows}


async def sum_taken(lot_ids: Sequence[int], since: datetime, after: int = 0) -> dict[int, Taken]:
    """What was taken from ``since`` on, by lot, by the transactions that come ``after`` that number in its books."""
    # A lot's books are in one currency. The head is read in the same statement: whatever it counts is in the sum.
    rows = await fetch(
        "SELECT lot, sequence, (SELECT currency FROM ledger_transaction WHERE lot = head.lot LIMIT 1) AS currency, "  # noqa: S608
        "(SELECT CAST(sum(amount_cents) AS BIGINT) FROM ledger_transaction "
        'JOIN ledger_posting ON ledger_posting."transaction" = ledger_transaction.id '
        "WHERE lot = head.lot AND ledger_transaction.sequence > {} AND at >= {} AND kind IN ('payment', 'refund') "
        "AND account IN ('cash', 'clearing')) AS cents "
        f"FROM ledger_head AS head WHERE lot IN ({_marks(lot_ids)}) AND sequence > 0",
        after,
        since,
        *lot_ids,
    )
    return {row["lot"]: Taken(row["sequence"], row["currency"], int(row["cents"] or 0)) for row in rows}


def _marks(lot_ids: Sequence[int]) -> str:
    return ", ".join("{}" for _ in lot_ids)
