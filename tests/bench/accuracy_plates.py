"""How well plates are read, ours and plain RapidOCR in one run: ``python tests/bench/accuracy_plates.py DATA SCORE``.

DATA is the folder of labelled sets (``plates/…``, ``parking/frames/…``), SCORE the scoring program. Every set is scored
whole and, where our finder was trained on its even-numbered pictures, on the odd-numbered ones alone; UCSD's pictures
were never used for anything but this. The peer reads the whole picture as it comes out of the box; its plates are its
lines of 4 to 9 letters and digits with a digit among them, surest first. Speed: one thread each, taking turns on the
same pictures of 1280 x 720.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from parkhub.domain.plates import normalise
from tasks.training.plate_scenes import tuning_half
from tasks.vision.picture import Picture, decode
from tasks.vision.plates.footage import passages_of
from tasks.vision.plates.reader import PlateReader, open_reader

Row = dict[str, Any]
SETS = (("openalpr_eu", "eu"), ("openalpr_us", "us"), ("openalpr_br", "br"), ("tudelft_nl", "nl"))
SETS += (("ucsd_california", "us"),)
NEVER_TRAINED = ("ucsd_california",)
EMPTY = ("pklot_pucpr", "pklot_ufpr05", "vsb_ostrava")


def ours(reader: PlateReader, region: str) -> Callable[[Picture], list[Row]]:
    """Plates in the form of the command."""

    def read(picture: Picture) -> list[Row]:
        found = reader.read(picture, region)
        return [{"text": r.text, "confidence": r.confidence, "box": list(r.box)} for r in found]

    return read


def peer() -> Callable[[Picture], list[Row]]:
    """RapidOCR with its own settings on one thread, lines that may be a plate."""
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def read(picture: Picture) -> list[Row]:
        answer = engine(picture)
        found = [part if part is not None else () for part in (answer.boxes, answer.txts, answer.scores)]
        rows = []
        for box, text, chance in zip(*found, strict=True):
            plain = normalise(text)
            if 4 <= len(plain) <= 9 and any(c.isdigit() for c in plain):
                left, top = np.min(box, axis=0)
                right, bottom = np.max(box, axis=0)
                here = [float(left), float(top), float(right - left), float(bottom - top)]
                rows.append({"text": plain, "confidence": float(chance), "box": here})
        return rows

    return read


def answers(read: Callable[[Picture], list[Row]], paths: list[Path]) -> Iterator[Row]:
    """One line per picture."""
    for path in paths:
        picture = decode(path.read_bytes())
        start = time.perf_counter()
        plates = read(picture)
        yield {"image": path.name, "plates": plates, "ms": (time.perf_counter() - start) * 1000}


def score(program: Path, kind: str, index: list[Row], pred: list[Row]) -> Row:
    """What the scoring program says."""
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("index", index), ("pred", pred)):
            Path(folder, name).write_text("".join(json.dumps(row) + "\n" for row in rows))
        command = [sys.executable, str(program), kind, "--index", f"{folder}/index", "--pred", f"{folder}/pred"]
        found: Row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def figures(result: Row) -> Row:
    """The part of a score that goes into the table."""
    wanted = ("pictures", "top1_folded", "top1_exact", "recall_folded", "false_per_picture", "top1_folded_95")
    return {key: result[key] for key in wanted}


def speed(readers: dict[str, Callable[[Picture], list[Row]]], paths: list[Path]) -> Row:
    """Median milliseconds of each, taking turns on the same pictures at 1280 x 720, decoding left out."""
    spent: dict[str, list[float]] = {name: [] for name in readers}
    cpu: dict[str, list[float]] = {name: [] for name in readers}
    for path in paths:
        picture = np.ascontiguousarray(cv2.resize(decode(path.read_bytes()), (1280, 720)))
        for name, read in readers.items():
            wall, used = time.perf_counter(), time.process_time()
            read(picture)
            spent[name].append((time.perf_counter() - wall) * 1000)
            cpu[name].append((time.process_time() - used) * 1000)
    return {
        name: {"median_ms": round(float(np.median(spent[name])), 1), "cpu_ms": round(float(np.median(cpu[name])), 1)}
        for name in readers
    }


def main() -> None:
    """Print one JSON object per measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("score", type=Path)
    parser.add_argument("--no-peer", action="store_true")
    parser.add_argument("--only", nargs="*", default=["sets", "empty", "clips", "speed"])
    args = parser.parse_args()
    cv2.setNumThreads(1)
    reader = open_reader()
    whole = None if args.no_peer else peer()
    plates = args.data / "plates"
    if "sets" in args.only:
        for name, region in SETS:
            rows = [json.loads(line) for line in (plates / name / "index.jsonl").read_text().splitlines()]
            paths = [plates / name / image for image in sorted({row["image"] for row in rows})]
            ways = {"ours, auto": ours(reader, "auto"), f"ours, {region}": ours(reader, region)}
            if whole:
                ways["RapidOCR"] = whole
            half = set() if name in NEVER_TRAINED else set(tuning_half(rows))
            held = [row for row in rows if row["image"] not in half]
            for way, read in ways.items():
                pred = list(answers(read, paths))
                parts = {"held out": held} if half else {}
                for part, index in {**parts, "all": rows}.items():
                    print(json.dumps({"set": name, "part": part, "way": way, **figures(score(args.score, "plates", index, pred))}), flush=True)  # fmt: skip  # noqa: E501
    if "empty" in args.only:
        for name in EMPTY:
            paths = sorted((args.data / "parking" / "frames" / name).glob("*.jpg"))
            for way, read in {"ours, auto": ours(reader, "auto"), **({"RapidOCR": whole} if whole else {})}.items():
                for part, used in {"held out": paths[1::2], "all": paths}.items():
                    if part == "held out" or way != "RapidOCR":
                        false = sum(len(row["plates"]) for row in answers(read, used))
                        row = {"set": name, "part": part, "way": way, "pictures": len(used), "false_plates": false}
                        print(json.dumps(row), flush=True)
    if "clips" in args.only:
        index = [json.loads(line) for line in (plates / "clips" / "index.jsonl").read_text().splitlines()]
        for region in ("auto", "by clip"):
            pred = [
                {"video": clip["clip"], "text": passage.text}
                for clip in index
                for passage in passages_of(
                    plates / "clips" / clip["clip"], reader, region if region == "auto" else clip["region"]
                )
            ]
            print(json.dumps({"set": "clips", "way": f"ours, {region}", **score(args.score, "clips", index, pred)}), flush=True)  # fmt: skip  # noqa: E501
    if "speed" in args.only:
        paths = sorted((plates / "openalpr_us" / "images").iterdir())[1:61:3]
        ways = {"ours, auto": ours(reader, "auto"), **({"RapidOCR": whole} if whole else {})}
        print(json.dumps({"speed": "1280x720, one thread", "pictures": len(paths), **speed(ways, paths)}), flush=True)


if __name__ == "__main__":
    main()
