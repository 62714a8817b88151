"""Cameras and their last look."""

import json
from datetime import datetime

from parkhub.db import tables
from parkhub.db.engine import Row, fetch
from parkhub.domain.cameras import Camera, CameraRole, Engine, Gate, Inward
from parkhub.domain.spots import Debounce
from parkhub.domain.trust import Shift, Trouble, TrustTrack
from parkhub.errors import ConflictError, NotFoundError

_SELECT = (
    "SELECT camera.*, camera_look.frame AS last_frame_id, camera_look.captured_at AS last_captured_at, "
    "trouble, trouble_since, suspect, suspect_since, suspect_looks, shift, spot_head.id AS head_id "
    "FROM camera LEFT JOIN camera_look ON camera_look.camera = camera.id "
    "LEFT JOIN spot_head ON spot_head.lot = camera.lot AND spot_head.active "
)


def _camera(row: Row) -> Camera:
    return Camera(
        id=row["id"],
        public_id=row["public_id"],
        lot_id=row["lot"],
        name=row["name"],
        key_hash=row["key_hash"],
        engine=Engine(row["engine"]),
        debounce=Debounce(row["debounce_agree"], row["debounce_window"]),
        stale_after_s=row["stale_after_s"],
        enabled=row["enabled"],
        last_frame_id=row["last_frame_id"],
        last_captured_at=row["last_captured_at"],
        marked_on=(row["marked_width"], row["marked_height"]) if row["marked_height"] else None,
        counts_vehicles=row["counts_vehicles"],
        reference=row["reference"],
        trust=_trust(row),
        shift=tuple(json.loads(row["shift"])) if row["shift"] else None,
        head_id=row["head_id"],
        gate=_gate(row),
        sure_min=row["sure_min"],
        keep_h=row["keep_h"],
    )


def _gate(row: Row) -> Gate:
    excluded = tuple(tuple(area) for area in json.loads(row["excluded"]))
    return Gate(
        CameraRole(row["role"]),
        row["region"],
        Inward(row["inward"]),
        excluded,
        row["reads_min"],
        row["read_sure_min"],
    )


def _trust(row: Row) -> TrustTrack:
    return TrustTrack(
        trouble=Trouble(row["trouble"]) if row["trouble"] else None,
        since=row["trouble_since"],
        suspect=Trouble(row["suspect"]) if row["suspect"] else None,
        suspect_since=row["suspect_since"],
        looks=row["suspect_looks"] or 0,
    )


async def add_camera(
    public_id: str, lot_id: int, name: str, key_hash: str, engine: Engine, debounce: Debounce, stale_after_s: float
) -> Camera:
    """Add a camera, enabled; ConflictError when the public id is taken."""
    rows = (
        await tables.Camera.insert(
            tables.Camera(
                public_id=public_id,
                lot=lot_id,
                name=name,
                key_hash=key_hash,
                engine=engine.value,
                debounce_agree=debounce.agree,
                debounce_window=debounce.window,
                stale_after_s=float(stale_after_s),
                enabled=True,
            )
        )
        .on_conflict(target=tables.Camera.public_id, action="DO NOTHING")
        .returning(tables.Camera.id)
    )
    if not rows:
        raise ConflictError("There is a camera with this id already.")
    return Camera(
        rows[0]["id"], public_id, lot_id, name, key_hash, engine, debounce, float(stale_after_s), enabled=True
    )


async def find_camera(public_id: str) -> Camera | None:
    """The camera a node knows by this id."""
    rows = await fetch(_SELECT + "WHERE camera.public_id = {}", public_id)
    return _camera(rows[0]) if rows else None


async def get_camera(camera_id: int) -> Camera:
    """The camera; NotFoundError when there is none."""
    rows = await fetch(_SELECT + "WHERE camera.id = {}", camera_id)
    if not rows:
        raise NotFoundError("There is no such camera.")
    return _camera(rows[0])


async def list_cameras(lot_id: int | None = None) -> list[Camera]:
    """The cameras of a lot, or of all lots, by name."""
    if lot_id is None:
        rows = await fetch(_SELECT + "ORDER BY camera.name, camera.id")
    else:
        rows = await fetch(_SELECT + "WHERE camera.lot = {} ORDER BY camera.name, camera.id", lot_id)
    return [_camera(row) for row in rows]


async def save_camera_settings(
    camera_id: int,
    name: str,
    engine: Engine,
    debounce: Debounce,
    stale_after_s: float,
    enabled: bool,
    counts_vehicles: bool,
) -> None:
    """Set what staff may set; NotFoundError when there is no such camera."""
    table = tables.Camera
    rows = (
        await table.update(
            {
                table.name: name,
                table.engine: engine.value,
                table.debounce_agree: debounce.agree,
                table.debounce_window: debounce.window,
                table.stale_after_s: float(stale_after_s),
                table.enabled: enabled,
                table.counts_vehicles: counts_vehicles,
            }
        )
        .where(table.id == camera_id)
        .returning(table.id)
    )
    if not rows:
        raise NotFoundError("There is no such camera.")


async def set_enabled(camera_id: int, *, enabled: bool) -> None:
    """Start or stop taking a camera's pictures."""
    await tables.Camera.update({tables.Camera.enabled: enabled}).where(tables.Camera.id == camera_id)


async def set_limits(camera_id: int, sure_min: float, read_sure_min: float, keep_h: int | None) -> None:
    """Say how sure a camera's engine and reader must be, 0 to 1, and how many hours its pictures are kept."""
    table = tables.Camera
    await table.update(
        {table.sure_min: float(sure_min), table.read_sure_min: float(read_sure_min), table.keep_h: keep_h}
    ).where(table.id == camera_id)


async def list_keeping() -> dict[int, int]:
    """Hours that pictures are kept, by camera, of those that watch no gate and have a time of their own."""
    rows = await fetch("SELECT id, keep_h FROM camera WHERE keep_h IS NOT NULL AND role = 'overview'")
    return {row["id"]: row["keep_h"] for row in rows}


async def set_gate(camera_id: int, gate: Gate) -> None:
    """Say which gate a camera watches; NotFoundError when there is no such camera."""
    table = tables.Camera
    rows = (
        await table.update(
            {
                table.role: gate.role.value,
                table.region: gate.region,
                table.inward: gate.inward.value,
                table.excluded: json.dumps(gate.excluded),
                table.reads_min: gate.reads_min,
            }
        )
        .where(table.id == camera_id)
        .returning(table.id)
    )
    if not rows:
        raise NotFoundError("There is no such camera.")


async def set_key_hash(camera_id: int, key_hash: str) -> None:
    """Give a camera another key; NotFoundError when there is no such camera."""
    table = tables.Camera
    rows = await table.update({table.key_hash: key_hash}).where(table.id == camera_id).returning(table.id)
    if not rows:
        raise NotFoundError("There is no such camera.")


async def set_marked_on(camera_id: int, width: int, height: int) -> None:
    """Note the size in pixels of the picture the spots were marked on; NotFoundError without such a camera."""
    table = tables.Camera
    rows = (
        await table.update({table.marked_width: width, table.marked_height: height})
        .where(table.id == camera_id)
        .returning(table.id)
    )
    if not rows:
        raise NotFoundError("There is no such camera.")


async def set_last_look(
    camera_id: int, frame_id: int, captured_at: datetime, trust: TrustTrack | None = None, shift: Shift | None = None
) -> None:
    """Note the picture that was read last, how far it is believed, and how it lies beside the reference."""
    found = trust or TrustTrack()
    await fetch(
        "INSERT INTO camera_look (camera, frame, captured_at, trouble, trouble_since, suspect, suspect_since, "
        "suspect_looks, shift) VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}) "
        "ON CONFLICT (camera) DO UPDATE SET frame = excluded.frame, captured_at = excluded.captured_at, "
        "trouble = excluded.trouble, trouble_since = excluded.trouble_since, suspect = excluded.suspect, "
        "suspect_since = excluded.suspect_since, suspect_looks = excluded.suspect_looks, shift = excluded.shift",
        camera_id,
        frame_id,
        captured_at,
        found.trouble and found.trouble.value,
        found.since,
        found.suspect and found.suspect.value,
        found.suspect_since,
        found.looks,
        None if shift is None else json.dumps(shift),
    )
