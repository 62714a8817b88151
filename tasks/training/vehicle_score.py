"""How well a detector's file finds the vehicles of pictures kept out of training, through the product's own finder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from parkhub.domain.vehicles import Vehicle
from tasks.training.vehicle_loss import overlaps
from tasks.training.vehicle_net import KINDS
from tasks.vision.vehicles.finder import open_finder

JUDGES = {
    "highway_tidar": ("valid",),
    "openimages_vehicles": ("valid",),
    "atl_traffic": ("valid", "test"),
    "vehicle_1class_farzad": ("train",),
}
COUNT_FROM = 0.3
Boxes = np.ndarray[Any, Any]


def measure(model: Path, data: Path) -> dict[str, dict[str, Any]]:
    """Average precision (IoU 0.5) by set and kind, of any kind, and how far a picture's count is off."""
    finder = open_finder(model)
    figures: dict[str, dict[str, Any]] = {}
    for source, splits in JUDGES.items():
        rows = list(_rows(data / "parking" / "vehicles" / source, splits))
        found = [finder.find(picture) for picture, _ in rows]
        truth = [boxes for _, boxes in rows]
        by_kind = {
            kind: average_precision([_of(boxes, kind) for boxes in truth], [_seen(v, kind) for v in found])
            for kind in KINDS
            if any(given == kind for boxes in truth for given, *_ in boxes)
        }
        counted = [sum(v.confidence >= COUNT_FROM for v in seen) for seen in found]
        figures[source] = {
            "pictures": len(rows),
            "ap50": by_kind,
            "ap50_mean": round(float(np.mean(list(by_kind.values()))), 4) if by_kind else None,
            "ap50_any_kind": average_precision([_of(b, None) for b in truth], [_seen(v, None) for v in found]),
            "count_error": round(float(np.mean([abs(n - len(b)) for n, b in zip(counted, truth, strict=True)])), 3),
        }
    return figures


def average_precision(truth: list[Boxes], found: list[tuple[Boxes, Boxes]]) -> float:
    """Area under the precision envelope, all points; by picture the boxes (N x 4) and what was found (boxes, scores).

    Surest first over all pictures, a box is right when the best of the vehicles not yet found overlaps it by half.
    """
    left = [torch.from_numpy(boxes) for boxes in truth]
    answers = sorted(
        ((-score, i, box) for i, (boxes, scores) in enumerate(found) for box, score in zip(boxes, scores, strict=True)),
        key=lambda answer: answer[0],
    )
    hits = np.zeros(len(answers))
    for number, (_, i, box) in enumerate(answers):
        if not len(left[i]):
            continue
        fit, best = overlaps(torch.from_numpy(box)[None], left[i])[0].max(0)
        if fit >= 0.5:
            hits[number] = 1
            left[i] = torch.cat((left[i][:best], left[i][best + 1 :]))
    right = np.cumsum(hits)
    precision = right / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    recall = right / max(1, sum(map(len, truth)))
    return round(float((envelope * np.diff(recall, prepend=0.0)).sum()), 4)


def _rows(folder: Path, splits: tuple[str, ...]) -> Iterator[tuple[Any, list[list[Any]]]]:
    for line in (folder / "index.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["split"] in splits:
            yield cv2.imread(str(folder / row["image"])), row["boxes"]


def _of(boxes: list[list[Any]], kind: str | None) -> Boxes:
    return _corners([box for given, *box in boxes if kind in (given, None)])


def _seen(found: list[Vehicle], kind: str | None) -> tuple[Boxes, Boxes]:
    seen = [v for v in found if kind in (str(v.kind), None)]
    return _corners([list(v.box) for v in seen]), np.array([v.confidence for v in seen])


def _corners(boxes: list[list[float]]) -> Boxes:
    corners = np.array(boxes, np.float64).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return corners
