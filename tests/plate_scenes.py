"""Made-up vehicles with made-up plates, drawn on the spot."""

from collections.abc import Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from parkhub.domain.plates import Letter, PlateRead, Reading
from tasks.vision.picture import Picture

SIZE = (960, 540)
Box = tuple[float, float, float, float]


def plate(lines: Sequence[str], width: int = 520, height: int | None = None, band: bool = True) -> Picture:
    """A white plate, black letters, with the blue band of many countries; one or two lines."""
    height = height or (112 if len(lines) == 1 else 240)
    picture = Image.new("RGB", (width, height), "white")
    pen = ImageDraw.Draw(picture)
    left = int(0.1 * width) if band else 10
    if band:
        pen.rectangle((0, 0, left - 8, height), fill=(20, 50, 150))
    room = height / len(lines)
    for number, text in enumerate(lines):
        font = ImageFont.load_default(size=room * 0.86)
        start, top, end, bottom = pen.textbbox((0, 0), text, font=font, stroke_width=2)
        middle = ((left + width - end - start) / 2, number * room + (room - bottom - top) / 2)
        pen.text(middle, text, fill="black", font=font, stroke_width=2)
    pen.rectangle((0, 0, width - 1, height - 1), outline="black", width=4)
    return np.ascontiguousarray(np.asarray(picture)[:, :, ::-1])


def scene(
    plates: Sequence[tuple[Picture, Box]] = (), turn: float = 0.0, seed: int = 1, size: tuple[int, int] = SIZE
) -> Picture:
    """A street with a vehicle for each plate; boxes are left, top, width, height, ``turn`` is in degrees."""
    numbers = np.random.default_rng(seed)
    rough = numbers.normal(105, 14, (size[1] // 12, size[0] // 12, 3))
    ground = cv2.resize(rough, size, interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    for picture, (left, top, width, height) in plates:
        paint = tuple(int(c) for c in numbers.integers(40, 130, 3))
        body = (int(left - width), int(top - 2.2 * width), int(left + 2 * width), int(top + 0.8 * width))
        cv2.rectangle(ground, body[:2], body[2:], paint, -1)
        window = (int(left - 0.6 * width), int(top - 1.9 * width)), (int(left + 1.6 * width), int(top - 1.0 * width))
        cv2.rectangle(ground, *window, (45, 40, 35), -1)
        for side in (left - 0.95 * width, left + 1.6 * width):
            lamp = (int(side), int(top - 0.4 * width)), (int(side + 0.35 * width), int(top - 0.1 * width))
            cv2.rectangle(ground, *lamp, (40, 40, 190), -1)
        cv2.rectangle(
            ground, (int(left - 4), int(top - 4)), (int(left + width + 4), int(top + height + 4)), (25, 25, 25), -1
        )
        corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * [width, height] + [left, top]
        middle = corners.mean(axis=0)
        angle = np.radians(turn)
        corners = (corners - middle) @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        corners += middle
        small = cv2.resize(picture, (max(1, round(width * 2)), max(1, round(height * 2))), interpolation=cv2.INTER_AREA)
        source = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * np.array(small.shape[1::-1], np.float32)
        matrix = cv2.getPerspectiveTransform(np.asarray(source, np.float32), np.asarray(corners, np.float32))
        laid = cv2.warpPerspective(small, matrix, size)
        mask = cv2.warpPerspective(np.full(small.shape[:2], 255, np.uint8), matrix, size)
        ground[mask > 127] = laid[mask > 127]
    noise = numbers.normal(0, 3, ground.shape)
    return (cv2.GaussianBlur(ground, (0, 0), 0.6) + noise).clip(0, 255).astype(np.uint8)


def video(path: Path, frames: Sequence[Picture], fps: int = 10) -> Path:
    """The frames as an MPEG-4 in AVI."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=fps)
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], "yuv420p"
        stream.bit_rate = 8_000_000
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "bgr24")))
        container.mux(stream.encode())
    return path


def letter(character: str, chance: float = 0.98, *others: tuple[str, float]) -> Letter:
    """A letter as a recogniser sees it."""
    return ((character, chance), *others)


def reading(text: str, chance: float = 0.98) -> Reading:
    """A reading in which every letter is as sure."""
    return Reading(tuple(letter(character, chance) for character in text))


def read(text: str, box: Box = (100, 100, 120, 30), confidence: float = 0.9, looks: int = 1) -> PlateRead:
    """A read of one plate, seen ``looks`` times alike."""
    left, top, width, height = box
    corners = ((left, top), (left + width, top), (left + width, top + height), (left, top + height))
    return PlateRead(text, confidence, box, corners, (), (reading(text),) * looks)
