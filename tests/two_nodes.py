"""Three nodes as they run on poles, the server that they feed, and the same pictures once more over a perfect line."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path

import httpx
import msgspec
from bad_lines import NODE, SERVER, SERVER_ADDRESS, inside
from builders import KEY, save_camera, save_lot, stand_ins
from processes import Program, free_port, running, wait_for
from two_nodes_story import ROW_PLACES
from workers import ROOT, environment, places, worker

from camera_node.picture import Picture
from camera_node.picture_line import PictureLine
from camera_node.server_line import MachineClock, OneKey
from camera_node.simulator.describe import describe
from parkhub.clients.pictures import FolderStore
from parkhub.db import frames as frame_rows
from parkhub.db.engine import close_database, fetch, open_database
from parkhub.domain.cameras import Camera, CameraRole, Gate
from parkhub.domain.frames import Frame
from parkhub.domain.spots import BayPlan, BayShape, NewSpot, SpotKind
from parkhub.services import node_configurations, tariffs
from parkhub.settings import Settings

GATE, ROW, SIMULATED = "gate", "row", "simulated"
PORT = 8000
TARIFF = 'currency: EUR\ntax: {percent: "19"}\nbands: [{rate: {type: per_started, minutes: 1, price: "0.10"}}]\n'
NEVER_STALE_S = 86_400.0
"""How long an outage turns places unknown is another test's: here pictures count, whenever they arrive."""


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[None]:
    """Open for a moment."""
    await open_database(settings)
    try:
        yield
    finally:
        await close_database()


async def furnish(settings: Settings, since: datetime, gaps_s: Mapping[str, float]) -> dict[str, Camera]:
    """A lot with a tariff and a gate for both ways, one with a row of places, and the simulated car park."""
    async with database(settings):
        lot = await save_lot(slug=GATE)
        await tariffs.publish(lot.id, None, TARIFF, since - timedelta(days=1), None, since - timedelta(days=2))
        cameras = [
            await save_camera(lot, public_id=GATE, gate=Gate(CameraRole.BOTH)),
            await save_camera(await save_lot(slug=ROW), places(ROW_PLACES), public_id=ROW, stale_after_s=NEVER_STALE_S),
            await save_camera(await save_lot(slug=SIMULATED), bays(), public_id=SIMULATED, stale_after_s=NEVER_STALE_S),
        ]
        for camera in cameras:
            await configure(camera, heartbeat_s=2.0, interval_s=gaps_s.get(camera.public_id, 10.0))
        return {camera.public_id: camera for camera in cameras}


async def configure(camera: Camera, **wanted: object) -> None:
    """Have the camera's node do something else."""
    now = datetime.now(UTC)
    newest = await node_configurations.current(camera, now)
    document = msgspec.structs.replace(newest.document, **wanted)
    await node_configurations.save(stand_ins(), camera, document, None, now)


def bays() -> list[NewSpot]:
    """The simulated car park's places."""
    told = describe()
    width, height = told["size"]
    found = []
    for bay in told["spots"]:
        polygon = tuple((x / width, y / height) for x, y in bay["polygon"])
        plan = BayPlan(**{**bay["plan"], "shape": BayShape(bay["plan"]["shape"])})
        found.append(NewSpot(bay["id"], SpotKind(bay["kind"]), bay["zone"], polygon, plan))
    return found


@contextmanager
def server(settings: Settings, folder: Path, *, far: bool) -> Iterator[str]:
    """Web, vision and work processes; its address. ``far``: the web process is at the other end of the bad line."""
    host, port = (SERVER_ADDRESS, PORT) if far else ("127.0.0.1", free_port())
    command = [sys.executable, "-m", "parkhub.cli.serve"]
    where = {"PARKHUB_HOST": host, "PARKHUB_PORT": str(port)}
    probe = [sys.executable, "-S", "-c", f"import socket; socket.create_connection(('{host}', {port}), 1)"]
    command, probe = (inside(SERVER, *command), inside(SERVER, *probe)) if far else (command, probe)
    with ExitStack() as stack:
        for kind in ("vision", "work"):
            stack.enter_context(worker(kind, settings, folder))
        program = stack.enter_context(running(command, folder, {**environment(settings), **where}, cwd=ROOT))

        def answers() -> bool:
            assert program.process.poll() is None, program.stderr
            return subprocess.run(probe, stderr=subprocess.DEVNULL, check=False).returncode == 0

        wait_for(answers, "the web process to answer")
        yield f"http://{host}:{port}"


@contextmanager
def node(folder: Path, camera: str, source: str) -> Iterator[Program]:
    """`parkhub-node run` at the near end of the bad line; ``source`` is that table of its node.toml."""
    folder.mkdir()
    key = folder / "camera.key"
    key.write_text(KEY)
    key.chmod(0o600)
    top = f'server = "http://{SERVER_ADDRESS}:{PORT}"\ncamera = "{camera}"\nkey_file = "camera.key"\n'
    (folder / "node.toml").write_text(f'{top}state_folder = "state"\n[source]\n{source}\n')
    command = [sys.executable, "-m", "camera_node", "run", "--settings", str(folder / "node.toml")]
    with running(inside(NODE, *command), folder, cwd=ROOT) as program:
        yield program


def waiting(folder: Path) -> int:
    """How many pictures a node has yet to send."""
    return len(list(folder.glob("state/cameras/*/spool/*.picture")))


@dataclass(frozen=True)
class Kept:
    """A picture that a server has, with the bytes."""

    camera: str
    frame: Frame
    data: bytes


async def kept(settings: Settings, cameras: Mapping[str, Camera]) -> list[Kept]:
    """Every picture, in the order in which they were taken."""
    store = FolderStore(settings.pictures_dir)
    async with database(settings):
        frames = [
            (name, each)
            for name, camera in cameras.items()
            for each in await frame_rows.list_frames(camera.id, 100_000)
        ]
    frames.sort(key=lambda one: (one[1].captured_at, one[1].sequence))
    return [Kept(name, frame, await store.get(frame.picture_key)) for name, frame in frames]


async def send_again(settings: Settings, address: str, pictures: list[Kept]) -> None:
    """The same pictures with the same times in the order in which they were taken, each car decided before the next."""
    async with database(settings):
        with httpx.Client() as client:
            for name, of_camera in groupby(sorted(pictures, key=lambda one: one.camera), key=lambda one: one.camera):
                line = PictureLine(client, address, name, OneKey(KEY), MachineClock())
                before: datetime | None = None
                for each in of_camera:
                    at = each.frame.captured_at
                    if before is not None and name == GATE and (at - before).total_seconds() > 10:
                        await until_quiet()
                    before = at
                    answer = line.send(Picture("", each.data, each.frame.media_type, at), each.frame.sequence)
                    assert answer.accepted, answer.words
                    await until(partial(_none, "frame WHERE status = 'stored'"), "a picture to be read")
        await until_quiet()


async def until_quiet() -> None:
    """Every picture read, every car decided and taken."""
    await until(partial(_none, "frame WHERE status = 'stored'"), "pictures to be read")
    await until(partial(_none, "passage WHERE outcome = ''"), "cars to be decided")


async def _none(what: str) -> bool:
    [row] = await fetch(f"SELECT count(*) AS n FROM {what}")
    return int(row["n"]) == 0


async def until(holds: Callable[[], Awaitable[bool]], what: str, timeout_s: float = 300.0) -> None:
    """Wait for what the database says."""
    deadline = time.monotonic() + timeout_s
    while not await holds():
        assert time.monotonic() < deadline, f"gave up waiting for {what}"
        await asyncio.sleep(0.02)
