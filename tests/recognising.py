"""Cameras whose nodes are told to recognise by themselves."""

from datetime import UTC, datetime

import msgspec

from parkhub.clients import Clients
from parkhub.domain.cameras import Camera
from parkhub.domain.node_configurations import Edge
from parkhub.services import node_configurations


async def switch(clients: Clients, camera: Camera, *, on: bool = True, now: datetime | None = None) -> None:
    """Switch recognition at a camera on or off in the console, now or then."""
    now = now or datetime.now(UTC)
    document = (await node_configurations.current(camera, now)).document
    document = msgspec.structs.replace(document, edge=Edge(enabled=on))
    await node_configurations.save(clients, camera, document, None, now)
