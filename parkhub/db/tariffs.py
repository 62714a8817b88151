"""The tariffs of lots, in versions."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from parkhub.db.engine import Row, fetch
from parkhub.domain.tariff_reader import parse_tariff
from parkhub.domain.tariffs import Tariff
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import ConflictError, NotFoundError

_read = lru_cache(maxsize=256)(parse_tariff)


@dataclass(frozen=True, slots=True)
class TariffVersion:
    """A lot's tariff for one kind of vehicle (None: any) from ``valid_from`` on; ``text`` as it was written."""

    id: int
    lot_id: int
    kind: VehicleKind | None
    text: str
    valid_from: datetime
    created_at: datetime
    created_by: int | None

    @property
    def tariff(self) -> Tariff:
        """The text, read."""
        return _read(self.text)


def _version(row: Row) -> TariffVersion:
    return TariffVersion(
        id=row["id"],
        lot_id=row["lot"],
        kind=VehicleKind(row["kind"]) if row["kind"] else None,
        text=row["text"],
        valid_from=row["valid_from"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


async def add_version(
    lot_id: int, kind: VehicleKind | None, text: str, valid_from: datetime, account_id: int | None, now: datetime
) -> TariffVersion:
    """Keep a version; ConflictError when the lot has one for that kind from the same instant on."""
    rows = await fetch(
        "INSERT INTO tariff_version (lot, kind, text, valid_from, created_at, created_by) "
        "VALUES ({}, {}, {}, {}, {}, {}) ON CONFLICT (lot, kind, valid_from) DO NOTHING RETURNING id",
        lot_id,
        kind.value if kind else "",
        text,
        valid_from,
        now,
        account_id,
    )
    if not rows:
        raise ConflictError("There is a tariff from that instant on already.")
    return await get_version(rows[0]["id"])


async def get_version(version_id: int) -> TariffVersion:
    """The version; NotFoundError when there is none."""
    rows = await fetch("SELECT * FROM tariff_version WHERE id = {}", version_id)
    if not rows:
        raise NotFoundError("There is no such tariff.")
    return _version(rows[0])


async def find_in_force(lot_id: int, kind: VehicleKind | None, at: datetime) -> TariffVersion | None:
    """What prices a vehicle of that kind at ``at``: the tariff for its kind, else the one for any."""
    rows = await fetch(
        "SELECT * FROM tariff_version WHERE lot = {} AND kind IN ('', {}) AND valid_from <= {} "
        "ORDER BY kind DESC, valid_from DESC LIMIT 1",
        lot_id,
        kind.value if kind else "",
        at,
    )
    return _version(rows[0]) if rows else None


async def list_versions(lot_id: int) -> list[TariffVersion]:
    """All versions of a lot, the one that begins last first."""
    rows = await fetch("SELECT * FROM tariff_version WHERE lot = {} ORDER BY valid_from DESC, kind", lot_id)
    return [_version(row) for row in rows]
