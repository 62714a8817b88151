"""`parkhub plates` as people and scripts call it."""

import hashlib
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from plate_scenes import plate, scene, video
from processes import completed

from parkhub.cli.plates import is_picture


def parkhub(*arguments: object) -> subprocess.CompletedProcess[str]:
    return completed(
        [sys.executable, "-m", "parkhub.cli.main", "plates", *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "COLUMNS": "120"},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plates")
    drawn = plate(["KA 417XM"])
    cv2.imwrite(str(folder / "gate.jpg"), scene([(drawn, (380, 330, 180, 39))]))
    cv2.imwrite(str(folder / "street.png"), scene())
    video(folder / "gate.avi", [scene([(drawn, (300 + 20 * i, 330, 150, 32))]) for i in range(8)])
    (folder / "notes.txt").write_text("no picture")
    return folder


def lines(result: subprocess.CompletedProcess[str]) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_line_per_picture_in_the_promised_form(folder: Path) -> None:
    result = parkhub(folder / "gate.jpg", folder / "street.png", "--jsonl")
    assert result.returncode == 0, result.stderr
    gate, street = lines(result)
    assert {"image", "plates", "ms"} <= gate.keys()
    (found,) = gate["plates"]
    assert found["text"] == "KA417XM"
    assert 0 < found["confidence"] <= 1
    assert len(found["box"]) == 4
    assert found["candidates"][0]["text"] == "KA417XM"
    assert 0 < found["candidates"][0]["confidence"] <= 1
    assert street["plates"] == []
    assert result.stderr == ""


def test_one_line_per_passage_of_a_video(folder: Path) -> None:
    result = parkhub(folder / "gate.avi", "--region", "eu")
    assert result.returncode == 0, result.stderr
    (passage,) = lines(result)
    assert passage["video"] == str(folder / "gate.avi")
    assert passage["text"] == "KA417XM"
    assert passage["first_s"] < passage["last_s"] <= 0.8
    assert passage["frames"] >= 3


def test_an_excluded_area_is_not_looked_at(folder: Path) -> None:
    clock = ["--exclude", "0,0,0.1,0.1", "--exclude", "0.3,0.5,0.4,0.3"]
    result = parkhub(folder / "gate.jpg", *clock)
    assert result.returncode == 0, result.stderr
    assert lines(result)[0]["plates"] == []


def test_the_picture_that_was_read_is_kept_with_its_hash(folder: Path, tmp_path: Path) -> None:
    result = parkhub(folder / "gate.jpg", folder / "gate.avi", "--out", tmp_path / "kept" / "here")
    assert result.returncode == 0, result.stderr
    picture, passage = lines(result)
    assert passage["evidence"]["t_s"] == passage["best"]["t_s"]
    kept = [picture["plates"][0]["evidence"], passage["evidence"]]
    for evidence in kept:
        file = Path(evidence["file"])
        assert hashlib.sha256(file.read_bytes()).hexdigest() == evidence["sha256"]
        assert "417" not in file.name.split("-")[0]
        assert cv2.imread(str(file)).shape[1] < 400
    assert sorted((tmp_path / "kept" / "here").iterdir()) == sorted(Path(evidence["file"]) for evidence in kept)


def test_nothing_is_kept_unless_asked(folder: Path) -> None:
    assert "evidence" not in lines(parkhub(folder / "gate.jpg"))[0]["plates"][0]


def test_an_input_that_cannot_be_read_is_named_and_the_others_go_on(folder: Path) -> None:
    result = parkhub(folder / "notes.txt", folder / "missing.jpg", folder / "gate.jpg")
    assert result.returncode == 1
    assert "notes.txt" in result.stderr
    assert "missing.jpg" in result.stderr
    assert [line["image"] for line in lines(result)] == [str(folder / "gate.jpg")]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--region", "atlantis"], "atlantis"),
        (["--engine", "tesseract"], "tesseract"),
        (["--engine", "paddleocr"], "folder"),
        (["--engine", "paddleocr", "--model-dir", "nowhere"], "inference.yml"),
        (["--model-dir", "nowhere"], "paddleocr"),
        (["--exclude", "0.7,0,0.3"], "four numbers"),
        (["--exclude", "0,0,64,20"], "shares"),
        (["--exclude", "0,nan,1,1"], "shares"),
        (["--out", "/proc/nowhere"], "/proc/nowhere"),
        (["--wrong"], "wrong"),
    ],
    ids=[
        "region",
        "engine",
        "no folder",
        "no such folder",
        "a folder too many",
        "three numbers",
        "pixels",
        "not a number",
        "a folder that cannot be",
        "option",
    ],
)
def test_wrong_usage_ends_with_2(folder: Path, arguments: list[str], word: str) -> None:
    result = parkhub(folder / "gate.jpg", *arguments)
    assert result.returncode == 2
    assert word in result.stderr
    assert result.stdout == ""


def test_people_get_a_table_on_a_terminal(folder: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "parkhub.cli.main", "plates", str(folder / "gate.jpg"), str(folder / "street.png")]
    subprocess.run(command, stdout=theirs, stderr=subprocess.DEVNULL, timeout=60, check=True)
    shown = b""
    while b"no plate" not in shown:
        shown += os.read(ours, 4096)
    assert b"KA417XM" in shown


@pytest.mark.parametrize(
    ("start", "picture"),
    [
        (b"\xff\xd8\xff\xe0" + bytes(8), True),
        (b"\x89PNG\r\n\x1a\n" + bytes(4), True),
        (b"RIFF\0\0\0\0WEBP", True),
        (b"RIFF\0\0\0\0AVI ", False),
        (b"\0\0\0\x20ftypisom", False),
        (b"", False),
    ],
    ids=["JPEG", "PNG", "WebP", "AVI", "MP4", "nothing"],
)
def test_pictures_are_told_from_videos(start: bytes, picture: bool) -> None:
    assert is_picture(start) is picture
