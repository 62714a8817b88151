"""Plates in a picture of 1280 x 720 on one thread, beside RapidOCR as it comes, taking turns on the same pictures.

    python tests/bench/bench_plates.py [--data DATA] [--pictures 20] [--json]

With DATA (the folder of labelled sets) every sixth US picture, enlarged to 1280 x 720; without it made streets, which
are easier. Decoding is not counted.
"""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from plate_scenes import plate, scene
from rapidocr_peer import open_peer

from tasks.vision.picture import Picture, decode
from tasks.vision.plates.reader import open_reader

SIZE = (1280, 720)
HERE = Path(__file__).parents[2]
TEXTS = ("KA 417XM", "BD52 KTV", "7XYZ 204", "ABC 1D23", "WZK 4817", "60-BXK-4", "TR 882 LQ", "B MW 5512")


def given(data: Path, count: int) -> list[Picture]:
    """US pictures, whose plates vary most in size and clearness."""
    paths = sorted((data / "plates" / "openalpr_us" / "images").iterdir())[1::6][:count]
    return [np.ascontiguousarray(cv2.resize(decode(path.read_bytes()), SIZE)) for path in paths]


def made(count: int) -> list[Picture]:
    """Streets with one plate each, from 70 to 220 pixels wide."""
    found = []
    for number in range(count):
        width = 70 + 150 * number / max(1, count - 1)
        box = (300 + 20 * number, 420, width, width * 0.215)
        found.append(scene([(plate([TEXTS[number % len(TEXTS)]]), box)], turn=number % 7 - 3, seed=number, size=SIZE))
    return found


def measure(readers: dict[str, Callable[[Picture], object]], pictures: list[Picture]) -> dict[str, Any]:
    """Median, ninth tenth and processor milliseconds of each reader."""
    wall: dict[str, list[float]] = {name: [] for name in readers}
    used: dict[str, list[float]] = {name: [] for name in readers}
    for number, picture in enumerate([pictures[0], *pictures]):  # the first warms up
        for name, read in readers.items():
            at, cpu = time.perf_counter(), time.process_time()
            read(picture)
            if number:
                wall[name].append((time.perf_counter() - at) * 1000)
                used[name].append((time.process_time() - cpu) * 1000)
    return {
        name: {
            "median_ms": round(statistics.median(wall[name]), 1),
            "p90_ms": round(float(np.percentile(wall[name], 90)), 1),
            "cpu_median_ms": round(statistics.median(used[name]), 1),
        }
        for name in readers
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=HERE.parent / "shared" / "data")
    parser.add_argument("--pictures", type=int, default=20)
    parser.add_argument("--region", default="auto")
    parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    reader = open_reader()
    there = (args.data / "plates").is_dir()
    pictures = given(args.data, args.pictures) if there else made(args.pictures)
    readers = {"ours": lambda picture: reader.read(picture, args.region), "RapidOCR": open_peer()}
    found = measure(readers, pictures)
    if args.json:
        print(json.dumps({"pictures": len(pictures), "given": there, **found}))
        return
    print(f"1280 x 720, {len(pictures)} {'given' if there else 'made'} pictures, one thread")
    print(f"{'':14}{'middle':>9}{'9 of 10':>9}{'processor':>11}  ms")
    for name, row in found.items():
        print(f"{name:14}{row['median_ms']:9.1f}{row['p90_ms']:9.1f}{row['cpu_median_ms']:11.1f}")


if __name__ == "__main__":
    main()
