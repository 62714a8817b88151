"""What turns a spot unknown: real pictures shrunk, darkened, blown out or covered by known amounts.

A part of `accuracy_spots`. Each lot's pictures are judged by the net that never saw it, as single pictures: what a
camera's earlier pictures tell of a cover is measured with the pictures that cannot be trusted.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from accuracy_setup import Row, Setup, share, table
from trust_cases import jpeg, noisy

from parkhub.domain.spots import SpotShape, SpotState
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.picture import Picture, decode

PICTURES = 8
"""Of each lot, evenly over the order of their names."""

Change = Callable[[Picture, list[np.ndarray], np.random.Generator], Picture]


def shrunk(side_px: int) -> Change:
    """As far away as makes the middle spot's longer side so long."""

    def change(picture: Picture, polygons: list[np.ndarray], _: np.random.Generator) -> Picture:
        side = float(np.median([np.ptp(polygon, axis=0).max() for polygon in polygons]))
        scale = min(1.0, side_px / side)
        return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

    return change


def light(gain: float) -> Change:
    """So many times the light, on a sensor with a noise of one level."""
    return lambda picture, _, rng: noisy(picture * float(gain), 1.0, rng)


def covered(picture: Picture, polygons: list[np.ndarray], rng: np.random.Generator) -> Picture:
    """A plain grainy board before every place, somewhat larger than it."""
    made = picture.copy()
    for polygon in polygons:
        middle, half = polygon.mean(axis=0), np.ptp(polygon, axis=0) * 0.55
        low, high = (np.clip(middle + way * half, 0, picture.shape[1::-1]).astype(int) for way in (-1, 1))
        size = (*(high - low)[::-1], 3)
        board = rng.uniform(30, 200) + rng.normal(0, 1.5, size)
        made[low[1] : high[1], low[0] : high[0]] = board.clip(0, 255).astype(np.uint8)
    return made


CASES: dict[str, Change] = {
    "as it is": lambda picture, _, __: picture,
    **{f"spots of {side} px": shrunk(side) for side in (24, 16, 12, 8)},
    **{f"light x {gain}": light(gain) for gain in (0.2, 0.1, 0.05, 0.02, 0.01, 3, 8, 20)},
    "a board before every place": covered,
}


def measure(setup: Setup, lots: tuple[str, ...]) -> dict[str, Row]:
    """By case: spots, share of them that is unknown, and balanced accuracy of the others."""
    seen: dict[str, list[tuple[SpotState, bool]]] = defaultdict(list)
    for lot in lots:
        engine = ClassifierEngine(setup.left_out / f"{lot}.onnx")
        for picture, polygons, truth in _pictures(setup.data / "parking" / "frames" / lot):
            for name, change in CASES.items():
                made = jpeg(change(picture, polygons, np.random.default_rng(len(seen[name]))))
                looked = engine.look(made, _shapes(polygons, picture)).observations
                seen[name] += [(o.state, occupied) for o, occupied in zip(looked, truth, strict=True)]
    return {name: _row(rows) for name, rows in seen.items()}


def page(found: dict[str, Row]) -> list[str]:
    """The table and what it says."""
    if not found:
        return []
    return [
        f"What turns a spot unknown: {PICTURES} pictures of each lot, changed, judged one by one by the net that never",
        "saw the lot. Balanced accuracy is that of the spots still answered.",
        "",
        *table(
            ["case", "spots", "unknown", "balanced accuracy of the rest"],
            [(name, row["spots"], share(row["unknown"]), share(row["balanced"])) for name, row in found.items()],
        ),
    ]


def _pictures(folder: Path) -> Iterator[tuple[Picture, list[np.ndarray], list[bool]]]:
    rows = sorted(json.loads((folder / "spots.json").read_text()), key=lambda row: row["image"])
    for index in np.linspace(0, len(rows) - 1, PICTURES).round().astype(int):
        spots = rows[index]["spots"]
        polygons = [np.array(spot["polygon"], np.float64) for spot in spots]
        yield decode((folder / rows[index]["image"]).read_bytes()), polygons, [spot["occupied"] for spot in spots]


def _shapes(polygons: list[np.ndarray], picture: Picture) -> list[SpotShape]:
    size = np.array(picture.shape[1::-1])
    return [SpotShape(str(i), tuple(map(tuple, (polygon / size).tolist()))) for i, polygon in enumerate(polygons)]


def _row(seen: list[tuple[SpotState, bool]]) -> Row:
    answered = [(state is SpotState.OCCUPIED, occupied) for state, occupied in seen if state is not SpotState.UNKNOWN]
    recalls = [
        float(np.mean([said == truth for said, truth in answered if truth is wanted])) if answered else None
        for wanted in (True, False)
        if not answered or any(truth is wanted for _, truth in answered)
    ]
    balanced = None if None in recalls or len(recalls) < 2 else round(sum(filter(None, recalls)) / 2, 4)
    return {"spots": len(seen), "unknown": round(1 - len(answered) / len(seen), 4), "balanced": balanced}
