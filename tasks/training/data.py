"""The labelled pictures a classifier learns from: whole frames with polygons, and loose patches."""

import csv
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

LOTS = ("vsb_ostrava", "pklot_pucpr", "pklot_ufpr05")
PATCHES = ("umass_townhall", "devora_topview", "dwivedi_aerial", "minipk_mix")
ROADS = ("atl_traffic", "vehicle_1class_farzad", "openimages_vehicles", "highway_tidar")
MADE = "simulated_camera"
LABELLED = "labelled"
SIDE_MIN_PX = 18
SIDE_MAX_SHARE = 0.6
PICTURES_MAX = 700
PER_PICTURE = 6
COVERED_MAX = 0.12


@dataclass(frozen=True)
class Sample:
    """One spot in one picture: which picture (index), its polygon in pixels, whether a vehicle stands on it."""

    picture: int
    polygon: np.ndarray[Any, Any]
    occupied: bool
    source: str
    loose: bool = False


@dataclass
class DataSet:
    """Pictures and the spots in them; a picture is a list of itself (BGRA) and its halvings, which `warp` adds."""

    levels: list[list[np.ndarray[Any, Any]]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)
    digest: Any = field(default_factory=hashlib.sha256)

    def counts(self) -> dict[str, tuple[int, int]]:
        """Free and occupied samples of each source."""
        found: dict[str, tuple[int, int]] = {}
        for sample in self.samples:
            free, occupied = found.get(sample.source, (0, 0))
            found[sample.source] = (free + (not sample.occupied), occupied + sample.occupied)
        return found

    def add_picture(self, path: Path) -> int:
        """Read one picture, add its bytes to the data's hash, return its index."""
        data = path.read_bytes()
        self.digest.update(data)
        picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
        if picture is None:
            raise ValueError(f"{path} cannot be read")
        self.levels.append([cv2.cvtColor(picture, cv2.COLOR_BGR2BGRA)])
        self.names.append(path.name)
        return len(self.levels) - 1

    def add_frames(self, folder: Path) -> None:
        """Add ``frames/<set>`` with its spots.json."""
        text = (folder / "spots.json").read_bytes()
        self.digest.update(text)
        for frame in json.loads(text):
            index = self.add_picture(folder / frame["image"])
            self.samples += [
                Sample(index, np.array(s["polygon"], np.float32), s["occupied"], folder.name) for s in frame["spots"]
            ]

    def add_made(self, folder: Path) -> None:
        """Add pictures of the simulated camera (`parkhub-node simulate --out`), labelled by the renderer itself."""
        spots = json.loads((folder / "SPOTS.json").read_text())["spots"]
        for line in (folder / "truth.jsonl").read_text().splitlines():
            row = json.loads(line)
            index = self.add_picture(folder / row["image"])
            for spot in spots:
                occupied = row["occupied"][spot["id"]]
                if occupied is not None:
                    self.samples.append(Sample(index, np.array(spot["polygon"], np.float32), occupied, MADE))

    def add_labelled(self, folder: Path) -> None:
        """Add a labelled set as ParkHub's console gives it, unpacked; see its README."""
        self.digest.update((folder / "labels.csv").read_bytes())
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as rows:
            for row in csv.DictReader(rows):
                index = self.add_picture(folder / row["file"])
                height, width = self.levels[index][0].shape[:2]
                polygon = [[float(number) for number in point.split()] for point in row["polygon"].split(";")]
                corners = np.array(polygon, np.float32) * np.float32([width, height])
                self.samples.append(Sample(index, corners, row["state"] == "occupied", LABELLED))

    def add_patches(self, folder: Path) -> None:
        """Add ``patches/<set>/{empty,occupied}``: the whole patch is the spot."""
        for label in ("empty", "occupied"):
            for path in sorted((folder / label).glob("*.jpg")):
                index = self.add_picture(path)
                height, width = self.levels[index][0].shape[:2]
                corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
                self.samples.append(Sample(index, corners, label == "occupied", folder.name, loose=True))

    def add_roads(self, folder: Path, random: np.random.Generator) -> None:
        """Add ``vehicles/<set>``: made-up spots under vehicles and on empty ground, seen by cameras above roads."""
        rows = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
        rows = [row for row in rows if row["split"] != "test"]
        for row in rows[:: -(-len(rows) // PICTURES_MAX)]:
            most = SIDE_MAX_SHARE * min(row["size"])
            sides = [box[1:] for box in row["boxes"] if min(box[3:]) >= SIDE_MIN_PX and max(box[3:]) <= most]
            boxes = np.array(sides, np.float32)
            if not len(boxes):
                continue
            index = self.add_picture(folder / row["image"])
            every = np.array([box[1:] for box in row["boxes"]], np.float32)
            height, width = self.levels[index][0].shape[:2]
            for box in boxes[random.permutation(len(boxes))[:PER_PICTURE]]:
                self.samples.append(Sample(index, _footprint(box, random), True, folder.name))
                for _ in range(8):
                    moved = box.copy()
                    moved[0] = random.uniform(0, width - box[2])
                    moved[1] = np.clip(box[1] + random.normal(0, 0.6) * box[3], 0, height - box[3])
                    ground = _footprint(moved, random)
                    if _covered(ground, every) < COVERED_MAX:
                        self.samples.append(Sample(index, ground, False, folder.name))
                        break
            for _ in range(PER_PICTURE):
                size = random.uniform(SIDE_MIN_PX, 0.4 * min(width, height), 2)
                corner = random.uniform(0, 1, 2) * (np.array([width, height]) - size)
                ground = _footprint(np.concatenate((corner, size)).astype(np.float32), random)
                if _covered(ground, every) < COVERED_MAX:
                    self.samples.append(Sample(index, ground, False, folder.name))


def _footprint(box: np.ndarray[Any, Any], random: np.random.Generator) -> np.ndarray[Any, Any]:
    """A spot as somebody might draw it under a vehicle of this box: its lower part, sheared and widened."""
    x, y, width, height = box
    top = y + height * random.uniform(0.05, 0.5)
    bottom = y + height * random.uniform(0.95, 1.1)
    left, right = x - width * random.uniform(-0.05, 0.2), x + width * random.uniform(0.95, 1.2)
    shear = width * random.normal(0, 0.2)
    return np.array([[left + shear, top], [right + shear, top], [right, bottom], [left, bottom]], np.float32)


def _covered(ground: np.ndarray[Any, Any], boxes: np.ndarray[Any, Any]) -> float:
    """Largest share of the polygon's bounding box under one vehicle box, or of that box over it."""
    low, high = ground.min(axis=0), ground.max(axis=0)
    shared = np.minimum(high, boxes[:, :2] + boxes[:, 2:]) - np.maximum(low, boxes[:, :2])
    area = np.clip(shared, 0, None).prod(axis=1)
    return float((area / np.minimum(np.prod(high - low), boxes[:, 2:].prod(axis=1))).max())


def load(
    data: Path,
    lots: Sequence[str] = LOTS,
    patches: Sequence[str] = PATCHES,
    roads: Sequence[str] = ROADS,
    made: Path | None = None,
    labelled: Sequence[Path] = (),
    seed: int = 0,
) -> DataSet:
    """Everything under ``data/parking`` that may be trained on, the simulated camera's pictures, and labelled sets."""
    random = np.random.default_rng(seed)
    found = DataSet()
    for lot in lots:
        found.add_frames(data / "parking" / "frames" / lot)
    for name in patches:
        found.add_patches(data / "parking" / "patches" / name)
    for name in roads:
        found.add_roads(data / "parking" / "vehicles" / name, random)
    if made is not None:
        found.add_made(made)
    for folder in labelled:
        found.add_labelled(folder)
    return found
