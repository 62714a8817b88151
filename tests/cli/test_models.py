"""`parkhub models`: the shelf of models as an operator sees it."""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from networks import save_brightness_classifier, save_constant_detector
from processes import completed


def parkhub(folder: Path, *arguments: object) -> tuple[int, list[dict], str]:
    done = completed(
        [sys.executable, "-m", "parkhub.cli.main", *map(str, arguments)],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "PARKHUB_DATA_DIR": str(folder / "data")},
        timeout_s=120,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def detector(path: Path, column: int = 2) -> Path:
    """Finds one vehicle wherever it looks: a car for column 2, a truck for 7."""
    rows = np.zeros((1, 84, 85), np.float32)
    rows[0, 18, :5] = (0.5, 0.5, np.log(2), np.log(2), 1)
    rows[0, 18, 5 + column] = 0.9
    return save_constant_detector(path, rows, 64)


def apart(path: Path, location: str) -> Path:
    """A detector whose weights are said to lie in another file, which is there if it lies beside it."""
    model = onnx.load(detector(path))
    rows = next(each for each in model.graph.initializer if each.name == "rows0")
    if "/" not in location:
        (path.parent / location).write_bytes(rows.raw_data)
    rows.ClearField("raw_data")
    rows.data_location = onnx.TensorProto.EXTERNAL
    rows.external_data.add(key="location", value=location)
    path.write_bytes(model.SerializeToString())
    return path


def test_a_model_is_added_named_found_listed_and_removed(tmp_path):
    status, (added,), _ = parkhub(tmp_path, "models", "add", detector(tmp_path / "far away.onnx"), "--name", "mine")
    assert status == 0
    assert list(added) == ["name", "from", "task", "family", "kinds", "input", "file_bytes", "sha256", "licence"]
    assert (added["name"], added["from"], added["task"], added["family"]) == ("mine", "added", "vehicles", "yolox")
    assert (added["kinds"], added["input"]) == (["car", "motorcycle", "bus", "truck"], "1x3x64x64")
    card = json.loads((tmp_path / "data/models/mine.json").read_text())
    assert (card["sha256"], card["source"]) == (added["sha256"], "far away.onnx")

    cv2.imwrite(str(tmp_path / "one.png"), np.zeros((64, 64, 3), np.uint8))
    status, (seen,), _ = parkhub(tmp_path, "vehicles", tmp_path / "one.png", "--model", "mine")
    assert (status, [v["kind"] for v in seen["vehicles"]]) == (0, ["car"])

    _, listed, _ = parkhub(tmp_path, "models", "list")
    assert listed[-1] == added
    assert {"spots", "plates_find", "plates_read"} <= {line["name"] for line in listed if line["from"] == "shipped"}
    assert parkhub(tmp_path, "models", "remove", "mine")[:2] == (0, [{"name": "mine", "removed": True}])
    assert list((tmp_path / "data/models").iterdir()) == []
    assert parkhub(tmp_path, "models", "remove", "mine")[0] == 2


def test_a_name_is_one_model_and_the_same_file_again_is_no_error(tmp_path):
    assert parkhub(tmp_path, "models", "add", detector(tmp_path / "mine.onnx"))[0] == 0
    assert parkhub(tmp_path, "models", "add", tmp_path / "mine.onnx")[0] == 0
    status, lines, said = parkhub(tmp_path, "models", "add", detector(tmp_path / "b.onnx", 7), "--name", "mine")
    assert (status, lines) == (1, [])
    assert "Another model is named mine; remove it first" in said


@pytest.mark.parametrize(
    ("make", "name", "message"),
    [
        (lambda p: save_brightness_classifier(p / "bright.onnx"), "bright", "not a vehicle detector"),
        (lambda p: (p / "text.onnx").write_text("x") and p / "text.onnx", "text", "cannot be loaded"),
        (lambda p: p / "none.onnx", "none", "none.onnx cannot be read: there is no such file."),
        (lambda p: (os.mkfifo(p / "pipe.onnx"), p / "pipe.onnx")[1], "pipe", "cannot be read: there is no such file."),
        (lambda p: apart(p / "x.onnx", "weights.bin"), "apart", "keeps its weights in other files"),
        (lambda p: apart(p / "x.onnx", "../../weights.bin"), "out", "keeps its weights in other files"),
        (lambda p: apart(p / "x.onnx", "/etc/passwd"), "out", "keeps its weights in other files"),
        (lambda p: detector(p / "x.onnx"), "../x", "cannot be a model's name"),
        (lambda p: detector(p / "x.onnx"), "spots", "A shipped model is named spots"),
    ],
    ids=[
        "a classifier",
        "no model",
        "missing",
        "a pipe",
        "apart",
        "out",
        "far out",
        "a path for a name",
        "a shipped name",
    ],
)
def test_what_cannot_be_added_leaves_nothing_behind(tmp_path, make, name, message):
    status, lines, said = parkhub(tmp_path, "models", "add", make(tmp_path), "--name", name)
    assert (status, lines) == (1, [])
    assert message in said
    assert not list((tmp_path / "data").rglob("*.*"))


def test_verify_names_a_file_that_is_not_what_its_card_says(tmp_path):
    assert parkhub(tmp_path, "models", "add", detector(tmp_path / "good.onnx"))[0] == 0
    assert parkhub(tmp_path, "models", "add", detector(tmp_path / "changed.onnx"))[0] == 0
    detector(tmp_path / "data/models/changed.onnx", 7)
    detector(tmp_path / "data/models/strange.onnx")
    status, lines, said = parkhub(tmp_path, "models", "verify")

    found = {line["name"]: line for line in lines}
    assert status == 1
    assert found["good"]["good"]
    assert found["spots"]["good"]
    assert "the SHA-256 differs" in found["changed"]["reason"]
    assert "no card" in found["strange"]["reason"]
    assert "parkhub: changed: " in said


@pytest.mark.skipif(find_spec("ultralytics") is not None, reason="Ultralytics is installed here")
def test_exporting_without_the_extra_is_one_sentence(tmp_path):
    status, lines, said = parkhub(tmp_path, "models", "export", "yolo26n.yaml")
    assert (status, lines) == (2, [])
    assert "pip install 'parkhub[ultralytics]'" in said
