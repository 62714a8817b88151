"""Contact sheets of wrong cases, to be looked at on this machine: what was true, what was answered.

They show plates and others' pictures, so they are never written into the repository.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from accuracy_setup import Row, Setup, read_jsonl

TILE, CAPTION, COLUMNS, TILES_MAX = (320, 240), 28, 6, 48


def write(setup: Setup, folder: Path) -> None:
    """One sheet for every file of wrong cases under ``folder``/wrong."""
    pictures = {path.name: path for path in setup.data.rglob("*.jpg") if "patches" not in path.parts}
    for file in sorted((folder / "wrong").glob("*.jsonl")):
        tiles = [tile for case in _worst(read_jsonl(file)) for tile in _tile(setup, file.stem, case, pictures)]
        if tiles:
            path = folder / f"{file.stem}.png"
            cv2.imwrite(str(path), _sheet(tiles[:TILES_MAX]))
            print(f"{path}: {len(tiles)} of {len(read_jsonl(file))} wrong cases")


def _worst(cases: list[Row]) -> list[Row]:
    return sorted(cases, key=lambda case: -abs(case.get("count_off_by", 0)))[: 2 * TILES_MAX]


def _tile(setup: Setup, name: str, case: Row, pictures: dict[str, Path]) -> Iterator[np.ndarray]:
    path = pictures.get(case.get("image", ""))
    if path is None:
        return
    picture = cv2.imread(str(path))
    if "count_off_by" in case:
        said = f"{case['kind']}: {case['count_off_by']:+d}"
    elif "id" in case:
        said, picture = f"{case['truth']} seen {case['state']}", _spot(path, picture, int(case["id"]))
    else:
        said, picture = f"{'/'.join(case['truth'])} read {'/'.join(case['returned'][:2])}", _plate(path, picture)
    yield _captioned(picture, said)


def _spot(path: Path, picture: np.ndarray, number: int) -> np.ndarray:
    frames = json.loads((path.parent / "spots.json").read_text())
    (frame,) = [frame for frame in frames if Path(frame["image"]).name == path.name]
    polygon = np.array(frame["spots"][number]["polygon"])
    cv2.polylines(picture, [polygon.astype(int)], True, (0, 255, 255), 1)
    return _around(picture, *polygon.min(axis=0), *np.ptp(polygon, axis=0), room=1.0)


def _plate(path: Path, picture: np.ndarray) -> np.ndarray:
    rows = [row for row in read_jsonl(path.parents[1] / "index.jsonl") if Path(row["image"]).name == path.name]
    boxes = [row["bbox"] for row in rows if row["bbox"]]
    return _around(picture, *boxes[0], room=0.3) if boxes else picture


def _around(picture: np.ndarray, x: float, y: float, width: float, height: float, room: float) -> np.ndarray:
    rows = slice(max(0, int(y - room * height)), int(y + (1 + room) * height) + 1)
    return picture[rows, max(0, int(x - room * width)) : int(x + (1 + room) * width) + 1]


def _captioned(picture: np.ndarray, said: str) -> np.ndarray:
    scale = min(TILE[0] / picture.shape[1], TILE[1] / picture.shape[0])
    sides = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
    tile = np.full((TILE[1] + CAPTION, TILE[0], 3), 40, np.uint8)
    tile[: sides[1], : sides[0]] = cv2.resize(picture, sides, interpolation=cv2.INTER_AREA)
    cv2.putText(tile, said[:40], (4, TILE[1] + 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return tile


def _sheet(tiles: list[np.ndarray]) -> np.ndarray:
    empty = np.full_like(tiles[0], 40)
    padded = tiles + [empty] * (-len(tiles) % COLUMNS)
    return np.vstack([np.hstack(padded[i : i + COLUMNS]) for i in range(0, len(padded), COLUMNS)])
