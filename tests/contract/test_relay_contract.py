"""The real node's relay against the real server: opened once, answered, and nothing for strangers."""

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest
from processes import Program, running, wait_for

from parkhub.clients import Clients
from parkhub.db import barrier_openings as opening_rows
from parkhub.domain.barriers import Barrier, OpeningOutcome
from parkhub.domain.cameras import Camera
from parkhub.services import barrier_setup, barriers
from parkhub.services.barrier_setup import BarrierForm

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def barrier(camera: Camera) -> Barrier:
    """A barrier whose relay is at that camera's node."""
    form = BarrierForm(name="Exit", node=camera.public_id, pulse_ms=50, timeout_s=60)
    return await barrier_setup.create_barrier(camera.lot_id, form, None, datetime.now(UTC))


def command(server: str, camera: Camera, tmp_path: Path) -> list[str]:
    options = ["--server", server, "--camera", camera.public_id, "--key-file", str(tmp_path / "camera.key")]
    return [sys.executable, "-m", "camera_node", "relay", *options, "--pretend"]


@pytest.fixture
def node(server: str, camera: Camera, tmp_path: Path) -> Iterator[Program]:
    """A node that pretends to have a relay."""
    with running(command(server, camera, tmp_path), tmp_path, {"XDG_STATE_HOME": str(tmp_path)}, cwd=ROOT) as program:
        yield program


def _lines(node: Program, count: int) -> list[str] | None:
    lines = node.stdout.splitlines()
    return lines if len(lines) >= count else None


async def test_a_command_reaches_the_node_and_its_answer_the_log(
    clients: Clients, barrier: Barrier, node: Program
) -> None:
    for number in (1, 2):
        opening = await barriers.open_by_hand(clients, barrier, "ambulance", None, "", datetime.now(UTC))
        lines = wait_for(partial(_lines, node, number), "the node")
        assert json.loads(lines[-1]) == {"command": opening.uid, "outcome": "acknowledged", "why": ""}
        found = await opening_rows.get_opening(opening.id)
        assert (found.outcome, found.was_late) == (OpeningOutcome.ACKNOWLEDGED, False)
    assert node.stderr.count("Pretending: the relay would close for 50 ms.") == 2


async def test_strangers_hear_no_commands_and_answer_none(barrier: Barrier, camera: Camera, server: str) -> None:
    path = f"{server}/api/v1/cameras/{camera.public_id}/commands"
    assert httpx.get(path).status_code == 401
    assert httpx.post(f"{path}/some-command", json={"outcome": "acknowledged"}).status_code == 401


async def test_a_node_with_a_wrong_key_says_so_and_ends(camera: Camera, server: str, tmp_path: Path) -> None:
    (tmp_path / "camera.key").write_text("another-key\n")
    ended = subprocess.run(command(server, camera, tmp_path), capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert (ended.returncode, "refused (401)" in ended.stderr) == (1, True)
