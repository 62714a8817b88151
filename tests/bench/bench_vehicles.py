"""Vehicles in a picture on one thread: our model, YOLOX-nano and NanoDet, taking turns on the same pictures.

    python tests/bench/bench_vehicles.py [--peers DIR] [--repeats 40] [--json]

DIR holds yolox_nano.onnx and nanodet_m_416.onnx, which are not part of this project; without them ours runs alone.
Pictures are made, 416 px and 1280 x 720; decoding is not counted, fitting into the network's size and decoding its
answers are. Wall-clock and processor time of the process: with one thread they differ by what the machine does besides.
"""

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import cv2

sys.path.insert(0, str(Path(__file__).parents[1]))

from plate_scenes import plate, scene

from tasks.vision.picture import Picture
from tasks.vision.vehicles.finder import VehicleFinder, open_finder

PEERS = {"YOLOX-nano": "yolox_nano.onnx", "NanoDet-m": "nanodet_m_416.onnx"}
SIZES = ((416, 416), (1280, 720))
HERE = Path(__file__).parents[2]


def pictures(size: tuple[int, int], count: int = 8) -> list[Picture]:
    """Streets with a few vehicles."""
    width, height = size
    box = (0.1 * width, 0.05 * width * 0.22 / 0.1)
    drawn = plate(["KA 417XM"])
    places = [(width * share, height * 0.7) for share in (0.15, 0.55)]
    return [scene([(drawn, (x + 3 * n, y, *box)) for x, y in places], seed=n, size=size) for n in range(count)]


def measure(finders: dict[str, VehicleFinder], size: tuple[int, int], repeats: int) -> dict[str, Any]:
    """Median and least milliseconds of each finder."""
    wall: dict[str, list[float]] = {name: [] for name in finders}
    used: dict[str, list[float]] = {name: [] for name in finders}
    seen = pictures(size)
    for number in range(-2, repeats):
        for name, finder in finders.items():
            at, cpu = time.perf_counter(), time.process_time()
            finder.find(seen[number % len(seen)])
            if number >= 0:
                wall[name].append((time.perf_counter() - at) * 1000)
                used[name].append((time.process_time() - cpu) * 1000)
    return {
        name: {
            "median_ms": round(statistics.median(wall[name]), 1),
            "min_ms": round(min(wall[name]), 1),
            "cpu_median_ms": round(statistics.median(used[name]), 1),
        }
        for name in finders
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peers", type=Path, default=HERE.parent / "shared" / "data" / "parking" / "models")
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--model", type=Path, help="another model of ours than the shipped one")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    finders: dict[str, VehicleFinder] = {"ours": open_finder(args.model)}
    for name, file in PEERS.items():
        if (args.peers / file).exists():
            finders[name] = open_finder(args.peers / file)
    found = {f"{width} x {height}": measure(finders, (width, height), args.repeats) for width, height in SIZES}
    if args.json:
        print(json.dumps(found))
        return
    for size, rows in found.items():
        print(f"{size}, one thread\n{'':14}{'least':>9}{'middle':>9}{'processor':>11}  ms")
        for name, row in rows.items():
            print(f"{name:14}{row['min_ms']:9.1f}{row['median_ms']:9.1f}{row['cpu_median_ms']:11.1f}")


if __name__ == "__main__":
    main()
