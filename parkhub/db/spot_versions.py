"""Versions of a camera's spots."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.spot_versions import VERSIONS_KEPT, KeptSpot, SpotVersion
from parkhub.domain.spots import BayPlan, BayShape, NewSpot, Polygon, SpotKind

_Packed = tuple[int, str, SpotKind, str, Polygon, tuple[BayShape, float, float, float, float, Polygon]]
_read_spots = msgspec.json.Decoder(tuple[_Packed, ...]).decode


def _pack(spots: Sequence[KeptSpot]) -> str:
    rows = [
        (
            kept.spot_id,
            kept.spot.name,
            kept.spot.kind,
            kept.spot.zone,
            kept.spot.polygon,
            (
                kept.spot.plan.shape,
                kept.spot.plan.x,
                kept.spot.plan.y,
                kept.spot.plan.width,
                kept.spot.plan.height,
                kept.spot.plan.outline,
            ),
        )
        for kept in spots
    ]
    return msgspec.json.encode(rows).decode()


def _version(row: Row) -> SpotVersion:
    spots = None
    if "spots" in row:
        spots = tuple(
            KeptSpot(spot_id, NewSpot(name, kind, zone, polygon, BayPlan(*plan)))
            for spot_id, name, kind, zone, polygon, plan in _read_spots(row["spots"])
        )
    return SpotVersion(
        id=row["id"],
        camera_id=row["camera"],
        number=row["number"],
        saved_at=row["saved_at"],
        by=row["email"] or "",
        words=row["words"],
        width=row["width"],
        height=row["height"],
        spot_count=row["spot_count"],
        spots=spots,
    )


async def add_spot_version(
    camera_id: int,
    number: int,
    account_id: int | None,
    saved_at: datetime,
    words: str,
    size: tuple[int, int],
    spots: Sequence[KeptSpot],
) -> None:
    """Keep a version, and of the camera's the last `VERSIONS_KEPT`. ConflictError when it has one of that number."""
    await fetch(
        "INSERT INTO spot_version (camera, number, account, saved_at, words, width, height, spot_count, spots) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {})",
        camera_id,
        number,
        account_id,
        saved_at,
        words,
        *size,
        len(spots),
        _pack(spots),
    )
    await fetch("DELETE FROM spot_version WHERE camera = {} AND number <= {}", camera_id, number - VERSIONS_KEPT)


async def latest_spot_version(camera_id: int) -> SpotVersion | None:
    """The camera's last version, without its spots."""
    found = await list_spot_versions(camera_id, 1)
    return found[0] if found else None


async def list_spot_versions(camera_id: int, limit: int) -> list[SpotVersion]:
    """A camera's versions without their spots, the last one first."""
    rows = await fetch(
        "SELECT v.id, v.camera, v.number, v.saved_at, v.words, v.width, v.height, v.spot_count, account.email "
        "FROM spot_version v LEFT JOIN account ON account.id = v.account "
        "WHERE v.camera = {} ORDER BY v.number DESC LIMIT {}",
        camera_id,
        limit,
    )
    return [_version(row) for row in rows]


async def find_spot_version(camera_id: int, number: int) -> SpotVersion | None:
    """A camera's version with its spots."""
    rows = await fetch(
        "SELECT v.*, account.email FROM spot_version v LEFT JOIN account ON account.id = v.account "
        "WHERE v.camera = {} AND v.number = {}",
        camera_id,
        number,
    )
    return _version(rows[0]) if rows else None
