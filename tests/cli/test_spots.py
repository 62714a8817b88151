"""`parkhub spots` and `parkhub vehicles` as people and scripts call them."""

import json
import pickle
import pty
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from networks import save_brightness_classifier, save_constant_detector
from processes import completed, hearing

SIZE = (400, 200)
SPOTS = {
    "size": list(SIZE),
    "spots": [
        {"id": "A1", "polygon": [[20, 40], [120, 40], [120, 160], [20, 160]]},
        {"id": "A2", "polygon": [[220, 40], [320, 40], [320, 160], [220, 160]]},
    ],
}


def parkhub(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return completed(
        [sys.executable, "-m", "parkhub.cli.main", *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "COLUMNS": "120"} | environment,
    )


def picture(right: int) -> np.ndarray:
    made = np.full((SIZE[1], SIZE[0], 3), 60, np.uint8)
    made[:, 200:] = right
    made[::4] = made[::4] // 4 * 5 // 2 + 20
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_brightness_classifier(tmp_path / "bright.onnx")
    (tmp_path / "SPOTS.json").write_text(json.dumps(SPOTS))
    cv2.imwrite(str(tmp_path / "one.jpg"), picture(60))
    cv2.imwrite(str(tmp_path / "two.png"), picture(220))
    mask = np.zeros((100, 200), np.uint8)
    mask[20:80, 10:60] = mask[20:80, 110:160] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    (tmp_path / "CarParkPos").write_bytes(pickle.dumps([(20, 40), (220, 40)]))
    return tmp_path


def lines(result: subprocess.CompletedProcess[str]) -> list[dict]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_one_line_per_picture_in_the_promised_form(folder):
    result = parkhub(
        "spots",
        folder / "one.jpg",
        folder / "two.png",
        "--spots",
        folder / "SPOTS.json",
        "--model",
        folder / "bright.onnx",
    )

    assert result.returncode == 0, result.stderr
    first, second = lines(result)
    assert list(first) == ["image", "spots", "ms"]
    assert first["image"] == str(folder / "one.jpg")
    assert [list(spot) for spot in first["spots"]] == [["id", "state", "confidence"]] * 2
    assert [spot["id"] for spot in first["spots"]] == ["A1", "A2"]
    assert [spot["state"] for spot in first["spots"]] == ["free", "free"]
    assert [spot["state"] for spot in second["spots"]] == ["free", "occupied"]
    assert all(0 <= spot["confidence"] <= 1 for spot in first["spots"])
    assert first["ms"] > 0
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("spots", "options", "names"),
    [("mask.png", (), ["1", "2"]), ("CarParkPos", ("--box", "100x120"), ["1", "2"])],
    ids=["mask", "CarParkPos"],
)
def test_a_mask_and_an_old_pickle_serve_too(folder, spots, options, names):
    result = parkhub(
        "spots", folder / "two.png", "--spots", folder / spots, "--model", folder / "bright.onnx", *options
    )
    assert result.returncode == 0, result.stderr
    (line,) = lines(result)
    assert [(spot["id"], spot["state"]) for spot in line["spots"]] == list(
        zip(names, ["free", "occupied"], strict=True)
    )


def test_the_shipped_model_answers_without_any_option(folder):
    result = parkhub("spots", folder / "one.jpg", "--spots", folder / "SPOTS.json")
    assert result.returncode == 0, result.stderr
    assert [spot["state"] for spot in lines(result)[0]["spots"]] == ["free", "free"]


def test_the_difference_engine_takes_the_pictures_as_following_each_other(folder):
    changed = picture(60)
    cv2.rectangle(changed, (235, 55), (305, 145), (20, 20, 160), -1)
    cv2.rectangle(changed, (240, 80), (300, 100), (220, 220, 220), -1)
    cv2.imwrite(str(folder / "three.png"), changed)
    pictures = [folder / "one.jpg", folder / "three.png", folder / "one.jpg"]
    result = parkhub("spots", *pictures, "--spots", folder / "SPOTS.json", "--engine", "difference")
    assert [line["spots"][1]["state"] for line in lines(result)] == ["free", "occupied", "free"]


def test_a_bad_picture_is_named_and_the_others_are_done(folder):
    (folder / "bad.jpg").write_bytes(b"\xff\xd8\xff nothing")
    result = parkhub(
        "spots",
        folder / "bad.jpg",
        folder / "missing.jpg",
        folder / "one.jpg",
        "--spots",
        folder / "SPOTS.json",
        "--model",
        folder / "bright.onnx",
    )
    assert result.returncode == 1
    assert [line["image"] for line in lines(result)] == [str(folder / "one.jpg")]
    assert len(result.stderr.splitlines()) == 2
    assert "bad.jpg" in result.stderr
    assert "missing.jpg: cannot be read" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("one.jpg",), "--spots"),
        (("--spots", "SPOTS.json"), "IMAGE"),
        (("one.jpg", "--spots", "none.json"), "none.json"),
        (("one.jpg", "--spots", "one.jpg.txt"), "neither a mask picture"),
        (("one.jpg", "--spots", "SPOTS.json", "--engine", "magic"), "magic"),
        (("one.jpg", "--spots", "SPOTS.json", "--model", "none.onnx"), "does not exist"),
        (("one.jpg", "--spots", "SPOTS.json", "--engine", "detector", "--model", "mine"), "no added model"),
        (("one.jpg", "--spots", "CarParkPos", "--box", "large"), "--box large"),
    ],
    ids=["no spots", "no picture", "missing spots", "wrong spots", "engine", "model", "no detector model", "box"],
)
def test_wrong_usage_ends_with_2_and_a_sentence(folder, arguments, message):
    (folder / "one.jpg.txt").write_text("hello")
    given = [folder / a if (folder / a).exists() or a.startswith("none") else a for a in arguments]
    result = parkhub("spots", *given)
    assert result.returncode == 2
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_spots_of_another_shape_are_stretched_with_a_warning(folder):
    cv2.imwrite(str(folder / "square.png"), np.full((300, 300, 3), 60, np.uint8))
    result = parkhub(
        "spots", folder / "square.png", "--spots", folder / "SPOTS.json", "--model", folder / "bright.onnx"
    )
    assert result.returncode == 0
    assert "stretched" in result.stderr


def on_a_terminal(*arguments: object) -> str:
    chunks: list[bytes] = []

    def read(descriptor: int) -> bytes:
        import os

        data = os.read(descriptor, 4096)
        chunks.append(data)
        return data

    pty.spawn([sys.executable, "-m", "parkhub.cli.main", *map(str, arguments)], read)
    return b"".join(chunks).decode()


def test_people_get_a_table_and_lines_when_they_ask(folder, capfd):
    given = ("spots", folder / "two.png", "--spots", folder / "SPOTS.json", "--model", folder / "bright.onnx")
    table = on_a_terminal(*given)
    assert "state" in table
    assert "occupied" in table
    assert '{"image"' not in table
    assert '{"image"' in on_a_terminal(*given, "--jsonl")


def detector(folder: Path) -> Path:
    rows = np.zeros((1, 84, 85), np.float32)
    rows[0, 18, :5] = (0.5, 0.5, np.log(2), np.log(2), 1)
    rows[0, 18, 5 + 2] = 0.9
    return save_constant_detector(folder / "detector.onnx", rows, 64)


def test_vehicles_prints_the_promised_form(folder):
    result = parkhub("vehicles", folder / "one.jpg", folder / "two.png", "--model", detector(folder))
    assert result.returncode == 0, result.stderr
    first, _ = lines(result)
    assert list(first) == ["image", "vehicles", "ms"]
    assert first["vehicles"] == [{"kind": "car", "confidence": 0.9, "box": [75.0, 75.0, 100.0, 100.0]}]


def test_the_detectors_path_may_stand_in_the_environment(folder):
    path = str(detector(folder))
    assert parkhub("vehicles", folder / "one.jpg", PARKHUB_DETECTOR_MODEL=path).returncode == 0
    given = ("spots", folder / "one.jpg", "--spots", folder / "SPOTS.json", "--engine", "detector")
    assert parkhub(*given, PARKHUB_DETECTOR_MODEL=path).returncode == 0


def test_vehicles_with_a_model_nobody_knows_is_wrong_usage_and_a_bad_picture_is_named(folder):
    result = parkhub("vehicles", folder / "one.jpg", "--model", "mine")
    assert result.returncode == 2
    assert "there is no file mine, and no added model of that name" in result.stderr
    result = parkhub("vehicles", folder / "SPOTS.json", folder / "one.jpg", "--model", detector(folder))
    assert result.returncode == 1
    assert "SPOTS.json" in result.stderr
    assert len(lines(result)) == 1


@pytest.mark.parametrize("command", ["spots", "vehicles", "plates"])
def test_ctrl_c_ends_the_work_on_pictures_without_a_word(folder: Path, command: str) -> None:
    given = ["--spots", str(folder / "SPOTS.json"), "--engine", "difference"] if command == "spots" else []
    pictures = [str(folder / "one.jpg")] * 5000
    with subprocess.Popen(
        [*hearing("INT"), sys.executable, "-m", "parkhub.cli.main", command, *given, *pictures],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (-signal.SIGINT, "")
