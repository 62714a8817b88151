"""Nodes say how they are; one that falls silent is told of, once."""

from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import node_keys as key_rows
from parkhub.db import nodes as rows
from parkhub.db.engine import transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.nodes import Heartbeat, Node, meet, silent_after
from parkhub.services import node_commands, node_configurations

HOURS_KEPT: Final = timedelta(days=7)

log = structlog.get_logger(__name__)


async def take_heartbeat(
    clients: Clients, camera: Camera, heartbeat: Heartbeat, signed_at_s: int, now: datetime
) -> Node | None:
    """Keep how a node is, and the most of this hour; None when a later heartbeat is known already."""
    async with transaction():
        before = await rows.find_node(camera.id)
        instances, twin_at = meet(before, heartbeat, now)
        node = Node(camera.id, now, heartbeat, instances=instances, twin_at=twin_at)
        if not await rows.keep_heartbeat(node, signed_at_s):
            return None
        waiting = heartbeat.spool.pictures if heartbeat.spool else None
        hour = now.replace(minute=0, second=0, microsecond=0)
        await rows.keep_hour(camera.id, hour, heartbeat.temperature_c, waiting)
    if node.has_twin(now) and not (before is not None and before.has_twin(now)):
        log.warning("node.twin", camera=camera.public_id)
    if before is not None and before.offline_since is not None:
        log.info("node.online", camera=camera.public_id, silent_since=before.heard_at.isoformat())
        await clients.live.announce(f"alerts:{camera.lot_id}")
    await clients.live.announce(f"node:{camera.id}")
    return node


async def find_node(camera: Camera) -> Node | None:
    """A camera's node; None before its first heartbeat."""
    return await rows.find_node(camera.id)


async def tell_silent(clients: Clients, now: datetime) -> int:
    """Tell of nodes that are to take pictures and of which neither a heartbeat nor a picture comes; answers how many.

    Each is told of once, until it is heard again.
    """
    told, nodes = 0, await rows.list_nodes()
    await _tell_back(clients, [each for each in nodes.values() if each.offline_since is not None])
    cameras = [each for each in await camera_rows.list_cameras() if each.enabled and each.id in nodes]
    quiet = [each for each in cameras if await _is_quiet(each, nodes[each.id], nodes[each.id].heard_at, now)]
    pictures = await rows.newest_pictures([each.id for each in quiet])
    for camera in quiet:
        node = nodes[camera.id]
        heard_at = max(node.heard_at, pictures.get(camera.id, node.heard_at))
        if not await _is_quiet(camera, node, heard_at, now):
            continue
        async with transaction():
            fresh = await rows.set_offline(camera.id, heard_at)
        if fresh:
            told += 1
            log.warning("node.offline", camera=camera.public_id, since=heard_at.isoformat())
            await clients.live.announce(f"alerts:{camera.lot_id}")
            await clients.live.announce(f"node:{camera.id}")
    return told


async def _tell_back(clients: Clients, offline: list[Node]) -> None:
    """Nodes that say nothing of themselves, but whose pictures come again."""
    pictures = await rows.newest_pictures([each.camera_id for each in offline])
    for node in offline:
        since, newest = node.offline_since, pictures.get(node.camera_id)
        if since is not None and newest is not None and newest > since:
            async with transaction():
                await rows.clear_offline(node.camera_id)
            await clients.live.announce(f"node:{node.camera_id}")


async def _is_quiet(camera: Camera, node: Node, heard_at: datetime, now: datetime) -> bool:
    if node.offline_since is not None or now - heard_at <= timedelta(seconds=camera.stale_after_s):
        return False
    heartbeat_s = (await node_configurations.current(camera, now)).document.heartbeat_s
    return now - heard_at > silent_after(camera.stale_after_s, heartbeat_s)


async def forget_old(now: datetime) -> None:
    """Forget what is past its time: hours, commands with their reports, codes."""
    async with transaction():
        await rows.delete_hours_before(now - HOURS_KEPT)
        await node_commands.delete_old(now)
        await key_rows.delete_codes_before(now)
