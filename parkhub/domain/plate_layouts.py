"""Layouts of number plates: which places hold letters and which digits, by region, as ordered rules after the vote.

A layout is a word of ``L`` (letter), ``D`` (digit) and ``X`` (either); ``*`` is where a crest or sticker may be read as
a letter too many; any other character stands for itself. Bringing voted letters into a layout costs: a look-alike put
in its place, a letter left out because a crest, a sticker or the country letter of the blue band was read. The cheapest
layout wins, earlier ones first among equals; when every layout costs more than leaving the text alone, it is left
alone.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from typing import Final

from parkhub.domain.plates import Candidate, Letter, Voted, fold
from parkhub.errors import InvalidInputError

COUNTRIES: Final[dict[str, tuple[str, ...]]] = {
    "sk": ("LL*DDDLL", "LL*LLLDD", "LL*DDDDD", "LL*LLLLD"),
    "cz": ("DLX*DDDD", "LLLDDDD", "LLDDDDD", "LLDDDD"),
    "de": ("LLLDDDD", "LLLDDD", "LLDDDD", "LLLLDDD", "LLLLDDDD", "LLDDD", "LLLLLDDD", "LLLLDD", "LLLDD", "LLLLLDD"),
    "gb": ("LLDDLLL", "LDDDLLL", "LLLDDDL", "LLLDDDD", "LDDLLL", "LLLDDL"),
    "pl": ("LLDDDDD", "LLDDDDL", "LLDDDLL", "LLDLDDD", "LLLDDDD", "LLLDDLL", "LLLDDDDD", "LLLDDDL", "LDDDDD"),
    "nl": (
        "DDLLLD", "DDLLLL", "LLDDDL", "LLLLDD", "DLLLDD", "LDDDLL", "DDLLDD", "LLDDLL",
        "LLLDDL", "LDDLLL", "DLLDDD", "DDDLLD", "LLDDDD", "DDDDLL",
    ),
    "fr": ("LLDDDLL",),
    "it": ("LLDDDLL",),
    "es": ("DDDDLLL",),
    "be": ("DLLLDDD", "LLLDDD", "DDDLLL"),
    "at": ("LLDDDLL", "LDDDDLL", "LDDDDDL", "LLDDLLL", "LLDDDDL", "LDDDLLL"),
    "ro": ("LLDDLLL", "LDDDLLL", "LDDLLL", "LDDDDDD"),
    "hu": ("LLLDDD", "LLLLDDD"),
    "dk": ("LLDDDDD",),
    "no": ("LLDDDDD",),
    "se": ("LLLDDX",),
    "fi": ("LLLDDD",),
    "pt": ("LLDDLL", "DDLLDD", "DDDDLL", "LLDDDD"),
    "hr": ("LLDDDLL", "LLDDDDLL", "LLDDDDL", "LLDDDL"),
    "bg": ("LLDDDDLL", "LDDDDLL"),
    "gr": ("LLLDDDD",),
    "lt": ("LLLDDD",),
    "lv": ("LLDDDD",),
    "ee": ("DDDLLL",),
}  # fmt: skip
"""Europe, the layouts most seen first. Only what is common: a rarer one is read too, but not repaired."""

US: Final = (
    "DLLLDDD", "LLLDDDD", "LLLDDD", "DDDLLL", "LLD*LDL", "LDDDDDD", "DDDDLLL", "DLLDDD", "DDLLLL", "DDDDDLD",
    "DLDDDDD", "LLDDDDD", "DDDDDDD", "DDDDDD", "DDDLLLL", "LLLLDDD",
)  # fmt: skip
BR: Final = ("LLLDDDD", "LLLDLDD")
INDIA: Final = (
    "LLDDLLDDDD",
    "LLDDLDDDD",
    "LLDLLDDDD",
    "LLDLDDDD",
    "LLDDDDDD",
    "LLDDLLLDDDD",
    "DDBHDDDDLL",
    "DDBHDDDDL",
)
VIETNAM: Final = ("DDLDDDDD", "DDLDDDD", "DDLXDDDDD", "DDLXDDDD", "DDLLDDDDD")
EUROPE: Final = tuple(dict.fromkeys(layout for layouts in COUNTRIES.values() for layout in layouts))

BANDS: Final = frozenset({"A", "B", "CZ", "D", "E", "F", "GB", "H", "I", "L", "N", "NL", "P", "PL", "RO", "SK", "UK"})
"""What the blue band of a European plate may say."""

REGIONS: Final[dict[str, tuple[str, ...]]] = {
    "auto": tuple(dict.fromkeys((*EUROPE, *BR, *US))),
    "eu": EUROPE,
    "us": US,
    "br": BR,
    "in": INDIA,
    "vn": VIETNAM,
    **COUNTRIES,
}
"""Regions that can be chosen, each with its layouts, the likeliest first."""

LOOKS_LIKE: Final[dict[str, dict[str, float]]] = {
    "0": {"O": 0.7, "Q": 0.4, "D": 0.1, "U": 0.02, "C": 0.02}, "1": {"I": 0.7, "L": 0.05, "T": 0.03, "J": 0.03},
    "2": {"Z": 0.6}, "3": {"B": 0.02, "E": 0.02}, "4": {"A": 0.05, "L": 0.04}, "5": {"S": 0.6},
    "6": {"G": 0.08, "C": 0.03, "E": 0.02}, "7": {"T": 0.04, "Z": 0.03, "Y": 0.02, "J": 0.03},
    "8": {"B": 0.6, "S": 0.02}, "9": {"G": 0.03, "P": 0.02},
}  # fmt: skip
_DIGIT_FOR: Final = LOOKS_LIKE
_LETTER_FOR: Final = {
    letter: {
        digit: chance for digit, letters in LOOKS_LIKE.items() for seen, chance in letters.items() if seen == letter
    }
    for letter in {letter for letters in LOOKS_LIKE.values() for letter in letters}
}

LEFT_ALONE: Final = 2.5  # what it costs to fit no layout of the country that was chosen, in natural logarithms
LEFT_ALONE_IN: Final = {"auto": 0.4, "eu": 1.5, "us": 0.5}  # where not every layout is known, or owners choose texts
COST_MAX: Final = 6.0
CONFIDENCE_PER_COST: Final = 0.12
BAND_DROPPED: Final = 1.2
DROPPED_FIRST, DROPPED_CREST, DROPPED_INSIDE, DROPPED_LAST = 1.4, 0.6, 2.4, 2.2
DROPPED_MAX: Final = 2
LENGTH_MIN, LENGTH_MAX = 4, 11
RANK_COST: Final = 0.02  # a later rule, among equals
CANDIDATES_MAX: Final = 5
_CHANCE_LEAST: Final = 1e-6  # of which there is a logarithm, whatever an engine says


@dataclass(frozen=True, slots=True)
class Fit:
    """A text in a layout (empty: left alone) and what it cost to bring it there."""

    text: str
    layout: str
    cost: float


def layouts_of(region: str) -> tuple[str, ...]:
    """Layouts of a region, likeliest first; raises InvalidInputError for a name that is none."""
    try:
        return REGIONS[region.lower()]
    except KeyError:
        raise InvalidInputError(f"There is no region {region!r}; choose one of {', '.join(REGIONS)}.") from None


@dataclass(frozen=True, slots=True)
class Decision:
    """The texts a plate may have, surest first, how sure the first is, and the layout it is in (empty: none)."""

    candidates: tuple[Candidate, ...]
    confidence: float
    layout: str

    @property
    def text(self) -> str:
        """The likeliest text; empty when nothing was read."""
        return self.candidates[0].text if self.candidates else ""


def decide(voted: Sequence[Voted], region: str) -> Decision:
    """Bring every answer of the vote into every layout; what that costs and how many readings say so count together.

    Texts that differ in look-alikes only stand by each other against the rest. Raises InvalidInputError for an
    unknown region.
    """
    layouts, left_alone = layouts_of(region), LEFT_ALONE_IN.get(region.lower(), LEFT_ALONE)
    scores: dict[str, float] = {}
    best: dict[str, tuple[Voted, Fit]] = {}
    for answer in voted:
        for fit in fits(answer.letters, layouts, left_alone):
            score = answer.share * math.exp(-fit.cost) * answer.confidence ** len(answer.letters)
            if score > scores.get(fit.text, 0.0):
                scores[fit.text], best[fit.text] = score, (answer, fit)
    if not scores:
        return Decision((), 0.0, "")
    alike: defaultdict[str, float] = defaultdict(float)
    for text, score in scores.items():
        alike[fold(text)] += score
    order = sorted(scores, key=lambda text: (-alike[fold(text)], -scores[text], text))
    whole = sum(scores.values())
    answer, fit = best[order[0]]
    sure = answer.confidence * math.exp(-CONFIDENCE_PER_COST * fit.cost) * (0.6 + 0.4 * answer.share)
    candidates = tuple(Candidate(text, round(scores[text] / whole, 4)) for text in order[:CANDIDATES_MAX])
    return Decision(candidates, round(min(1.0, sure), 4), fit.layout)


def fits(letters: Sequence[Letter], layouts: Sequence[str], left_alone: float = LEFT_ALONE) -> list[Fit]:
    """The text left alone, and its best fit in each layout it can be brought into; cheapest first."""
    plain = "".join(letter[0][0] for letter in letters)
    found = {plain: Fit(plain, "", left_alone)} if LENGTH_MIN <= len(plain) <= LENGTH_MAX else {}
    for rank, layout in enumerate(layouts):
        places, crest = layout.replace("*", ""), layout.find("*")
        extra = len(letters) - len(places)
        if not 0 <= extra <= DROPPED_MAX:
            continue
        for dropped in _drops(places, extra, crest):
            fit = _fit(letters, places, dropped, crest, rank * RANK_COST)
            if fit and (fit.text not in found or fit.cost < found[fit.text].cost):
                found[fit.text] = fit
            elif fit and not found[fit.text].layout:  # left alone is cheaper, and it is in a layout all the same
                found[fit.text] = replace(fit, cost=found[fit.text].cost)
    return sorted(found.values(), key=lambda fit: fit.cost)


@cache
def _drops(places: str, extra: int, crest: int) -> tuple[tuple[int, ...], ...]:
    """Which letters may be left out of a text that is ``extra`` too long: first, last, or where groups meet."""
    length = len(places) + extra
    seams = {i for i in range(1, len(places)) if places[i] != places[i - 1]} | ({crest} if crest > 0 else set())
    allowed = {
        *range(extra),
        *range(length - extra, length),
        *(seam + shift for seam in seams for shift in range(extra)),
    }
    return tuple(combinations(sorted(allowed), extra))


def _fit(letters: Sequence[Letter], places: str, dropped: tuple[int, ...], crest: int, cost: float) -> Fit | None:
    cost += _drop_cost(letters, dropped, crest)
    kept = [letter for place, letter in enumerate(letters) if place not in dropped]
    text = ""
    for wanted, letter in zip(places, kept, strict=True):
        best = max(_chances(letter, wanted), key=lambda pair: pair[1], default=None)
        if best is None:
            return None
        text += best[0]
        if best[0] != letter[0][0]:
            cost += max(0.0, math.log(max(letter[0][1], _CHANCE_LEAST) / max(best[1], _CHANCE_LEAST)))
        if cost > COST_MAX:
            return None
    return Fit(text, places, cost)


def _drop_cost(letters: Sequence[Letter], dropped: tuple[int, ...], crest: int) -> float:
    """Cheap for letters in doubt, for a country's own letters in front, and where a layout has a crest."""
    cost = 0.0
    front = [place for order, place in enumerate(dropped) if place == order]
    if front and "".join(letters[place][0][0] for place in front) in BANDS:
        cost, dropped = BAND_DROPPED, dropped[len(front) :]
    for place in dropped:
        chance = min(max(letters[place][0][1], _CHANCE_LEAST), 0.999)
        doubt = math.log(chance / (1.001 - chance)) / 4  # about 0 at evens, 1.7 when certain
        if place in front:
            kind = DROPPED_FIRST
        elif crest > 0 and place == crest + len(front):
            kind = DROPPED_CREST
        else:
            kind = DROPPED_LAST if place >= len(letters) - len(dropped) else DROPPED_INSIDE
        cost += max(0.2, kind + doubt)
    return cost


def _chances(letter: Letter, wanted: str) -> Iterator[tuple[str, float]]:
    """Characters that may stand at a place, with their probability or that of what they look like."""
    for character, chance in letter:
        if wanted == "X" or character == wanted:
            yield character, chance
        elif wanted in "LD":
            if character.isdigit() == (wanted == "D"):
                yield character, chance
            table = _DIGIT_FOR if wanted == "D" else _LETTER_FOR
            for other, seen in table.items():
                if character in seen:
                    yield other, chance * seen[character] * 0.9
