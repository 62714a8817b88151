"""What pictures showed in numbers: each picture's while it is kept, and of every five minutes the last one's."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from parkhub.db.engine import Row, fetch
from parkhub.domain.counts import FrameCount, LotCount, VehicleTotals
from parkhub.domain.lots import slot_of
from parkhub.domain.vehicles import VehicleKind

_COLUMNS: Final = {
    VehicleKind.CAR: "cars",
    VehicleKind.MOTORCYCLE: "motorcycles",
    VehicleKind.BUS: "buses",
    VehicleKind.TRUCK: "trucks",
}


def _totals(row: Row) -> VehicleTotals | None:
    if row["cars"] is None:
        return None
    return {kind: row[column] for kind, column in _COLUMNS.items()}


def _count(row: Row) -> FrameCount:
    return FrameCount(
        lot_id=row["lot"],
        camera_id=row["camera"],
        frame_id=row["frame"],
        captured_at=row["captured_at"],
        late=row["late"],
        free=row["free"],
        occupied=row["occupied"],
        unknown=row["unknown"],
        vehicles=_totals(row),
    )


async def add_count(count: FrameCount) -> None:
    """Keep what a picture showed; ConflictError when that is known already."""
    kinds: Sequence[Any] = [None if count.vehicles is None else count.vehicles[kind] for kind in _COLUMNS]
    await fetch(
        "INSERT INTO frame_count (lot, camera, frame, captured_at, slot, late, free, occupied, unknown, "
        "cars, motorcycles, buses, trucks) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {})",
        count.lot_id,
        count.camera_id,
        count.frame_id,
        count.captured_at,
        count.slot,
        count.late,
        count.free,
        count.occupied,
        count.unknown,
        *kinds,
    )


async def latest_count(camera_id: int) -> FrameCount | None:
    """What the last picture of a camera showed, whether it is still kept or not."""
    rows = await fetch(
        "SELECT * FROM frame_count WHERE camera = {} AND NOT late ORDER BY slot DESC, id DESC LIMIT 1", camera_id
    )
    return _count(rows[0]) if rows else None


async def latest_counts(lot_id: int) -> dict[int, FrameCount]:
    """The same for every camera of a lot that ever counted, by camera."""
    rows = await fetch(
        "SELECT * FROM frame_count WHERE id IN (SELECT (SELECT last.id FROM frame_count AS last "
        "WHERE last.camera = camera.id AND NOT last.late ORDER BY last.slot DESC, last.id DESC LIMIT 1) "
        "FROM camera WHERE camera.lot = {})",
        lot_id,
    )
    return {row["camera"]: _count(row) for row in rows}


async def list_counts(camera_id: int, since: datetime, until: datetime) -> list[FrameCount]:
    """What is kept of pictures captured in ``since`` <= at < ``until``, late ones among them, as they were read."""
    rows = await fetch(
        "SELECT * FROM frame_count WHERE camera = {} AND slot >= {} AND captured_at >= {} AND captured_at < {} "
        "ORDER BY id",
        camera_id,
        slot_of(since),
        since,
        until,
    )
    return [_count(row) for row in rows]


async def list_lot_counts(lot_id: int, since: datetime, until: datetime) -> list[LotCount]:
    """How full a lot was, for every five minutes that begin in ``since`` <= at < ``until`` and had a picture.

    Where several cameras see one place only the lot's own sample says how many places are free: it knows each place
    once, and where nobody kept one nobody knows.
    """
    rows = await fetch(
        "SELECT counted.slot, CASE WHEN shared.places > 0 THEN sample.free ELSE counted.free END AS free, "
        "CASE WHEN shared.places > 0 THEN sample.occupied ELSE counted.occupied END AS occupied, "
        "CASE WHEN shared.places > 0 THEN sample.unknown ELSE counted.unknown END AS unknown, "
        "cars, motorcycles, buses, trucks FROM (SELECT slot, sum(free) AS free, sum(occupied) AS occupied, "
        "sum(unknown) AS unknown, sum(cars) AS cars, sum(motorcycles) AS motorcycles, sum(buses) AS buses, "
        "sum(trucks) AS trucks FROM frame_count WHERE id IN (SELECT max(id) FROM frame_count "
        "WHERE lot = {} AND slot >= {} AND slot < {} AND NOT late GROUP BY camera, slot) GROUP BY slot) AS counted "
        "CROSS JOIN (SELECT count(*) AS places FROM spot_view JOIN spot ON spot.id = spot_view.spot "
        "WHERE spot.lot = {}) AS shared "
        "LEFT JOIN occupancy_sample AS sample ON sample.lot = {} AND sample.at = counted.slot ORDER BY counted.slot",
        lot_id,
        since,
        until,
        lot_id,
        lot_id,
    )
    return [LotCount(row["slot"], row["free"], row["occupied"], row["unknown"], _totals(row)) for row in rows]


async def thin_counts(frame_ids: Sequence[int]) -> None:
    """Delete the counts of pictures that are about to go, but for the last of each five minutes of a camera."""
    if not frame_ids:
        return
    places = ", ".join(["{}"] * len(frame_ids))
    await fetch(
        f"DELETE FROM frame_count WHERE frame IN ({places}) AND (late OR EXISTS (SELECT 1 FROM frame_count AS later "  # noqa: S608
        "WHERE later.camera = frame_count.camera AND later.slot = frame_count.slot AND later.id > frame_count.id "
        "AND NOT later.late))",
        *frame_ids,
    )


async def delete_counts_before(before: datetime) -> None:
    """Delete what is older, the history of every lot among it."""
    await fetch("DELETE FROM frame_count WHERE lot IN (SELECT id FROM lot) AND slot < {}", before)
