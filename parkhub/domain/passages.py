"""Passages: the reads of one plate over time, voted into one text.

A vehicle in view gives a read in every frame, some of them wrong. Reads that follow each other at one place, or that
are nearly the same text within the merge window, are one passage; its text is voted from all readings of all frames.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from parkhub.domain.plate_layouts import decide
from parkhub.domain.plates import Candidate, PlateRead, Reading, distance, fold, vote

MERGE_WINDOW_S: Final = 8.0
SAME_PLACE_S: Final = 1.0  # how long a plate may be out of sight and still be told by its place
SAME_PLACE: Final = 0.2  # overlap of boxes, intersection over union
READS_MIN: Final = 2  # reads that agree, look-alikes folded; fewer are no passage
READINGS_MAX: Final = 60  # of the surest reads, enough for a vote


@dataclass(frozen=True, slots=True)
class Sighting:
    """One read and when its frame was taken, seconds from any fixed start."""

    at_s: float
    read: PlateRead


@dataclass(frozen=True, slots=True)
class Passage:
    """One plate going by: voted text, first and last time seen, how many frames; ``best`` shows it clearest."""

    text: str
    confidence: float
    first_s: float
    last_s: float
    frames: int
    candidates: tuple[Candidate, ...]
    best: Sighting


@dataclass
class _Track:
    sightings: list[Sighting] = field(default_factory=list)

    @property
    def last(self) -> Sighting:
        return self.sightings[-1]

    def continues(self, seen: Sighting, window_s: float) -> bool:
        gap_s = seen.at_s - self.last.at_s
        if gap_s <= 0 or gap_s > window_s:
            return False
        if gap_s <= SAME_PLACE_S and overlap(self.last.read.box, seen.read.box) >= SAME_PLACE:
            return True
        return any(alike(one.read.text, seen.read.text) for one in self.sightings[-5:])


def passages(
    sightings: Iterable[Sighting],
    region: str = "auto",
    merge_window_s: float = MERGE_WINDOW_S,
    reads_min: int = READS_MIN,
) -> list[Passage]:
    """Passages in the order of their first sighting. Sightings come in the order of time.

    The same plate seen again after more than ``merge_window_s`` out of sight is another passage; one that stays in
    view is a single one, however long. Raises InvalidInputError for an unknown region.
    """
    tracks: list[_Track] = []
    for seen in sightings:
        near = [track for track in tracks if track.continues(seen, merge_window_s)]
        if near:
            max(near, key=lambda track: track.last.at_s).sightings.append(seen)
        else:
            tracks.append(_Track([seen]))
    found = [_passage(track.sightings, region) for track in _joined(tracks, region, merge_window_s)]
    kept = [passage for passage, agreeing in found if agreeing >= reads_min]
    return sorted(kept, key=lambda passage: passage.first_s)


def alike(one: str, other: str) -> bool:
    """Whether two texts may be the same plate: a letter or two apart, or one a part of the other."""
    a, b = fold(one), fold(other)
    if min(len(a), len(b)) >= 3 and (a in b or b in a):
        return True
    return distance(a, b) <= max(len(a), len(b)) // 4


def overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes: left, top, width, height."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared) if shared else 0.0


def _joined(tracks: Sequence[_Track], region: str, window_s: float) -> list[_Track]:
    """Tracks of one plate that lost sight of each other become one."""
    left = sorted(tracks, key=lambda track: -len(track.sightings))
    kept: list[tuple[_Track, str]] = []
    for track in left:
        text = _passage(track.sightings, region)[0].text
        for other, known in kept:
            if alike(text, known) and _gap_s(track, other) <= window_s:
                other.sightings = sorted(other.sightings + track.sightings, key=lambda seen: seen.at_s)
                break
        else:
            kept.append((track, text))
    return [track for track, _ in kept]


def _gap_s(a: _Track, b: _Track) -> float:
    return max(a.sightings[0].at_s - b.last.at_s, b.sightings[0].at_s - a.last.at_s, 0.0)


def _passage(sightings: Sequence[Sighting], region: str) -> tuple[Passage, int]:
    """The passage of these sightings, and how many of them read its text."""
    surest = sorted(sightings, key=lambda seen: -seen.read.confidence)
    readings: list[Reading] = []
    weights: list[float] = []
    for seen in surest:
        readings += seen.read.readings
        weights += [seen.read.confidence * seen.read.box[3]] * len(seen.read.readings)  # near plates are read best
    decision = decide(vote(readings[:READINGS_MAX], weights[:READINGS_MAX]), region)
    text = decision.text or surest[0].read.text
    agreeing = [seen for seen in surest if fold(seen.read.text) == fold(text)]
    passage = Passage(
        text,
        max([decision.confidence, *(seen.read.confidence for seen in agreeing)]) if agreeing else decision.confidence,
        sightings[0].at_s,
        sightings[-1].at_s,
        len({seen.at_s for seen in sightings}),
        decision.candidates,
        (agreeing or surest)[0],
    )
    return passage, len({seen.at_s for seen in agreeing})
