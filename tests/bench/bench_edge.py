"""A 1080p JPEG with 100 places on the node's path, on one core, beside the server's engine in turns in the same run.

    taskset -c 0 python tests/bench/bench_edge.py [--repeats 60]

The node's path is `Recognition.in_place_of`: decode, crops, network, and the results as the bytes that are sent.
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

import cv2
import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parent))

from bench_frame import made_frame

from camera_node.configuration import Edge
from camera_node.edge.engines import read_engines
from camera_node.edge.recognition import Recognition
from camera_node.edge.shelf import Shelf
from camera_node.picture import Picture
from camera_node.server_line import MachineClock, OneKey, ServerLine

MODEL = Path(__file__).parents[2] / "tasks" / "vision" / "models" / "spots.onnx"


def recognition(folder: Path, polygons: list[list[tuple[float, float]]]) -> Recognition:
    """A node that has fetched everything."""
    model = MODEL.read_bytes()
    file = {"name": "spots.onnx", "sha256": hashlib.sha256(model).hexdigest(), "bytes": len(model)}
    spots = [{"id": number, "polygon": polygon} for number, polygon in enumerate(polygons, 1)]
    text = json.dumps({"spots": spots, "marked_on": None, "files": [file], "version": "bench"}).encode()
    Shelf(folder).keep(text, read_engines(text), {"spots.onnx": model})
    line = ServerLine(httpx.Client(), "http://localhost", "bench", OneKey("k"), MachineClock())
    return Recognition(line, folder, lambda: (Edge(enabled=True), None), print)


def cpu_ms(work: Callable[[], object]) -> float:
    """Processor time of one run, all threads together."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=60)
    args = parser.parse_args()
    data, shapes = made_frame()
    before = psutil.Process().memory_info().rss
    with tempfile.TemporaryDirectory() as folder:
        node = recognition(Path(folder), [list(shape.polygon) for shape in shapes])
        picture = Picture("bench", data, "image/jpeg", datetime.now(UTC))
        results = node.in_place_of(picture)
        assert results is not None
        for _ in range(20):
            node.in_place_of(picture)
        grown = psutil.Process().memory_info().rss - before
        for _ in range(args.repeats):
            node.in_place_of(picture)
        steady = psutil.Process().memory_info().rss - before - grown

        from tasks.vision.classifier import ClassifierEngine
        from tasks.vision.engine import decode_for

        engine = ClassifierEngine(threads=1)
        cv2.setNumThreads(1)
        engine.look(decode_for(engine, data, shapes), shapes)
        ours, theirs = [], []
        for _ in range(args.repeats):
            ours.append(cpu_ms(lambda: node.in_place_of(picture)))
            theirs.append(cpu_ms(lambda: engine.look(decode_for(engine, data, shapes), shapes)))
    ratio = statistics.median(our / their for our, their in zip(ours, theirs, strict=True))
    found = {
        "picture_bytes": len(data),
        "results_bytes": len(results.data),
        "node_ms": {"min": round(min(ours), 1), "median": round(statistics.median(ours), 1)},
        "server_ms": {"min": round(min(theirs), 1), "median": round(statistics.median(theirs), 1)},
        "node_over_server": round(ratio, 2),
        "memory_mb": {"library, model, first 21 pictures": round(grown / 1e6), "later": round(steady / 1e6, 1)},
    }
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
