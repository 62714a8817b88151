"""The default plate reader: our plate finder, then PP-OCR's detector and recogniser on what it found."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from parkhub.domain.plate_layouts import Decision, decide, layouts_of
from parkhub.domain.plates import PlateRead, Point, Reading, fold, is_clock, is_lettering, vote
from tasks.vision.model import PROVIDERS
from tasks.vision.picture import Picture
from tasks.vision.plates.finder import PlateFinder, Region
from tasks.vision.plates.reader import StripReader
from tasks.vision.plates.recogniser import Recogniser
from tasks.vision.plates.strips import (
    Tone,
    Way,
    covering,
    crosses_middle,
    plate_lines,
    strip,
    surroundings,
    touches_side,
    whole,
)
from tasks.vision.plates.text_lines import Quad, TextLines

LOOK_WIDTH_PX: Final = 192  # a plate's width where lines are looked for; small plates are enlarged to it
ENLARGE_MAX: Final = 5.0
SURE: Final = 0.985  # a first look as sure as this, in a known layout, needs no second
SURE_TOGETHER: Final = 0.9  # the same for readings that agree
FAINT: Final = 0.5  # of an accepted plate's confidence as a region: fainter ones are not read any more
UNLINED_MIN: Final = 0.5  # of a region in which no line was found, for it to be read as one line
GROWN_MAX: Final = 2
LOOKS: Final = (
    (Way(0.0, -0.15),),
    (Way(0.03, 0.0, Tone.DRAWN_OUT), Way(0.0, -0.15, Tone.GREY)),
    (Way(0.04, 0.0, Tone.INVERSE), Way(0.0, -0.15, widen=1.6), Way(-0.02, -0.08)),
)
WORD_MIN: Final = 0.6  # for a plate without a digit
WORD_MAX: Final = 8  # letters of a plate without a digit
NUMBER_MIN: Final = 0.65  # for a plate without a letter, in no layout
REGIONS_READ_MAX: Final = 6
ACCEPT_MIN: Final = 0.38
TEXT_MIN: Final = 0.5

Area = tuple[float, float, float, float]
"""Left, top, width, height in 0..1 of the picture."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one region gave: kept whole, accepted or not, so that a refusal can be explained."""

    region: Region
    quad: Quad | None
    readings: tuple[Reading, ...]
    decision: Decision

    @property
    def confidence(self) -> float:
        """Both that it is a plate and that it was read right, 0..1."""
        return round(self.decision.confidence * math.sqrt(self.region.confidence), 4)


class OnnxReader:
    """See `PlateReader`. Thread-safe; keeps nothing between pictures."""

    name = "onnx"

    def __init__(
        self, threads: int = 1, providers: Sequence[str] = PROVIDERS, strips: StripReader | None = None
    ) -> None:
        """``strips``: reads the cut-out lines instead of our own recogniser."""
        self._finder = PlateFinder(threads=threads, providers=providers)
        self._lines = TextLines(threads=threads, providers=providers)
        self._recogniser: StripReader = strips or Recogniser(threads=threads, providers=providers)

    def read(self, picture: Picture, region: str = "auto", excluded: Sequence[Area] = ()) -> list[PlateRead]:
        """Plates of one picture, surest first. Raises EngineError, InvalidInputError for an unknown region."""
        looks = [look for look in self.look(picture, region, excluded) if accepted(look)]
        return [_read(look) for look in sorted(looks, key=lambda look: -look.confidence)]

    def look(self, picture: Picture, region: str = "auto", excluded: Sequence[Area] = ()) -> list[Look]:
        """Every region that may be a plate with what it says, accepted or not."""
        layouts_of(region)  # a wrong name is refused before anything is found
        found = [r for r in self._finder.find(picture) if not _excluded(r, picture, excluded)]
        looks: list[Look] = []
        for here in found[:REGIONS_READ_MAX]:
            if any(accepted(look) and here.confidence < FAINT * look.region.confidence for look in looks):
                break
            looks.append(self._look(picture, here, region))
        return looks

    def _look(self, picture: Picture, region: Region, layouts: str) -> Look:
        quads = self._quads(picture, region)
        if not quads and region.confidence >= UNLINED_MIN:
            quads = [whole(region)]
        if not quads:
            return Look(region, None, (), Decision((), 0.0, ""))
        readings: list[Reading] = []
        decision = Decision((), 0.0, "")
        for ways in LOOKS:
            readings += self._read_lines(picture, quads, ways)
            decision = decide(vote(readings), layouts)
            if _agreed(readings, decision):
                break
        return Look(covering(region, quads), quads[0], tuple(readings), decision)

    def _quads(self, picture: Picture, region: Region) -> list[Quad]:
        """The plate's lines. A line cut by the edge of what was looked at says that the region is too small."""
        for _ in range(GROWN_MAX + 1):
            around, (left, top) = surroundings(region, picture)
            width, height = region.right - region.left, region.bottom - region.top
            lines = self._lines.find(around, min(ENLARGE_MAX, LOOK_WIDTH_PX / max(width, 1.0)))
            lines = [line for line in lines if crosses_middle(line.quad, around)]
            quads = [quad + np.array([left, top], np.float32) for quad in plate_lines(lines, width / max(height, 1.0))]
            if not quads or not touches_side(quads, around, left):
                break
            region = covering(region, quads)
        return quads

    def _read_lines(self, picture: Picture, quads: Sequence[Quad], ways: Sequence[Way]) -> list[Reading]:
        """One reading per way; the lines of a plate are read one after the other."""
        readings = self._recogniser.read([strip(picture, quad, way) for way in ways for quad in quads])
        step = len(quads)
        return [
            Reading(tuple(letter for reading in readings[i : i + step] for letter in reading.letters))
            for i in range(0, len(readings), step)
        ]


def _agreed(readings: Sequence[Reading], decision: Decision) -> bool:
    """Whether no further look is needed: one very sure reading, or several alike, of a text in a known layout."""
    if not decision.layout or len({fold(reading.text) for reading in readings}) > 1:
        return False
    return min(reading.confidence for reading in readings) >= (SURE if len(readings) == 1 else SURE_TOGETHER)


def accepted(look: Look) -> bool:
    """Whether a look is good enough to be called a plate: sure enough, and a text that plates have."""
    text = look.decision.text
    if not text or look.decision.confidence < TEXT_MIN or look.confidence < ACCEPT_MIN:
        return False
    if any(is_clock(reading.text) or is_lettering(reading.text) for reading in look.readings[:1]):
        return False
    if any(c.isdigit() for c in text):
        return bool(look.decision.layout) or any(c.isalpha() for c in text) or look.confidence >= NUMBER_MIN
    return len(text) <= WORD_MAX and look.confidence >= WORD_MIN


def _excluded(region: Region, picture: Picture, areas: Sequence[Area]) -> bool:
    height, width = picture.shape[:2]
    x, y = (region.left + region.right) / 2 / width, (region.top + region.bottom) / 2 / height
    return any(left <= x <= left + w and top <= y <= top + h for left, top, w, h in areas)


def _read(look: Look) -> PlateRead:
    r, quad = look.region, look.quad if look.quad is not None else whole(look.region)
    box = (round(r.left, 1), round(r.top, 1), round(r.right - r.left, 1), round(r.bottom - r.top, 1))
    corners: list[Point] = [(round(float(x), 1), round(float(y), 1)) for x, y in quad]
    return PlateRead(
        look.decision.text,
        look.confidence,
        box,
        (corners[0], corners[1], corners[2], corners[3]),
        look.decision.candidates,
        look.readings,
    )
