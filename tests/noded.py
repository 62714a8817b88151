"""Nodes in every state for the pages that are shown: one that is well used, one that is offline, one unheard of."""

import math
from datetime import datetime, timedelta

import msgspec
from builders import save_camera, save_frame
from pictures import jpeg

from parkhub.clients import Clients
from parkhub.db import cameras, frames
from parkhub.db import nodes as rows
from parkhub.domain.frames import FrameStatus
from parkhub.domain.lots import Lot
from parkhub.domain.node_commands import Action
from parkhub.domain.node_commands import Outcome as Done
from parkhub.domain.node_configurations import GateBurst, Mode, Outcome, Span
from parkhub.domain.nodes import CaptureState, Heartbeat, SpoolState
from parkhub.secret_key import secret_key
from parkhub.services import node_commands, node_configurations, node_keys, nodes
from parkhub.settings import Settings


async def shown(clients: Clients, settings: Settings, lot: Lot, now: datetime) -> dict[str, str]:
    """Make them; addresses by name of what staff see."""
    used = await save_camera(lot, name="South mast", public_id="south-mast-1", stale_after_s=86_400)
    frame = await save_frame(used, captured_at=now, received_at=now)
    await clients.pictures.put(frame.picture_key, jpeg(size=(640, 400)))
    await frames.finish_frame(frame.id, FrameStatus.READ, 14.2, [], "")
    await cameras.set_last_look(used.id, frame.id, now)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    for back in range(47, -1, -1):
        hour = this_hour - timedelta(hours=back)
        await rows.keep_hour(used.id, hour, 50 + 12 * math.sin(back / 4), max(0, (back * 37) % 90 - 60))
    said = Heartbeat(
        version="1.4.0",
        uptime_s=400_000,
        temperature_c=61.4,
        throttled=["was-under-voltage"],
        disk_free_bytes=3_400_000_000,
        spool=SpoolState(pictures=3, bytes=900_000, gate_pictures=1, oldest_at=now),
        rate_per_s=0.5,
        capture=CaptureState(running=True, mode="gate", last_picture_at=now, restarts=2),
        configuration_version=1,
        clock_offset_s=0.1,
    )
    await nodes.take_heartbeat(clients, used, said, int(now.timestamp()), now)
    first = await node_configurations.current(used, now)
    await node_configurations.answered(clients, used, 1, Outcome.TAKEN, "", now - timedelta(hours=5))
    document = msgspec.structs.replace(
        first.document,
        mode=Mode.GATE,
        gate=GateBurst(area=(0.2, 0.4, 0.5, 0.5)),
        schedule=(Span(("mo", "tu"), "22:00", "06:00"),),
    )
    await node_configurations.save(clients, used, document, None, now)
    why = "picture.width_max is more than this camera has"
    await node_configurations.answered(clients, used, 2, Outcome.REFUSED, why, now)
    for action in Action:
        command = await node_commands.ask(clients, used, action, None, now)
        if action is not Action.RESTART:
            await node_commands.answered(clients, used, command.uid, Done.ACKNOWLEDGED, "", now)
        if action is Action.LOGS:
            await node_commands.report(clients, used, command.uid, b"10:00:01 started\n10:00:02 a picture\n", now)
        if action is Action.FOCUS:
            measured = b'{"sharpness": 812.4, "best": 990.2, "pictures": 14}'
            await node_commands.report(clients, used, command.uid, measured, now)
    await node_keys.begin_change(clients, used, secret_key(settings), None, now)
    weak = await save_camera(lot, name="Back gate", public_id="back-gate-1")
    long_ago = now - timedelta(hours=3)
    said = Heartbeat(version="1.3.0", throttled=["under-voltage"], disk_free_bytes=100_000_000)
    await nodes.take_heartbeat(clients, weak, said, int(long_ago.timestamp()), long_ago)
    await nodes.tell_silent(clients, now)
    new = await save_camera(lot, name="New mast", public_id="new-mast-1")
    there = await save_camera(lot, name="Far mast", public_id="far-mast-1", stale_after_s=86_400)
    told = await save_frame(there, captured_at=now, received_at=now, media_type="application/json", byte_count=430)
    await frames.finish_frame(told.id, FrameStatus.READ, 0.4, [], "")
    await cameras.set_last_look(there.id, told.id, now)
    pages = {"node": used, "node-offline": weak, "node-new": new}
    found = {name: f"/console/cameras/{camera.public_id}/node" for name, camera in pages.items()}
    found["camera-recognises"] = "/console/cameras/far-mast-1"
    return found | {"nodes": "/console/nodes", "node-settings": f"{found['node']}/settings"}
