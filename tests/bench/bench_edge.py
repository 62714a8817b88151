"""A 1080p JPEG on the node's path, on one core, beside the server's engines in turns in the same run.

    taskset -c 0 python tests/bench/bench_edge.py places|gate [--repeats 60]

Of 100 places, or of a gate: with a plate, with one on two lines, and with nothing. The node's path is
`Recognition.in_place_of`: decode, look, and the results as the bytes that are sent.
"""

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

from bench_frame import made_frame
from plate_scenes import plate, scene

from camera_node.configuration import Edge
from camera_node.edge.engines import read_engines
from camera_node.edge.recognition import Recognition
from camera_node.edge.shelf import Shelf
from camera_node.picture import Picture
from camera_node.server_line import MachineClock, OneKey, ServerLine
from parkhub.domain.cameras import CameraRole, Gate
from parkhub.domain.edge_cars import settings_file
from parkhub.domain.plate_layouts import layouts_of

MODELS = Path(__file__).parents[2] / "tasks" / "vision" / "models"
QUALITY = 85
GATE = ("plates_find.onnx", "plates_read.onnx", "vehicles.onnx")
LOADS = "library, models, first 21 pictures"

Look = Callable[[], object]


def recognition(folder: Path, polygons: list[list[tuple[float, float]]], *, gate: bool) -> Recognition:
    """A node that has fetched everything."""
    files = {name: (MODELS / name).read_bytes() for name in ("spots.onnx", *(GATE if gate else ()))}
    if gate:
        files["gate.json"] = settings_file()
    listed = [
        {"name": name, "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()
    ]
    said: dict[str, Any] = {
        "spots": [{"id": number, "polygon": polygon} for number, polygon in enumerate(polygons, 1)],
        "marked_on": None,
        "gate": {"excluded": [], "layouts": layouts_of("auto")} if gate else None,
        "files": listed,
        "version": "bench",
    }
    text = json.dumps(said).encode()
    Shelf(folder).keep(text, read_engines(text), files)
    line = ServerLine(httpx.Client(), "http://localhost", "bench", OneKey("k"), MachineClock())
    return Recognition(line, folder, lambda: (Edge(enabled=True), None), print)


def gate_pictures() -> dict[str, bytes]:
    """JPEGs of everyday quality."""
    size, box = (1920, 1080), (800.0, 660.0, 210.0, 46.0)
    drawn = {
        "a plate": scene([(plate(["KA417XM"]), box)], size=size),
        "a plate on two lines": scene([(plate(["B", "AB 123"]), (800, 640, 150, 70))], turn=3, seed=3, size=size),
        "nothing": scene(seed=5, size=size),
    }
    return {
        name: cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        for name, picture in drawn.items()
    }


def cpu_ms(work: Look) -> float:
    """Processor time of one run, all threads together."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def compare(ours: Look, theirs: Look, repeats: int) -> dict[str, object]:
    """Both in turns."""
    ours(), theirs()
    pairs = [(cpu_ms(ours), cpu_ms(theirs)) for _ in range(repeats)]
    found = {
        name: {"min": round(min(times), 1), "median": round(statistics.median(times), 1)}
        for name, times in zip(("node_ms", "server_ms"), zip(*pairs, strict=True), strict=True)
    }
    return found | {"node_over_server": round(statistics.median(our / their for our, their in pairs), 2)}


def taken(data: bytes) -> Picture:
    """A picture as it was taken just now."""
    return Picture("bench", data, "image/jpeg", datetime.now(UTC))


def in_bytes(node: Recognition, data: bytes) -> dict[str, int]:
    """What leaves in the place of what."""
    results = node.in_place_of(taken(data))
    assert results is not None, node.trouble
    return {"picture_bytes": len(data), "results_bytes": len(results.data)}


def memory(node: Recognition, data: bytes, before: int, repeats: int) -> dict[str, float]:
    """What the process has grown by, in MB."""
    for _ in range(21):
        node.in_place_of(taken(data))
    grown = psutil.Process().memory_info().rss - before
    for _ in range(repeats):
        node.in_place_of(taken(data))
    return {LOADS: round(grown / 1e6), "later": round((psutil.Process().memory_info().rss - before - grown) / 1e6, 1)}


def places(folder: Path, repeats: int) -> dict[str, object]:
    """100 places."""
    data, shapes = made_frame()
    before = psutil.Process().memory_info().rss
    node = recognition(folder, [list(shape.polygon) for shape in shapes], gate=False)
    found = in_bytes(node, data) | {"memory_mb": memory(node, data, before, repeats)}

    from tasks.vision.classifier import ClassifierEngine
    from tasks.vision.engine import decode_for

    engine = ClassifierEngine(threads=1)
    cv2.setNumThreads(1)
    picture = taken(data)
    return found | compare(
        lambda: node.in_place_of(picture), lambda: engine.look(decode_for(engine, data, shapes), shapes), repeats
    )


def gate(folder: Path, repeats: int) -> dict[str, object]:
    """A gate without places, and each of its pictures."""
    pictures = gate_pictures()
    before = psutil.Process().memory_info().rss
    node = recognition(folder, [], gate=True)
    found: dict[str, object] = {"memory_mb": memory(node, pictures["a plate"], before, repeats)}

    from tasks.counting import find_vehicles
    from tasks.gates import read_cars
    from tasks.vision.picture import decode
    from tasks.vision.plates.onnx_reader import OnnxReader
    from tasks.vision.vehicles.finder import open_finder

    reader, finder, watched = OnnxReader(threads=1), open_finder(threads=1), Gate(CameraRole.ENTRANCE)
    cv2.setNumThreads(1)

    def there(data: bytes) -> object:
        picture = decode(data)
        return read_cars(reader, picture, watched, find_vehicles(finder, picture, []))

    for name, data in pictures.items():
        ours, theirs = (lambda data=data: node.in_place_of(taken(data))), (lambda data=data: there(data))
        found[name] = in_bytes(node, data) | compare(ours, theirs, repeats)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("places", "gate"))
    parser.add_argument("--repeats", type=int, default=60)
    args = parser.parse_args()
    measure = {"places": places, "gate": gate}[args.what]
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), args.repeats), indent=1))


if __name__ == "__main__":
    main()
