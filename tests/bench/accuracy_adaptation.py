"""Adaptation: a lot the net has never seen, judged before and after people's labels, on other pictures of that lot.

    python tests/bench/accuracy_adaptation.py DATA [--left-out build/spots-training]

The nets are those of ``python -m tasks.training.spots --data DATA --work build/spots-training ...``, each trained and
calibrated without its lot. Labels come from some of the lot's pictures, judged are all spots of the others: other days
(pklot_ufpr05), the other half of the one morning (pklot_pucpr), other pictures drawn by chance (vsb_ostrava, which has
no times). Labels are drawn in two ways: any spots, or as people correct, 7 of 10 the net's errors as far as there are
so many.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from accuracy_setup import ROOT, Row, Setup, share, table

from parkhub.domain.spot_heads import wins
from parkhub.domain.spots import SpotShape
from parkhub.errors import InvalidInputError
from tasks.vision.adaptation import fit
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.crops import cut, lay
from tasks.vision.engine import decode_for

LOTS = ("vsb_ostrava", "pklot_pucpr", "pklot_ufpr05")
COUNTS = (20, 100, 500)
DRAWS = ("any", "corrections")
SEEDS = 10
ERRORS_SHARE = 0.7
DAY = len("2013-03-19")


@dataclass(frozen=True)
class Lot:
    """Every crop of a lot with its truth, the number of its picture and of its day or of its picture."""

    crops: np.ndarray
    occupied: np.ndarray
    picture: np.ndarray
    day: np.ndarray
    seen: np.ndarray
    """What the net says before any label."""


def read(data: Path, name: str, engine: ClassifierEngine) -> Lot:
    """Cut every spot of a lot's pictures as the product does."""
    folder = data / "parking" / "frames" / name
    frames = sorted(json.loads((folder / "spots.json").read_text()), key=lambda frame: frame["image"])
    days = sorted({frame["image"][:DAY] for frame in frames})
    crops, rows = [], []
    for number, frame in enumerate(frames):
        picture = (folder / frame["image"]).read_bytes()
        height, width = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR).shape[:2]
        spots = [
            SpotShape(str(i), tuple((x / width, y / height) for x, y in spot["polygon"]))
            for i, spot in enumerate(frame["spots"])
        ]
        decoded = decode_for(engine, picture, spots)
        crops.append(cut(decoded, lay(tuple(spots), decoded.shape[1], decoded.shape[0], engine.window)))
        day = days.index(frame["image"][:DAY]) if name == "pklot_ufpr05" else number
        rows += [(spot["occupied"], number, day) for spot in frame["spots"]]
    every = np.concatenate(crops)
    occupied, pictures, groups = np.array(rows).T
    return Lot(every, occupied.astype(bool), pictures, groups, engine.chances(every) >= 0.5)


def labelled_pictures(name: str, lot: Lot, random: np.random.Generator, seed: int) -> np.ndarray:
    """Which spots may be labelled: half of the lot by days, by time or by chance."""
    if name == "pklot_pucpr":
        early = lot.picture <= np.median(lot.picture)
        return early if seed % 2 else ~early
    days = random.permutation(np.unique(lot.day))
    return np.isin(lot.day, days[: (len(days) + 1) // 2])


def draw(lot: Lot, among: np.ndarray, count: int, kind: str, random: np.random.Generator) -> np.ndarray:
    """The indices of ``count`` labels."""
    chosen = random.permutation(np.flatnonzero(among))
    if kind == "any":
        return chosen[:count]
    wrong = lot.seen[chosen] != lot.occupied[chosen]
    errors = chosen[wrong][: round(count * ERRORS_SHARE)]
    return np.concatenate((errors, chosen[~wrong][: count - len(errors)]))


def balanced(said: np.ndarray, truth: np.ndarray) -> float:
    """Balanced accuracy."""
    return float((said[truth].mean() + (~said[~truth]).mean()) / 2)


def judge(lot: Lot, engine: ClassifierEngine, labels: np.ndarray, others: np.ndarray) -> Row | None:
    """One trial: before, after, and what a lot gets that uses the head only if it wins. None: labels were refused."""
    before = balanced(lot.seen[others], lot.occupied[others])
    try:
        head, trial = fit(lot.crops[labels], lot.occupied[labels], lot.day[labels], engine)
    except InvalidInputError:
        return None
    after = balanced(engine.with_head(head).chances(lot.crops[others]) >= 0.5, lot.occupied[others])
    won = wins(trial)
    return {"before": before, "after": after, "won": won, "used": after if won else before}


def of_lot(data: Path, name: str, net: Path, note: Callable[[str], None]) -> list[Row]:
    """The rows of one lot: a draw and a number of labels each."""
    engine = ClassifierEngine(net)
    lot = read(data, name, engine)
    rows = []
    for kind in DRAWS:
        for count in COUNTS:
            note(f"{name}, {count} labels, {kind}")
            trials = []
            for seed in range(SEEDS):
                random = np.random.default_rng(seed)
                among = labelled_pictures(name, lot, random, seed)
                labels = draw(lot, among, count, kind, random)
                trials.append(judge(lot, engine, labels, ~among))
            rows.append({"lot": name, "draw": kind, "labels": count} | _summary([t for t in trials if t]))
    return rows


def _summary(trials: list[Row]) -> Row:
    if not trials:
        return {"trials": 0}
    column = {key: np.array([trial[key] for trial in trials], float) for key in trials[0]}
    return {
        "trials": len(trials),
        "won": int(column["won"].sum()),
        **{key: round(float(column[key].mean()), 4) for key in ("before", "after", "used")},
        **{f"worst_{key}": round(float(column[key].min()), 4) for key in ("before", "after", "used")},
        "worst_loss": round(float((column["used"] - column["before"]).min()), 4),
    }


def measure(setup: Setup) -> Row:
    """Every figure of this section; no rows without the nets."""
    nets = {name: setup.left_out / f"{name}.onnx" for name in LOTS}
    there = {name: net for name, net in nets.items() if net.exists()}
    rows: list[Row] = []
    for name, net in there.items():
        rows += of_lot(setup.data, name, net, lambda text: print(text, file=sys.stderr, flush=True))
    return {"rows": rows}


def page(found: Row) -> list[str]:
    """The section of the page."""
    lines = [
        "## Adaptation to a lot",
        "",
        "Balanced accuracy on pictures of the lot that gave no label, by nets trained without the lot; mean and",
        f"worst of {SEEDS} draws of labels. *Used* is what a lot gets: the fitted head where it won on labels held",
        "back, else the shipped one. *Worst change* is the largest loss by a head that won. Draws with fewer than",
        "four labels of a state are refused and not counted. Labels and judged pictures are of different days on",
        "pklot_ufpr05 only; on the other two they are of the same season or morning, which flatters.",
        "",
    ]
    if not found["rows"]:
        return [*lines, "Not measured: the nets without a lot were not there (`--train`).", ""]
    columns = ("lot", "labels", "drawn", "draws", "before", "fitted", "won", "used", "worst used", "worst change")
    return [*lines, *table(columns, (_cells(row) for row in found["rows"]))]


def _cells(row: Row) -> tuple[object, ...]:
    if not row["trials"]:
        return (row["lot"], row["labels"], row["draw"], 0, *["-"] * 6)
    return (
        row["lot"],
        row["labels"],
        row["draw"],
        row["trials"],
        share(row["before"]),
        share(row["after"]),
        row["won"],
        share(row["used"]),
        share(row["worst_used"]),
        f"{row['worst_loss']:+.3f}",
    )


def main() -> None:
    """Measure and print the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--left-out", type=Path, default=ROOT / "build" / "spots-training", help="nets without a lot")
    args = parser.parse_args()
    print("\n".join(page(measure(Setup(args.data, Path(), args.left_out)))))


if __name__ == "__main__":
    main()
