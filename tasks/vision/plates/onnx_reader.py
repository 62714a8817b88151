"""The default plate reader: our finder, then our recogniser on what it found, looking again where it is unsure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from parkhub.domain.cameras import Area
from parkhub.domain.plate_layouts import Decision, decide, layouts_of
from parkhub.domain.plates import PlateRead, Point, Reading, distance, is_clock, is_lettering, normalise, vote
from tasks.vision.model import PROVIDERS
from tasks.vision.picture import Picture
from tasks.vision.plates.finder import PlateFinder, Region
from tasks.vision.plates.reader import StripReader
from tasks.vision.plates.recogniser import Recogniser
from tasks.vision.plates.strips import Tone, Way, quad, strip

FIRST: Final = Way()
AGAIN: Final = (Way(0.15, 0.18), Way(0.04, 0.04, Tone.DRAWN_OUT))
UPPER, LOWER = Way(0.2, 0.05, rows=(0.0, 0.5)), Way(0.2, 0.05, rows=(0.5, 1.0))
SURE: Final = 0.95  # a first look as sure as this, in a known layout, needs no second
DOUBTFUL: Final = 0.8  # a first look less sure than this may be one at two lines
TWO_LINES_ASPECT_MAX: Final = 2.4  # of the region: longer plates have one line
FAINT: Final = 0.5  # of an accepted plate's confidence as a region: fainter ones are not read any more
CLEAR: Final = 0.5  # a region as clear as this may have its number on two lines
CERTAIN: Final = 0.7  # a region as clear as this is looked at again even if nothing was seen in it
WORD_MIN: Final = 0.6  # for a plate without a digit
WORD_MAX: Final = 8  # letters of a plate without a digit
FREE_MIN: Final = 0.5  # for a plate in no layout
NUMBER_MIN: Final = 0.65  # for a plate without a letter, in no layout
REGIONS_READ_MAX: Final = 6
ACCEPT_MIN: Final = 0.5
TEXT_MIN: Final = 0.5
ASTRAY_MIN: Final = 3  # letters that two looks at one plate never differ by; lettering says something else each time


@dataclass(frozen=True, slots=True)
class Look:
    """What one region gave: kept whole, accepted or not, so that a refusal can be explained."""

    region: Region
    readings: tuple[Reading, ...]
    decision: Decision
    lines: tuple[Reading, ...] = ()
    """What was read line by line, if two lines were tried; besides ``readings``, which took all as one line."""

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
        """``strips``: reads the cut-out plates instead of our own recogniser."""
        self._finder = PlateFinder(threads=threads, providers=providers)
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
        (first,) = readings = self._recogniser.read([strip(picture, region, FIRST)])
        decision = decide(vote(readings), layouts)
        if decision.layout and first.confidence >= SURE:
            return Look(region, (first,), decision)
        doubtful = first.confidence < DOUBTFUL and _may_have_two_lines(region)
        lines = self._two_lines(picture, region) if doubtful else []
        if first.letters or lines or region.confidence >= CERTAIN:
            readings += self._recogniser.read([strip(picture, region, way) for way in AGAIN])
            decision = decide(vote(readings + lines), layouts)
        return Look(region, tuple(readings), decision, tuple(lines))

    def _two_lines(self, picture: Picture, region: Region) -> list[Reading]:
        """Both lines of a plate read one after the other; nothing unless there is something on each."""
        lines = self._recogniser.read([strip(picture, region, way) for way in (UPPER, LOWER)])
        if not all(line.letters for line in lines):
            return []
        return [Reading(tuple(letter for line in lines for letter in line.letters))]


def _may_have_two_lines(region: Region) -> bool:
    wide, high = region.right - region.left, region.bottom - region.top
    return region.confidence >= CLEAR and wide <= TWO_LINES_ASPECT_MAX * high


def accepted(look: Look) -> bool:
    """Whether a look is good enough to be called a plate: sure enough, and a text that plates have."""
    text = look.decision.text
    if not text or look.decision.confidence < TEXT_MIN or look.confidence < ACCEPT_MIN:
        return False
    if any(is_clock(reading.text) or is_lettering(reading.text) for reading in look.readings[:1]) or _astray(look):
        return False
    if any(c.isdigit() for c in text):
        least = FREE_MIN if any(c.isalpha() for c in text) else NUMBER_MIN
        return bool(look.decision.layout) or look.confidence >= least
    return len(text) <= WORD_MAX and look.confidence >= WORD_MIN


def _astray(look: Look) -> bool:
    """Whether some looks saw the plate and another nothing or something else; on two lines no look sees it whole."""
    apart = [distance(normalise(reading.text), look.decision.text) for reading in look.readings]
    return max(apart) >= ASTRAY_MIN > min(apart)


def _excluded(region: Region, picture: Picture, areas: Sequence[Area]) -> bool:
    height, width = picture.shape[:2]
    x, y = (region.left + region.right) / 2 / width, (region.top + region.bottom) / 2 / height
    return any(left <= x <= left + w and top <= y <= top + h for left, top, w, h in areas)


def _read(look: Look) -> PlateRead:
    r = look.region
    box = (round(r.left, 1), round(r.top, 1), round(r.right - r.left, 1), round(r.bottom - r.top, 1))
    corners: list[Point] = [(round(float(x), 1), round(float(y), 1)) for x, y in quad(r)]
    return PlateRead(
        look.decision.text,
        look.confidence,
        box,
        (corners[0], corners[1], corners[2], corners[3]),
        look.decision.candidates,
        look.readings + look.lines,
    )
