"""Passages: the reads of one plate over time, voted into one text.

A vehicle in view gives a read in every frame, some of them wrong. Reads that follow each other at one place, or that
are nearly the same text within the merge window, are one passage; its text is voted from all readings of all frames.
"""

from bisect import insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from parkhub.domain.plate_layouts import Decision, decide, layouts_of
from parkhub.domain.plates import Candidate, PlateRead, Reading, distance, fold, vote
from parkhub.domain.vehicles import VehicleKind

Box = tuple[float, float, float, float]
"""Left, top, width, height."""

MERGE_WINDOW_S: Final = 8.0
SAME_PLACE_S: Final = 1.0  # how long a plate may be out of sight and still be told by its place
SAME_PLACE: Final = 0.2  # overlap of boxes, intersection over union
READS_MIN: Final = 2  # reads that agree, look-alikes folded; fewer are no passage
READINGS_MAX: Final = 60  # of the surest reads, enough for a vote
RECENT: Final = 5  # last reads that a next one is compared with
TEXTS_MAX: Final = 12  # different texts of one passage of which the count and the best crop are kept


@dataclass(frozen=True, slots=True)
class Sighting:
    """One read and when its frame was taken, seconds from any fixed start.

    ``crop``: the plate cut out of that very frame, the bytes of a picture file; empty when nobody wants it.
    """

    at_s: float
    read: PlateRead
    crop: bytes = b""


@dataclass(frozen=True, slots=True)
class Passage:
    """One plate going by: voted text, first and last time seen, how many frames.

    ``best`` is the surest of the sightings that read this very text.
    """

    text: str
    confidence: float
    first_s: float
    last_s: float
    frames: int
    candidates: tuple[Candidate, ...]
    best: Sighting


class Direction(StrEnum):
    """Which way a car goes by a gate."""

    ENTRY = "entry"
    EXIT = "exit"


class PassageState(StrEnum):
    """A passage is open until it is decided, once, whether its reads are believed."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a car was seen: the box, in shares of the picture, of its plate, or of all of it where it showed none."""

    at: datetime
    box: Box
    plate: bool


@dataclass(frozen=True, slots=True)
class GatePassage:
    """One car going by one gate camera, as it is kept; times are when pictures were taken.

    ``plate``: "" when none was read. ``direction`` None: nobody can tell. ``why``: why it was accepted or rejected;
    ``outcome``, ``reason`` and ``session_id``: what became of it, "" and None before that is decided. ``frame_id``,
    ``crop_key``, ``crop_sha256``: the surest picture of the plate and what was cut out of it, "" when not (any more)
    kept. ``path``: the first and the last places it was seen at. ``heard_at``: when its last picture arrived.
    ``clock_unsure``: its times are guesses.
    """

    id: int
    lot_id: int
    camera_id: int
    direction: Direction | None
    plate: str
    confidence: float
    candidates: tuple[Candidate, ...]
    kind: VehicleKind | None
    first_at: datetime
    last_at: datetime
    frames: int
    outcome: str = ""
    reason: str = ""
    session_id: int | None = None
    frame_id: int | None = None
    crop_key: str = ""
    crop_sha256: str = ""
    state: PassageState = PassageState.OPEN
    why: str = ""
    path: tuple[Place, ...] = ()
    heard_at: datetime | None = None
    decided_at: datetime | None = None
    clock_unsure: bool = False

    @property
    def at(self) -> datetime:
        """When the car came by: in its first picture, in whatever order they arrived and however long it stood."""
        return self.first_at


class Watch:
    """Turns sightings, given in the order of time, into passages as they end.

    The same plate seen again after more than ``merge_window_s`` out of sight is another passage; one that stays in
    view is a single one, however long. What is kept does not grow with the time a plate is in view. Raises
    InvalidInputError for an unknown region.
    """

    def __init__(
        self, region: str = "auto", merge_window_s: float = MERGE_WINDOW_S, reads_min: int = READS_MIN
    ) -> None:
        layouts_of(region)
        self._region, self._window_s, self._reads_min = region, merge_window_s, reads_min
        self._tracks: list[_Track] = []

    def see(self, seen: Sighting) -> None:
        """Take in one sighting."""
        near = [track for track in self._tracks if track.continues(seen, self._window_s)]
        if near:
            max(near, key=lambda track: track.last.at_s).add(seen)
        else:
            self._tracks.append(_Track(seen))

    def ended(self, at_s: float) -> list[Passage]:
        """Passages that are over at this time, and were not given out before, in the order of their beginning."""
        return self._close([track for track in self._tracks if at_s - track.last.at_s > self._window_s])

    def end(self) -> list[Passage]:
        """All passages not given out before: nothing will be seen any more."""
        return self._close(self._tracks)

    def _close(self, over: "Sequence[_Track]") -> list[Passage]:
        """Let go of tracks that are over, except those that turn out to be a part of another one."""
        found: list[Passage] = []
        for track in sorted(over, key=lambda track: track.frames):
            self._tracks = [other for other in self._tracks if other is not track]
            passage, agreeing = track.passage(self._region)
            whole = self._part_of(track, passage.text)
            if whole:
                whole.join(track)
            elif agreeing >= self._reads_min:
                found.append(passage)
        return sorted(found, key=lambda passage: passage.first_s)

    def _part_of(self, track: "_Track", text: str) -> "_Track | None":
        """The longest of the other tracks with nearly this text, if one is near in time."""
        near = [other for other in self._tracks if track.gap_s(other) <= self._window_s]
        same = [other for other in near if alike(text, other.passage(self._region)[0].text)]
        return max(same, key=lambda other: other.frames, default=None)


def passages(
    sightings: Iterable[Sighting],
    region: str = "auto",
    merge_window_s: float = MERGE_WINDOW_S,
    reads_min: int = READS_MIN,
) -> list[Passage]:
    """All passages of these sightings (see `Watch`), in the order of their beginning."""
    watch = Watch(region, merge_window_s, reads_min)
    found: list[Passage] = []
    for seen in sightings:
        found += watch.ended(seen.at_s)
        watch.see(seen)
    return sorted([*found, *watch.end()], key=lambda passage: passage.first_s)


def alike(one: str, other: str) -> bool:
    """Whether two texts may be the same plate: a letter or two apart, or one a part of the other."""
    a, b = fold(one), fold(other)
    if min(len(a), len(b)) >= 3 and (a in b or b in a):
        return True
    return distance(a, b) <= max(len(a), len(b)) // 4


def vote_reads(reads: Sequence[PlateRead], region: str) -> Decision:
    """What reads of one plate say together, the surest first: of all their looks, at most `READINGS_MAX`."""
    readings: list[Reading] = []
    weights: list[float] = []
    for read in reads:
        readings += read.readings
        weights += [read.confidence * read.box[3]] * len(read.readings)  # near plates are read best
    return decide(vote(readings[:READINGS_MAX], weights[:READINGS_MAX]), region)


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared) if shared else 0.0


@dataclass(slots=True)
class _Text:
    """How often one text was read, and the sighting that read it surest."""

    times: int
    best: Sighting


class _Track:
    """Sightings of one plate: the surest reads, the best crop of each text, and counts; the rest is let go."""

    def __init__(self, seen: Sighting) -> None:
        self.first_s = seen.at_s
        self.frames = 0
        self._surest: list[Sighting] = []
        self._texts: dict[str, _Text] = {}
        self._recent: deque[str] = deque(maxlen=RECENT)
        self.add(seen)

    def add(self, seen: Sighting) -> None:
        """One more sighting, later than all before."""
        self.last = replace(seen, crop=b"")
        self.frames += 1
        self._recent.append(seen.read.text)
        self._keep(self.last)
        self._count(fold(seen.read.text), _Text(1, seen), apart=True)

    def continues(self, seen: Sighting, window_s: float) -> bool:
        """Whether a later sighting is of the same plate."""
        gap_s = seen.at_s - self.last.at_s
        if gap_s <= 0 or gap_s > window_s:
            return False
        if gap_s <= SAME_PLACE_S and overlap(self.last.read.box, seen.read.box) >= SAME_PLACE:
            return True
        return any(alike(text, seen.read.text) for text in self._recent)

    def gap_s(self, other: "_Track") -> float:
        """Seconds between two tracks; 0 when they overlap in time."""
        return max(self.first_s - other.last.at_s, other.first_s - self.last.at_s, 0.0)

    def join(self, other: "_Track") -> None:
        """Take in another track of the same plate. A frame seen by both counts once."""
        apart = self.gap_s(other) > 0
        self.frames = self.frames + other.frames if apart else max(self.frames, other.frames)
        self.first_s = min(self.first_s, other.first_s)
        if other.last.at_s > self.last.at_s:
            self.last, self._recent = other.last, other._recent
        for seen in other._surest:
            self._keep(seen)
        for text, counted in other._texts.items():
            self._count(text, counted, apart)

    def passage(self, region: str) -> tuple[Passage, int]:
        """The passage of these sightings, and how many of them read its text."""
        decision = vote_reads([seen.read for seen in self._surest], region)
        text = decision.text or self._surest[0].read.text
        agreeing = self._texts.get(fold(text))
        best = agreeing.best if agreeing else self._surest[0]
        confidence = max(decision.confidence, best.read.confidence) if agreeing else decision.confidence
        found = Passage(text, confidence, self.first_s, self.last.at_s, self.frames, decision.candidates, best)
        return found, agreeing.times if agreeing else 0

    def _keep(self, seen: Sighting) -> None:
        insort(self._surest, seen, key=lambda one: -one.read.confidence)
        del self._surest[READINGS_MAX:]

    def _count(self, text: str, new: _Text, apart: bool) -> None:
        known = self._texts.get(text)
        if known is None:
            self._texts[text] = new
        else:
            known.times = known.times + new.times if apart else max(known.times, new.times)
            known.best = max(known.best, new.best, key=lambda seen: seen.read.confidence)
        if len(self._texts) > TEXTS_MAX:
            del self._texts[min(self._texts, key=lambda t: (self._texts[t].times, self._texts[t].best.read.confidence))]
