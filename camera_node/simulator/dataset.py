"""`parkhub-node simulate --out`: pictures with what is true in them, for measuring and training."""

import argparse
import json
import sys

from camera_node.simulator.describe import describe
from camera_node.simulator.scene import Scene
from camera_node.simulator.truth import truth_of


def write_dataset(options: argparse.Namespace) -> int:
    """Write SPOTS.json, truth.jsonl and the pictures; print a line per picture; return the exit status.

    A line of truth is ``{"image", "hour", "occupied": {spot: true, false or null}}``.
    """
    folder = options.out
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "SPOTS.json").write_text(json.dumps(describe()), encoding="utf-8")
    scene = Scene(seed=options.seed, day_s=options.day * 60, start_hour=options.start_hour)
    step_s = options.step or 1.0 / options.rate
    with (folder / "truth.jsonl").open("w", encoding="utf-8") as truth:
        for number in range(options.frames):
            if number:
                scene.step(step_s)
            name = f"{number:06d}.jpg"
            (folder / name).write_bytes(scene.jpeg())
            line = {"image": name, "hour": round(scene.hour, 3), "occupied": truth_of(scene.world.seen())}
            truth.write(json.dumps(line) + "\n")
            print(json.dumps({"picture": str(folder / name), "hour": line["hour"]}), flush=True)
    print(f"parkhub-node: {options.frames} pictures and their truth are in {folder}.", file=sys.stderr)
    return 0
