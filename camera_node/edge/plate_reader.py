"""What a plate says, before any rule of a country: for every letter what it may be, and how likely.

The network answers for every column of a strip how likely each character and "none" is; a run of columns with one best
character is one character. Which looks are worth it is decided as the server does where a country's rules do not
matter; where they would, the look is made unless the first one surely fits, and the server leaves aside what it does
not need.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camera_node.edge.crops import Bytes
from camera_node.edge.gate_settings import GateSettings, Way
from camera_node.edge.model import Floats, Model
from camera_node.edge.plate_finder import Region
from camera_node.edge.strips import cut_strip

FILE = "plates_read.onnx"
NONE = 0
ALTERNATIVES_MAX = 4
ALTERNATIVE_MIN = 0.005
LETTERS_MAX = 24
"""More the server does not take; plates have eleven at most."""

PLAIN_LETTERS = (4, 8)
PLACES = {"L": "[A-Z]", "D": "[0-9]", "X": "[A-Z0-9]", "*": ""}
"""What stands for what in a layout; a crest, which may be read as a letter too many, is none in a text that fits."""

Letters = list[list[tuple[str, float]]]
"""For each letter what it may be, surest first."""


@dataclass(frozen=True, slots=True)
class Read:
    """What a region gave; ``again`` and ``lines`` are empty where nobody looked so."""

    region: Region
    first: Letters
    again: list[Letters]
    lines: list[Letters]

    @property
    def text(self) -> str:
        """The surest characters of the first look."""
        return _text(self.first)

    @property
    def letters(self) -> int:
        """The most that any look saw."""
        return max(len(self.first), *map(len, self.again), sum(map(len, self.lines)), 0)


class PlateReader:
    """The network, opened. Its characters are written in the file."""

    def __init__(self, data: bytes, settings: GateSettings, layouts: Sequence[str] = ()) -> None:
        """Raises EdgeError."""
        self._model = Model(data, "reading plates")
        self._characters = ["", *self._model.about.get("characters", "")]
        shape = self._model.answer_shape
        if len(shape) != 3 or shape[-1] != len(self._characters):
            raise self._model.too_new()
        self._by = settings
        patterns = ("".join(PLACES.get(place, re.escape(place)) for place in layout) for layout in layouts)
        self._layouts = re.compile("|".join(patterns) or "(?!)")

    def read(self, picture: Bytes, found: list[Region]) -> list[Read]:
        """Return what regions of a picture say, of the surest ones, without those that are none. Raises EdgeError."""
        reads: list[Read] = []
        for region in found[: self._by.read.regions_max]:
            if any(
                self.is_plain(read) and region.confidence < self._by.read.faint * read.region.confidence
                for read in reads
            ):
                break
            reads.append(self._read(picture, region))
        return [read for read in reads if read.letters >= self._by.read.letters_min]

    def is_plain(self, read: Read) -> bool:
        """Whether this surely is a plate: it fits a layout, or all looks say the same letters and digits."""
        text = read.text
        if read.region.confidence >= self._by.read.certain and self._fits(read.first):
            return True
        alike = all(_text(each) == text for each in read.again) and not read.lines
        letters = any("A" <= c <= "Z" for c in text) and any(c.isdigit() for c in text)
        plain = text.isascii() and text.isalnum() and text == text.upper()
        least, most = PLAIN_LETTERS
        sure = _confidence(read.first) >= self._by.read.sure and read.region.confidence >= self._by.read.certain
        return alike and letters and plain and least <= len(text) <= most and sure

    def _read(self, picture: Bytes, region: Region) -> Read:
        by = self._by
        (first,) = self._look(picture, region, (by.first,))
        if self._fits(first):
            return Read(region, first, [], [])
        doubtful = _confidence(first) < by.read.doubtful and self._may_have_two_lines(region)
        lines = self._look(picture, region, by.lines) if doubtful else []
        on_both = bool(lines) and all(lines)
        worth_it = first or on_both or region.confidence >= by.read.certain
        again = self._look(picture, region, by.again) if worth_it else []
        return Read(region, first, again, lines)

    def _fits(self, first: Letters) -> bool:
        """Whether a first look is so sure of a text in a layout that the server needs no second."""
        return _confidence(first) >= self._by.read.sure and self._layouts.fullmatch(_text(first)) is not None

    def _may_have_two_lines(self, region: Region) -> bool:
        wide, high = region.right - region.left, region.bottom - region.top
        return region.confidence >= self._by.read.clear and wide <= self._by.read.two_lines_aspect_max * high

    def _look(self, picture: Bytes, region: Region, ways: tuple[Way, ...]) -> list[Letters]:
        strips = np.stack([cut_strip(picture, region, way, self._by.strip) for way in ways])
        return [self._letters(rows) for rows in self._model.run(strips)]

    def _letters(self, rows: Floats) -> Letters:
        """Columns x characters to letters, each judged at its surest column."""
        best = rows.argmax(axis=1)
        ends = [*(np.nonzero(np.diff(best))[0] + 1).tolist(), len(best)]
        found, start = [], 0
        for end in ends:
            if best[start] != NONE:
                found.append(self._letter(rows[start + int(rows[start:end, best[start]].argmax())]))
            start = end
        return found[:LETTERS_MAX]

    def _letter(self, row: Floats) -> list[tuple[str, float]]:
        order = np.argsort(-row)[: ALTERNATIVES_MAX + 1].tolist()
        chances = [(i, round(min(1.0, float(row[i])), 5)) for i in order if i != NONE and row[i] >= ALTERNATIVE_MIN]
        likely = [(self._characters[i], chance) for i, chance in chances]
        return likely[:ALTERNATIVES_MAX]


def _text(letters: Letters) -> str:
    return "".join(letter[0][0] for letter in letters)


def _confidence(letters: Letters) -> float:
    """How sure letters and digits are on the whole (geometric mean), 0 to 1."""
    chances = [letter[0][1] for letter in letters if letter[0][0].isalnum()]
    return math.exp(sum(math.log(max(chance, 1e-4)) for chance in chances) / len(chances)) if chances else 0.0
