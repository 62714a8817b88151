"""Which open session a car that leaves belongs to, whatever the camera misread.

Texts are compared by an edit distance in which what cameras confuse costs less: look-alikes, a letter missed, and one
seen twice. Only a clear winner is taken; anything else is a person's to decide.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from parkhub.domain.passages import GatePassage
from parkhub.domain.plates import Candidate, fold

LOOK_ALIKE: Final = 0.25
"""Cost of taking one letter for another that plates draw alike."""

DOUBLED: Final = 0.5
"""Cost of a letter seen twice, or of one of two equal ones missed."""

MISSED: Final = 0.75
"""Cost of any other letter too many or too few."""

LESS_LIKELY: Final = 0.5
"""Most that a candidate costs for being less likely than the first one."""

CLEAR: Final = 1.0
"""Most that a clear winner costs: about one letter, less on short plates."""

CLEAR_PER_LETTER: Final = 0.2
UNDOUBTED: Final = 0.75
"""Cost beyond which a winner is clear only if its entry's own candidates speak for it: another letter, which nobody
doubted, is rather another car, whose entry was missed.
"""

MARGIN: Final = 0.6
"""By how much every other session must cost more than a clear winner."""

SURE: Final = 0.6
"""Confidence of a read below which only the very text is clear."""

SUGGESTED_MAX: Final = 2.5
"""Cost up to which a session is suggested to a person."""

SUGGESTIONS: Final = 6
LETTERS_APART: Final = 3

_PAIRS: Final = (
    "O0", "Q0", "OQ", "D0", "DO", "I1", "L1", "IL", "IT", "B8", "S5", "Z2", "Z7", "G6", "UV", "VY", "MN", "CG"
)  # fmt: skip
_ALIKE: Final = frozenset(map(frozenset, _PAIRS))


@dataclass(frozen=True, slots=True)
class Inside:
    """A session that is open: its id and plate."""

    session_id: int
    plate: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A session that a passage may belong to, and what speaks against it: 0 is the very same text."""

    session_id: int
    cost: float


@dataclass(frozen=True, slots=True)
class Match:
    """What was found: the one session it clearly is, if any, and all that are likely, likeliest first."""

    clear: int | None
    suggestions: tuple[Suggestion, ...]


@lru_cache(maxsize=65536)
def cost(one: str, other: str) -> float:
    """What it takes to make one text the other, both normalised; 0 for the same text. The same both ways."""
    width = len(other) + 1
    row = [0.0] * width
    for j in range(1, width):
        row[j] = row[j - 1] + _alone(other, j - 1)
    for i, a in enumerate(one):
        before, row[0] = row[0], row[0] + _alone(one, i)
        for j, b in enumerate(other):
            swapped = before + _swap(a, b)
            before = row[j + 1]
            row[j + 1] = min(swapped, row[j + 1] + _alone(one, i), row[j] + _alone(other, j))
    return row[-1]


def match_passage(passage: GatePassage, inside: Iterable[Inside]) -> Match:
    """Compare what a passage was read as, and what else it may have been, with the sessions that are open."""
    others = [each for each in passage.candidates if each.text != passage.plate]
    return match([Candidate(passage.plate, passage.confidence), *others], passage.confidence, inside)


def match(candidates: Sequence[Candidate], confidence: float, inside: Iterable[Inside]) -> Match:
    """Compare a passage's candidates, likeliest first, with the sessions that are open.

    ``confidence``: how sure the passage's own text is, 0..1.
    """
    if not candidates:
        return Match(None, ())
    near = _near(candidates, list(inside))
    found = [Suggestion(each.session_id, _best(candidates, each.plate)) for each in near]
    found.sort(key=lambda each: (each.cost, each.session_id))
    likely = tuple(each for each in found if each.cost <= SUGGESTED_MAX)[:SUGGESTIONS]
    if not likely:
        return Match(None, ())
    best = likely[0].cost
    second = likely[1].cost if len(likely) > 1 else SUGGESTED_MAX + MARGIN
    sure = confidence >= SURE
    limit = min(CLEAR, CLEAR_PER_LETTER * len(candidates[0].text)) if sure else 0.0
    apart = second - best >= MARGIN or (sure and best == 0 and second > LOOK_ALIKE)
    return Match(likely[0].session_id if best <= limit and apart else None, likely)


def speak_for(entry: Iterable[Candidate], text: str) -> bool:
    """Whether what a car may have been read as when it came in says that it was the one that leaves as ``text``."""
    return any(cost(each.text, text) <= LOOK_ALIKE for each in entry)


def _best(candidates: Sequence[Candidate], plate: str) -> float:
    first = candidates[0].confidence or 1.0
    return min(
        cost(each.text, plate) + LESS_LIKELY * (1 - min(1.0, each.confidence / first)) * (at > 0)
        for at, each in enumerate(candidates)
    )


def _near(candidates: Sequence[Candidate], inside: Sequence[Inside]) -> list[Inside]:
    """Those worth comparing letter by letter, for thousands may be inside: a few letters apart, look-alikes equal."""
    plates = [fold(each.plate) for each in inside]
    found = {
        at
        for each in candidates
        for _, _, at in process.extract_iter(
            fold(each.text), plates, scorer=Levenshtein.distance, score_cutoff=LETTERS_APART
        )
    }
    return [inside[at] for at in sorted(found)]


def _alone(text: str, at: int) -> float:
    """What a letter costs that the other text lacks."""
    doubled = text[at - 1 : at] == text[at] or text[at + 1 : at + 2] == text[at]
    return DOUBLED if doubled else MISSED


def _swap(a: str, b: str) -> float:
    if a == b:
        return 0.0
    return LOOK_ALIKE if frozenset((a, b)) in _ALIKE else 1.0
