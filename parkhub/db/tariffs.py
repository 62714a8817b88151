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
    """A lot's tariff for one kind of vehicle (None: any) from ``valid_from`` on; ``text`` as it was written.

    ``note``: why, for those who run the lot.
    """

    id: int
    lot_id: int
    kind: VehicleKind | None
    text: str
    valid_from: datetime
    created_at: datetime
    created_by: int | None
    note: str = ""

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
        note=row["note"],
    )


async def add_version(
    lot_id: int,
    kind: VehicleKind | None,
    text: str,
    valid_from: datetime,
    account_id: int | None,
    now: datetime,
    note: str = "",
) -> TariffVersion:
    """Keep a version; ConflictError when the lot has one for that kind from the same instant on."""
    rows = await fetch(
        "INSERT INTO tariff_version (lot, kind, text, valid_from, created_at, created_by, note) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}) ON CONFLICT (lot, kind, valid_from) DO NOTHING RETURNING id",
        lot_id,
        kind.value if kind else "",
        text,
        valid_from,
        now,
        account_id,
        note,
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


async def is_used(version_id: int) -> bool:
    """Whether a stay or a booking was priced by it."""
    rows = await fetch(
        "SELECT 1 AS used WHERE EXISTS (SELECT 1 FROM parking_session WHERE tariff = {}) "
        "OR EXISTS (SELECT 1 FROM booking WHERE tariff = {})",
        version_id,
        version_id,
    )
    return bool(rows)


async def delete_version(version_id: int) -> None:
    """Forget a version that nothing was priced by."""
    await fetch("DELETE FROM tariff_version WHERE id = {}", version_id)


async def list_authors(lot_id: int) -> dict[int, str]:
    """Who published a lot's versions, by their accounts' ids: their name, or their e-mail without one."""
    rows = await fetch(
        "SELECT id, name, email FROM account WHERE id IN (SELECT created_by FROM tariff_version WHERE lot = {})", lot_id
    )
    return {row["id"]: row["name"] or row["email"] for row in rows}
