"""How well ParkHub sees, measured with its own commands on labelled pictures: ``make accuracy``.

    python tests/bench/accuracy.py --data DATA --score SCORE [--only plates,vehicles] [--sheets DIR]

DATA is the folder of labelled sets, SCORE the scoring program; neither is in this repository. Each section's figures
are kept under build/accuracy, and the page ACCURACY.md is written from all that are there, so that a section can be
run again alone. What was tried and what falls short is in ACCURACY_NOTES.md, written by hand, and joins the page.
No name of a picture and no text of a plate gets into either.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import accuracy_sheets
import onnxruntime
from accuracy_setup import ROOT, Row, Setup

SECTIONS = ("spots", "adaptation", "vehicles", "plates", "clips", "false_plates", "trust")
RESULTS = ROOT / "build" / "accuracy"
HERE = Path(__file__).parent
PAGE, NOTES = HERE / "ACCURACY.md", HERE / "ACCURACY_NOTES.md"


def main() -> None:
    """Measure what was asked for and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--score", type=Path, default=ROOT.parent / "shared" / "eval" / "score.py")
    parser.add_argument(
        "--only", default=",".join(SECTIONS), help=f"sections, by comma: {', '.join(SECTIONS)}; or none"
    )
    parser.add_argument("--left-out", type=Path, default=ROOT / "build" / "spots-training", help="nets without a set")
    parser.add_argument("--train", metavar="PYTHON", help="train the lots' nets first, by a Python that has torch")
    parser.add_argument("--sheets", type=Path, help="write pictures of the worst errors there, outside the repository")
    args = parser.parse_args()
    wanted = [] if args.only == "none" else args.only.split(",")
    if set(wanted) - set(SECTIONS):
        raise SystemExit(f"There is no section {', '.join(set(wanted) - set(SECTIONS))}; choose {', '.join(SECTIONS)}.")
    if args.sheets and args.sheets.resolve().is_relative_to(ROOT):
        raise SystemExit("Sheets show people's plates and others' pictures: choose a folder outside the repository.")
    if args.train:
        train(args.train, args.data, args.left_out)
    wrong = None
    if args.sheets:
        wrong = args.sheets / "wrong"
        wrong.mkdir(parents=True, exist_ok=True)
    setup = Setup(args.data.resolve(), args.score.resolve(), args.left_out.resolve(), wrong)
    RESULTS.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        if find_spec(f"accuracy_{name}") is None:
            print(f"{name}: no such measure yet", file=sys.stderr)
            continue
        start = time.monotonic()
        print(f"{name} …", file=sys.stderr, flush=True)
        figures = importlib.import_module(f"accuracy_{name}").measure(setup)
        kept = {"at": datetime.now(UTC).isoformat(timespec="minutes"), "s": round(time.monotonic() - start)}
        (RESULTS / f"{name}.json").write_text(json.dumps(kept | {"commit": commit(), "figures": figures}, indent=1))
        PAGE.write_text(page(), encoding="utf-8")
        print(f"{name}: {kept['s']} s", file=sys.stderr, flush=True)
    PAGE.write_text(page(), encoding="utf-8")
    if args.sheets:
        accuracy_sheets.write(setup, args.sheets)


def train(python: str, data: Path, out: Path) -> None:
    """The nets of the lots left out, and a shipped one that is thrown away; hours on few cores."""
    command = [python, "-m", "tasks.training.spots", "--data", data, "--out", out / "whole", "--work", out]
    subprocess.run([str(part) for part in command], cwd=ROOT, check=True)


def page() -> str:
    """The whole page from what was kept."""
    kept: dict[str, Row] = {
        name: json.loads((RESULTS / f"{name}.json").read_text())
        for name in SECTIONS
        if (RESULTS / f"{name}.json").exists()
    }
    lines = [
        "# Accuracy",
        "",
        "Written by `make accuracy` (`python tests/bench/accuracy.py --help`); the part after the tables by hand, in",
        "[ACCURACY_NOTES.md](ACCURACY_NOTES.md). The labelled pictures and the scoring program are not in this",
        "repository. Shares are 0 to 1, in brackets the 95 % interval; **bold misses its bar**. How far a figure",
        "can be trusted on lots, vehicles and plates that nobody gave us stands with each table and in the notes.",
        "",
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"ONNX Runtime {onnxruntime.__version__}. Sections were run: "
        + "; ".join(f"{name} {row['at'][:10]} at {row['commit']} in {row['s']} s" for name, row in kept.items())
        + ".",
        "",
    ]
    for name, row in kept.items():
        lines += importlib.import_module(f"accuracy_{name}").page(row["figures"])
    notes = NOTES.read_text(encoding="utf-8") if NOTES.exists() else ""
    return "\n".join(lines) + "\n" + notes


def commit() -> str:
    """What was measured; with a plus where files have changed since."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], check=False, capture_output=True, text=True).stdout
    code = [*git, "status", "--porcelain", "--untracked-files=no", "parkhub", "tasks"]
    changed = subprocess.run(code, check=False, capture_output=True, text=True).stdout
    return head.strip() + ("+" if changed else "")


if __name__ == "__main__":
    main()
