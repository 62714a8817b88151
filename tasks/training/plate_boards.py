"""Boards and lettering put into pictures for the plate finder, beside the plates: what it must leave alone."""

import cv2
import numpy as np
from numpy.random import Generator

from tasks.training.plate_fonts import Array, Fonts, letters
from tasks.training.plate_lettering import made_word, overlay, sign, words

TEXTS = {"clock": 0.2, "caption": 0.2, "sign": 0.35, "telephone": 0.1, "any": 0.15}
BOARDED = 0.6  # of all texts; the others stand on the picture itself
TRIES = 6


def put_up(picture: Array, boxes: Array, fonts: Fonts, random: Generator) -> Array:
    """The picture with one to three texts in any font, none of them over a plate's box (N x 4, left to bottom)."""
    out = picture.copy()
    taken = [tuple(box) for box in boxes]
    for _ in range(random.integers(1, 4)):
        mask = _text(fonts, random)
        room = int(mask.shape[0] * random.uniform(0.1, 0.7)) if random.random() < BOARDED else -1
        place = _place(picture, mask, max(0, room), taken, random)
        if place is None:
            continue
        taken.append(place)
        left, top, right, bottom = place
        ground, ink = random.integers(0, 256, 3), random.integers(0, 256, 3)
        if random.random() < 0.7:
            ink = np.array([random.choice([10, 240])] * 3)
        if abs(float(ground.mean()) - float(ink.mean())) < 60:
            ground = 255 - ink
        part = out[top:bottom, left:right].astype(np.float32)
        if room >= 0:
            part[:] = ground
            if random.random() < 0.25:
                cv2.rectangle(part, (1, 1), (part.shape[1] - 2, part.shape[0] - 2), ink.tolist(), 1)
        edge = max(0, room)
        cover = np.zeros(part.shape[:2], np.float32)
        cover[edge : edge + mask.shape[0], edge : edge + mask.shape[1]] = mask
        part += (ink - part) * cover[..., None]
        out[top:bottom, left:right] = part.astype(np.uint8)
    return out


def _text(fonts: Fonts, random: Generator) -> Array:
    """A text's mask, 0..1, 6 to 60 pixels high."""
    kind = random.random()
    if kind < 0.4:
        text = sign(random, made_word(random))
    elif kind < 0.6:
        text = overlay(random)
    else:
        text = words(random, TEXTS)
    mask = letters(fonts.others[random.integers(len(fonts.others))], text, 48)
    rows = np.flatnonzero(mask.max(1))
    mask = mask[rows[0] : rows[-1] + 1] if len(rows) else mask
    high = float(np.exp(random.uniform(np.log(6), np.log(60))))
    wide = mask.shape[1] * high / mask.shape[0] * random.uniform(0.8, 1.2)
    sized = cv2.resize(mask, (max(4, round(wide)), max(4, round(high))), interpolation=cv2.INTER_AREA)
    return np.asarray(sized.astype(np.float32) / 255)


def _place(
    picture: Array, mask: Array, room: int, taken: list[tuple[int, ...]], random: Generator
) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of a free place, or none."""
    height, width = mask.shape[0] + 2 * room, mask.shape[1] + 2 * room
    if height >= picture.shape[0] or width >= picture.shape[1]:
        return None
    for _ in range(TRIES):
        left = int(random.integers(0, picture.shape[1] - width))
        top = int(random.integers(0, picture.shape[0] - height))
        place = left, top, left + width, top + height
        if all(place[0] >= x2 or place[2] <= x1 or place[1] >= y2 or place[3] <= y1 for x1, y1, x2, y2 in taken):
            return place
    return None
