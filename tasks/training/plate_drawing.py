"""Number plates drawn in many manners, to teach a recogniser more countries than there are pictures of.

Colours are blue green red. Every draw comes from one seeded generator.
"""

import string

import cv2
import numpy as np
from numpy.random import Generator

from tasks.training.plate_fonts import Array, Fonts, any_text, letters, line_mask
from tasks.training.plate_lettering import CAPTIONS

Colour = tuple[int, int, int]

HEIGHT_PX = 110
GROUNDS = (
    (235, 235, 235), (60, 200, 240), (205, 205, 205), (245, 235, 215), (30, 30, 30), (140, 70, 30), (60, 120, 40),
    (170, 225, 245),
)  # fmt: skip
INKS = ((20, 20, 20), (120, 40, 20), (30, 30, 160), (40, 80, 20), (60, 20, 60))


def draw_plate(text: str, fonts: Fonts, random: Generator) -> Array:
    """One plate with this text on one line: long or short, with what plates have around their numbers."""
    short = random.random() < 0.5
    width = int(random.uniform(195, 250) if short else random.uniform(300, 520))
    ground, ink = _colours(random)
    plate = _ground(ground, width, random)
    left, right = 4, width - 4
    if random.random() < (0.1 if short else 0.55):
        left = _band(plate, fonts, random)
    if random.random() < 0.06:
        cv2.rectangle(plate, (width - 36, 0), (width, HEIGHT_PX), (150, 60, 10), -1)
        right = width - 38
    share = random.uniform(0.42, 0.68) if short else random.uniform(0.6, 0.88)
    free = 1 - share
    above = random.uniform(0.3, 0.7) * free if short or share < 0.72 else free / 2
    top, high = int(above * HEIGHT_PX), int(share * HEIGHT_PX)
    if short or share < 0.72:
        for low, up in ((0, top), (top + high, HEIGHT_PX)):
            if up - low >= 11 and random.random() < 0.75:
                _caption(plate, fonts, random, (left, low, right, up), _other(ink, ground, random))
    mask, gaps = line_mask(text, fonts, random)
    wide = min(right - left - 6, int(mask.shape[1] * high / mask.shape[0] * random.uniform(0.75, 1.25)))
    wide = max(wide, int((right - left) * random.uniform(0.5, 0.95)) if wide < 0.5 * (right - left) else wide)
    start = left + 3 + int(random.uniform(0, 1) * (right - left - 6 - wide))
    for gap, room in gaps:
        at, free = start + gap * wide / mask.shape[1], room * wide / mask.shape[1]
        _mark(plate, (int(at), top + high // 2), free, random, ink)
    _ink(plate, cv2.resize(mask, (wide, high), interpolation=cv2.INTER_AREA), (start, top), ink, random)
    _fittings(plate, random, ink)
    return plate


def draw_two_lines(fonts: Fonts, random: Generator) -> Array:
    """A plate whose number stands on two lines."""
    ground, ink = _colours(random)
    width = int(random.uniform(120, 190))
    plate = _ground(ground, width, random)
    for line in range(2):
        text = any_text(random, int(random.integers(2, 6)), string.digits + string.ascii_uppercase)
        mask, _ = line_mask(text, fonts, random)
        high = int(HEIGHT_PX * random.uniform(0.36, 0.44))
        wide = min(width - 14, int(mask.shape[1] * high / mask.shape[0]))
        at = (width - wide) // 2, int(HEIGHT_PX * (0.05 + 0.5 * line))
        _ink(plate, cv2.resize(mask, (wide, high), interpolation=cv2.INTER_AREA), at, ink, random)
    _fittings(plate, random, ink)
    return plate


def draw_words(text: str, fonts: Fonts, random: Generator) -> Array:
    """Lettering that is no plate on a board of its own."""
    mask = _mask(text, fonts, random).astype(np.float32) / 255
    ground, ink = _colours(random)
    plate = _ground(ground, mask.shape[1] + 16, random)
    high = int(HEIGHT_PX * random.uniform(0.4, 0.8))
    _ink(plate, cv2.resize(mask, (mask.shape[1], high)), (8, (HEIGHT_PX - high) // 2), ink, random)
    return plate


def write_over(picture: Array, text: str, fonts: Fonts, random: Generator) -> Array:
    """The picture with a text in it as cameras write theirs: nothing under it, sometimes an outline."""
    mask = _mask(text, fonts, random)
    height, width = picture.shape[:2]
    high, wide = int(height * random.uniform(0.4, 0.85)), int(width * random.uniform(0.7, 1.2))
    sized = cv2.resize(mask, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    out, at_x = picture.copy(), max(0, (width - wide) // 2)
    if random.random() < 0.3:  # an outline, or the shadow that makes white letters readable on snow
        _ink(out, cv2.dilate(sized, np.ones((3, 3))), (at_x, (height - high) // 2), (0, 0, 0), random, relief=False)
    ink = ((255, 255, 255), (0, 0, 0), (60, 240, 240), (80, 240, 80))[int(random.choice(4, p=[0.6, 0.15, 0.15, 0.1]))]
    _ink(out, sized, (at_x, (height - high) // 2), ink, random, relief=False)
    return out


def _mask(text: str, fonts: Fonts, random: Generator) -> Array:
    """The text in any font, 0..255, without free rows."""
    mask = letters(fonts.others[random.integers(len(fonts.others))], text, 48)
    rows = np.flatnonzero(mask.max(1))
    return mask[rows[0] : rows[-1] + 1] if len(rows) else mask


def _colours(random: Generator) -> tuple[Colour, Colour]:
    number = int(random.choice(len(GROUNDS), p=[0.34, 0.18, 0.14, 0.12, 0.06, 0.06, 0.04, 0.06]))
    ink = (235, 235, 235) if number in (4, 5, 6) else INKS[int(random.choice(5, p=[0.55, 0.2, 0.12, 0.08, 0.05]))]
    jitter = random.integers(-20, 21, 3)
    return tuple(int(np.clip(c + j, 0, 255)) for c, j in zip(GROUNDS[number], jitter, strict=True)), ink  # type: ignore[return-value]


def _other(ink: Colour, ground: Colour, random: Generator) -> Colour:
    if random.random() < 0.5:
        return ink
    return tuple(int(c) for c in random.integers(0, 256, 3)) if sum(ground) > 300 else (220, 220, 220)  # type: ignore[return-value]


def _ground(colour: Colour, width: int, random: Generator) -> Array:
    plate = np.full((HEIGHT_PX, width, 3), colour, np.float32)
    if random.random() < 0.3:  # a landscape, a fade
        cells = int(random.integers(2, 5)), int(random.integers(2, 6)), 3
        patch = random.uniform(-1, 1, cells) * random.uniform(10, 60)
        plate += cv2.resize(patch.astype(np.float32), (width, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    return np.clip(plate, 0, 255).astype(np.uint8)


def _band(plate: Array, fonts: Fonts, random: Generator) -> int:
    wide = int(HEIGHT_PX * random.uniform(0.3, 0.46))
    cv2.rectangle(plate, (0, 0), (wide, HEIGHT_PX), (150, 60, 10) if random.random() < 0.85 else (30, 30, 30), -1)
    cv2.circle(plate, (wide // 2, HEIGHT_PX // 3), wide // 3, (60, 210, 240), 2)
    country = str(random.choice(["D", "SK", "CZ", "NL", "PL", "GB", "F", "I", "E", "A", "RO", "H"]))
    mask = letters(fonts.others[0], country, 26).astype(np.float32) / 255
    mask = cv2.resize(mask, (min(mask.shape[1], wide - 4), mask.shape[0]))
    at = max(1, (wide - mask.shape[1]) // 2), int(HEIGHT_PX * 0.6)
    _ink(plate, mask[: HEIGHT_PX - at[1]], at, (235, 235, 235), random, relief=False)
    return wide + 2


def _caption(plate: Array, fonts: Fonts, random: Generator, place: tuple[int, int, int, int], ink: Colour) -> None:
    left, low, right, up = place
    word = (
        CAPTIONS[random.integers(len(CAPTIONS))]
        if random.random() < 0.6
        else any_text(random, int(random.integers(3, 12)), string.ascii_letters)
    )
    mask = letters(fonts.others[random.integers(len(fonts.others))], word, 30).astype(np.float32) / 255
    rows = np.flatnonzero(mask.max(1))
    if not len(rows):
        return
    mask = mask[rows[0] : rows[-1] + 1]
    high = int((up - low) * random.uniform(0.55, 0.95))
    wide = min(int(right - left) - 8, int(mask.shape[1] * high / mask.shape[0]))
    at = left + 4 + int(random.uniform(0.2, 0.8) * (right - left - 8 - wide)), low + (up - low - high) // 2
    sized = cv2.resize(mask, (max(4, wide), max(4, high)), interpolation=cv2.INTER_AREA)
    _ink(plate, sized, at, ink, random, relief=False)


def _mark(plate: Array, at: tuple[int, int], free: float, random: Generator, ink: Colour) -> None:
    """What stands in a gap between groups: nothing, a hyphen, a dot, a seal, a crest."""
    kind = random.random()
    colour = ink if random.random() < 0.5 else tuple(int(c) for c in random.integers(0, 256, 3))
    if kind < 0.25:
        half = max(2, int(free * 0.35))
        cv2.line(plate, (at[0] - half, at[1]), (at[0] + half, at[1]), ink, max(2, half))
    elif kind < 0.4:
        cv2.circle(plate, at, max(2, int(free * 0.2)), ink, -1)
    elif kind < 0.6:
        cv2.circle(plate, (at[0], at[1] + int(random.uniform(-15, 15))), max(2, int(free * 0.5)), colour, -1)
    elif kind < 0.75:
        points = (random.normal(0, free / 3, (5, 2)) + at).astype(np.int32)
        cv2.fillPoly(plate, [points], colour)


def _ink(
    plate: Array, mask: Array, at: tuple[int, int], ink: Colour, random: Generator, *, relief: bool = True
) -> None:
    """Paint through the mask; embossed letters get a light and a dark side."""
    x, y = at
    part = plate[y : y + mask.shape[0], x : x + mask.shape[1]].astype(np.float32)
    mask = mask[: part.shape[0], : part.shape[1]]
    strength = random.uniform(0.75, 1) if not relief or random.random() < 0.7 else random.uniform(0.25, 0.75)
    out = part + (np.array(ink, np.float32) - part) * (mask * strength)[..., None]
    if relief and random.random() < 0.6:
        soft = cv2.GaussianBlur(mask, (0, 0), random.uniform(0.8, 2.2))
        angle = random.uniform(0, 2 * np.pi)
        slope = np.cos(angle) * cv2.Sobel(soft, -1, 1, 0) + np.sin(angle) * cv2.Sobel(soft, -1, 0, 1)
        out += (slope * random.uniform(5, 55))[..., None]
    plate[y : y + mask.shape[0], x : x + mask.shape[1]] = np.clip(out, 0, 255).astype(np.uint8)


def _fittings(plate: Array, random: Generator, ink: Colour) -> None:
    """Frame, bolts and stickers."""
    height, width = plate.shape[:2]
    if random.random() < 0.6:
        cv2.rectangle(plate, (1, 1), (width - 2, height - 2), ink, int(random.integers(1, 5)))
    if random.random() < 0.5:
        for x in (random.uniform(0.08, 0.3), random.uniform(0.7, 0.92)):
            for y in ((0.09, 0.91), (0.09,), (0.5,))[int(random.choice(3, p=[0.5, 0.35, 0.15]))]:
                grey = int(random.integers(20, 230))
                cv2.circle(plate, (int(x * width), int(y * height)), int(random.integers(2, 6)), (grey, grey, grey), -1)
    for _ in range(int(random.choice([0, 1, 2], p=[0.6, 0.2, 0.2]))):
        w, h = random.integers(14, 34), random.integers(10, 22)
        corner = int(random.choice([3, width - int(w) - 3])), int(random.choice([2, height - int(h) - 2]))
        colour = tuple(int(c) for c in random.integers(0, 256, 3))
        cv2.rectangle(plate, corner, (corner[0] + int(w), corner[1] + int(h)), colour, -1)
        year, at = str(random.integers(1, 99)), (corner[0] + 2, corner[1] + int(h) - 3)
        cv2.putText(plate, year, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (255 - colour[0],) * 3, 1)
