"""Training pictures drawn from scenes: mosaics of four, cut, scaled, mirrored, and seen by a worse camera."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from tasks.training.vehicle_data import Scene, letterbox
from tasks.training.vehicle_loss import IGNORED

Array = np.ndarray[Any, Any]
PADDING = 114
SEEN_MIN = 0.35  # of a box cut by an edge; less is not counted
SIDE_MIN_PX = 3


@dataclass
class Deck:
    """Scenes by source, drawn with a weight for each source; within a source rare kinds as often as common ones."""

    by_source: dict[str, list[Scene]]
    weights: dict[str, float]

    def __post_init__(self) -> None:
        self._sources = list(self.by_source)
        shares = np.array([self.weights[source] for source in self._sources])
        self._shares = shares / shares.sum()
        self._by_kind = {
            source: [
                group
                for group in ([s for s in scenes if (s.kinds == kind).any()] for kind in range(4))
                if len(group) >= 20
            ]
            or [scenes]
            for source, scenes in self.by_source.items()
        }

    def draw(self, random: np.random.Generator) -> Scene:
        """One scene."""
        source = self._sources[random.choice(len(self._sources), p=self._shares)]
        groups = self._by_kind[source]
        group = self.by_source[source] if random.random() < 0.5 else groups[random.integers(len(groups))]
        return group[random.integers(len(group))]


def draw(deck: Deck, side: int, mosaic: float, random: np.random.Generator) -> Scene:
    """One training picture of ``side`` x ``side`` pixels; ``mosaic`` is how probable it is to be made of four."""
    if random.random() < mosaic:
        scene = _mosaic(deck, side, random)
    elif random.random() < 0.5:
        scene = deck.draw(random)
        square, scale = letterbox(scene.picture, side)
        scene = Scene(square, scene.boxes * scale, scene.kinds)
    else:
        scene = _cut(deck.draw(random), side, side, side, (0.5, 1.6), random)
    if random.random() < 0.5:
        boxes = scene.boxes.copy()
        boxes[:, [0, 2]] = side - scene.boxes[:, [2, 0]]
        scene = Scene(scene.picture[:, ::-1], boxes, scene.kinds)
    return Scene(worsen(scene.picture, random), scene.boxes, scene.kinds)


def _mosaic(deck: Deck, side: int, random: np.random.Generator) -> Scene:
    picture = np.full((side, side, 3), PADDING, np.uint8)
    x, y = (int(value) for value in random.uniform(0.3, 0.7, 2) * side)
    boxes, kinds = [], []
    for left, top, right, bottom in ((0, 0, x, y), (x, 0, side, y), (0, y, x, side), (x, y, side, side)):
        part = _cut(deck.draw(random), right - left, bottom - top, side, (0.25, 1.25), random)
        picture[top:bottom, left:right] = part.picture
        boxes.append(part.boxes + np.array([left, top, left, top], np.float32))
        kinds.append(part.kinds)
    return Scene(picture, np.concatenate(boxes), np.concatenate(kinds))


def _cut(
    scene: Scene, width: int, height: int, side: int, scales: tuple[float, float], random: np.random.Generator
) -> Scene:
    """A window of ``width`` x ``height`` on the scene, its longer side brought to ``side`` times a random scale."""
    scale = side / max(scene.picture.shape[:2]) * float(np.exp(random.uniform(*np.log(scales))))
    stretch = float(np.exp(random.uniform(-0.12, 0.12)))
    matrix = np.array([[scale * stretch, 0, 0], [0, scale / stretch, 0]], np.float32)
    for axis, (given, room) in enumerate(((scene.picture.shape[1], width), (scene.picture.shape[0], height))):
        spare = room - given * matrix[axis, axis]
        matrix[axis, 2] = random.uniform(min(0.0, spare), max(0.0, spare))
    shrinks = scale < 0.6
    source = scene.picture
    if shrinks:  # averaging before, or thin things flicker away
        source = cv2.resize(source, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    used = matrix * ([[2, 2, 1], [2, 2, 1]] if shrinks else 1)
    picture = cv2.warpAffine(source, used, (width, height), flags=cv2.INTER_LINEAR, borderValue=(PADDING,) * 3)
    boxes = scene.boxes * np.tile(matrix[[0, 1], [0, 1]], 2) + np.tile(matrix[:, 2], 2)
    cut = np.clip(boxes, 0, [width, height, width, height])
    sides = cut[:, 2:] - cut[:, :2]
    seen = sides.prod(1) / np.maximum(1e-6, (boxes[:, 2:] - boxes[:, :2]).prod(1))
    kinds = np.where((seen < SEEN_MIN) | (sides.min(1, initial=side) < SIDE_MIN_PX), IGNORED, scene.kinds)
    there = sides.min(1, initial=side) > 0.5
    return Scene(picture, cut[there].astype(np.float32), kinds[there])


def worsen(picture: Array, random: np.random.Generator) -> Array:
    """Other light and colours, and now and then night, blur, a small sensor or strong JPEG compression."""
    gain = random.uniform(-1, 1, 3) * (0.015, 0.5, 0.35) + (0, 1, 1)
    hue, saturation, value = cv2.split(cv2.cvtColor(picture, cv2.COLOR_BGR2HSV))
    steps = np.arange(256, dtype=np.float32)
    gamma = float(np.exp(random.normal(0, 0.25)))
    dark = random.uniform(0.25, 0.6) if random.random() < 0.1 else 1.0
    bright = np.clip((steps / 255) ** gamma * 255 * gain[2] * dark, 0, 255).astype(np.uint8)
    hue = cv2.LUT(hue, ((steps + (gain[0] - 0) * 180) % 180).astype(np.uint8))
    saturation = cv2.LUT(saturation, np.clip(steps * gain[1], 0, 255).astype(np.uint8))
    picture = cv2.cvtColor(cv2.merge((hue, saturation, cv2.LUT(value, bright))), cv2.COLOR_HSV2BGR)
    if random.random() < 0.06:
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    if random.random() < 0.12:
        picture = cv2.GaussianBlur(picture, (0, 0), random.uniform(0.5, 1.6))
    if random.random() < 0.08:
        small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        picture = cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    if dark < 1 or random.random() < 0.08:
        noise = random.normal(0, random.uniform(2, 10), picture.shape[:2]).astype(np.float32)[..., None]
        picture = np.clip(picture + noise, 0, 255).astype(np.uint8)
    if random.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 80))]
        picture = cv2.imdecode(cv2.imencode(".jpg", picture, quality)[1], cv2.IMREAD_COLOR)
    return picture
