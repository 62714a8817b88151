"""The pictures the vehicle detector learns from: labelled sets, and car parks whose labels a teacher makes.

Labels have gaps: Open Images marks some of a picture's vehicles, one set knows no kinds, car park frames have none.
What the net that training begins from sees there, looking at two sizes, fills them: surely a vehicle, or not to be
counted either way.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from tasks.training.vehicle_loss import IGNORED, UNKNOWN, decode, overlaps
from tasks.training.vehicle_net import KINDS, VehicleNet, cells

LABELLED = ("highway_tidar", "openimages_vehicles", "atl_traffic", "vehicle_1class_farzad")
FRAMES = ("vsb_ostrava", "pklot_pucpr", "pklot_ufpr05")
GAPS = frozenset({"openimages_vehicles", *FRAMES})  # a vehicle the teacher is sure of is one, though unmarked
LOOKS = (416, 608)
SURE, FAINT = 0.5, 0.1
TILE_PX = 448
Array = np.ndarray[Any, Any]


@dataclass
class Scene:
    """A picture, its boxes (left, top, right, bottom in pixels, N x 4) and their kinds (N)."""

    picture: Array
    boxes: Array
    kinds: Array


@dataclass
class Scenes:
    """What is learnt from, by source."""

    by_source: dict[str, list[Scene]] = field(default_factory=dict)
    digest: Any = field(default_factory=hashlib.sha256)

    def counts(self) -> dict[str, dict[str, int]]:
        """Pictures and boxes of every kind, by source."""
        names = (*KINDS, "kind unknown", "not counted")
        numbers = (*range(len(KINDS)), UNKNOWN, IGNORED)
        return {
            source: {"pictures": len(scenes)}
            | {
                name: sum(int((scene.kinds == number).sum()) for scene in scenes)
                for name, number in zip(names, numbers, strict=True)
            }
            for source, scenes in self.by_source.items()
        }


def read(data: Path, teacher: VehicleNet) -> Scenes:
    """The train splits of all sets, their gaps filled by the teacher."""
    scenes = Scenes()
    for source in (*LABELLED, *FRAMES):
        given = _labelled(data, source, scenes.digest) if source in LABELLED else _frames(data, source, scenes.digest)
        scenes.by_source[source] = filled = [fill(scene, teacher, source in GAPS) for scene in given]
        if source in FRAMES:  # the teacher takes cars seen from a roof for buses
            for scene in filled:
                scene.kinds[scene.kinds > KINDS.index("car")] = UNKNOWN
    return scenes


def fill(scene: Scene, teacher: VehicleNet, gaps: bool) -> Scene:
    """The scene with what the teacher sees beyond the labels, and with its kinds where a label has none."""
    boxes, scores, kinds = look(teacher, scene.picture)
    marked = scene.kinds != IGNORED
    fit = overlaps(torch.from_numpy(boxes), torch.from_numpy(scene.boxes)).numpy()
    for number in np.flatnonzero(scene.kinds == UNKNOWN):
        best = int(fit[:, number].argmax()) if len(fit) else 0
        if len(fit) and fit[best, number] > 0.5 and scores[best] >= SURE:
            scene.kinds[number] = kinds[best]
    new = _covered(boxes, scene.boxes[marked]) < 0.4
    found = np.where(scores >= SURE, kinds, IGNORED) if gaps else np.full(len(kinds), IGNORED)
    return Scene(
        scene.picture,
        np.concatenate((scene.boxes, boxes[new])).astype(np.float32),
        np.concatenate((scene.kinds, found[new])).astype(np.int64),
    )


def look(teacher: VehicleNet, picture: Array) -> tuple[Array, Array, Array]:
    """The teacher's boxes, confidences and kinds over two sizes of the picture, one box a vehicle, surest first."""
    found = [_answers(teacher, picture, side) for side in LOOKS]
    boxes, scores, kinds = (torch.cat(part) for part in zip(*found, strict=True))
    order = scores.argsort(descending=True)[:500]
    boxes, scores, kinds = boxes[order], scores[order], kinds[order]
    same = overlaps(boxes, boxes) > 0.55
    kept: list[int] = []
    gone = torch.zeros(len(boxes), dtype=torch.bool)
    for i in range(len(boxes)):
        if not gone[i]:
            kept.append(i)
            gone |= same[i]
    return boxes[kept].numpy(), scores[kept].numpy(), kinds[kept].numpy()


def letterbox(picture: Array, side: int) -> tuple[Array, float]:
    """The picture in the upper left of a grey square, and its scale there."""
    scale = side / max(picture.shape[:2])
    size = max(1, int(picture.shape[1] * scale)), max(1, int(picture.shape[0] * scale))
    square = np.full((side, side, 3), 114, np.uint8)
    square[: size[1], : size[0]] = cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR)
    return square, scale


def _answers(teacher: VehicleNet, picture: Array, side: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    square, scale = letterbox(picture, side)
    with torch.no_grad():
        rows = teacher(torch.from_numpy(square).permute(2, 0, 1)[None].float())[0]
    scores, kinds = (rows[:, 4:5].sigmoid() * rows[:, 5:].sigmoid()).max(1)
    keep = scores >= FAINT
    boxes = decode(rows, *cells(side, side))[keep] / scale
    height, width = picture.shape[:2]
    limit = torch.tensor([width, height, width, height])
    return torch.minimum(boxes.clamp(min=0), limit), scores[keep], kinds[keep]


def _covered(boxes: Array, by: Array) -> Array:
    """How far each box lies in one of ``by``, or one of those in it: the larger share of the two, 0..1."""
    if not len(by) or not len(boxes):
        return np.zeros(len(boxes))
    low, high = np.maximum(boxes[:, None, :2], by[None, :, :2]), np.minimum(boxes[:, None, 2:], by[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(2)
    area, area_by = (boxes[:, 2:] - boxes[:, :2]).prod(1), (by[:, 2:] - by[:, :2]).prod(1)
    share: Array = (shared / np.maximum(1e-6, np.minimum(area[:, None], area_by[None]))).max(1)
    return share


def _labelled(data: Path, source: str, digest: Any) -> Iterator[Scene]:
    folder = data / "parking" / "vehicles" / source
    for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] != "train":
            continue
        boxes = np.array([box for _, *box in row["boxes"]], np.float32).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        kinds = [KINDS.index(kind) if kind in KINDS else UNKNOWN for kind, *_ in row["boxes"]]
        yield Scene(_read(folder / row["image"], digest), boxes, np.array(kinds, np.int64))


def _frames(data: Path, source: str, digest: Any) -> Iterator[Scene]:
    """Tiles of car park frames; an occupied place is not to be counted unless the teacher sees its vehicle."""
    folder = data / "parking" / "frames" / source
    for row in json.loads((folder / "spots.json").read_text(encoding="utf-8")):
        picture = _read(folder / row["image"], digest)
        taken = [np.array(spot["polygon"], np.float32) for spot in row["spots"] if spot["occupied"]]
        places = np.array([(*polygon.min(0), *polygon.max(0)) for polygon in taken], np.float32).reshape(-1, 4)
        for top in np.linspace(0, picture.shape[0] - TILE_PX, 2).astype(int):
            for left in np.linspace(0, picture.shape[1] - TILE_PX, 3).astype(int):
                tile = picture[top : top + TILE_PX, left : left + TILE_PX].copy()
                boxes = np.clip(places - [left, top, left, top], 0, TILE_PX).astype(np.float32)
                boxes = boxes[(boxes[:, 2:] - boxes[:, :2]).min(1, initial=TILE_PX) > 4]
                yield Scene(tile, boxes, np.full(len(boxes), IGNORED, np.int64))


def _read(path: Path, digest: Any) -> Array:
    data = path.read_bytes()
    digest.update(data)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{path} cannot be read")
    return picture
