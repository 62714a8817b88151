"""`parkhub analyze`, as scripts call it."""

import fcntl
import json
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest
import videos
from processes import hearing, wait_for

from parkhub.cli import analyze
from tasks.vision.difference import DifferenceEngine
from tasks.vision.engine import Look

PARKHUB = str(Path(sys.executable).with_name("parkhub"))


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a video, its mask and its SPOTS.json."""
    folder = tmp_path_factory.mktemp("material")
    videos.write(folder / "lot.mp4")
    (folder / "mask.png").write_bytes(videos.mask_png())
    (folder / "spots.json").write_bytes(videos.spots_json())
    (folder / "wide.png").write_bytes(videos.mask_png((640, 240)))
    (folder / "CarParkPos").write_bytes(b"(lp0\n(I32\nI60\ntp1\na.")
    (folder / "text.mp4").write_text("this is text")
    whole = videos.write(folder / "whole.mp4", frame_count=100, options={"movflags": "+faststart"}).read_bytes()
    (folder / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
    return folder


def run(folder: Path, *given: str, engine: str = "difference") -> "subprocess.CompletedProcess[str]":
    command = [PARKHUB, "analyze", *given, *(["--engine", engine] if engine else [])]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def lines(done: "subprocess.CompletedProcess[str]") -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_look_is_one_line(material: Path) -> None:
    done = run(material, "lot.mp4", "--spots", "spots.json", "--jsonl")
    assert done.returncode == 0, done.stderr
    found = lines(done)
    assert [line["t_s"] for line in found] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert set(found[0]) == {"t_s", "spots"}
    assert [spot["id"] for spot in found[0]["spots"]] == ["left", "right"]
    assert set(found[0]["spots"][0]) == {"id", "state", "confidence"}
    assert {spot["state"] for line in found for spot in line["spots"]} == {"free", "occupied"}
    assert "100 %" not in done.stdout


def test_results_lie_in_the_folder_asked_for(material: Path, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "out"
    done = run(material, "lot.mp4", "--mask", "mask.png", "--out", str(out), "--every", "1")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["annotated.mp4", "summary.json", "timeline.csv"]
    assert json.loads((out / "summary.json").read_text())["spot_count"] == 2
    assert len(lines(done)) == 3


def test_without_out_nothing_is_written(material: Path) -> None:
    before = sorted(material.iterdir())
    assert run(material, "lot.mp4", "--mask", "mask.png").returncode == 0
    assert sorted(material.iterdir()) == before


def test_old_positions_are_taken(material: Path) -> None:
    done = run(material, "lot.mp4", "--spots", "CarParkPos", "--box", "96x120")
    assert [spot["id"] for spot in lines(done)[0]["spots"]] == ["1"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["text.mp4", "--mask", "mask.png"], "text.mp4: The file is not a video"),
        (["missing.mp4", "--mask", "mask.png"], "missing.mp4: There is no file"),
        (["lot.mp4", "--mask", "wide.png"], "another shape"),
    ],
    ids=["text", "missing", "another shape"],
)
def test_a_video_that_cannot_be_analysed_is_named_and_the_status_is_1(
    material: Path, tmp_path: Path, given: list[str], words: str
) -> None:
    done = run(material, *given, "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("there", [False, True], ids=["a new folder", "a folder with something in it"])
def test_ctrl_c_leaves_nothing_behind(material: Path, tmp_path: Path, there: bool) -> None:
    video = videos.write(tmp_path / "long.mp4", frame_count=3000)
    out = tmp_path / "deep" / "out"
    if there:
        out.mkdir(parents=True)
        (out / "mine.txt").write_text("keep")
    command = [PARKHUB, "analyze", str(video), "--mask", "mask.png", "--engine", "difference", "--out", str(out)]
    with subprocess.Popen(
        [*hearing("INT"), *command], cwd=material, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said.splitlines()[-1:]) == (130, ["parkhub: stopped; no file of this run is left"])
    left = {path.name for path in tmp_path.rglob("*")}
    assert left == ({"long.mp4", "deep", "out", "mine.txt"} if there else {"long.mp4"})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "TERM"])
def test_a_signal_never_breaks_into_the_work_on_a_frame(
    material: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    finished = []

    class Signalled(DifferenceEngine):
        def look(self, *given: Any) -> Look:
            signal.raise_signal(number)
            finished.append(found := super().look(*given))
            return found

    monkeypatch.setattr("parkhub.cli.analyze.open_named", lambda *_: Signalled())
    with pytest.raises(SystemExit) as ended:
        analyze.analyze(material / "lot.mp4", mask=material / "mask.png", out=tmp_path / "out")
    assert (ended.value.code, len(finished), list(tmp_path.iterdir())) == (128 + number, 1, [])
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == handlers


def test_a_command_whose_words_nobody_reads_ends_when_it_is_told_to(material: Path, tmp_path: Path) -> None:
    video = videos.write(tmp_path / "long.mp4", frame_count=3000)
    command = [PARKHUB, "analyze", str(video), "--mask", "mask.png", "--engine", "difference", "--every", "0.1"]
    with subprocess.Popen(command, cwd=material, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        pipe = process.stdout.fileno()
        size = fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
        waiting = struct.Struct("i")
        wait_for(
            lambda: waiting.unpack(fcntl.ioctl(pipe, termios.FIONREAD, waiting.pack(0)))[0] > size - 200, "a full pipe"
        )
        process.terminate()
        assert process.wait(60) == 128 + signal.SIGTERM


def test_a_video_cut_short_gives_what_there_is_and_status_1(material: Path, tmp_path: Path) -> None:
    done = run(material, "cut.mp4", "--mask", "mask.png", "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "cut short" in done.stderr
    assert len(lines(done)) > 5
    assert (tmp_path / "out" / "annotated.mp4").exists()


@pytest.mark.parametrize(
    "given",
    [
        ["lot.mp4"],
        ["lot.mp4", "--mask", "mask.png", "--spots", "spots.json"],
        ["lot.mp4", "--mask", "missing.png"],
        ["lot.mp4", "--mask", "text.mp4"],
        ["lot.mp4", "--mask", "mask.png", "--every", "0"],
        ["lot.mp4", "--mask", "mask.png", "--box", "5"],
        ["lot.mp4", "--mask", "mask.png", "--model", "missing.onnx"],
        [],
    ],
    ids=["no spots", "both", "no such mask", "no mask", "no time", "no box", "no model", "nothing"],
)
def test_wrong_usage_has_status_2(material: Path, given: list[str]) -> None:
    done = run(material, *given)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_uploaded_video_is_never_overwritten(material: Path, tmp_path: Path) -> None:
    video = tmp_path / "annotated.mp4"
    video.write_bytes((material / "lot.mp4").read_bytes())
    done = run(material, str(video), "--mask", "mask.png", "--out", str(tmp_path))
    assert done.returncode == 2
    assert video.read_bytes() == (material / "lot.mp4").read_bytes()


def test_the_classifier_is_the_usual_engine(material: Path) -> None:
    done = run(material, "lot.mp4", "--mask", "mask.png", engine="")
    assert done.returncode == 0, done.stderr
    assert len(lines(done)) == 6
