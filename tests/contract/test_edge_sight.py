"""What the real node sees in pictures against what the real server sees in them: places, plates and cars."""

import base64
import json
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest
from builders import a_camera
from plate_scenes import plate, scene
from workers import a_row, places

from camera_node.edge.classifier import SpotClassifier
from camera_node.edge.decoding import decode as decode_at_node
from camera_node.edge.engines import Engines, File, Place
from camera_node.edge.engines import Gate as GateThere
from camera_node.edge.eyes import Eyes
from camera_node.edge.gate import GateEyes
from camera_node.simulator.describe import describe
from camera_node.simulator.scene import Scene
from parkhub.clients.engine_files import SPOTS, gate_models
from parkhub.domain.cameras import CameraRole, Gate
from parkhub.domain.edge_cars import CROP_BYTES_MAX, settings_file
from parkhub.domain.gates import SeenCar
from parkhub.domain.plate_layouts import layouts_of
from parkhub.domain.plates import Reading
from parkhub.domain.spot_heads import SpotHead
from parkhub.domain.spots import SpotShape
from parkhub.domain.spots_file import parse_spots_json
from parkhub.domain.vehicles import Vehicle
from tasks.counting import find_vehicles
from tasks.edge import take
from tasks.gates import read_cars
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.engine import decode_for
from tasks.vision.picture import Picture as Pixels
from tasks.vision.picture import decode
from tasks.vision.plates.onnx_reader import Look, OnnxReader
from tasks.vision.vehicles.finder import OnnxFinder, open_finder

SURE_WITHIN = 1e-3
PX_WITHIN = 1.0
SHARE_WITHIN = 2e-3
CLOCK = (0.0, 0.0, 0.4, 0.2)


def jpeg(picture: Pixels, quality: int = 92) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def at_gates(day: Pixels) -> dict[str, bytes]:
    """Plates on one line and on two, small, turned, faint and filling the picture; several, none; a car without one."""
    drawn, two = plate(["KA417XM"]), plate(["B", "AB 123"])
    faint = np.clip(scene([(plate(["ZE481CK"]), (420, 330, 110, 24))], seed=4).astype(np.float32) * 0.3 + 60, 0, 255)
    bare = cv2.resize(day[371:503, 600:835], (960, 540), interpolation=cv2.INTER_CUBIC)
    found = {
        "one line": scene([(drawn, (400, 330, 150, 33))]),
        "1080p": cv2.resize(scene([(drawn, (440, 360, 105, 23))], seed=7), (1920, 1080), interpolation=cv2.INTER_CUBIC),
        "two lines": scene([(two, (400, 330, 150, 70))], turn=3, seed=3),
        "turned": scene([(plate(["BD52KTV"]), (400, 330, 150, 33))], turn=9, seed=2),
        "faint": faint.astype(np.uint8),
        "two cars": scene([(drawn, (180, 330, 130, 28)), (plate(["BD52KTV"]), (680, 360, 130, 28))], seed=6),
        "large": scene([(plate(["OX 88 TLR"]), (180, 300, 560, 121))], seed=8),
        "empty": scene(seed=5),
        "without a plate": bare,
        "of a car": with_plate(bare),
    }
    return {name: jpeg(picture) for name, picture in found.items()}


def with_plate(car: Pixels) -> Pixels:
    """The car with a plate on its front."""
    found = car.copy()
    drawn = cv2.resize(plate(["KA417XM"]), (150, 33), interpolation=cv2.INTER_AREA)
    found[330:363, 400:550] = drawn
    return found


@pytest.fixture(scope="module")
def day() -> Pixels:
    """The simulated car park."""
    return Scene(3).render()


@pytest.fixture(scope="module")
def reader() -> OnnxReader:
    return OnnxReader()


@pytest.fixture(scope="module")
def finder() -> OnnxFinder:
    return open_finder()


def eyes(region: str, *excluded: tuple[float, ...]) -> GateEyes:
    """What a node has that has fetched everything."""
    files = {name: file.data for name, file in gate_models().items()}
    return GateEyes(files | {"gate.json": settings_file()}, GateThere(excluded, layouts_of(region)))


def text_of(letters: Any) -> str:
    return "".join(letter[0][0] for letter in letters)


def same_letters(ours: Any, theirs: Reading) -> bool:
    """Whether a node's reading is the server's: the same letters, and each as sure."""
    apart = [abs(one[0][1] - other[0][1]) <= SURE_WITHIN for one, other in zip(ours, theirs.letters, strict=False)]
    return text_of(ours) == theirs.text and all(apart)


def same_vehicle(ours: dict[str, Any], theirs: Vehicle) -> bool:
    near = all(abs(one - other) <= PX_WITHIN for one, other in zip(ours["box"], theirs.box, strict=True))
    return near and ours["kind"] == theirs.kind.value and abs(ours["confidence"] - theirs.confidence) <= SURE_WITHIN


def same_look(ours: dict[str, Any], theirs: Look) -> bool:
    """Whether a node has seen in a region what the server has, whose rules may have needed fewer looks."""
    region = theirs.region
    sides = zip(ours["box"], (region.left, region.top, region.right, region.bottom), strict=True)
    readings = [ours["first"], *ours["again"]][: len(theirs.readings)]
    return (
        all(abs(one - other) <= PX_WITHIN for one, other in sides)
        and abs(ours["confidence"] - region.confidence) <= SURE_WITHIN
        and all(same_letters(one, other) for one, other in zip(readings, theirs.readings, strict=True))
        and (not theirs.lines or text_of(ours["lines"][0] + ours["lines"][1]) == theirs.lines[0].text)
    )


def told(said: dict[str, Any], size: tuple[int, int]) -> bytes:
    """What leaves a node, as bytes."""
    about = {"engine_sha256": "0" * 64, "version": f"{'0' * 16}-{'0' * 16}", "width": size[0], "height": size[1]}
    return json.dumps(about | {"spots": []} | said).encode()


def same_car(ours: SeenCar, theirs: SeenCar) -> bool:
    one, other = ours.read, theirs.read
    near = all(abs(a - b) <= SHARE_WITHIN for a, b in zip(one.box, other.box, strict=True))
    same = (one.text, ours.kind, [r.text for r in one.readings]) == (
        other.text,
        theirs.kind,
        [r.text for r in other.readings],
    )
    return same and near and abs(one.confidence - other.confidence) <= SURE_WITHIN


def test_the_node_reads_what_the_server_reads_in_the_same_picture(
    reader: OnnxReader, finder: OnnxFinder, day: Pixels
) -> None:
    nodes, read = {region: eyes(region) for region in ("auto", "gb")}, list[str]()
    for name, data in at_gates(day).items():
        picture, size = decode_at_node(data, max)
        whole = decode(data)
        vehicles = find_vehicles(finder, whole, [])
        assert vehicles is not None
        for region in ("auto", "gb") if name in ("turned", "two lines", "faint") else ("auto",):
            node = nodes[region]
            said = node.look(picture)
            assert len(said["vehicles"]) == len(vehicles), name
            assert all(same_vehicle(*pair) for pair in zip(said["vehicles"], vehicles, strict=True)), name
            camera = a_camera(gate=Gate(CameraRole.ENTRANCE, region))
            looks = [look for look in reader.look(whole, region) if look.decision.text]
            assert all(any(same_look(ours, theirs) for ours in said["plates"]) for theirs in looks), name
            theirs = read_cars(reader, whole, camera.gate, vehicles)
            _, ours = take(told(said, size), camera, [])
            assert len(ours) == len(theirs), name
            assert all(same_car(*pair) for pair in zip(ours, theirs, strict=True)), name
            assert all(same_evidence(*pair) for pair in zip(ours, theirs, strict=True)), name
            read += [car.read.text for car in ours]
    assert {"KA417XM", "BAB123", "BD52KTV", "ZE481CK", "OX88TLR", ""} <= set(read)


def same_evidence(ours: SeenCar, theirs: SeenCar) -> bool:
    """Whether what proves a car is a small JPEG, and of a plate shows as much as the server's does."""
    small = ours.crop.startswith(b"\xff\xd8") and len(ours.crop) <= CROP_BYTES_MAX
    one, other = (cv2.imdecode(np.frombuffer(each.crop, np.uint8), cv2.IMREAD_COLOR) for each in (ours, theirs))
    return small and (not ours.read.text or bool(np.abs(np.subtract(one.shape, other.shape)).max() <= 2))


def test_places_at_a_gate_are_judged_in_the_whole_picture_as_the_server_does() -> None:
    data, engine = a_row(6, {0, 3}), ClassifierEngine()
    shapes = [SpotShape(spot.name, spot.polygon) for spot in places(6)]
    files = {"spots.onnx": SPOTS.read_bytes(), "gate.json": settings_file()}
    files |= {name: file.data for name, file in gate_models().items()}
    here = tuple(Place(number, shape.polygon) for number, shape in enumerate(shapes))
    seen = Eyes(Engines("v", here, (), GateThere()), files).look(data)
    theirs = engine.look(decode(data), shapes).observations
    assert [(each["state"], each["confidence"]) for each in seen["spots"]] == [
        (each.state.value, pytest.approx(each.confidence, abs=SURE_WITHIN)) for each in theirs
    ]
    assert (seen["width"], seen["height"], seen["plates"]) == (640, 360, [])


def test_where_it_is_not_to_look_it_does_not_and_other_pixels_do_not_leave() -> None:
    picture = scene([(plate(["KA417XM"]), (60, 20, 150, 33)), (plate(["BD52KTV"]), (560, 360, 150, 33))])
    said = eyes("auto", CLOCK).look(picture)
    assert [text_of(each["first"]) for each in said["plates"]] == ["BD52KTV"]
    (crop,) = [base64.b64decode(each["crop"]) for each in (*said["plates"], *said["vehicles"]) if each.get("crop")]
    shown = cv2.imdecode(np.frombuffer(crop, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape[0] * shown.shape[1] < 0.08 * 960 * 540


def simulated(day: Pixels) -> tuple[list[SpotShape], dict[str, bytes]]:
    """The simulated car park's places, and pictures of it: by day, larger, as PNG, dark, too bright."""
    shapes = [SpotShape(spot.name, spot.polygon) for spot in parse_spots_json(msgspec.json.encode(describe())).spots]
    large = cv2.resize(day, (1920, 1080), interpolation=cv2.INTER_CUBIC)
    files = {"day": (".jpg", day), "large": (".jpg", large), "png": (".png", day)}
    files |= {"dark": (".jpg", day // 12), "bright": (".jpg", np.maximum(day, 246))}
    return shapes, {name: cv2.imencode(kind, picture)[1].tobytes() for name, (kind, picture) in files.items()}


def test_the_node_judges_places_as_the_server_does_in_the_same_picture(day: Pixels) -> None:
    shapes, pictures = simulated(day)
    corner = ((0.96, 0.96), (1.2, 0.96), (1.2, 1.2), (0.96, 1.2))
    shapes += [SpotShape("speck", ((0.5, 0.5), (0.501, 0.5), (0.501, 0.501))), SpotShape("outside", corner)]
    model = SPOTS.read_bytes()
    shipped = ClassifierEngine()
    assert shipped.shipped_head is not None
    fitted = SpotHead(
        tuple(weight * 0.9 for weight in shipped.shipped_head.weights), 0.4, 1.7, shipped.shipped_head.model_sha256
    )
    places_here = tuple(Place(number, shape.polygon) for number, shape in enumerate(shapes))
    engines = Engines("v", places_here, (File("spots.onnx", "", len(model)),))
    found = set()
    for engine, files in (
        (shipped, {"spots.onnx": model}),
        (shipped.with_head(fitted), {"spots.onnx": model, "head.json": msgspec.json.encode(fitted)}),
    ):
        node = SpotClassifier(engines, files)
        for name, data in pictures.items():
            theirs = engine.look(decode_for(engine, data, shapes), shapes).observations
            ours = node.look(data)
            assert [each.state for each in ours.seen] == [each.state.value for each in theirs], name
            apart = max(abs(our.confidence - their.confidence) for our, their in zip(ours.seen, theirs, strict=True))
            assert apart <= SURE_WITHIN, (name, apart)
            found |= {each.state for each in ours.seen}
    assert found == {"free", "occupied", "unknown"}
