"""Pictures to train the plate finder on: cuts of given pictures, given plates pasted, plates drawn, and none.

Boxes are left, top, right, bottom in pixels of the cut. Every draw comes from one seeded generator.
"""

import json
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from tasks.training.plate_boards import put_up
from tasks.training.plate_fonts import Fonts

Array = np.ndarray[Any, Any]

SCENES = ("openalpr_eu", "openalpr_us", "openalpr_br", "tudelft_nl", "romania_night")
BACKGROUNDS = ("frames/pklot_pucpr", "frames/pklot_ufpr05", "frames/vsb_ostrava", "vehicles/atl_traffic/images")
PLATES = "openalpr_us_crops"
SIDE_PX = 256
LETTERED = 0.6
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX)


@dataclass(frozen=True)
class Scene:
    """One given picture and its plates, N x 4."""

    picture: Array
    boxes: Array


@dataclass(frozen=True)
class Given:
    """All that is read from the data: what is used for training."""

    scenes: dict[str, list[Scene]]
    plates: list[Array]
    backgrounds: list[Array]


def tuning_half(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Names of the even-numbered pictures; stills of one clip stay on one side."""
    names = sorted({row["image"] for row in rows})
    clips = {row["image"]: row.get("clip") or row["image"] for row in rows}
    order = {clip: number for number, clip in enumerate(sorted(set(clips.values())))}
    return [name for name in names if order[clips[name]] % 2 == 0]


def read(data: Path, *, everything: bool = False) -> Given:
    """The even-numbered pictures of every set, or all; UCSD's are never read."""
    scenes: dict[str, list[Scene]] = {}
    for name in SCENES:
        folder = data / "plates" / name
        rows = [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]
        wanted = sorted({row["image"] for row in rows}) if everything else tuning_half(rows)
        for image in wanted:
            boxes = np.array([row["bbox"] for row in rows if row["image"] == image], np.float32)
            boxes[:, 2:] += boxes[:, :2]
            scenes.setdefault(name, []).append(Scene(_load(folder / image), boxes))
    plates = [_load(path) for path in sorted((data / "plates" / PLATES).glob("images/*"))]
    paths = [p for name in BACKGROUNDS for p in sorted((data / "parking" / name).glob("*.jpg"))[::2]]
    return Given(scenes, plates, [_load(path) for path in paths])


def _load(path: Path) -> Array:
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(path)
    scale = 1280 / max(picture.shape[:2])
    return picture if scale >= 1 else np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=3))


def draw(given: Given, random: Generator, fonts: Fonts | None = None) -> tuple[Array, Array]:
    """One cut of `SIDE_PX` a side and its boxes; with fonts, most have boards and lettering in any font beside."""
    kind = random.random()
    if kind < 0.6:
        names = list(given.scenes)
        scenes = given.scenes[names[random.integers(len(names))]]
        picture, boxes = _cut(scenes[random.integers(len(scenes))], random)
    else:
        source = given.backgrounds[random.integers(len(given.backgrounds))]
        picture, boxes = _cut(Scene(source, np.zeros((0, 4), np.float32)), random)
        if random.random() < 0.3:
            picture = _lettering(picture, random)
        if kind < 0.9:
            picture, boxes = _paste(picture, _plate(given, random), random)
    if random.random() < 0.1:
        picture = _lettering(picture, random, overlay=True)
    if fonts and random.random() < LETTERED:
        picture = put_up(picture, boxes, fonts, random)
    return _weather(picture, random), boxes


def _cut(scene: Scene, random: Generator) -> tuple[Array, Array]:
    """A turned, scaled window, mostly with one of the plates in it, 22 to 150 px wide."""
    height, width = scene.picture.shape[:2]
    if len(scene.boxes):
        left, top, right, bottom = scene.boxes[random.integers(len(scene.boxes))]
        scale = np.exp(random.uniform(np.log(22), np.log(150))) / (right - left)
        scale = float(np.clip(scale, 0.12, 2.5))
        at = np.array([(left + right) / 2, (top + bottom) / 2])
        if random.random() < 0.25:
            at = np.array([random.uniform(0, width), random.uniform(0, height)])
    else:
        scale = float(random.uniform(0.4, 1.3))
        at = np.array([random.uniform(0.1, 0.9) * width, random.uniform(0.1, 0.9) * height])
    angle = np.radians(random.normal(0, 4))
    shear = random.normal(0, 0.06)
    stretch = np.exp(random.normal(0, 0.08))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, shear], [0, 1]]) @ np.diag([scale * stretch, scale])
    goal = random.uniform(0.15, 0.85, 2) * SIDE_PX
    affine = np.column_stack([matrix, goal - matrix @ at])
    source = scene.picture
    if scale < 0.5:
        source = cv2.blur(source, (int(1 / scale),) * 2)
    cut = cv2.warpAffine(source, affine, (SIDE_PX, SIDE_PX), borderMode=cv2.BORDER_CONSTANT, borderValue=(114,) * 3)
    boxes = []
    for left, top, right, bottom in scene.boxes:
        corners = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]]) @ affine.T
        middle = corners.mean(axis=0)
        # of a turned box the axis-parallel one of the same area is nearer to what a label would say
        half = (np.linalg.norm(matrix[:, 0]) * (right - left) / 2, np.linalg.norm(matrix[:, 1]) * (bottom - top) / 2)
        boxes.append([*(middle - half), *(middle + half)])
    return cut, _inside(np.array(boxes, np.float32).reshape(-1, 4))


def _inside(boxes: Array) -> Array:
    clipped = np.clip(boxes, 0, SIDE_PX)
    area, left = (boxes[:, 2:] - boxes[:, :2]).prod(1), (clipped[:, 2:] - clipped[:, :2]).prod(1)
    return np.asarray(clipped[left > 0.6 * np.maximum(area, 1)])


def _plate(given: Given, random: Generator) -> Array:
    if random.random() < 0.4:
        return given.plates[random.integers(len(given.plates))]
    return draw_plate(random)


def draw_plate(random: Generator) -> Array:
    """A made-up plate of no country in particular: long, two-line or square, light or dark, some with a blue band."""
    two = random.random() < 0.25
    width, height = (280, 200) if two else (int(random.uniform(330, 520)), 110)
    ground, ink = _colours(random)
    plate = np.full((height, width, 3), ground, np.uint8)
    start = 8
    if random.random() < 0.5:
        cv2.rectangle(plate, (0, 0), (int(height * (0.2 if two else 0.38)), height), (150, 60, 10), -1)
        start = int(height * (0.22 if two else 0.42))
    lines = 2 if two else 1
    for line in range(lines):
        text = "".join(random.choice(list(string.ascii_uppercase + string.digits * 2), random.integers(4, 8)))
        if random.random() < 0.6:
            cut = int(random.integers(2, 4))
            text = text[:cut] + str(random.choice(["-", " ", "."])) + text[cut:]
        font = _FONTS[random.integers(len(_FONTS))]
        thick = int(random.integers(4, 9))
        (w, h), _ = cv2.getTextSize(text, font, 2.0, thick)
        ink_plate = np.full((h + 24, w + 12, 3), ground, np.uint8)
        cv2.putText(ink_plate, text, (6, h + 10), font, 2.0, ink, thick, cv2.LINE_AA)
        room = (width - start - 8, height // lines - 14)
        top = 7 + line * (height // lines)
        plate[top : top + room[1], start : start + room[0]] = cv2.resize(ink_plate, room, interpolation=cv2.INTER_AREA)
    if random.random() < 0.7:
        cv2.rectangle(plate, (1, 1), (width - 2, height - 2), ink, int(random.integers(1, 6)))
    return plate


def _colours(random: Generator) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    grounds = [(235, 235, 235), (60, 200, 240), (200, 200, 200), (245, 235, 220), (30, 30, 30), (150, 70, 30)]
    number = int(random.choice(len(grounds), p=[0.45, 0.2, 0.15, 0.1, 0.05, 0.05]))
    dark = number >= 4
    ink = (235, 235, 235) if dark else [(20, 20, 20), (120, 40, 20), (30, 30, 150), (40, 80, 20)][random.integers(4)]
    jitter = random.integers(-15, 16, 3)
    ground = tuple(int(np.clip(c + j, 0, 255)) for c, j in zip(grounds[number], jitter, strict=True))
    return ground, ink  # type: ignore[return-value]


def _paste(picture: Array, plate: Array, random: Generator) -> tuple[Array, Array]:
    """The plate somewhere on the picture, at an angle, as dark as what is there."""
    width = float(np.exp(random.uniform(np.log(24), np.log(150))))
    height = width * plate.shape[0] / plate.shape[1] * random.uniform(0.85, 1.1)
    at = random.uniform(0.2, 0.8, 2) * SIDE_PX
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2] + at
    corners += random.normal(0, 0.06, (4, 2)) * height
    corners[:, 1] += (corners[:, 0] - at[0]) * random.normal(0, 0.06)
    source = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]) * [plate.shape[1], plate.shape[0]]
    light = float(np.clip(picture.mean() / 110, 0.35, 1.3)) * random.uniform(0.8, 1.2)
    small = plate
    factor = width / plate.shape[1]
    if factor < 0.5:
        small = np.asarray(cv2.resize(plate, None, fx=factor * 1.5, fy=factor * 1.5, interpolation=cv2.INTER_AREA))
        source *= np.array([small.shape[1] / plate.shape[1], small.shape[0] / plate.shape[0]])
    matrix = cv2.getPerspectiveTransform(source.astype(np.float32), corners.astype(np.float32))
    size = (SIDE_PX, SIDE_PX)
    warped = cv2.warpPerspective(np.clip(small * light, 0, 255).astype(np.uint8), matrix, size)
    mask = cv2.warpPerspective(np.ones(small.shape[:2], np.float32), matrix, size)[..., None]
    if random.random() < 0.5:  # the car's holder around it
        around = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * random.uniform(2, 12, 2) + corners
        cv2.fillConvexPoly(picture, around.astype(np.int32), tuple(int(c) for c in random.integers(10, 160, 3)))
    mixed = (picture * (1 - mask) + warped * mask).astype(np.uint8)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return mixed, _inside(np.array([[*low, *high]], np.float32))


def _lettering(picture: Array, random: Generator, *, overlay: bool = False) -> Array:
    """Words, shop signs and burnt-in clocks: letters that are no plate."""
    out = picture.copy()
    letters = string.ascii_lowercase if random.random() < 0.5 else string.ascii_uppercase
    word = " ".join("".join(random.choice(list(letters), random.integers(3, 11))) for _ in range(random.integers(1, 4)))
    if overlay or random.random() < 0.4:
        d = random.integers(10, 60, 5)
        word = f"20{d[0] % 30:02d}-{d[1] % 12 + 1:02d}-{d[2] % 28 + 1:02d} {d[3] % 24:02d}:{d[4]:02d}"
    scale, at = random.uniform(0.3, 1.1), (int(random.uniform(-20, 150)), int(random.uniform(10, SIDE_PX)))
    colour = tuple(int(c) for c in random.integers(0, 256, 3))
    font = _FONTS[random.integers(len(_FONTS))]
    thick = 1 if scale < 0.7 else 2
    if not overlay and random.random() < 0.5:
        (w, h), _ = cv2.getTextSize(word, font, scale, thick)
        cv2.rectangle(out, (at[0] - 6, at[1] - h - 8), (at[0] + w + 6, at[1] + 10), tuple(255 - c for c in colour), -1)
    cv2.putText(out, word, at, font, scale, colour, thick, cv2.LINE_AA)
    return out


def _weather(picture: Array, random: Generator) -> Array:
    """Light, colour, blur, noise and compression."""
    out = picture.astype(np.float32)
    out = 255 * (np.clip(out / 255, 0, 1) ** np.exp(random.normal(0, 0.35)))
    out = out * np.exp(random.normal(0, 0.15)) * np.exp(random.normal(0, 0.06, 3)) + random.normal(0, 8)
    if random.random() < 0.15:
        out[:] = out.mean(axis=2, keepdims=True)
    if random.random() < 0.35:
        out = cv2.GaussianBlur(out, (0, 0), random.uniform(0.4, 1.6))
    if random.random() < 0.1:
        out = cv2.blur(out, (int(random.integers(2, 8)), 1))
    if random.random() < 0.4:
        out += random.normal(0, random.uniform(2, 14), out.shape)
    out = np.clip(out, 0, 255).astype(np.uint8)
    if random.random() < 0.4:
        _, data = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(30, 90))])
        out = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return out
