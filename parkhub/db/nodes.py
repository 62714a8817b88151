"""Nodes by their last heartbeat, and the most of each hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from parkhub.db.engine import Row, fetch
from parkhub.domain.nodes import Heartbeat, Node


@dataclass(frozen=True, slots=True)
class Hour:
    """The highest temperature and the longest queue of an hour; None: nobody said."""

    hour: datetime
    temperature_c: float | None
    pictures_waiting: int | None


def _node(row: Row) -> Node:
    heartbeat = msgspec.json.decode(row["heartbeat"], type=Heartbeat)
    instances = tuple(row["instances"].split())
    return Node(row["camera"], row["heard_at"], heartbeat, row["offline_since"], instances, row["twin_at"])


async def find_node(camera_id: int) -> Node | None:
    """A camera's node; None before its first heartbeat."""
    rows = await fetch("SELECT * FROM node WHERE camera = {}", camera_id)
    return _node(rows[0]) if rows else None


async def list_nodes() -> dict[int, Node]:
    """Every node by its camera."""
    return {row["camera"]: _node(row) for row in await fetch("SELECT * FROM node")}


async def keep_heartbeat(node: Node, signed_at_s: int) -> bool:
    """Keep a node with its heartbeat, unless one signed later is kept; it is no longer offline."""
    rows = await fetch(
        "INSERT INTO node (camera, heard_at, signed_at_s, heartbeat, instances, twin_at) "
        "VALUES ({}, {}, {}, {}, {}, {}) "
        "ON CONFLICT (camera) DO UPDATE SET heard_at = excluded.heard_at, signed_at_s = excluded.signed_at_s, "
        "heartbeat = excluded.heartbeat, offline_since = NULL, instances = excluded.instances, "
        "twin_at = excluded.twin_at WHERE node.signed_at_s <= excluded.signed_at_s RETURNING id",
        node.camera_id,
        node.heard_at,
        signed_at_s,
        msgspec.json.encode(node.heartbeat).decode(),
        " ".join(node.instances),
        node.twin_at,
    )
    return bool(rows)


async def keep_hour(camera_id: int, hour: datetime, temperature_c: float | None, waiting: int | None) -> None:
    """Take a heartbeat into the most of its hour."""
    await fetch(
        "INSERT INTO node_hour (camera, hour, temperature_c, pictures_waiting) VALUES ({}, {}, {}, {}) "
        "ON CONFLICT (camera, hour) DO UPDATE SET "
        "temperature_c = CASE WHEN node_hour.temperature_c > excluded.temperature_c OR excluded.temperature_c IS NULL "
        "THEN node_hour.temperature_c ELSE excluded.temperature_c END, "
        "pictures_waiting = CASE WHEN node_hour.pictures_waiting > excluded.pictures_waiting "
        "OR excluded.pictures_waiting IS NULL THEN node_hour.pictures_waiting ELSE excluded.pictures_waiting END",
        camera_id,
        hour,
        temperature_c,
        waiting,
    )


async def list_hours(camera_id: int, since: datetime) -> list[Hour]:
    """The hours of a node from ``since`` on, in their order."""
    rows = await fetch("SELECT * FROM node_hour WHERE camera = {} AND hour >= {} ORDER BY hour", camera_id, since)
    return [Hour(row["hour"], row["temperature_c"], row["pictures_waiting"]) for row in rows]


async def set_offline(camera_id: int, since: datetime) -> bool:
    """Note that people are told that a node is silent; False when they were."""
    rows = await fetch(
        "UPDATE node SET offline_since = {} WHERE camera = {} AND offline_since IS NULL AND heard_at <= {} "
        "RETURNING id",
        since,
        camera_id,
        since,
    )
    return bool(rows)


async def clear_offline(camera_id: int) -> None:
    """Note that something comes again."""
    await fetch("UPDATE node SET offline_since = NULL WHERE camera = {}", camera_id)


async def delete_hours_before(before: datetime) -> None:
    """Forget hours."""
    await fetch("DELETE FROM node_hour WHERE hour < {}", before)


async def newest_pictures(camera_ids: Sequence[int]) -> dict[int, datetime]:
    """When each of these cameras' last picture came."""
    if not camera_ids:
        return {}
    marks = ", ".join("{}" for _ in camera_ids)
    rows = await fetch(
        "SELECT camera.id, (SELECT received_at FROM frame WHERE frame.camera = camera.id "  # noqa: S608
        f"ORDER BY captured_at DESC, frame.id DESC LIMIT 1) AS at FROM camera WHERE camera.id IN ({marks})",
        *camera_ids,
    )
    return {row["id"]: row["at"] for row in rows if row["at"] is not None}
