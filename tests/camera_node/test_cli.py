"""The command `parkhub-node` as a person or script meets it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import videos
from pictures import jpeg
from processes import Program, free_port, running, wait_for
from receivers import Receiver

NODE = [sys.executable, "-m", "camera_node"]


@pytest.fixture(autouse=True)
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Sequence numbers of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def _to(receiver: Receiver, key_file: Path) -> list[str]:
    return ["--server", receiver.url, "--camera", "gate", "--key-file", str(key_file)]


def _node(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*NODE, *arguments], capture_output=True, text=True, timeout=60, check=False)


@contextmanager
def _started(folder: Path, *arguments: str) -> Iterator[Program]:
    with running([*NODE, *arguments], folder) as program:
        yield program


def test_a_file_is_sent_and_told_in_one_line(receiver: Receiver, key_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(jpeg())
    done = _node("upload", str(file), *_to(receiver, key_file))
    assert done.returncode == 0, done.stderr
    line = json.loads(done.stdout)
    assert (line["picture"], line["status"], line["frame"]) == (str(file), "stored", "1")
    assert "1 pictures sent" in done.stderr
    assert receiver.requests[0][2] == jpeg()


def test_a_folder_goes_by_name_without_hidden_files(receiver: Receiver, key_file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("b.jpg", "a.jpg", ".c.jpg", "d.jpg.part", "notes.txt"):
        (folder / name).write_bytes(jpeg())
    done = _node("upload", str(folder), *_to(receiver, key_file))
    assert [Path(json.loads(line)["picture"]).name for line in done.stdout.splitlines()] == ["a.jpg", "b.jpg"]
    assert sorted(receiver.sequences()) == receiver.sequences()


def test_a_video_is_sent_at_its_rate(receiver: Receiver, key_file: Path, tmp_path: Path) -> None:
    file = videos.write(tmp_path / "a.mp4")
    done = _node("upload", str(file), "--rate", "2", *_to(receiver, key_file))
    assert done.returncode == 0, done.stderr
    names = [json.loads(line)["picture"] for line in done.stdout.splitlines()]
    assert names == [f"{file}#{t:.3f}" for t in (0, 0.5, 1, 1.5, 2, 2.5)]
    assert all(body.startswith(b"\xff\xd8") for _, _, body in receiver.requests)


def test_real_time_dates_a_videos_pictures_as_they_lie_in_it(
    receiver: Receiver, key_file: Path, tmp_path: Path
) -> None:
    file = videos.write(tmp_path / "a.mp4", frame_count=11)
    done = _node("upload", str(file), "--rate", "2", "--real-time", *_to(receiver, key_file))
    assert done.returncode == 0, done.stderr
    seconds = [float(headers["parkhub-captured-at"][17:-1]) for _, headers, _ in receiver.requests]
    assert [round((at - seconds[0]) % 60, 2) for at in seconds] == [0.0, 0.5, 1.0]


def test_failed_inputs_are_named_and_the_rest_is_sent(receiver: Receiver, key_file: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(jpeg())
    (tmp_path / "c.mp4").write_bytes(b"no video")
    receiver.answers = [(422, {})]
    sources = [str(tmp_path / name) for name in ("a.jpg", "missing.jpg", "c.mp4", "b.jpg")]
    done = _node("upload", *sources, *_to(receiver, key_file))
    assert done.returncode == 1
    statuses = [json.loads(line)["status"] for line in done.stdout.splitlines()]
    assert statuses == ["failed", "failed", "failed", "stored"]
    assert all(name in done.stderr for name in ("a.jpg", "missing.jpg", "c.mp4"))


def test_a_wrong_key_stops_at_the_first_picture(receiver: Receiver, key_file: Path, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(jpeg())
    receiver.answers = [(401, {})] * 5
    done = _node("upload", str(tmp_path / "a.jpg"), str(tmp_path / "b.jpg"), *_to(receiver, key_file))
    assert done.returncode == 1
    assert len(receiver.requests) == 1


def test_a_server_that_is_away_is_given_up_after_the_time_allowed(key_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    away = ["--server", f"http://127.0.0.1:{free_port()}", "--camera", "gate", "--key-file", str(key_file)]
    done = _node("upload", str(tmp_path / "a.jpg"), *away, "--retry-for", "0.2")
    assert done.returncode == 1
    assert "Nothing listens at" in done.stderr


def test_a_key_that_others_can_read_is_warned_of_and_never_printed(
    receiver: Receiver, key_file: Path, tmp_path: Path
) -> None:
    key_file.chmod(0o644)
    (tmp_path / "a.jpg").write_bytes(jpeg())
    done = _node("upload", str(tmp_path / "a.jpg"), *_to(receiver, key_file))
    assert done.returncode == 0
    assert "chmod 600" in done.stderr
    assert key_file.read_text().strip() not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([], "COMMAND", id="nothing"),
        pytest.param(["upload", "a.jpg"], "--server", id="no server"),
        pytest.param(["upload", "a.jpg", "--server", "here"], "http://", id="no address"),
        pytest.param(["upload", "a.jpg", "--rate", "0"], "above 0", id="no rate"),
        pytest.param(["simulate"], "--describe", id="simulate without a server"),
        pytest.param(["simulate", "--out", "x"], "--frames", id="simulate for ever into a folder"),
    ],
)
def test_wrong_usage_is_told_with_status_two(arguments: list[str], words: str) -> None:
    done = _node(*arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_watching_a_file_is_wrong_usage(receiver: Receiver, key_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    assert _node("upload", str(tmp_path / "a.jpg"), "--watch", *_to(receiver, key_file)).returncode == 2


def test_a_missing_key_file_is_told_with_status_two(receiver: Receiver, tmp_path: Path) -> None:
    done = _node("upload", str(tmp_path), *_to(receiver, tmp_path / "no.key"))
    assert done.returncode == 2
    assert "does not exist" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_watched_folder_is_sent_as_it_fills_until_told_to_end(
    receiver: Receiver, key_file: Path, tmp_path: Path, number: signal.Signals
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with _started(tmp_path, "upload", str(folder), "--watch", *_to(receiver, key_file)) as program:
        wait_for(lambda: "Watching" in program.stderr, "the node to watch")
        data = jpeg(3)
        with (folder / "slow.jpg").open("wb") as file:
            file.write(data[:500])
            file.flush()
            (folder / "quick.jpg").write_bytes(jpeg(4))
            wait_for(lambda: receiver.requests, "the finished picture")
            file.write(data[500:])
        wait_for(lambda: len(receiver.requests) == 2, "the slow picture")
        assert [body for _, _, body in receiver.requests] == [jpeg(4), data]
        program.signal(number)
        assert program.end() == 0
        assert "Traceback" not in program.stderr


def test_a_node_that_waits_for_its_server_ends_at_once(key_file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg())
    away = ["--server", f"http://127.0.0.1:{free_port()}", "--camera", "gate", "--key-file", str(key_file)]
    with _started(tmp_path, "upload", str(tmp_path / "a.jpg"), *away) as program:
        wait_for(lambda: "trying again" in program.stderr, "a try")
        program.signal(signal.SIGTERM)
        assert program.end() == 1
        assert "Traceback" not in program.stderr


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\ntry:\n    from camera_node.cli import main; main(['upload', '--help'])\n"
        "except SystemExit:\n    print([m for m in ('httpx', 'numpy', 'cv2', 'av', 'watchfiles') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
