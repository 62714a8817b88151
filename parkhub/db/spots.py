"""Spots, what is known of each, and every change of that.

Inside a transaction `load_tracks` locks the camera's row on PostgreSQL, so that two looks of one camera take turns, and
where another camera sees its places, too, these (`parkhub.db.better_views`); `lock_map` locks the lot's row, so that
two who mark its spots take turns. On SQLite every transaction does. Call `load_tracks` before reading the camera's last
look, and `lock_map`, which comes before a camera's lock, before reading the lot's spots.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from parkhub.db import better_views
from parkhub.db.engine import Row, fetch, in_transaction, on_postgresql, run_many, transaction
from parkhub.db.lots import get_lot
from parkhub.db.spot_tracks import COUNTED, insert_changes, read_track, track_values
from parkhub.domain.lots import LotStatus, SpotStatus
from parkhub.domain.spots import (
    BayPlan,
    BayShape,
    NewSpot,
    Polygon,
    Spot,
    SpotChange,
    SpotKind,
    SpotState,
    SpotTrack,
)
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError

# A lot of hundreds of spots is read whole for each change that is shown, so this is read straight into its types.
_read_polygon = msgspec.json.Decoder(Polygon).decode
_read_plan = msgspec.json.Decoder(tuple[BayShape, float, float, float, float, Polygon]).decode


def _pack_polygon(polygon: Polygon) -> str:
    return msgspec.json.encode(polygon).decode()


def pack_plan(plan: BayPlan) -> str:
    """A place on the drawn map as a row keeps it."""
    packed = (plan.shape, plan.x, plan.y, plan.width, plan.height, plan.outline)
    return msgspec.json.encode(packed).decode()


def _spot(row: Row) -> Spot:
    return _same_spot(
        row["id"],
        row["lot"],
        row["camera"],
        row["name"],
        row["kind"],
        row["zone"],
        row["position"],
        row["polygon"],
        row["plan"],
    )


# Spots hardly ever change: the same row gives the same value, which callers may compare by identity first.
@lru_cache(maxsize=16_384)
def _same_spot(
    spot_id: int, lot_id: int, camera_id: int, name: str, kind: str, zone: str, position: int, polygon: str, plan: str
) -> Spot:
    return Spot(
        id=spot_id,
        lot_id=lot_id,
        camera_id=camera_id,
        name=name,
        kind=SpotKind(kind),
        zone=zone,
        position=position,
        polygon=_read_polygon(polygon),
        plan=BayPlan(*_read_plan(plan)),
    )


async def list_spots(lot_id: int) -> list[Spot]:
    """The spots of a lot in map order."""
    rows = await fetch("SELECT * FROM spot WHERE lot = {} AND retired IS FALSE ORDER BY camera, position", lot_id)
    return [_spot(row) for row in rows]


async def list_camera_spots(camera_id: int) -> list[Spot]:
    """The spots a camera sees, in map order."""
    rows = await fetch("SELECT * FROM spot WHERE camera = {} AND retired IS FALSE ORDER BY position", camera_id)
    return [_spot(row) for row in rows]


async def find_spot(lot_id: int, name: str) -> Spot | None:
    """The spot of that name in a lot."""
    rows = await fetch("SELECT * FROM spot WHERE lot = {} AND name = {} AND retired IS FALSE", lot_id, name)
    return _spot(rows[0]) if rows else None


async def replace_camera_spots(camera_id: int, spots: Sequence[NewSpot]) -> None:
    """Make these the spots of a camera, in this map order; a spot whose name stays keeps its row.

    Raises what `save_camera_spots` raises.
    """
    async with transaction():
        await _lock_spots(camera_id)
        ids = await _spot_ids(camera_id)
        await save_camera_spots(camera_id, [(ids.get(spot.name), spot) for spot in spots])


async def save_camera_spots(camera_id: int, spots: Sequence[tuple[int | None, NewSpot]]) -> None:
    """Make these the spots of a camera, in this map order, each with the id of the row it goes on with.

    What is known of a spot stays with its row, whatever it is called now. One that is gone is retired: its row and its
    history wait for a version that shows it again. An id that is no row of this camera's makes a new one.
    Raises NotFoundError without such a camera, InvalidInputError when a name or an id comes twice, ConflictError when
    another camera of the lot has a spot of that name.
    """
    _check_once([spot.name for _, spot in spots], "name")
    _check_once([spot_id for spot_id, _ in spots if spot_id is not None], "row")
    async with transaction():
        lot_id = await _lock_spots(camera_id)
        rows = await fetch("SELECT id, name, camera, retired FROM spot WHERE lot = {}", lot_id)
        others = {row["name"] for row in rows if row["camera"] != camera_id and not row["retired"]}
        taken = next((spot.name for _, spot in spots if spot.name in others), None)
        if taken is not None:
            raise ConflictError(f"Another camera of this lot has a spot named {taken}.")
        mine = {row["id"]: row for row in rows if row["camera"] == camera_id}
        kept = {spot_id for spot_id, _ in spots if spot_id in mine}
        gone = [(key,) for key, row in mine.items() if key not in kept and not row["retired"]]
        if gone:
            await better_views.lock_places(lot_id)
            await better_views.leave(lot_id, [key for (key,) in gone])
        await run_many("UPDATE spot SET retired = TRUE WHERE id = {}", gone)
        await run_many("DELETE FROM spot_track WHERE spot = {}", gone)
        # two spots may have swapped their names: each lets go of its own before any takes another
        moving = [key for key, spot in spots if key is not None and key in kept and mine[key]["name"] != spot.name]
        await run_many("UPDATE spot SET name = {} WHERE id = {}", [(f"\x01{key}", key) for key in moving])
        values = [
            (
                spot_id,
                (
                    spot.name,
                    spot.kind.value,
                    spot.zone,
                    position,
                    _pack_polygon(spot.polygon),
                    pack_plan(spot.plan),
                ),
            )
            for position, (spot_id, spot) in enumerate(spots)
        ]
        await run_many(
            "UPDATE spot SET name = {}, kind = {}, zone = {}, position = {}, polygon = {}, plan = {}, retired = FALSE "
            "WHERE id = {}",
            [(*given, spot_id) for spot_id, given in values if spot_id in kept],
        )
        await run_many(
            "INSERT INTO spot (name, kind, zone, position, polygon, plan, lot, camera, retired) "
            "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, FALSE)",
            [(*given, lot_id, camera_id) for spot_id, given in values if spot_id not in kept],
        )


def _check_once(values: Sequence[object], what: str) -> None:
    if len(set(values)) < len(values):
        twice = next(value for value in values if values.count(value) > 1)
        raise InvalidInputError(f"The spot {what} {twice} is used twice.")


async def _lock_spots(camera_id: int) -> int:
    """Wait for whoever else changes the camera's spots or reads them to change them; answers its lot."""
    camera = await fetch("SELECT lot FROM camera WHERE id = {}", camera_id)
    if not camera:
        raise NotFoundError("There is no such camera.")
    lot_id: int = camera[0]["lot"]
    await lock_map(lot_id)
    await lock_camera(camera_id)
    return lot_id


async def lock_map(lot_id: int) -> None:
    """Wait for whoever else changes the lot's spots; see the module."""
    if on_postgresql() and in_transaction():  # NO KEY: what refers to the lot need not wait
        await fetch("SELECT id FROM lot WHERE id = {} FOR NO KEY UPDATE", lot_id)


async def lock_camera(camera_id: int) -> None:
    """Wait for whoever else looks at what the camera knows; see the module."""
    if on_postgresql() and in_transaction():  # NO KEY: new frames of the camera need not wait
        await fetch("SELECT id FROM camera WHERE id = {} FOR NO KEY UPDATE", camera_id)


async def load_tracks(camera_id: int) -> dict[str, SpotTrack]:
    """What a camera knows of each of its spots by name, in map order; see the module for the lock.

    Of a place that other cameras see, too, it is this camera's own view (`parkhub.db.better_views`).
    """
    await lock_camera(camera_id)
    await better_views.lock_views(camera_id)
    rows = await fetch(
        "SELECT spot.id, spot.name, spot_track.* FROM spot LEFT JOIN spot_track ON spot_track.spot = spot.id "
        "WHERE spot.camera = {} AND spot.retired IS FALSE ORDER BY spot.position",
        camera_id,
    )
    views = {row["spot"]: row for row in await _views(camera_id)}
    return {row["name"]: read_track({**views.get(row["id"], row), "name": row["name"]}) for row in rows}


async def _views(camera_id: int) -> list[Row]:
    return await fetch("SELECT spot_view.* FROM spot_view JOIN spot ON spot.id = spot WHERE camera = {}", camera_id)


async def _spot_ids(camera_id: int) -> dict[str, int]:
    rows = await fetch("SELECT id, name FROM spot WHERE camera = {} AND retired IS FALSE", camera_id)
    return {row["name"]: row["id"] for row in rows}


async def save_tracks(camera_id: int, tracks: Sequence[SpotTrack]) -> None:
    """Keep what a camera knows of its spots; names it does not have (any more) are left out."""
    if not tracks:
        return
    ids = await _spot_ids(camera_id)
    shared = {row["spot"] for row in await _views(camera_id)}
    known = [(ids[track.spot], track) for track in tracks if track.spot in ids]
    await run_many(
        "INSERT INTO spot_track (spot, state, confidence, since, seen_at, recent, vehicle, held_until) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}) "
        "ON CONFLICT (spot) DO UPDATE SET state = excluded.state, confidence = excluded.confidence, "
        "since = excluded.since, seen_at = excluded.seen_at, recent = excluded.recent, vehicle = excluded.vehicle, "
        "held_until = excluded.held_until",
        [(spot_id, *track_values(track)) for spot_id, track in known if spot_id not in shared],
    )
    await run_many(
        "UPDATE spot_view SET state = {}, confidence = {}, since = {}, seen_at = {}, recent = {}, vehicle = {}, "
        "held_until = {} WHERE spot = {}",
        [(*track_values(track), spot_id) for spot_id, track in known if spot_id in shared],
    )


async def add_changes(camera_id: int, frame_id: int | None, changes: Sequence[SpotChange]) -> None:
    """Keep transitions of spots of a camera, with the frame that brought them, if one did.

    Those of a place that other cameras see, too, are left out: what it is is decided apart.
    """
    if not changes:
        return
    rows = await fetch(
        "SELECT id, lot, name FROM spot WHERE camera = {} AND retired IS FALSE "
        "AND NOT EXISTS (SELECT 1 FROM spot_view WHERE spot_view.spot = spot.id)",
        camera_id,
    )
    ids = {row["name"]: (row["lot"], row["id"]) for row in rows}
    await insert_changes(frame_id, [(ids[each.spot], each) for each in changes if each.spot in ids])


async def list_changes(lot_id: int, limit: int) -> list[SpotChange]:
    """The transitions of a lot, the last one first."""
    rows = await fetch(
        "SELECT spot.name, spot_change.* FROM spot_change JOIN spot ON spot.id = spot_change.spot "
        "WHERE spot_change.lot = {} ORDER BY spot_change.id DESC LIMIT {}",
        lot_id,
        limit,
    )
    return [
        SpotChange(
            row["name"],
            SpotState(row["before"]),
            SpotState(row["after"]),
            row["at"],
            row["confidence"],
            bool(row["by_hand"]),
            row["account"],
            row["camera"],
        )
        for row in rows
    ]


async def load_lot_status(lot_id: int) -> LotStatus:
    """A lot as it was last seen; the caller lets each camera's stale spots expire. NotFoundError without such a lot.

    A place that several cameras see is there once, as the spot that stands for it.
    """
    lot = await get_lot(lot_id)
    rows = await fetch(
        "SELECT spot.*, state, confidence, since, seen_at, recent, vehicle, held_until, "  # noqa: S608
        "spot_track.camera AS decider "
        "FROM spot LEFT JOIN spot_track ON spot_track.spot = spot.id "
        f"WHERE spot.lot = {{}} AND spot.retired IS FALSE AND {COUNTED} ORDER BY spot.camera, spot.position",
        lot_id,
    )
    looks = await fetch(
        "SELECT captured_at FROM camera_look JOIN camera ON camera.id = camera_look.camera "
        "WHERE camera.lot = {} ORDER BY captured_at DESC LIMIT 1",
        lot_id,
    )
    statuses = tuple(SpotStatus(_spot(row), read_track(row), row["decider"]) for row in rows)
    return LotStatus(lot, looks[0]["captured_at"] if looks else None, statuses)
