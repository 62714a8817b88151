"""Strips to train the plate recogniser on: given plates and drawn ones, cut as the finder's boxes cut them.

Of the US crops one plate in eight, and of the even-numbered pictures every fifth, are held back to choose by; the
odd-numbered pictures and UCSD's are never read.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator

from parkhub.domain.plate_looks import HEIGHT_PX, WIDTH_PX
from parkhub.domain.plates import fold, normalise
from tasks.training.plate_drawing import draw_plate, draw_two_lines, draw_words, write_over
from tasks.training.plate_fonts import Fonts, some_text
from tasks.training.plate_lettering import overlay, words
from tasks.training.plate_scenes import BACKGROUNDS, tuning_half
from tasks.vision.plates.strips import straighten

Array = np.ndarray[Any, Any]
SCENES = ("openalpr_eu", "openalpr_us", "openalpr_br", "tudelft_nl")
CROPS = "openalpr_us_crops"
CONTEXT = 0.6  # of a plate's width and height, kept around it


@dataclass(frozen=True)
class Mix:
    """How often what is drawn: strips, those of them without a plate, and the texts that are no plates."""

    strips: Mapping[str, float]
    nothing: Mapping[str, float]
    words: Mapping[str, float]


PLATES = Mix(
    {"drawn": 0.44, "crop": 0.28, "scene": 0.19, "two lines": 0.02, "none": 0.07},
    {"bare": 0.4, "written over": 0.0, "words": 0.6},
    {"clock": 0.35, "caption": 0.25, "sign": 0.0, "telephone": 0.1, "any": 0.3},
)
LETTERING = Mix(
    {"drawn": 0.38, "crop": 0.26, "scene": 0.18, "two lines": 0.02, "none": 0.16},
    {"bare": 0.2, "written over": 0.35, "words": 0.45},
    {"clock": 0.35, "caption": 0.1, "sign": 0.3, "telephone": 0.05, "any": 0.2},
)


@dataclass(frozen=True)
class Plate:
    """A picture of a plate with its surroundings, its corners (clockwise from the upper left), its text."""

    picture: Array
    corners: Array
    text: str


@dataclass(frozen=True)
class Given:
    """All that is read from the data, and what of it is held back."""

    crops: list[Plate]
    scenes: dict[str, list[Plate]]
    backgrounds: list[Array]
    held: list[Plate]
    sha256: str


def held_back(text: str) -> bool:
    """Whether a crop's plate is kept for choosing; told by its text, so that no plate is on both sides."""
    return hashlib.sha256(fold(text).encode()).digest()[0] % 8 == 0


def read(data: Path) -> Given:
    """The crops, the even-numbered pictures, and backgrounds without readable plates."""
    digest = hashlib.sha256()
    held: list[Plate] = []
    crops: list[Plate] = []
    for row in _rows(data / "plates" / CROPS):
        picture = _load(data / "plates" / CROPS / row["image"], digest)
        scale = min(1.0, 320 / picture.shape[1])
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        height, width = picture.shape[:2]
        plate = Plate(picture, _corners(0, 0, width, height), normalise(row["text"]))
        (held if held_back(row["text"]) else crops).append(plate)
    scenes: dict[str, list[Plate]] = {}
    for name in SCENES:
        rows = _rows(data / "plates" / name)
        half = set(tuning_half(rows))
        found = [_cut_out(data / "plates" / name, row, digest) for row in rows if row["image"] in half]
        held += found[::5]
        scenes[name] = [plate for number, plate in enumerate(found) if number % 5]
    paths = [p for name in BACKGROUNDS for p in sorted((data / "parking" / name).glob("*.jpg"))[::2]]
    return Given(crops, scenes, [_load(path, digest) for path in paths], held, digest.hexdigest())


def _rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "index.jsonl").read_text().splitlines()]


def _load(path: Path, digest: Any) -> Array:
    data = path.read_bytes()
    digest.update(data)
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{path} is no picture.")
    return np.asarray(picture)


def _cut_out(folder: Path, row: dict[str, Any], digest: Any) -> Plate:
    picture = _load(folder / row["image"], digest)
    x, y, w, h = row["bbox"]
    corners = np.array(row["corners"], np.float32).reshape(4, 2) if "corners" in row else _corners(x, y, w, h)
    left, top = max(0, int(x - CONTEXT * w)), max(0, int(y - CONTEXT * h))
    cut = picture[top : int(y + h + CONTEXT * h), left : int(x + w + CONTEXT * w)]
    scale = min(1.0, 360 / w)
    cut = cv2.resize(cut, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return Plate(np.asarray(cut), ((corners - [left, top]) * scale).astype(np.float32), normalise(row["text"]))


def _corners(x: float, y: float, w: float, h: float) -> Array:
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


def draw(given: Given, fonts: Fonts, random: Generator, mix: Mix = PLATES) -> tuple[Array, str]:
    """One strip and what it says; nothing where there is no plate of one line."""
    kind = str(random.choice(list(mix.strips), p=list(mix.strips.values())))
    if kind == "none":
        return weather(_nothing(given, fonts, random, mix), random), ""
    if kind == "scene":
        name = SCENES[int(random.choice(len(SCENES), p=[0.2, 0.45, 0.2, 0.15]))]
        plate = given.scenes[name][random.integers(len(given.scenes[name]))]
        return weather(cut(plate, random), random, mild=True), plate.text
    if kind == "crop":
        plate = given.crops[random.integers(len(given.crops))]
    else:
        text = some_text(random)
        picture = draw_two_lines(fonts, random) if kind == "two lines" else draw_plate(text, fonts, random)
        height, width = picture.shape[:2]
        plate = Plate(picture, _corners(0, 0, width, height), "" if kind == "two lines" else text)
    return weather(cut(_surround(plate, given, random), random), random), plate.text


def _surround(plate: Plate, given: Given, random: Generator) -> Plate:
    """The plate lying on a piece of some background."""
    height, width = plate.picture.shape[:2]
    room_x, room_y = int(0.35 * width), int(0.45 * height)
    page = _piece(given, (width + 2 * room_x, height + 2 * room_y), random)
    if random.random() < 0.5:
        page = np.full_like(page, random.integers(0, 256, 3, np.uint8))
    page[room_y : room_y + height, room_x : room_x + width] = plate.picture
    return Plate(page, plate.corners + np.array([room_x, room_y], np.float32), plate.text)


def _piece(given: Given, size: tuple[int, int], random: Generator) -> Array:
    source = given.backgrounds[random.integers(len(given.backgrounds))]
    height, width = source.shape[:2]
    w, h = int(random.uniform(40, 260)), int(random.uniform(20, 120))
    left, top = int(random.uniform(0, width - w)), int(random.uniform(0, height - h))
    return np.asarray(cv2.resize(source[top : top + h, left : left + w], size, interpolation=cv2.INTER_LINEAR))


def _nothing(given: Given, fonts: Fonts, random: Generator, mix: Mix) -> Array:
    kind = random.choice(list(mix.nothing), p=list(mix.nothing.values()))
    if kind == "bare":
        return _piece(given, (WIDTH_PX, HEIGHT_PX), random)
    if kind == "written over":
        piece = _piece(given, (WIDTH_PX, HEIGHT_PX), random)
        return write_over(piece, overlay(random), fonts, random)
    picture = draw_words(words(random, mix.words), fonts, random)
    height, width = picture.shape[:2]
    return cut(_surround(Plate(picture, _corners(0, 0, width, height), ""), given, random), random)


def cut(plate: Plate, random: Generator | None = None, room: Sequence[float] = (0.08, 0.1)) -> Array:
    """The strip of a box around the plate: exact with ``room`` (of width, of height), or as wrong as a finder's."""
    corners = plate.corners
    across, down = corners[1] - corners[0], corners[3] - corners[0]
    width, height = float(np.linalg.norm(across)), float(np.linalg.norm(down))
    if random is None:
        sides = np.array([room[0], room[1], room[0], room[1]])
        box = corners
    else:
        sides = np.array([room[0], room[1], room[0], room[1]]) + random.normal(0, 1, 4) * [0.07, 0.1, 0.07, 0.1]
        sides = np.clip(sides, -0.02, 0.42)
        low, high = corners.min(axis=0), corners.max(axis=0)
        box = _corners(*low, *(high - low)) if random.random() < 0.6 else corners
        tilt = random.normal(0, 0.035) * width
        lean = random.normal(0, 0.12) * height
        shift = np.array([[lean, -tilt], [lean, tilt], [-lean, tilt], [-lean, -tilt]]) / 2
        box = box + shift + random.normal(0, 0.015, (4, 2)) * height
    grow = np.array([[-sides[0], -sides[1]], [sides[2], -sides[1]], [sides[2], sides[3]], [-sides[0], sides[3]]])
    box = (box + grow * [width, height]).astype(np.float32)
    picture = plate.picture
    if random is not None and random.random() < 0.75:  # as few pixels as a far camera gives
        scale = float(np.exp(random.uniform(np.log(45), np.log(230)))) / width
        if scale < 0.9:
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            box = box * (np.array([picture.shape[1], picture.shape[0]]) / plate.picture.shape[1::-1]).astype(np.float32)
        if random.random() < 0.5:
            picture = _camera(picture, random)
    return np.asarray(straighten(picture, box))


def _camera(picture: Array, random: Generator) -> Array:
    """What a camera adds at its own resolution: blur, noise, sharpening, compression."""
    out = picture.astype(np.float32)
    if random.random() < 0.5:
        out = cv2.GaussianBlur(out, (0, 0), random.uniform(0.3, 1.1))
    if random.random() < 0.2:
        out = out * 2 - cv2.GaussianBlur(out, (0, 0), 1.2)
    if random.random() < 0.5:
        out += random.normal(0, random.uniform(2, 12), out.shape)
    out = np.clip(out, 0, 255).astype(np.uint8)
    if random.random() < 0.6:
        _, data = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(25, 90))])
        out = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))
    return out


def weather(strip: Array, random: Generator, *, mild: bool = False) -> Array:
    """Light, colour, shadow, contrast, blur."""
    much = 0.6 if mild else 1.0
    out = strip.astype(np.float32)
    if random.random() < 0.3:
        out[:] = out.mean(axis=2, keepdims=True)
    if random.random() < 0.35 * much:  # a shadow's edge, a lamp's light
        at, turn = random.uniform(0, 1), random.normal(0, 1.5)
        ys, xs = np.mgrid[0 : strip.shape[0], 0 : strip.shape[1]].astype(np.float32)
        side = xs / strip.shape[1] - at + turn * (ys / strip.shape[0] - 0.5)
        out *= (1 + random.uniform(-0.7, 0.7) / (1 + np.exp(-side * random.choice([3.0, 40.0]))))[..., None]
    out = 255 * np.clip(out / 255, 0, 1) ** np.exp(random.normal(0, 0.4 * much))
    contrast = random.uniform(0.15, 1.0) if random.random() < 0.5 * much else random.uniform(0.8, 1.25)
    out = (out - out.mean()) * contrast + out.mean() + random.normal(0, 22) * much
    out *= np.exp(random.normal(0, 0.06, 3))
    if random.random() < 0.08:
        out = 255 - out
    if random.random() < 0.3 * much:
        out = cv2.GaussianBlur(out, (0, 0), random.uniform(0.4, 2.0))
    if random.random() < 0.12 * much:
        out = cv2.blur(out, (int(random.integers(2, 9)), 1))
    if random.random() < 0.3:
        out += random.normal(0, random.uniform(1, 9), out.shape)
    return np.clip(out, 0, 255).astype(np.uint8)
