"""Recognition at a gate by itself: what is refused, what is cut out, what leaves."""

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from plate_scenes import plate, scene

from camera_node.configuration import Edge
from camera_node.edge.engines import Gate, read_engines
from camera_node.edge.error import EdgeError
from camera_node.edge.evidence import BYTES_MAX, crop_plate, crop_vehicle
from camera_node.edge.gate import GateEyes
from camera_node.edge.gate_settings import read_gate_settings
from camera_node.edge.plate_finder import Region
from camera_node.edge.recognition import Recognition
from camera_node.picture import Picture
from camera_node.server_line import MachineClock, OneKey, ServerLine
from parkhub.domain.edge_cars import settings_file

MODELS = Path(__file__).parents[2] / "tasks" / "vision" / "models"
NAMES = ("spots.onnx", "plates_find.onnx", "plates_read.onnx", "vehicles.onnx")


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return {name: (MODELS / name).read_bytes() for name in NAMES} | {"gate.json": settings_file()}


def document(files: dict[str, bytes], **given: Any) -> bytes:
    """What a server says whose files these are."""
    listed = [
        {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()
    ]
    gate = {"excluded": [[0.7, 0.0, 0.3, 0.1]], "layouts": ["LL*DDDLL", "DDBHDDDDL"]}
    return json.dumps(
        {"spots": [], "marked_on": None, "gate": gate, "files": listed, "version": "one"} | given
    ).encode()


def test_where_not_to_look_and_what_plates_look_like_is_told_at_a_gate_only(files: dict[str, bytes]) -> None:
    assert read_engines(document(files)).gate == Gate(((0.7, 0.0, 0.3, 0.1),), ("LL*DDDLL", "DDBHDDDDL"))
    assert read_engines(document(files, gate=None)).gate is None


@pytest.mark.parametrize(
    "gate",
    [
        5,
        {},
        {"excluded": [], "layouts": [1]},
        {"excluded": [], "layouts": ["L" * 17]},
        {"excluded": [[0.7, 0.0, 0.3]], "layouts": []},
        {"excluded": [["x"] * 4], "layouts": []},
        {"excluded": [[1e9] * 4], "layouts": []},
    ],
    ids=range(7),
)
def test_what_is_told_of_no_gate_is_refused(files: dict[str, bytes], gate: Any) -> None:
    with pytest.raises(EdgeError, match="not understood"):
        read_engines(document(files, gate=gate))


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("find", "stride", "8"),
        ("find", "stride", 0),
        ("find", "confidence_min", None),
        ("find", "long_sides_px", [640, 10_000]),
        ("strip", "width_px", True),
        ("read", "sure", 1e300),
        ("ways", "first", {"room_x": 0, "room_y": 0, "tone": "upside down", "tilt": 0, "rows": [0, 1]}),
        ("ways", "first", {"room_x": 0, "room_y": 0, "tone": "as it is", "tilt": 0, "rows": [0]}),
        ("ways", "again", 1),
    ],
    ids=range(9),
)
def test_settings_that_are_for_newer_nodes_are_refused(part: str, name: str, value: Any) -> None:
    said = json.loads(settings_file())
    said[part][name] = value
    with pytest.raises(EdgeError, match="up to date"):
        read_gate_settings(json.dumps(said).encode())


@pytest.mark.parametrize("wrong", [b"", b"[]", b"{}", b"[" * 100_000], ids=range(4))
def test_what_are_no_settings_is_refused(wrong: bytes) -> None:
    with pytest.raises(EdgeError, match="up to date"):
        read_gate_settings(wrong)


def test_a_second_look_is_made_unless_the_first_fits_what_is_expected(files: dict[str, bytes]) -> None:
    picture = scene([(plate(["KA417XM"]), (400, 330, 150, 33))])
    looks = {}
    for layouts in ((), ("LLDDLLL",), ("LL*DDDLL",), ("XX4LDXX", "KADXXXM")):
        (found,) = GateEyes(files, Gate((), layouts)).look(picture)["plates"]
        looks[layouts] = len(found["again"])
    assert list(looks.values()) == [2, 2, 0, 0]


@pytest.mark.parametrize("name", ["plates_find.onnx", "plates_read.onnx", "vehicles.onnx"])
def test_another_network_and_a_missing_one_are_refused(files: dict[str, bytes], name: str) -> None:
    with pytest.raises(EdgeError, match="for newer nodes"):
        GateEyes(files | {name: files["spots.onnx"]}, Gate())
    with pytest.raises(EdgeError, match="Bring it up to date"):
        GateEyes({other: data for other, data in files.items() if other != name}, Gate())


def test_what_is_cut_out_stays_small_however_much_there_is_in_it() -> None:
    rough = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    for crop in (crop_plate(rough, Region(100, 300, 1500, 700, 0.9)), crop_vehicle(rough, (0, 0, 1920, 1080))):
        data = base64.b64decode(crop)
        shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        assert len(data) <= BYTES_MAX
        assert 16 <= min(shown.shape[:2]) < max(shown.shape[:2]) <= 1024
    assert crop_vehicle(rough, (100, 100, 12, 200)) == ""
    assert crop_plate(rough, Region(1900, 1079, 1920, 1080, 0.9)) == ""


def test_reads_leave_and_the_picture_does_not(files: dict[str, bytes], tmp_path: Path) -> None:
    answers = files | {"engines": document(files)}

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=answers[request.url.path.rpartition("/")[2]])

    said = list[str]()
    line = ServerLine(
        httpx.Client(transport=httpx.MockTransport(answer)), "http://parkhub.test", "gate", OneKey("k"), MachineClock()
    )
    recognition = Recognition(line, tmp_path, lambda: (Edge(enabled=True), "one"), said.append)
    assert not recognition.step()
    assert said[0].startswith("Plates are read and 0 places are recognised here now")
    data = cv2.imencode(".jpg", scene([(plate(["KA417XM"]), (400, 330, 150, 33))]))[1].tobytes()
    leaves = recognition.in_place_of(Picture("now", data, "image/jpeg", datetime.now(UTC)))
    assert leaves is not None
    told = json.loads(leaves.data)
    assert (told["width"], told["height"], told["spots"]) == (960, 540, [])
    assert ["".join(letter[0][0] for letter in each["first"]) for each in told["plates"]] == ["KA417XM"]
    assert len(leaves.data) < len(data) / 4
    unread = recognition.in_place_of(Picture("broken", data[:3000], "image/jpeg", datetime.now(UTC)))
    assert (unread, "No picture leaves" in recognition.trouble) == (None, True)
