"""What a node hears over its stream: signed with the key it asked with, for as long as that holds."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import KEY, save_camera
from litestar import Litestar

from parkhub.clients import Clients
from parkhub.db import cameras
from parkhub.db.engine import fetch, transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.node_commands import Action
from parkhub.domain.signatures import hash_key
from parkhub.errors import NotFoundError
from parkhub.secret_key import secret_key
from parkhub.services import barrier_setup, barriers, node_commands, node_keys
from parkhub.services.barrier_setup import BarrierForm
from parkhub.web.barrier_commands import NodeSource


@pytest.fixture
async def camera(app: Litestar) -> Camera:
    return await save_camera()


@pytest.fixture
def clients(app: Litestar) -> Clients:
    found: Clients = app.state.clients
    return found


def is_signed(command: dict[str, Any], key: str) -> bool:
    texts = [str(command[name]) for name in ("id", "barrier", "action", "pulse_ms", "expires_at")]
    wanted = hmac.new(hash_key(key).encode(), "\n".join(texts).encode(), hashlib.sha256).hexdigest()
    return bool(wanted == command["signature"])


async def test_all_commands_come_signed_each_in_the_same_form(clients: Clients, camera: Camera) -> None:
    now = datetime.now(UTC)
    barrier = await barrier_setup.create_barrier(
        camera.lot_id, BarrierForm(name="Exit", node=camera.public_id, pulse_ms=50), None, now
    )
    await barriers.open_by_hand(clients, barrier, "ambulance", None, "", now)
    for action in (Action.SNAPSHOT, Action.LOGS):
        await node_commands.ask(clients, camera, action, None, now)
    found = await NodeSource(camera.id, hash_key(KEY)).read()
    assert [(each["action"], each["barrier"], each["pulse_ms"]) for each in found] == [
        ("open", barrier.public_id, 50),
        ("snapshot", "", 0),
        ("logs", "", 0),
    ]
    assert all(is_signed(each, KEY) and not is_signed(each, "another") for each in found)
    assert len({frozenset(each) for each in found}) == 1
    async with transaction():
        await cameras.set_enabled(camera.id, enabled=False)
    assert [each["action"] for each in await NodeSource(camera.id, hash_key(KEY)).read()] == ["logs"]


async def test_a_command_is_told_until_its_time_is_over(clients: Clients, camera: Camera) -> None:
    await node_commands.ask(clients, camera, Action.RESTART, None, datetime.now(UTC) - timedelta(seconds=61))
    assert await NodeSource(camera.id, hash_key(KEY)).read() == ()


async def test_the_stream_ends_with_the_key_it_was_asked_with(app: Litestar, clients: Clients, camera: Camera) -> None:
    now, installation = datetime.now(UTC), secret_key(app.state.settings)
    await node_keys.begin_change(clients, camera, installation, None, now)
    offered = await node_keys.offered(camera, installation, now)
    assert offered is not None
    old, new = NodeSource(camera.id, hash_key(KEY)), NodeSource(camera.id, hash_key(offered["key"]))
    await node_keys.note_use(clients, camera, offered["key"], now)
    assert await old.read() == await new.read() == ()
    await fetch("UPDATE key_change SET used_at = {}", now - timedelta(seconds=61))
    assert await new.read() == ()
    with pytest.raises(NotFoundError):
        await old.read()
