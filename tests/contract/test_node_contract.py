"""The real node, as it runs on a pole, against the real server: what both share is the wire."""

import asyncio
import signal
import stat
import subprocess
import sys
import time
import tomllib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import msgspec
import psutil
import pytest
from pictures import jpeg
from processes import Program, free_port, running, wait_for
from workers import web

from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import node_configurations as configuration_rows
from parkhub.db import nodes as node_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.node_commands import Action, Command
from parkhub.domain.node_configurations import Document, Version
from parkhub.domain.node_configurations import Outcome as Taken
from parkhub.domain.nodes import Heartbeat
from parkhub.domain.signatures import hash_key
from parkhub.secret_key import secret_key
from parkhub.services import cameras, node_commands, node_configurations, node_keys
from parkhub.settings import Settings

ROOT = Path(__file__).parents[2]
NODE = [sys.executable, "-m", "camera_node"]
SOURCE = """# mine
[source]
kind = "folder"
folder = "pictures"
existing = true
"""
T = TypeVar("T")


@pytest.fixture
async def camera(enrolled: tuple[Camera, str], clients: Clients) -> Camera:
    """A camera whose node is to say every second how it is."""
    found, now = enrolled[0], datetime.now(UTC)
    first = await node_configurations.current(found, now)
    wanted = msgspec.structs.replace(first.document, heartbeat_s=1.0, interval_s=0.1)
    await node_configurations.save(clients, found, wanted, None, now)
    return found


def enrol(code: str, server: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    places = ["--settings", str(folder / "node.toml"), "--state", str(folder / "state")]
    return subprocess.run(
        [*NODE, "enrol", code, server, *places], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )


@contextmanager
def node(folder: Path) -> Iterator[Program]:
    """The node that was set up in a folder."""
    (folder / "pictures").mkdir(exist_ok=True)
    with running([*NODE, "run", "--settings", str(folder / "node.toml")], folder, cwd=ROOT) as program:
        yield program


async def until(look: Callable[[], Awaitable[T | None]], program: Program) -> T:
    """Wait for what comes from the database, neither None nor False."""
    deadline = time.monotonic() + 60
    while not (found := await look()):
        assert program.process.poll() is None, program.stderr
        assert time.monotonic() < deadline, program.stderr
        await asyncio.sleep(0.05)
    return found


def put(folder: Path, name: str, number: int) -> None:
    """A picture, as a program puts it there that does it well."""
    (folder / "pictures").mkdir(exist_ok=True)
    fresh = folder / "pictures" / f".{name}"
    fresh.write_bytes(jpeg(number))
    fresh.rename(folder / "pictures" / name)


async def arrived(camera: Camera, count: int) -> bool:
    """Whether the server has so many pictures, no more and no less."""
    return len(await frame_rows.list_frames(camera.id, 100)) == count


async def ask(clients: Clients, camera: Camera, action: Action, program: Program) -> Command:
    """Ask the node for something in the console and wait for its word."""
    asked = await node_commands.ask(clients, camera, action, None, datetime.now(UTC))

    async def answer() -> Command | None:
        found = await node_commands.get_command(camera, asked.uid)
        return found if found.outcome else None

    return await until(answer, program)


async def test_a_node_sends_pictures_follows_its_configuration_does_as_told_and_changes_its_key(
    clients: Clients, camera: Camera, server_settings: Settings, tmp_path: Path
) -> None:
    key_file = tmp_path / "state" / "camera.key"
    put(tmp_path, "a.jpg", 1)
    with web(server_settings, tmp_path) as (_, server):
        await a_code_makes_this_the_camera_s_node_once(camera, server_settings, server, tmp_path)
        with node(tmp_path) as program:
            await pictures_and_vitals_arrive(camera, program)
            await a_configuration_is_taken_and_a_wrong_one_refused(camera, program)
            await commands_are_answered(clients, camera, program, tmp_path)
            await the_key_is_changed(clients, camera, server_settings, key_file)
            put(tmp_path, "c.jpg", 3)
            await until(lambda: arrived(camera, 4), program)
            program.signal(signal.SIGTERM)
            assert program.end() == 0
            assert key_file.read_text().strip() not in program.stderr


async def a_code_makes_this_the_camera_s_node_once(
    camera: Camera, settings: Settings, server: str, folder: Path
) -> None:
    file, key = folder / "node.toml", folder / "state" / "camera.key"
    file.write_text(SOURCE)
    code = await node_keys.make_code(camera, secret_key(settings), None, datetime.now(UTC))
    done, again = enrol(code.lower(), server, folder), enrol(code, server, folder)
    assert (done.returncode, "parkhub-node doctor" in done.stderr) == (0, True), done.stderr
    assert (again.returncode, "used already" in again.stderr) == (1, True), again.stderr
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert (await camera_rows.get_camera(camera.id)).key_hash == hash_key(key.read_text().strip())
    said = tomllib.loads(file.read_text())
    assert (said["camera"], said["server"], said["source"]["kind"]) == (camera.public_id, server, "folder")
    assert "# mine" in file.read_text()


async def pictures_and_vitals_arrive(camera: Camera, program: Program) -> None:
    async def heartbeat() -> Heartbeat | None:
        found = await node_rows.find_node(camera.id)
        return found.heartbeat if found is not None and found.heartbeat.configuration_version == 2 else None

    await until(lambda: arrived(camera, 1), program)
    told = await until(heartbeat, program)
    assert told.capture is not None
    assert told.spool is not None
    assert told.clock_offset_s is not None
    assert (told.capture.running, told.last_error) == (True, None)
    assert abs(told.clock_offset_s) < 5


async def a_configuration_is_taken_and_a_wrong_one_refused(camera: Camera, program: Program) -> None:
    async def answer(version: int) -> Version | None:
        found = await node_configurations.get_version(camera, version)
        return found if found.outcome else None

    assert (await until(lambda: answer(2), program)).outcome is Taken.TAKEN
    wrong = Document(version=3, interval_s=0.0, timezone="Europe/Dublin")
    assert await configuration_rows.add_version(camera.id, wrong, None, "", datetime.now(UTC))
    refused = await until(lambda: answer(3), program)
    assert (refused.outcome, "interval_s" in refused.why) == (Taken.REFUSED, True)


async def commands_are_answered(clients: Clients, camera: Camera, program: Program, folder: Path) -> None:
    told = await ask(clients, camera, Action.SNAPSHOT, program)
    assert (told.outcome.value, told.told) == ("acknowledged", "")
    await until(lambda: arrived(camera, 2), program)

    logs = await ask(clients, camera, Action.LOGS, program)
    bundle = await node_commands.find_report(logs)
    assert logs.outcome.value == "acknowledged"
    assert bundle is not None
    assert "Configuration 3 is refused" in bundle
    assert (folder / "state" / "camera.key").read_text().strip() not in bundle

    assert (await ask(clients, camera, Action.RESTART, program)).outcome.value == "acknowledged"
    wait_for(lambda: program.stderr.count("begins as camera") == 2, "the node to begin anew")
    assert [each for each in psutil.Process(program.process.pid).children() if each.status() == "zombie"] == []
    focus = await ask(clients, camera, Action.FOCUS, program)
    assert focus.outcome.value == "acknowledged", focus.told
    put(folder, "b.jpg", 2)
    report = await until(lambda: node_commands.find_report(focus), program)
    assert '"pictures"' in report
    await until(lambda: arrived(camera, 3), program)


async def the_key_is_changed(clients: Clients, camera: Camera, settings: Settings, file: Path) -> None:
    before = file.read_text()
    await node_keys.begin_change(clients, camera, secret_key(settings), None, datetime.now(UTC))
    wait_for(lambda: file.read_text() != before, "the new key")
    assert (await camera_rows.get_camera(camera.id)).key_hash == hash_key(file.read_text().strip())
    wait_for(lambda: not file.with_name("camera.key.new").exists(), "the old one to be gone")


async def test_what_is_taken_while_the_server_is_away_arrives_later_also_after_a_restart_of_the_node(
    camera: Camera, server_settings: Settings, tmp_path: Path
) -> None:
    port, key_file = free_port(), tmp_path / "camera.key"
    key_file.write_text(await cameras.rotate_key(camera, None, datetime.now(UTC)))
    key_file.chmod(0o600)
    top = f'server = "http://127.0.0.1:{port}"\ncamera = "{camera.public_id}"\nkey_file = "{key_file}"\n'
    (tmp_path / "node.toml").write_text(f'{top}state_folder = "state"\n{SOURCE}')
    waiting = tmp_path / "state" / "cameras" / camera.public_id / "spool"
    with node(tmp_path) as program:
        for number in (1, 2):
            put(tmp_path, f"{number}.jpg", number)
        wait_for(lambda: len(list(waiting.glob("*.picture"))) == 2, "the pictures to be on disk")
        program.signal(signal.SIGTERM)
        assert program.end() == 0
    with web(server_settings, tmp_path, port), node(tmp_path) as program:
        await until(lambda: arrived(camera, 2), program)
        put(tmp_path, "3.jpg", 3)
        await until(lambda: arrived(camera, 3), program)
        wait_for(lambda: not list(waiting.glob("*.picture")), "the spool to be empty")
