"""Recognition at the camera by itself: what is kept, what is refused, what leaves when it cannot be done."""

import hashlib
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pictures import jpeg

from camera_node.configuration import Edge
from camera_node.edge.engines import File, Place, read_engines
from camera_node.edge.error import EdgeError
from camera_node.edge.recognition import Recognition
from camera_node.edge.shelf import Shelf, check
from camera_node.picture import Picture
from camera_node.server_line import MachineClock, OneKey, ServerLine
from camera_node.sources.frame import FrameError

SQUARE = [[0.1, 0.1], [0.2, 0.1], [0.2, 0.2], [0.1, 0.2]]


def document(**files: bytes) -> bytes:
    """What a server says whose files these are."""
    listed = [
        {"name": name.replace("_", "."), "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in files.items()
    ]
    said = {"spots": [{"id": 7, "polygon": SQUARE}], "marked_on": None, "files": listed, "version": "one"}
    return json.dumps(said | {"newer": True}).encode()


class TestDocument:
    def test_places_and_the_files_that_are_known(self) -> None:
        engines = read_engines(document(spots_onnx=b"model", plates_onnx=b"of a newer server"))
        assert engines.places == (Place(7, tuple((x, y) for x, y in SQUARE)),)
        assert [(file.name, file.bytes) for file in engines.files] == [("spots.onnx", 5)]

    @pytest.mark.parametrize(
        "wrong",
        [
            b"",
            b"[]",
            b"[" * 100_000,
            b'{"spots": [], "files": [], "version": ""}',
            document(spots_onnx=b""),
            document(spots_onnx=b"m").replace(b'"id": 7', b'"id": true'),
            document(spots_onnx=b"m").replace(b"0.1", b"NaN"),
            document(spots_onnx=b"m").replace(b"0.1", b"1e99"),
            document(spots_onnx=b"m").replace(hashlib.sha256(b"m").hexdigest().encode(), b"../../etc/passwd"),
        ],
        ids=range(9),
    )
    def test_what_is_no_such_document_is_refused(self, wrong: bytes) -> None:
        with pytest.raises(EdgeError, match="not understood"):
            read_engines(wrong)

    def test_a_server_without_a_model_for_places_is_told_of(self) -> None:
        with pytest.raises(EdgeError, match="offers nothing"):
            read_engines(document(head_json=b"{}"))


class TestShelf:
    def test_what_is_kept_is_there_again_and_what_it_replaces_goes(self, tmp_path: Path) -> None:
        shelf = Shelf(tmp_path)
        assert shelf.read() is None
        for model in (b"first", b"second"):
            text = document(spots_onnx=model)
            shelf.keep(text, read_engines(text), {"spots.onnx": model})
        kept = shelf.read()
        assert kept is not None
        assert kept[1] == {"spots.onnx": b"second"}
        assert len(list(tmp_path.iterdir())) == 2

    def test_a_file_that_has_changed_on_disk_is_not_used(self, tmp_path: Path) -> None:
        text = document(spots_onnx=b"model")
        engines = read_engines(text)
        Shelf(tmp_path).keep(text, engines, {"spots.onnx": b"model"})
        (tmp_path / engines.files[0].sha256).write_bytes(b"mOdel")
        with pytest.raises(EdgeError, match="another SHA-256"):
            Shelf(tmp_path).read()
        Shelf(tmp_path).keep(text, engines, {"spots.onnx": b"model"})
        assert Shelf(tmp_path).read() is not None

    def test_a_cut_between_the_files_and_their_document_leaves_the_old_ones(self, tmp_path: Path) -> None:
        old, new = document(spots_onnx=b"old"), document(spots_onnx=b"new")
        Shelf(tmp_path).keep(old, read_engines(old), {"spots.onnx": b"old"})
        (tmp_path / read_engines(new).files[0].sha256).write_bytes(b"new")
        kept = Shelf(tmp_path).read()
        assert kept is not None
        assert kept[1] == {"spots.onnx": b"old"}

    def test_another_size_is_another_file(self) -> None:
        with pytest.raises(EdgeError, match="another SHA-256"):
            check(File("spots.onnx", hashlib.sha256(b"m").hexdigest(), 2), b"m")


class Node:
    """Recognition, and a server that answers from a table."""

    def __init__(self, folder: Path, answers: dict[str, bytes]) -> None:
        self.edge, self.version, self.said, self.asked = Edge(enabled=True), "one", list[str](), list[str]()

        def answer(request: httpx.Request) -> httpx.Response:
            name = request.url.path.rpartition("/")[2]
            self.asked.append(name)
            if name not in answers:
                return httpx.Response(404, json={"detail": "Only a camera that watches no gate can."})
            return httpx.Response(200, content=answers[name])

        client = httpx.Client(transport=httpx.MockTransport(answer))
        line = ServerLine(client, "http://parkhub.test", "mast", OneKey("k"), MachineClock())
        self.recognition = Recognition(line, folder, lambda: (self.edge, self.version), self.said.append)

    def take(self) -> Picture | None:
        return self.recognition.in_place_of(Picture("now", jpeg(), "image/jpeg", datetime.now(UTC)))


def told(node: Node) -> Any:
    """What it says while pictures may not leave."""
    assert node.take() is None
    return node.recognition.trouble


class TestRecognition:
    def test_while_it_is_switched_off_pictures_leave_and_nothing_is_fetched(self, tmp_path: Path) -> None:
        node = Node(tmp_path, {})
        node.edge = Edge()
        picture = node.take()
        assert picture is not None
        assert picture.data == jpeg()
        assert not node.recognition.step()
        assert (node.asked, node.recognition.trouble) == ([], "")

    def test_what_the_server_says_is_passed_on_once_and_nothing_leaves(self, tmp_path: Path) -> None:
        node = Node(tmp_path, {})
        assert node.recognition.step()
        assert node.recognition.step()
        assert "watches no gate" in told(node)
        assert len(node.said) == 1

    def test_a_file_that_is_no_model_is_not_used_and_not_kept(self, tmp_path: Path) -> None:
        answers = {"engines": document(spots_onnx=b"no model"), "spots.onnx": b"no model"}
        node = Node(tmp_path, answers)
        assert node.recognition.step()
        assert "cannot be opened" in told(node)
        assert Shelf(tmp_path).read() is None

    def test_without_the_library_it_says_what_to_install(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        node = Node(tmp_path, {"engines": document(spots_onnx=b"model"), "spots.onnx": b"model"})
        assert node.recognition.step()
        assert "install.sh --edge" in told(node)
        assert "No picture leaves" in told(node)
        node.edge = Edge(enabled=True, pictures_if_broken=True)
        allowed = node.take()
        assert allowed is not None
        assert allowed.media_type == "image/jpeg"

    def test_a_stumble_over_one_picture_is_said_and_the_next_is_looked_at(self, tmp_path: Path) -> None:
        model = (Path(__file__).parents[2] / "tasks" / "vision" / "models" / "spots.onnx").read_bytes()
        node = Node(tmp_path, {"engines": document(spots_onnx=model), "spots.onnx": model})
        assert not node.recognition.step()
        no_bytes: Any = None
        assert node.recognition.in_place_of(Picture("odd", no_bytes, "image/jpeg", datetime.now(UTC))) is None
        assert node.recognition.trouble.startswith("Recognition stumbled over odd: ")
        assert node.take() is not None
        assert node.recognition.trouble == ""

    def test_what_waited_before_it_was_switched_on_leaves_as_results_or_not_at_all(self, tmp_path: Path) -> None:
        model = (Path(__file__).parents[2] / "tasks" / "vision" / "models" / "spots.onnx").read_bytes()
        node = Node(tmp_path, {"engines": document(spots_onnx=model), "spots.onnx": model})
        waited = Picture("before", jpeg(), "image/jpeg", datetime.now(UTC))
        assert node.recognition.in_place_of_waiting(waited) is None
        assert not node.recognition.step()
        leaves = node.recognition.in_place_of_waiting(waited)
        assert leaves is not None
        assert leaves.media_type == "application/json"
        assert node.recognition.in_place_of_waiting(leaves) is leaves
        with pytest.raises(FrameError):
            node.recognition.in_place_of_waiting(replace(waited, data=b"no picture"))
        node.edge = Edge()
        assert node.recognition.in_place_of_waiting(waited) is waited

    def test_it_fetches_only_what_is_named_anew(self, tmp_path: Path) -> None:
        model = (Path(__file__).parents[2] / "tasks" / "vision" / "models" / "spots.onnx").read_bytes()
        node = Node(tmp_path, {"engines": document(spots_onnx=model), "spots.onnx": model})
        assert not node.recognition.step()
        assert not node.recognition.step()
        assert node.asked == ["engines", "spots.onnx"]
        seen = node.take()
        assert seen is not None
        said = json.loads(seen.data)
        assert (said["version"], said["width"], said["height"]) == ("one", 160, 120)
        assert [spot["id"] for spot in said["spots"]] == [7]
        assert said["engine_sha256"] == hashlib.sha256(model).hexdigest()
        node.version = "two"
        node.recognition.step()
        assert node.asked[2:] == ["engines"]
