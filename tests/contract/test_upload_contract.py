"""The real node against the real server: the one thing both sides share is the wire."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import videos
from pictures import jpeg
from processes import running, wait_for

import camera_node
from camera_node.simulator.describe import describe
from parkhub.db import frames as frame_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.signatures import SEQUENCE_MAX
from parkhub.domain.spots_file import parse_spots_json
from parkhub.services import cameras, lots

ROOT = Path(__file__).parents[2]
NODE = [sys.executable, "-m", "camera_node"]


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sequence numbers of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def _to(server: str, camera: Camera, tmp_path: Path) -> list[str]:
    key_file = str(tmp_path / "camera.key")
    return ["--server", server, "--camera", camera.public_id, "--key-file", key_file]


def _node(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*NODE, *arguments], capture_output=True, text=True, timeout=90, check=False)


async def test_what_is_given_arrives_and_what_cannot_is_named(server: str, tmp_path: Path) -> None:
    for step in (
        a_file_arrives,
        every_type_in_a_folder_arrives_once,
        a_video_arrives_at_its_rate,
        a_damaged_picture_is_named_and_the_next_one_still_arrives,
        a_wrong_key_is_refused_at_once,
    ):
        (folder := tmp_path / step.__name__).mkdir()
        lot = await lots.create_lot(step.__name__, "1 Quay", "Europe/Dublin")
        camera, key = await cameras.create_camera(lot.slug, "Mast")
        (folder / "camera.key").write_text(key + "\n")
        (folder / "camera.key").chmod(0o600)
        await step(server, camera, folder)


async def a_file_arrives(server: str, camera: Camera, tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg(1))
    done = _node("upload", str(file), *_to(server, camera, tmp_path))
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert line["status"] == "stored"
    [frame] = await frame_rows.list_frames(camera.id, 10)
    assert (str(frame.id), frame.sequence) == (line["frame"], line["sequence"])
    assert abs((frame.captured_at - datetime.now(UTC)).total_seconds()) < 60


async def every_type_in_a_folder_arrives_once(server: str, camera: Camera, tmp_path: Path) -> None:
    from pictures import draw, encode

    folder = tmp_path / "in"
    folder.mkdir()
    for name, kind in (("a.jpg", "JPEG"), ("b.png", "PNG"), ("c.webp", "WEBP")):
        (folder / name).write_bytes(encode(draw(seed=len(name)), kind))
    done = _node("upload", str(folder), *_to(server, camera, tmp_path))
    assert done.returncode == 0, done.stderr
    frames = await frame_rows.list_frames(camera.id, 10)
    assert {str(frame.id) for frame in frames} == {json.loads(line)["frame"] for line in done.stdout.splitlines()}
    assert len(frames) == 3


async def a_video_arrives_at_its_rate(server: str, camera: Camera, tmp_path: Path) -> None:
    file = videos.write(tmp_path / "a.mp4")
    done = _node("upload", str(file), "--rate", "2", *_to(server, camera, tmp_path))
    assert done.returncode == 0, done.stderr
    assert len(await frame_rows.list_frames(camera.id, 100)) == 6


async def a_damaged_picture_is_named_and_the_next_one_still_arrives(
    server: str, camera: Camera, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(1)[:600])
    (tmp_path / "b.jpg").write_bytes(jpeg(2))
    sources = [str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg")]
    done = _node("upload", *sources, *_to(server, camera, tmp_path))
    assert done.returncode == 1
    failed, stored = (json.loads(line) for line in done.stdout.splitlines())
    assert (failed["status"], failed["http"], stored["status"]) == ("failed", 422, "stored")
    assert len(await frame_rows.list_frames(camera.id, 10)) == 1


async def a_wrong_key_is_refused_at_once(server: str, camera: Camera, tmp_path: Path) -> None:
    (tmp_path / "camera.key").write_text("not-the-key-of-this-camera")
    (tmp_path / "a.jpg").write_bytes(jpeg(1, (1280, 960)))
    done = _node("upload", str(tmp_path / "a.jpg"), *_to(server, camera, tmp_path), "--retry-for", "5")
    assert done.returncode == 1
    assert json.loads(done.stdout)["http"] == 401
    assert await frame_rows.list_frames(camera.id, 10) == []


async def test_a_watched_folder_arrives_as_it_fills(server: str, camera: Camera, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    command = [*NODE, "upload", str(folder), "--watch", *_to(server, camera, tmp_path)]
    with running(command, tmp_path) as program:
        wait_for(lambda: "Watching" in program.stderr, "the node to watch")
        (folder / "a.jpg").write_bytes(jpeg(1))
        wait_for(lambda: '"stored"' in program.stdout, "the picture to arrive")
    assert len(await frame_rows.list_frames(camera.id, 10)) == 1


async def test_the_simulated_camera_arrives(server: str, camera: Camera, tmp_path: Path) -> None:
    done = _node("simulate", "--frames", "2", "--rate", "5", *_to(server, camera, tmp_path))
    assert done.returncode == 0, done.stderr
    assert len(await frame_rows.list_frames(camera.id, 10)) == 2


def test_the_server_reads_the_spots_of_the_simulated_car_park() -> None:
    file = parse_spots_json(json.dumps(describe()).encode())
    assert [spot.name for spot in file.spots] == [spot["id"] for spot in describe()["spots"]]
    assert {str(spot.kind) for spot in file.spots} == {"standard", "disabled", "ev", "moto"}
    assert all(0 <= value <= 1 for spot in file.spots for point in spot.polygon for value in point)
    assert all(spot.plan is not None for spot in file.spots)


def test_the_page_names_the_largest_sequence_that_is_taken() -> None:
    page = (Path(camera_node.__file__).parent / "WIRE.md").read_text(encoding="utf-8")
    found = re.search(r"a whole number from 0 to 2\^(\d+)-1", page)
    assert found is not None
    assert 2 ** int(found[1]) - 1 == SEQUENCE_MAX
