"""Lots and how full they were."""

from datetime import datetime

from parkhub.db import tables
from parkhub.db.engine import Row, fetch
from parkhub.domain.lots import Lot, OccupancySample
from parkhub.errors import ConflictError, NotFoundError


def read_lot(row: Row) -> Lot:
    """A row of the table as a domain value."""
    return Lot(
        row["id"],
        row["slug"],
        row["name"],
        row["address"],
        row["time_zone"],
        row["plan_width"],
        row["plan_height"],
        row["opening_hours"],
        row["country"],
        None if row["latitude"] is None else (row["latitude"], row["longitude"]),
        row["drives_version"],
    )


async def add_lot(slug: str, name: str, address: str, time_zone: str, plan_width: float, plan_height: float) -> Lot:
    """Add a lot; ConflictError when the slug is taken."""
    rows = (
        await tables.Lot.insert(
            tables.Lot(
                slug=slug,
                name=name,
                address=address,
                time_zone=time_zone,
                plan_width=float(plan_width),
                plan_height=float(plan_height),
            )
        )
        .on_conflict(target=tables.Lot.slug, action="DO NOTHING")
        .returning(tables.Lot.id)
    )
    if not rows:
        raise ConflictError(f"There is a lot at {slug} already.")
    return Lot(rows[0]["id"], slug, name, address, time_zone, float(plan_width), float(plan_height))


async def list_lots() -> list[Lot]:
    """All lots by name."""
    return [read_lot(row) for row in await tables.Lot.select().order_by(tables.Lot.name).order_by(tables.Lot.id)]


async def find_lot(slug: str) -> Lot | None:
    """The lot at a slug."""
    row = await tables.Lot.select().where(tables.Lot.slug == slug).first()
    return read_lot(row) if row else None


async def get_lot(lot_id: int) -> Lot:
    """The lot; NotFoundError when there is none."""
    row = await tables.Lot.select().where(tables.Lot.id == lot_id).first()
    if not row:
        raise NotFoundError("There is no such lot.")
    return read_lot(row)


async def set_plan_size(lot_id: int, width: float, height: float) -> None:
    """Set the size of the drawn map, in plan units."""
    await tables.Lot.update({tables.Lot.plan_width: float(width), tables.Lot.plan_height: float(height)}).where(
        tables.Lot.id == lot_id
    )


async def save_details(lot: Lot) -> None:
    """Keep a lot's name, address, opening times and place."""
    latitude, longitude = lot.place or (None, None)
    table = tables.Lot
    await table.update(
        {
            table.name: lot.name,
            table.address: lot.address,
            table.opening_hours: lot.opening_hours,
            table.country: lot.country,
            table.latitude: latitude,
            table.longitude: longitude,
        }
    ).where(table.id == lot.id)


async def set_opening_hours(lot_id: int, opening_hours: str) -> None:
    """Say when a lot is open, in OpenStreetMap's syntax."""
    await tables.Lot.update({tables.Lot.opening_hours: opening_hours}).where(tables.Lot.id == lot_id)


async def save_sample(sample: OccupancySample) -> None:
    """Keep a five-minute sample; a later one of the same five minutes takes its place."""
    await fetch(
        "INSERT INTO occupancy_sample (lot, at, free, occupied, unknown) VALUES ({}, {}, {}, {}, {}) "
        "ON CONFLICT (lot, at) DO UPDATE "
        "SET free = excluded.free, occupied = excluded.occupied, unknown = excluded.unknown",
        sample.lot_id,
        sample.at,
        sample.free,
        sample.occupied,
        sample.unknown,
    )


async def list_samples(lot_id: int, since: datetime, until: datetime) -> list[OccupancySample]:
    """The samples of ``since`` <= at < ``until``, oldest first."""
    rows = await fetch(
        "SELECT * FROM occupancy_sample WHERE lot = {} AND at >= {} AND at < {} ORDER BY at", lot_id, since, until
    )
    return [OccupancySample(row["lot"], row["at"], row["free"], row["occupied"], row["unknown"]) for row in rows]
