"""The default plate reader: our finder, then our recogniser on what it found, looking again where it is unsure."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from parkhub.domain.cameras import Area
from parkhub.domain.plate_layouts import Decision, decide, layouts_of
from parkhub.domain.plate_looks import (
    AGAIN,
    CERTAIN,
    CLEAR,
    DOUBTFUL,
    FAINT,
    FIRST,
    LINES,
    REGIONS_READ_MAX,
    SURE,
    TWO_LINES_ASPECT_MAX,
    Way,
)
from parkhub.domain.plates import PlateRead, Point, Reading, distance, is_clock, is_lettering, normalise, vote
from tasks.vision.model import PROVIDERS
from tasks.vision.picture import Picture
from tasks.vision.plates.finder import PlateFinder, Region
from tasks.vision.plates.reader import StripReader
from tasks.vision.plates.recogniser import Recogniser
from tasks.vision.plates.strips import quad, strip

WORD_MIN: Final = 0.6  # for a plate without a digit
WORD_MAX: Final = 8  # letters of a plate without a digit
FREE_MIN: Final = 0.5  # for a plate in no layout
NUMBER_MIN: Final = 0.65  # for a plate without a letter, in no layout
ACCEPT_MIN: Final = 0.5
TEXT_MIN: Final = 0.5
ASTRAY_MIN: Final = 3  # letters that two looks at one plate never differ by; lettering says something else each time


See = Callable[[Region, Sequence[Way]], list[Reading]]
"""What is read in a region, seen in each of the ways that anybody looked."""


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
        return [read_of(look) for look in plates_among(self.look(picture, region, excluded))]

    def look(self, picture: Picture, region: str = "auto", excluded: Sequence[Area] = ()) -> list[Look]:
        """Every region that may be a plate with what it says, accepted or not."""
        layouts_of(region)  # a wrong name is refused before anything is found
        size = picture.shape[1], picture.shape[0]

        def see(here: Region, ways: Sequence[Way]) -> list[Reading]:
            return self._recogniser.read([strip(picture, here, way) for way in ways])

        return look_at_all(self._finder.find(picture), size, region, excluded, see)


def look_at_all(
    found: Sequence[Region], size: tuple[int, int], region: str, excluded: Sequence[Area], see: See
) -> list[Look]:
    """Looks at what was found in a picture of ``size``, width and height, surest first; see `OnnxReader.look`."""
    looks: list[Look] = []
    for here in [each for each in found if not _excluded(each, size, excluded)][:REGIONS_READ_MAX]:
        if any(accepted(look) and here.confidence < FAINT * look.region.confidence for look in looks):
            break
        looks.append(_look_at(here, region, see))
    return looks


def plates_among(looks: Iterable[Look]) -> list[Look]:
    """Looks that are good enough to be called plates, surest first."""
    return sorted(filter(accepted, looks), key=lambda look: -look.confidence)


def _look_at(region: Region, layouts: str, see: See) -> Look:
    (first,) = readings = see(region, [FIRST])
    decision = decide(vote(readings), layouts)
    if decision.layout and first.confidence >= SURE:
        return Look(region, (first,), decision)
    doubtful = first.confidence < DOUBTFUL and _may_have_two_lines(region)
    lines = _two_lines(see(region, LINES)) if doubtful else []
    if first.letters or lines or region.confidence >= CERTAIN:
        readings += see(region, AGAIN)
        decision = decide(vote(readings + lines), layouts)
    return Look(region, tuple(readings), decision, tuple(lines))


def _two_lines(lines: Sequence[Reading]) -> list[Reading]:
    """Both lines of a plate read one after the other; nothing unless there is something on each."""
    if len(lines) < len(LINES) or not all(line.letters for line in lines):
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


def _excluded(region: Region, size: tuple[int, int], areas: Sequence[Area]) -> bool:
    x, y = (region.left + region.right) / 2 / size[0], (region.top + region.bottom) / 2 / size[1]
    return any(left <= x <= left + w and top <= y <= top + h for left, top, w, h in areas)


def read_of(look: Look) -> PlateRead:
    """A look as a read."""
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
