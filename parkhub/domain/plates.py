"""Number plates: what was read, how several readings of one plate become one text, and which texts are alike.

A reading is one look of a recogniser at one strip of a picture: for each letter, surest first, what it may be and how
likely. Readings are voted letter by letter, and only then brought into the layout of a country (`plate_layouts`); the
raw texts are kept beside the result.
"""

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

Letter = tuple[tuple[str, float], ...]
"""What one letter may be, surest first: characters with their probability."""

Point = tuple[float, float]

LOOK_ALIKES: Final[Mapping[int, int]] = str.maketrans("OQIBSZ", "001852")
"""Characters that many plates draw alike, each with the one that stands for both. D is not taken for 0."""

MAKERS: Final = (
    "ALFAROMEO", "AUDI", "BMW", "CHERY", "CHEVROLET", "CHRYSLER", "CITROEN", "CUPRA", "DACIA", "DAEWOO", "DODGE",
    "FIAT", "FORD", "GENESIS", "HONDA", "HYUNDAI", "INFINITI", "ISUZU", "IVECO", "JAGUAR", "JEEP", "KIA", "LADA",
    "LANCIA", "LANDROVER", "LEXUS", "MAHINDRA", "MAZDA", "MERCEDES", "MITSUBISHI", "NISSAN", "OPEL", "PEUGEOT",
    "PONTIAC", "PORSCHE", "RANGEROVER", "RENAULT", "ROVER", "SAAB", "SATURN", "SCANIA", "SEAT", "SKODA", "SMART",
    "SSANGYONG", "SUBARU", "SUZUKI", "TACOMA", "TATA", "TESLA", "TOYOTA", "VAUXHALL", "VINFAST", "VOLKSWAGEN", "VOLVO",
    "YAMAHA",
)  # fmt: skip
"""Names on vehicles that are taken for plates without a digit otherwise."""

CHARACTER_MIN: Final = 1e-4  # below it an alternative says nothing
LOWER_CASE: Final = 0.7  # plates have capitals; a small letter is more likely lettering, or a capital seen badly


_CLOCK: Final = re.compile(r"\d{4}[-./:]\d{1,2}[-./:]\d{1,2}|\d{1,2}[-./:]\d{1,2}[-./:]\d{4}|\d\d:\d\d:\d\d")


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one strip, with whatever the recogniser saw: hyphens, dots and small letters too."""

    letters: tuple[Letter, ...]

    @property
    def text(self) -> str:
        """The surest characters, as seen."""
        return "".join(letter[0][0] for letter in self.letters)

    @property
    def confidence(self) -> float:
        """How sure the recogniser is of the letters and digits on the whole (geometric mean), 0..1."""
        return _confidence([letter for letter in self.letters if letter[0][0].isalnum()])


@dataclass(frozen=True, slots=True)
class Voted:
    """Letters that several readings agree on, all of one length, and their share of all weight, 0..1."""

    letters: tuple[Letter, ...]
    share: float

    @property
    def text(self) -> str:
        """The surest characters."""
        return "".join(letter[0][0] for letter in self.letters)

    @property
    def confidence(self) -> float:
        """How sure the letters are on the whole (geometric mean), 0..1."""
        return _confidence(self.letters)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that a plate may have, and how likely, 0..1; the candidates of a read sum to at most 1."""

    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class PlateRead:
    """One plate in one picture.

    ``box`` is left, top, width, height and ``corners`` the four corners clockwise from the upper left one, in pixels.
    ``candidates`` are the likeliest texts, surest first; ``readings`` every look at it, before any rule.
    """

    text: str
    confidence: float
    box: tuple[float, float, float, float]
    corners: tuple[Point, Point, Point, Point]
    candidates: tuple[Candidate, ...] = ()
    readings: tuple[Reading, ...] = ()

    @property
    def raw(self) -> tuple[str, ...]:
        """What was seen before the vote and any rule, in the order of looks."""
        return tuple(reading.text for reading in self.readings)


def normalise(text: str) -> str:
    """Capital letters A to Z and digits only; everything else is left out."""
    return "".join(c for c in text.upper() if c.isascii() and c.isalnum())


def fold(text: str) -> str:
    """The normal text with look-alike characters made equal, to compare by."""
    return normalise(text).translate(LOOK_ALIKES)


def distance(one: str, other: str) -> int:
    """How many letters must be changed, left out or put in to make one text the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (a != b))
    return row[-1]


def is_clock(text: str) -> bool:
    """Whether a text is a date or a time burnt into the picture."""
    return _CLOCK.search(text) is not None


def is_lettering(text: str) -> bool:
    """Whether a text is a maker's name or mostly small letters: lettering on a vehicle or a wall, no plate."""
    letters = [c for c in text if c.isalpha()]
    plain = fold(text)
    small = sum(c.islower() for c in letters) * 2 > max(4, len(letters))
    return small or any(distance(plain, maker) <= len(maker) // 5 for maker in _MAKERS)


def clean(reading: Reading) -> tuple[Letter, ...]:
    """Letters in capitals; a place that most likely holds a hyphen, a dot or anything but A-Z and 0-9 is dropped."""
    found = []
    for letter in reading.letters:
        chances: defaultdict[str, float] = defaultdict(float)
        for character, chance in letter:
            capital = character.upper()
            if len(capital) == 1 and capital.isascii() and capital.isalnum():
                chances[capital] += chance * (LOWER_CASE if character != capital else 1.0)
        if chances and letter[0][0].isascii() and letter[0][0].isalnum():
            found.append(_ordered(chances))
    return tuple(found)


def vote(readings: Sequence[Reading], weights: Sequence[float] | None = None) -> list[Voted]:
    """What readings of one plate agree on: one answer for each length, the weightiest first.

    Readings of one length vote letter by letter, each with its confidence squared times its weight.
    """
    groups: defaultdict[int, list[tuple[tuple[Letter, ...], float]]] = defaultdict(list)
    for reading, given in zip(readings, weights or [1.0] * len(readings), strict=True):
        letters = clean(reading)
        if letters and given > 0:
            groups[len(letters)].append((letters, given * _confidence(letters) ** 2))
    whole = sum(weight for group in groups.values() for _, weight in group)
    if whole <= 0:
        return []
    voted = [Voted(_mix(group), sum(weight for _, weight in group) / whole) for group in groups.values()]
    return sorted(voted, key=lambda answer: -answer.share)


def _mix(group: Sequence[tuple[tuple[Letter, ...], float]]) -> tuple[Letter, ...]:
    whole = sum(weight for _, weight in group)
    letters = []
    for place in range(len(group[0][0])):
        chances: defaultdict[str, float] = defaultdict(float)
        for reading, weight in group:
            for character, chance in reading[place]:
                chances[character] += chance * weight / whole
        letters.append(_ordered(chances))
    return tuple(letters)


def _ordered(chances: Mapping[str, float]) -> Letter:
    kept = [(character, min(1.0, chance)) for character, chance in chances.items() if chance >= CHARACTER_MIN]
    best = max(chances.items(), key=lambda item: item[1])
    return tuple(sorted(kept or [best], key=lambda item: (-item[1], item[0])))


def _confidence(letters: Sequence[Letter]) -> float:
    if not letters:
        return 0.0
    return math.exp(sum(math.log(max(letter[0][1], CHARACTER_MIN)) for letter in letters) / len(letters))


_MAKERS: Final = tuple(fold(maker) for maker in MAKERS)
