"""What stands on drawn plates: texts in the layouts of many countries, set in whatever fonts the operator has.

Fonts are TrueType and OpenType files; none is in this repository.
"""

import hashlib
import string
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFont

from parkhub.domain.plate_layouts import COUNTRIES, REGIONS

Array = np.ndarray[Any, Any]

GLYPH_PX = 72
FITTING = (
    "roadgeek", "RG2014", "DIN", "NationalPark", "routed-gothic", "osifont", "BebasNeue", "LiberationSansNarrow",
    "LiberationSans-Bold", "DejaVuSansCondensed", "DejaVuSansMono", "B612", "Play-", "NimbusSansNarrow",
    "OpenSans-Cond", "RobotoCondensed", "Roboto-Medium", "Roboto-Bold", "UniversalisADFStd", "GilliusADF", "Mplus1",
    "MplusCode", "OCRB", "YanoneKaffeesatz", "Dosis", "allerta_medium", "tiresias", "texgyreheroscn", "texgyreheros",
    "ClearSans-Bold", "Cantarell-Bold", "Quicksand-Bold", "Lato-Bold", "Cousine-Bold", "Ubuntu-Title",
)  # fmt: skip
"""Parts of names of fonts whose letters may pass for a plate's; the others are for lettering around it."""
_LEFT_OUT = ("Italic", "Oblique", "Outline", "Thin", "ExtraLight", "Symbol", "italic", "MathTeX", "Hairline", "OCRBX")


@dataclass
class Fonts:
    """Font files, read as they are needed."""

    fitting: list[Path]
    others: list[Path]
    _glyphs: dict[tuple[Path, str], Array] = field(default_factory=dict)

    def glyph(self, font: Path, character: str) -> Array:
        """The character's mask 0..255, cut close; as high as capitals are."""
        if (font, character) not in self._glyphs:
            drawn = letters(font, character, GLYPH_PX)
            columns, rows = np.flatnonzero(drawn.max(0)), np.flatnonzero(letters(font, "H", GLYPH_PX).max(1))
            cut = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            size = max(4, round(cut.shape[1] * GLYPH_PX / cut.shape[0])), GLYPH_PX
            self._glyphs[font, character] = cv2.resize(cut, size, interpolation=cv2.INTER_AREA)
        return self._glyphs[font, character]

    def sha256(self) -> str:
        """One sum over all font files."""
        digest = hashlib.sha256()
        for path in self.others:
            digest.update(path.read_bytes())
        return digest.hexdigest()


def find_fonts(folders: list[Path]) -> Fonts:
    """All usable fonts under the folders, in the order of their names. Raises FileNotFoundError when there is none."""
    paths = sorted((p for f in folders for p in f.rglob("*.[to]tf")), key=lambda path: path.name)
    paths = [path for path in paths if not any(part in path.name for part in _LEFT_OUT)]
    fitting = [path for path in paths if any(part in path.name for part in FITTING)]
    if not fitting:
        raise FileNotFoundError(f"There are no fonts under {', '.join(map(str, folders))}.")
    return Fonts(fitting, paths)


def letters(font: Path, text: str, size: int) -> Array:
    """The text as a mask 0..255 with some room around it."""
    kind = ImageFont.truetype(str(font), size)
    left, _top, right, _bottom = kind.getbbox(text)
    page = Image.new("L", (int(right) + 8, int(size * 1.6)))
    ImageDraw.Draw(page).text((2 - min(0, left), 0), text, fill=255, font=kind)
    return np.asarray(page)


def some_text(random: Generator) -> str:
    """A plate's text in a layout of some country, or any letters and digits."""
    kind = random.random()
    if kind < 0.22:
        return any_text(random, int(random.integers(4, 9)), string.digits * 2 + string.ascii_uppercase)
    if kind < 0.27:
        return any_text(random, int(random.integers(3, 8)), string.ascii_uppercase)
    if kind < 0.47:
        layouts = REGIONS["us"]
    elif kind < 0.57:
        layouts = REGIONS[str(random.choice(["br", "in", "vn"]))]
    else:
        layouts = COUNTRIES[str(random.choice(list(COUNTRIES)))]
    layout = layouts[int(random.integers(len(layouts)) * random.random())].replace("*", "")
    pools = {"L": string.ascii_uppercase, "D": string.digits, "X": string.digits + string.ascii_uppercase}
    return "".join(any_text(random, 1, pools.get(place, place)) for place in layout)


def any_text(random: Generator, length: int, pool: str) -> str:
    """Any characters of the pool."""
    return "".join(pool[i] for i in random.integers(0, len(pool), length))


def line_mask(text: str, fonts: Fonts, random: Generator) -> tuple[Array, list[tuple[int, int]]]:
    """The text as a mask 0..1, `GLYPH_PX` high, and the gaps between its groups: their middle and width."""
    font = fonts.fitting[random.integers(len(fonts.fitting))]
    glyphs = [fonts.glyph(font, c) for c in text]
    pitch = max(g.shape[1] for g in glyphs) if random.random() < 0.35 else 0
    space = int(random.uniform(4, 22))
    breaks = {i for i in range(1, len(text)) if text[i].isdigit() != text[i - 1].isdigit()}
    if random.random() < 0.15 or (len(text) > 5 and not breaks):
        breaks.add(int(random.integers(1, len(text))))
    gap = int(random.choice([0, 18, 34, 60])) if breaks else 0
    parts: list[Array] = []
    gaps: list[tuple[int, int]] = []
    width = 0
    for number, glyph in enumerate(glyphs):
        room = max(0, pitch - glyph.shape[1])
        before = space + room // 2 + (gap if number in breaks else 0)
        if number in breaks and gap:
            gaps.append((width + before // 2, before))
        parts += [np.zeros((GLYPH_PX, before), np.uint8), glyph, np.zeros((GLYPH_PX, room - room // 2), np.uint8)]
        width += before + glyph.shape[1] + room - room // 2
    mask = cv2.copyMakeBorder(np.hstack(parts), 6, 6, 2, space, cv2.BORDER_CONSTANT)
    thicker = int(random.integers(-2, 5))
    if thicker:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (abs(thicker) + 1,) * 2)
        grown = (cv2.dilate if thicker > 0 else cv2.erode)(mask, kernel)
        mask = grown if thicker > 0 or grown.mean() > 0.6 * mask.mean() else mask
    return mask.astype(np.float32) / 255, gaps
