"""Pictures that cannot be trusted: what is detected of faults made on real pictures, and what is flagged without one.

Alone: ``python tests/bench/accuracy_trust.py DATA``; DATA is the folder of labelled sets.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import trust_cases as cases
from accuracy_setup import Row
from trust_frozen import frozen
from trust_page import page as page
from trust_quiet import frames_of, quiet

from parkhub.domain.spots import SpotShape, SpotState
from parkhub.domain.trust import Trouble
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.picture import Picture, decode
from tasks.vision.trust import Inspection, hidden_spots, inspect, look_with_trust

SETS = ("pklot_ufpr05", "pklot_pucpr", "vsb_ostrava")
VIDEOS = ("parking_1280x720", "parking_crop_380x452")
PAIRS, TURNS = 8, 32
MOVES = (0.0, 0.005, 0.01, 0.02, 0.04)
FAR = (0.15, 0.3)
BLURS = (2, 3, 4, 6, 10)
MILD = (2, 3)
SHARES = (0.2, 0.4, 0.6, 0.9)
THIN = ("spray", "web")
SHUFFLES = 4


class Lot:
    """One set's pictures in the order of their names, with the truth about its spots."""

    def __init__(self, folder: Path) -> None:
        rows = sorted(json.loads((folder / "spots.json").read_text()), key=lambda row: row["image"])
        self.names = [Path(row["image"]).stem for row in rows]
        self.pictures = [decode((folder / row["image"]).read_bytes()) for row in rows]
        self.truth = [[(spot["polygon"], spot["occupied"]) for spot in row["spots"]] for row in rows]

    def pairs(self, rng: np.random.Generator, count: int) -> Iterator[tuple[int, int]]:
        """A reference and another picture of the same day, where names tell days: PKLot's cameras did move between."""
        for _ in range(count):
            first = int(rng.integers(len(self.names)))
            day = self.names[first][:10] if self.names[first][:2] == "20" else ""
            others = [n for n, name in enumerate(self.names) if name.startswith(day) and n != first]
            yield first, int(rng.choice(others))

    def at(self, number: int) -> datetime:
        """When a picture was taken; ten minutes after the last one where nobody knows."""
        name = self.names[number]
        if name[:2] == "20":
            return datetime.strptime(name, "%Y-%m-%d_%H_%M_%S").replace(tzinfo=UTC)
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=10 * number)


def measure(setup: Any) -> Row:
    """Every figure of this section. ``setup.data``: the folder of labelled sets."""
    cv2.setNumThreads(1)
    found: Row = {"made": {}, "moves": {}, "quiet": {}}
    frames = setup.data / "parking" / "frames"
    for name in SETS:
        lot = Lot(frames / name)
        stranger = decode(next((frames / SETS[SETS.index(name) - 1]).glob("*.jpg")).read_bytes())
        found["made"][name] = made(lot, stranger)
        found["moves"][name] = {str(share): moves(lot, share) for share in MOVES}
        found["quiet"][name] = quiet((lot.at(n), picture) for n, picture in enumerate(lot.pictures))
        for seed in range(SHUFFLES):
            order = np.random.default_rng(seed).permutation(len(lot.names))
            mixed = ((lot.at(n), lot.pictures[order[n]]) for n in range(len(order)))
            found["quiet"][f"{name}, shuffled {seed + 1}"] = quiet(mixed)
    for name in VIDEOS:
        for step in (1, 30):
            film = setup.data / "parking" / "videos" / f"{name}.mp4"
            found["quiet"][f"{name}, every {step}"] = quiet(frames_of(film, step))
    return found


def made(lot: Lot, stranger: Picture) -> Row:
    """Of made faults, by kind and severity: how many were named so, how many were flagged at all, of how many."""
    rng = np.random.default_rng(7)
    tally: dict[str, Counter[str]] = {}
    hidden: dict[str, list[float]] = {}
    right: dict[str, Counter[tuple[bool, bool]]] = {}

    def note(kind: str, wanted: Trouble | None, got: Inspection) -> None:
        counts = tally.setdefault(kind, Counter())
        counts["right"] += got.trouble is wanted
        counts["flagged"] += got.trouble is not None
        counts["of"] += 1

    for first, second in lot.pairs(rng, PAIRS):
        memory = inspect(cases.seen(lot.pictures[first]), None).memory
        picture = cases.seen(lot.pictures[second])

        def see(case: Picture, memory: bytes = memory) -> Inspection:
            return inspect(cases.jpeg(case), memory)

        def read(kind: str, case: Picture, got: Inspection, number: int = second) -> None:
            if got.trouble is None:
                right.setdefault(kind, Counter()).update(_answers(lot, number, cases.jpeg(case), got))

        note("none", None, see(picture))
        read("none", picture, see(picture))
        for kind, make in cases.DARK.items():
            note(f"dark: {kind}", Trouble.DARK, see(make(picture, rng)))
        for kind, make in cases.BLOWN.items():
            note(f"blown: {kind}", Trouble.BLOWN, see(make(picture, rng)))
        for sigma in BLURS:
            case = cases.blurred(picture, sigma, rng)
            note(f"blurred: {sigma} px", Trouble.BLURRED, see(case))
            if sigma in MILD:
                read(f"blurred: {sigma} px", case, see(case))
        for kind in cases.COVERS:
            for share in SHARES:
                case, mask = cases.covered(picture, kind, share, rng)
                got = see(case)
                note(f"blocked: {kind} {share:.0%}", Trouble.BLOCKED, got)
                if kind in THIN or share == SHARES[0]:
                    read(f"{kind} {share:.0%}", case, got)
                if share == SHARES[0]:
                    hidden.setdefault(kind, []).extend(_blindness(lot, second, mask, got))
        for far in FAR:
            note(f"moved: {far:.0%}", Trouble.MOVED, see(cases.seen(lot.pictures[second], far_turn(picture, far, rng))))
        note("moved: another place", Trouble.MOVED, see(cases.seen(stranger)))
    spots = {
        kind: [float(np.mean(part)) for part in zip(*pairs, strict=True)] for kind, pairs in _split(hidden).items()
    }
    faults = {kind: dict(counts) for kind, counts in tally.items()} | frozen(lot.pictures, rng)
    believed = {kind: _balanced(counts) for kind, counts in right.items()}
    return {"pairs": PAIRS, "faults": faults, "hidden_spots": spots, "believed": believed}


def _split(hidden: dict[str, list[float]]) -> dict[str, list[tuple[float, float]]]:
    return {kind: list(zip(values[::2], values[1::2], strict=True)) for kind, values in hidden.items() if values}


def _blindness(lot: Lot, number: int, mask: np.ndarray, got: Inspection) -> list[float]:
    """Share of the spots under a partial cover that turn unknown, and of the open ones that do."""
    spots = shapes(lot, number)
    named = {spot.name for spot, _ in spots}
    blocked = got.trouble is not None
    unknown = named if blocked else hidden_spots([spot for spot, _ in spots], got.blind)
    height, width = mask.shape
    under, open_ = [], []
    for spot, _ in spots:
        drawn = np.zeros(mask.shape, np.uint8)
        cv2.fillPoly(drawn, [np.round(np.array(spot.polygon) * (width, height)).astype(np.int32)], 1)
        share = mask[drawn == 1].mean() if drawn.any() else 0.0
        if share > 0.8:
            under.append(spot.name in unknown)
        elif share == 0:
            open_.append(spot.name in unknown)
    return [float(np.mean(under)), float(np.mean(open_))] if under and open_ else []


def far_turn(picture: Picture, share: float, rng: np.random.Generator) -> np.ndarray:
    """A turn by far, of a camera that sees ``picture``."""
    return cases.turn(picture.shape[1::-1], share, rng)


def shapes(lot: Lot, number: int) -> list[tuple[SpotShape, bool]]:
    """The spots as marked on what the made camera sees, those in view, with their truth."""
    inner, (width, height) = cases.window(lot.pictures[number])
    found = []
    for n, (polygon, occupied) in enumerate(lot.truth[number]):
        points = (np.array(polygon) - inner[:2, 2]) / (width, height)
        if (points.mean(axis=0) > 0.09).all() and (points.mean(axis=0) < 0.91).all():
            found.append((SpotShape(str(n), tuple((float(x), float(y)) for x, y in points)), occupied))
    return found


ENGINE = ClassifierEngine()


def moves(lot: Lot, share: float) -> Row:
    """A camera turned by a share of the width: error of the alignment, and the classifier's balanced accuracy."""
    rng = np.random.default_rng(11)
    errors, outcome = [], Counter[str]()
    right: dict[str, Counter[tuple[bool, bool]]] = {"still": Counter(), "left": Counter(), "aligned": Counter()}
    for first, second in lot.pairs(rng, TURNS):
        memory = inspect(cases.seen(lot.pictures[first]), None).memory
        picture = lot.pictures[second]
        before = cases.seen(picture)
        moved = cases.turn(before.shape[1::-1], share, rng) if share else np.eye(3)
        after = cases.jpeg(cases.seen(picture, moved), 92)
        got = inspect(after, memory)
        outcome[str(got.trouble or "none")] += 1
        if got.trouble is None:
            errors.append(_error(got, moved, after))
        plain = Inspection(None, None, b"")
        for way, case, sight in (("still", before, plain), ("left", after, plain), ("aligned", after, got)):
            right[way].update(_answers(lot, second, case, sight))
    return {
        "outcome": dict(outcome),
        "error_px": [round(float(q), 2) for q in np.quantile(errors, (0.5, 0.9))] if errors else None,
        "balanced": {way: _balanced(counts) for way, counts in right.items()},
    }


def _answers(lot: Lot, number: int, case: Picture, sight: Inspection) -> Iterator[tuple[bool, bool]]:
    """Of every spot in view that is not said to be hidden: whether it is taken, and whether that was seen."""
    spots = shapes(lot, number)
    hidden = hidden_spots([spot for spot, _ in spots], sight.blind)
    look = look_with_trust(ENGINE, case, [spot for spot, _ in spots], None, sight)
    for seen, (spot, occupied) in zip(look.observations, spots, strict=True):
        if spot.name not in hidden:
            yield occupied, seen.state is (SpotState.OCCUPIED if occupied else SpotState.FREE)


def _error(got: Inspection, moved: np.ndarray, picture: Picture) -> float:
    """Mean distance of the aligned from the true places, in pixels of a picture 1280 wide."""
    height, width = picture.shape[:2]
    grid = np.array([(x, y) for x in np.linspace(0.1, 0.9, 7) for y in np.linspace(0.1, 0.9, 5)])[:, None]
    told = np.eye(3) if got.shift is None else np.reshape(got.shift, (3, 3))
    scale = np.array([width, height])
    true = cv2.perspectiveTransform(grid * scale, moved) / scale
    away = (cv2.perspectiveTransform(grid, told) - true) * (1280, 1280 * height / width)
    return float(np.linalg.norm(away, axis=2).mean())


def _balanced(counts: Counter[tuple[bool, bool]]) -> float | None:
    """None where no spot is free, or none is taken."""
    totals = [counts[truth, True] + counts[truth, False] for truth in (False, True)]
    if not all(totals):
        return None
    shares = [counts[truth, True] / total for truth, total in zip((False, True), totals, strict=True)]
    return round(float(np.mean(shares)), 4)


if __name__ == "__main__":
    from types import SimpleNamespace

    print("\n".join(page(measure(SimpleNamespace(data=Path(sys.argv[1]))))))
