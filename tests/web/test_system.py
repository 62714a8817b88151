"""The system's pages: how the installation does."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import save_camera, save_frame
from litestar import Litestar
from visitors import Visitor

from parkhub.clients import Clients
from parkhub.clients.model_files import list_model_files
from parkhub.clients.queue import QueueName
from parkhub.db.engine import fetch
from parkhub.domain.cameras import CameraRole, Gate
from parkhub.domain.frames import FrameStatus
from parkhub.web.system import in_bytes


async def test_the_system_tells_versions_room_and_that_nobody_works(staff: Visitor, app: Litestar) -> None:
    camera = await save_camera()
    frame = await save_frame(camera, received_at=datetime.now(UTC))
    await fetch("UPDATE frame SET status = {}, ms = 12.5 WHERE id = {}", FrameStatus.READ.value, frame.id)
    text = (await staff.get("/console/system")).text
    assert "SQLite 3." in text
    assert text.count("nobody works") == len(QueueName)
    assert "12.5 ms" in text
    assert "Run parkhub release" not in text


async def test_the_system_names_each_model_and_how_fast_it_was(staff: Visitor) -> None:
    gate = await save_camera(gate=Gate(role=CameraRole.ENTRANCE))
    frame = await save_frame(gate, received_at=datetime.now(UTC))
    await fetch("UPDATE frame SET status = {}, ms = 47.5 WHERE id = {}", FrameStatus.READ.value, frame.id)
    text = (await staff.get("/console/system")).text
    for file in list_model_files():
        assert (file.name in text, (file.sha256 or "none")[:12] in text) == (True, True)
    assert text.count("47.5 ms") == 4
    assert text.count("not used lately") == 2


def test_a_model_that_is_set_is_told_in_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "mine.onnx").write_bytes(b"abc")
    found = {each.task: each for each in list_model_files(str(tmp_path / "mine.onnx"), shipped=tmp_path)}
    assert (found["vehicles"].name, found["vehicles"].size_bytes) == ("mine.onnx", 3)
    assert found["vehicles"].sha256 == hashlib.sha256(b"abc").hexdigest()
    assert found["spots"].sha256 is None


async def test_a_worker_that_speaks_is_shown_with_what_it_did(staff: Visitor, app: Litestar) -> None:
    clients: Clients = app.state.clients
    assert clients.redis is not None
    said = "Nov-21 20:00:00 j_complete=41 j_failed=2 j_retried=0 j_ongoing=1 j_queued=0"
    await clients.redis.set(f"{QueueName.FRAMES.key}:health-check", said, ex=30)
    [frames] = [each for each in await clients.queue.look() if each.name is QueueName.FRAMES]
    assert (frames.worked, frames.done, frames.failed, frames.ongoing) == (True, 41, 2, 1)
    assert (await staff.get("/console/system")).text.count("nobody works") == len(QueueName) - 1
    await clients.redis.delete(f"{QueueName.FRAMES.key}:health-check")


@pytest.mark.parametrize("path", ["/console/system", "/console/system/jobs", "/console/system/audit"])
async def test_attendants_do_not_see_the_system(attendant: Visitor, path: str) -> None:
    assert (await attendant.get(path)).status_code == 403


@pytest.mark.parametrize(
    ("number", "words"), [(12, "12 bytes"), (3_400, "3.4 kB"), (5_100_000_000_000_000, "5100.0 TB")]
)
def test_sizes_are_told_in_words(number: int, words: str) -> None:
    assert in_bytes(number) == words
