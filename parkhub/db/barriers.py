"""Barriers and the cameras that see the cars before them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from parkhub.db import passages as passage_rows
from parkhub.db.engine import Row, fetch
from parkhub.domain.barriers import Barrier, BarrierKind, Letting
from parkhub.domain.passages import Direction, GatePassage
from parkhub.errors import NotFoundError

_NAMES = (
    "public_id, code, lot, name, kind, side, letting, address, node, pulse_ms, timeout_s, waits_s, calls_after_s, "
    "call_email, secret_version, enabled"
)


async def add_barrier(barrier: Barrier, now: datetime) -> Barrier:
    """Keep a new barrier; its id is the database's to give."""
    marks = ", ".join("{}" for _ in _values(barrier))
    rows = await fetch(
        f"INSERT INTO barrier ({_NAMES}, created_at) VALUES ({marks}, {{}}) RETURNING id",  # noqa: S608
        *_values(barrier),
        now,
    )
    await _set_cameras(rows[0]["id"], barrier.cameras)
    return await get_barrier(rows[0]["id"])


async def save_barrier(barrier: Barrier) -> None:
    """Set all of a barrier."""
    pairs = ", ".join(f"{name} = {{}}" for name in _NAMES.split(", "))
    await fetch(f"UPDATE barrier SET {pairs} WHERE id = {{}}", *_values(barrier), barrier.id)  # noqa: S608
    await _set_cameras(barrier.id, barrier.cameras)


async def get_barrier(barrier_id: int) -> Barrier:
    """The barrier. Raises NotFoundError."""
    return _one(await _found("id = {}", barrier_id))


async def find_barrier(public_id: str) -> Barrier:
    """The barrier by its public id. Raises NotFoundError."""
    return _one(await _found("public_id = {}", public_id))


async def find_by_code(code: str) -> Barrier:
    """The barrier by the code in its page's address. Raises NotFoundError."""
    return _one(await _found("code = {}", code))


async def list_barriers(lot_id: int | None = None) -> list[Barrier]:
    """The barriers of a lot, or of all."""
    return await (_found("id > {}", 0) if lot_id is None else _found("lot = {}", lot_id))


async def list_of_camera(camera_id: int) -> list[Barrier]:
    """Enabled barriers before which a camera sees the cars."""
    where = "enabled AND id IN (SELECT barrier FROM barrier_camera WHERE camera = {})"
    return await _found(where, camera_id)


async def list_of_node(camera_id: int) -> list[Barrier]:
    """Enabled barriers whose relay a camera's node has."""
    return await _found("enabled AND kind = 'relay' AND node = {}", camera_id)


async def list_before(barrier: Barrier, now: datetime) -> list[GatePassage]:
    """Passages at a barrier's cameras of the last minutes that went its way, or may have."""
    since = now - timedelta(seconds=max(60, barrier.waits_s))
    found: list[GatePassage] = []
    for camera_id in barrier.cameras:
        found += await passage_rows.list_passages(camera_id, since, now + timedelta(days=1))
    return [each for each in found if each.direction in (barrier.side, None) and not each.clock_unsure]


async def _found(where: str, *given: Any) -> list[Barrier]:
    rows = await fetch(f"SELECT * FROM barrier WHERE {where} ORDER BY lot, id", *given)  # noqa: S608
    if not rows:
        return []
    marks = ", ".join("{}" for _ in rows)
    cameras = defaultdict(list)
    for row in await fetch(
        f"SELECT barrier, camera FROM barrier_camera WHERE barrier IN ({marks}) ORDER BY camera",  # noqa: S608
        *[row["id"] for row in rows],
    ):
        cameras[row["barrier"]].append(row["camera"])
    return [_barrier(row, cameras[row["id"]]) for row in rows]


async def _set_cameras(barrier_id: int, cameras: Sequence[int]) -> None:
    await fetch("DELETE FROM barrier_camera WHERE barrier = {}", barrier_id)
    for camera_id in cameras:
        await fetch("INSERT INTO barrier_camera (barrier, camera) VALUES ({}, {})", barrier_id, camera_id)


def _one(found: list[Barrier]) -> Barrier:
    if not found:
        raise NotFoundError("There is no such barrier.")
    return found[0]


def _values(barrier: Barrier) -> list[Any]:
    return [
        barrier.public_id,
        barrier.code,
        barrier.lot_id,
        barrier.name,
        barrier.kind.value,
        barrier.side.value,
        barrier.letting.value,
        barrier.address,
        barrier.node_id,
        barrier.pulse_ms,
        barrier.timeout_s,
        barrier.waits_s,
        barrier.calls_after_s,
        barrier.call_email,
        barrier.secret_version,
        barrier.enabled,
    ]


def _barrier(row: Row, cameras: Sequence[int]) -> Barrier:
    return Barrier(
        id=row["id"],
        public_id=row["public_id"],
        code=row["code"],
        lot_id=row["lot"],
        name=row["name"],
        kind=BarrierKind(row["kind"]),
        side=Direction(row["side"]),
        letting=Letting(row["letting"]),
        address=row["address"],
        node_id=row["node"],
        cameras=tuple(cameras),
        pulse_ms=row["pulse_ms"],
        timeout_s=row["timeout_s"],
        waits_s=row["waits_s"],
        calls_after_s=row["calls_after_s"],
        call_email=row["call_email"],
        secret_version=row["secret_version"],
        enabled=bool(row["enabled"]),
    )
