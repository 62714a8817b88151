"""A node that falls silent is told of once, and what is past its time is forgotten; on both databases."""

from datetime import timedelta

import msgspec
import pytest
from builders import NOW, after, save_camera, save_frame, stand_ins
from structlog.testing import capture_logs

from parkhub.clients import Clients
from parkhub.db import cameras, node_commands, node_keys
from parkhub.db import nodes as rows
from parkhub.db.engine import fetch, transaction
from parkhub.domain.cameras import Camera
from parkhub.domain.node_commands import Action
from parkhub.domain.nodes import Heartbeat, Node, SpoolState
from parkhub.errors import ConflictError
from parkhub.services import node_commands as commands
from parkhub.services import node_configurations, nodes
from parkhub.services import node_keys as keys

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


@pytest.fixture
async def camera() -> Camera:
    return await save_camera(stale_after_s=60.0)


async def beat(clients: Clients, camera: Camera, at_s: float, heartbeat: Heartbeat | None = None) -> Node | None:
    at = after(at_s)
    return await nodes.take_heartbeat(clients, camera, heartbeat or Heartbeat(), int(at.timestamp()), at)


async def test_silence_is_told_once_and_its_end_too(clients: Clients, camera: Camera) -> None:
    await beat(clients, camera, 0)
    with capture_logs() as logs:
        told = [await nodes.tell_silent(clients, after(at_s)) for at_s in (30, 89, 91, 120)]
        await beat(clients, camera, 130)
        told.append(await nodes.tell_silent(clients, after(140)))
        told.append(await nodes.tell_silent(clients, after(300)))
    assert told == [0, 0, 1, 0, 0, 1]
    assert [each["event"] for each in logs] == ["node.offline", "node.online", "node.offline"]


async def test_a_node_whose_pictures_come_is_not_silent(clients: Clients, camera: Camera) -> None:
    await beat(clients, camera, 0)
    await save_frame(camera, captured_at=after(80), received_at=after(80))
    assert await nodes.tell_silent(clients, after(120)) == 0
    assert await nodes.tell_silent(clients, after(200)) == 1
    await save_frame(camera, captured_at=after(210), received_at=after(210))
    assert await nodes.tell_silent(clients, after(220)) == 0
    node = await rows.find_node(camera.id)
    assert node is not None
    assert node.offline_since is None


async def test_two_nodes_with_one_key_are_told_apart_from_one_that_was_started_again(
    clients: Clients, camera: Camera
) -> None:
    runs = ["a", "b", "c", "b", "c", "b", "d"]
    twins = []
    for number, run in enumerate(runs):
        node = await beat(clients, camera, 30 * number, Heartbeat(boot="b1", instance=run))
        assert node is not None
        twins.append(node.has_twin(after(30 * number)))
    assert twins == [False, False, False, True, True, True, True]
    stored = await rows.find_node(camera.id)
    assert stored == node
    assert not stored.has_twin(after(150 + 15 * 60))


async def test_machines_whose_node_does_not_name_its_run_are_told_apart_by_their_start(
    clients: Clients, camera: Camera
) -> None:
    for number, boot in enumerate(["b1", "b1", "b2", "b3", "b1"]):
        node = await beat(clients, camera, 30 * number, Heartbeat(boot=boot))
        assert node is not None
        assert node.has_twin(after(30 * number)) == (number == 4)
    for number in range(5, 9):
        node = await beat(clients, camera, 30 * number, Heartbeat())
    assert node is not None
    assert node.twin_at == after(120)


async def test_a_node_that_goes_back_to_an_older_version_and_forward_again_is_one(
    clients: Clients, camera: Camera
) -> None:
    for number, instance in enumerate([None, "a", None, "b", None]):
        node = await beat(clients, camera, 30 * number, Heartbeat(boot="b1", instance=instance))
        assert node is not None
        assert node.twin_at is None


async def test_slow_heartbeats_and_cameras_that_are_off_are_no_alarm(clients: Clients, camera: Camera) -> None:
    document = (await node_configurations.current(camera, NOW)).document
    slow = msgspec.structs.replace(document, heartbeat_s=600.0)
    await node_configurations.save(clients, camera, slow, None, NOW)
    await beat(clients, camera, 0)
    assert await nodes.tell_silent(clients, after(1799)) == 0
    async with transaction():
        await cameras.set_enabled(camera.id, enabled=False)
    assert await nodes.tell_silent(clients, after(9999)) == 0


async def test_the_most_of_an_hour_is_kept_for_a_week(clients: Clients, camera: Camera) -> None:
    for at_s, degrees, waiting in ((0, 50.0, 7), (10, 61.5, None), (20, None, 3), (3600, 40.0, 0)):
        await beat(clients, camera, at_s, Heartbeat(temperature_c=degrees, spool=SpoolState(pictures=waiting)))
    hours = await rows.list_hours(camera.id, NOW - timedelta(hours=1))
    assert [(each.temperature_c, each.pictures_waiting) for each in hours] == [(61.5, 7), (40.0, 0)]
    await nodes.forget_old(after(8 * 86_400))
    assert await rows.list_hours(camera.id, NOW - timedelta(hours=1)) == []


async def test_commands_and_codes_go_when_their_time_is_over(clients: Clients, camera: Camera) -> None:
    command = await commands.ask(clients, camera, Action.LOGS, None, NOW)
    await commands.report(clients, camera, command.uid, b"lines", NOW)
    await keys.make_code(camera, "an installation", None, NOW)
    await nodes.forget_old(after(60))
    assert await node_keys.code_ends_at(camera.id, NOW) == NOW + timedelta(minutes=30)
    await nodes.forget_old(after(8 * 86_400))
    assert await node_commands.list_last(camera.id) == {}
    assert [await fetch(f"SELECT id FROM {table}") for table in ("node_report", "node_code")] == [[], []]


async def test_of_two_changes_of_one_version_one_is_refused(clients: Clients, camera: Camera) -> None:
    document = (await node_configurations.current(camera, NOW)).document
    for seconds, good in ((5.0, True), (6.0, False)):
        changed = msgspec.structs.replace(document, interval_s=seconds)
        if good:
            assert (await node_configurations.save(clients, camera, changed, None, NOW)).number == 2
        else:
            with pytest.raises(ConflictError):
                await node_configurations.save(clients, camera, changed, None, NOW)
    [entry] = await fetch("SELECT * FROM audit_entry WHERE action = 'camera.configured'")
    assert "5.0" in entry["after"]


async def test_a_camera_that_goes_takes_what_is_known_of_its_node_with_it(clients: Clients, camera: Camera) -> None:
    await beat(clients, camera, 0, Heartbeat(temperature_c=1.0))
    await node_configurations.current(camera, NOW)
    command = await commands.ask(clients, camera, Action.LOGS, None, NOW)
    await commands.report(clients, camera, command.uid, b"lines", NOW)
    await keys.make_code(camera, "an installation", None, NOW)
    await keys.begin_change(clients, camera, "an installation", None, NOW)
    await fetch("DELETE FROM camera WHERE id = {}", camera.id)
    tables = ("node", "node_hour", "node_configuration", "node_command", "node_report", "node_code", "key_change")
    assert [await fetch(f"SELECT id FROM {table}") for table in tables] == [[]] * len(tables)
