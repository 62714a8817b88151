"""Whether memory stays flat: many pictures of many sizes through the classifier, the detector and the plate reader.

    python tests/bench/soak_vision.py [--pictures 20000] [--data DATA] [--engines classifier,detector,plates]

One process, one thread each, as in the vision worker. Every picture has another size and other content: made streets
with plates, and with DATA (the folder of labelled sets) parts of its pictures. Resident memory is sampled as it goes;
the slope is the line of least squares over the samples of the second half, so that what is loaded once is left out.
"""

import argparse
import gc
import json
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from plate_scenes import plate, scene

from parkhub.domain.spots import SpotShape
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.picture import Picture, decode
from tasks.vision.plates.reader import open_reader
from tasks.vision.vehicles.finder import open_finder

HERE = Path(__file__).parents[2]
PEER = "parking/models/yolox_nano.onnx"
SIDES = (240, 1400)
MIB = 1024 * 1024


def sources(data: Path) -> list[Picture]:
    """Pictures that others are cut from: made ones, and given ones if there are any."""
    texts = ("KA 417XM", "BD52 KTV", "7XYZ 204", "ABC 1D23")
    made = [scene([(plate([text]), (420, 420, 180, 39))], seed=n, size=(1280, 720)) for n, text in enumerate(texts)]
    given = [
        *sorted((data / "parking" / "frames").glob("*/*.jpg"))[::12],
        *sorted((data / "plates").glob("openalpr_*/images/*"))[::25],
    ]
    return made + [decode(path.read_bytes()) for path in given]


def another(found: list[Picture], chance: random.Random, sides: tuple[int, int]) -> Picture:
    """A part of one of them at a size of its own, a little noisier; sent through JPEG as a camera's would be."""
    picture = chance.choice(found)
    height, width = picture.shape[:2]
    wide, high = int(width * chance.uniform(0.5, 1)), int(height * chance.uniform(0.5, 1))
    left, top = chance.randint(0, width - wide), chance.randint(0, height - high)
    long_side = chance.randint(*sides)
    scale = long_side / max(wide, high)
    goal = max(16, round(wide * scale)), max(16, round(high * scale))
    cut = cv2.resize(picture[top : top + high, left : left + wide], goal)
    cut = cv2.add(cut, chance.randint(0, 25))
    return decode(cv2.imencode(".jpg", cut, [cv2.IMWRITE_JPEG_QUALITY, chance.randint(60, 95)])[1].tobytes())


def engines(names: list[str], data: Path) -> dict[str, Callable[[Picture, random.Random], object]]:
    """What every picture goes through; the detector runs YOLOX-nano where our own model is not there."""
    found: dict[str, Callable[[Picture, random.Random], object]] = {}
    if "classifier" in names:
        classifier = ClassifierEngine(threads=1)
        found["classifier"] = lambda picture, chance: classifier.look(picture, lots(chance))
    if "detector" in names:
        own = HERE / "tasks" / "vision" / "models" / "vehicles.onnx"
        finder = open_finder(None if own.exists() else data / PEER)
        found["detector"] = lambda picture, _: finder.find(picture)
    if "plates" in names:
        reader = open_reader()
        found["plates"] = lambda picture, _: reader.read(picture)
    return found


def lots(chance: random.Random) -> list[SpotShape]:
    """Between 1 and 120 spots, as cameras have."""
    spots = []
    for number in range(chance.choice((1, 8, 14, 40, 100, 120))):
        x, y, side = chance.uniform(0, 0.85), chance.uniform(0, 0.85), chance.uniform(0.03, 0.12)
        spots.append(SpotShape(str(number), ((x, y), (x + side, y), (x + side, y + side), (x, y + side))))
    return spots


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=20_000)
    parser.add_argument("--data", type=Path, default=HERE.parent / "shared" / "data")
    parser.add_argument("--engines", default="classifier,detector,plates")
    parser.add_argument("--sides", type=int, nargs=2, default=SIDES, help="least and largest longer side, pixels")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop after so long, however many it were")
    parser.add_argument("--every", type=int, default=100, help="pictures between samples")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    chance, process = random.Random(7), psutil.Process(os.getpid())
    found, ways = sources(args.data), engines(args.engines.split(","), args.data)
    samples: list[tuple[int, float]] = []
    start = time.monotonic()
    for number in range(1, args.pictures + 1):
        picture = another(found, chance, tuple(args.sides))
        for look in ways.values():
            look(picture, chance)
        if number % args.every == 0:
            samples.append((number, process.memory_info().rss / MIB))
            if time.monotonic() - start > args.minutes * 60:
                break
            if number % (10 * args.every) == 0:
                print(
                    f"{number}: {samples[-1][1]:.1f} MiB, {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True
                )
    gc.collect()
    print(
        json.dumps(
            {"engines": list(ways), "sources": len(found), **summary(samples), "s": round(time.monotonic() - start)}
        )
    )


def summary(samples: list[tuple[int, float]]) -> dict[str, float]:
    """What the samples say: the largest, quarters, and growth for every thousand pictures over the second half."""
    at, rss = np.array(samples).T
    half = at > at[-1] / 2
    quarters = [round(float(part.mean()), 1) for part in np.array_split(rss, 4)]
    slope = float(np.polyfit(at[half], rss[half], 1)[0]) * 1000
    return {
        "pictures": int(at[-1]),
        "max_mib": round(float(rss.max()), 1),
        "quarters_mib": quarters,
        "growth_mib_per_1000": round(slope, 3),
    }


if __name__ == "__main__":
    main()
