"""Sightings at a gate over time: which passage each belongs to, what a passage says, and whether it is believed.

All by when pictures were taken, so that late ones, in whatever order, join where they belong:

- Sightings with alike texts within the merge window, or at the same place within a second, are one car; a sure read
  that is nothing like the others is another car, however close it follows. A plate that stays where it is is one
  parked car, even if it was out of sight for some minutes.
- Two plates in one picture are two cars, unless their boxes overlap. A plate a letter apart that is surely read again
  and again, some seconds after the first was seen last, is another car too, as fleets have them.
- A car without a plate is known by its place; if a plate was read there, it is that car.
- A passage is decided early when `SURE_READS` pictures agree surely, so that a gate need not wait, else when it is
  over; later sightings of an accepted one only prolong it. A rejected one that is seen again is open again.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from parkhub.domain.cameras import Camera, Gate
from parkhub.domain.gates import GateRead, direction_of, holds, is_cut
from parkhub.domain.passages import (
    MERGE_WINDOW_S,
    READINGS_MAX,
    RECENT,
    SAME_PLACE,
    SAME_PLACE_S,
    GatePassage,
    PassageState,
    Place,
    alike,
    overlap,
    vote_reads,
)
from parkhub.domain.plates import fold
from parkhub.domain.vehicles import VehicleKind

FOLLOWS_S: Final = 2.0  # from one car to the next, at least
STILL_S: Final = 300.0  # out of sight for so long, a plate where it was is the same car; sessions take it for that too
STILL: Final = 0.5  # overlap of the boxes of a plate that stands still
STILL_VEHICLE_S: Final = 60.0
STILL_VEHICLE: Final = 0.8
PLATELESS_GAP_S: Final = 3.0  # between sightings of a vehicle that only its place tells
PLATELESS_FRAMES_MIN: Final = 2
SURE: Final = 0.85
CLEAR: Final = 0.7  # of a read that may decide early
SURE_READS: Final = 3
SURE_SHARE: Final = 0.75  # of the pictures that read anything
READS_MAX: Final = READINGS_MAX  # kept of one passage, the surest
PATH_ENDS: Final = 12  # places kept of either end
CROPPED_TEXTS_MAX: Final = 4  # texts of which a picture is kept until one of them has won


@dataclass(frozen=True, slots=True)
class Track:
    """A passage with its surest reads, surest first, those with a text before those without; none once accepted."""

    passage: GatePassage
    reads: tuple[GateRead, ...]


def begin(camera: Camera, new: GateRead, heard_at: datetime, *, clock_unsure: bool = False) -> Track:
    """A passage that nobody has kept yet (id 0), of one sighting."""
    empty = GatePassage(
        0, camera.lot_id, camera.id, None, "", 0.0, (), None, new.at, new.at, 0, clock_unsure=clock_unsure
    )
    return take(Track(empty, ()), new, heard_at, camera.gate)


def take(track: Track, new: GateRead, heard_at: datetime, gate: Gate) -> Track:
    """One more sighting of the car. An accepted passage only lasts longer, a rejected one is open again."""
    known = track.passage
    passage = replace(
        known,
        first_at=min(known.first_at, new.at),
        last_at=max(known.last_at, new.at),
        heard_at=max(known.heard_at or heard_at, heard_at),
        frames=known.frames + 1,
        path=_thin([*known.path, Place(new.at, new.read.box, bool(new.read.text))]),
    )
    if known.state is PassageState.ACCEPTED:
        return Track(passage, track.reads)
    reads = track.reads
    if new.read.text or not known.plate:
        reads = surest([*reads, new])
    return _voted(Track(_reopened(passage), reads), gate)


def nearness(track: Track, new: GateRead) -> tuple[int, float] | None:
    """How well a sighting fits a passage, less is better; None: it is another car."""
    passage = track.passage
    place = min(passage.path, key=lambda place: abs(place.at - new.at))
    if place.at == new.at:
        return None
    apart_s, shared = abs(place.at - new.at).total_seconds(), overlap(place.box, new.read.box)
    gap_s = max(passage.first_at - new.at, new.at - passage.last_at).total_seconds()
    if not new.read.text:
        return _vehicle_nearness(place, new, apart_s, shared)
    if not passage.plate:
        decided = passage.state is PassageState.ACCEPTED or apart_s > PLATELESS_GAP_S
        return None if decided or not holds(place.box, new.read.box) else (1, apart_s)
    texts = _recent_texts(track, new.at)
    same = any(alike(text, new.read.text) for text in texts)
    if gap_s > FOLLOWS_S and new.read.confidence >= SURE and _is_clear(track):
        same = fold(new.read.text) in map(fold, texts)
    if same and (gap_s <= MERGE_WINDOW_S or (apart_s <= STILL_S and shared >= STILL)):
        return 0, apart_s
    known = max((read.read.confidence for read in track.reads), default=passage.confidence)
    doubtful = min(new.read.confidence, known) < SURE
    return (1, apart_s) if apart_s <= SAME_PLACE_S and shared >= SAME_PLACE and doubtful else None


def part_of(track: Track, others: Iterable[Track]) -> Track | None:
    """The longest of the other passages that this one turns out to be a part of."""
    return max((o for o in others if _same_car(track, o)), key=lambda other: other.passage.frames, default=None)


def join(whole: Track, part: Track, gate: Gate) -> Track:
    """Both as one; a picture that both are in counts once. An accepted passage only lasts longer."""
    one, other = whole.passage, part.passage
    apart = _gap_s(one, other) > 0
    passage = replace(
        one,
        first_at=min(one.first_at, other.first_at),
        last_at=max(one.last_at, other.last_at),
        heard_at=max(filter(None, (one.heard_at, other.heard_at)), default=None),
        frames=one.frames + other.frames if apart else max(one.frames, other.frames),
        path=_thin([*one.path, *other.path]),
    )
    if one.state is PassageState.ACCEPTED:
        return Track(passage, whole.reads)
    reads = [*whole.reads, *part.reads]
    return _voted(Track(passage, surest(reads)), gate)


def is_over(passage: GatePassage, at: datetime, now: datetime) -> bool:
    """Whether the camera's pictures have gone on without the car until ``at``, and none of it arrives any more."""
    heard_s = (now - (passage.heard_at or passage.last_at)).total_seconds()
    return (at - passage.last_at).total_seconds() > MERGE_WINDOW_S and heard_s > MERGE_WINDOW_S


def is_sure(track: Track, gate: Gate) -> bool:
    """Whether a passage needs no more pictures."""
    passage = track.passage
    agreeing, pictures = agreement(track, gate.sure_min)
    if agreeing < max(SURE_READS, gate.reads_min) or agreeing < SURE_SHARE * pictures:
        return False
    clear = [
        read
        for read in track.reads
        if _agrees(read, passage.plate)
        and read.read.confidence >= max(CLEAR, gate.sure_min)
        and not is_cut(read.read.box)
    ]
    return passage.confidence >= SURE and len(clear) >= SURE_READS and passage.direction is not None


def agreement(track: Track, sure_min: float = 0.0) -> tuple[int, int]:
    """How many pictures read the passage's plate, look-alikes folded and so sure at least, and how many read any."""
    texts = [read for read in track.reads if read.read.text]
    agreeing = {
        read.frame_id for read in texts if read.read.confidence >= sure_min and _agrees(read, track.passage.plate)
    }
    return len(agreeing), len({read.frame_id for read in texts})


def settle(track: Track, gate: Gate, now: datetime) -> GatePassage:
    """The passage with the decision whether it is believed, and why."""
    passage = track.passage
    agreeing, pictures = agreement(track, gate.sure_min)
    if passage.plate:
        accepted = agreeing >= gate.reads_min
        why = f"{agreeing} of {pictures} pictures read this plate"
        if not accepted:
            unsure = agreement(track)[0] - agreeing
            why = "read once only" if pictures == 1 else f"only {agreeing} of {pictures} pictures agree"
            if unsure:
                why += f", {unsure} more less than {gate.sure_min:.0%} sure"
    else:
        accepted = passage.frames >= PLATELESS_FRAMES_MIN
        why = (
            f"no plate: a vehicle without one in {passage.frames} pictures" if accepted else "no plate, seen once only"
        )
    state = PassageState.ACCEPTED if accepted else PassageState.REJECTED
    outcome = ("", "") if accepted else (PassageState.REJECTED.value, why)
    return replace(passage, state=state, why=why, outcome=outcome[0], reason=outcome[1], decided_at=now)


def cropped(track: Track) -> set[tuple[int, int]]:
    """Keys of the reads whose crops are kept: the surest of each likely text, and only the winner's once it has won."""
    if track.passage.state is PassageState.ACCEPTED:
        return {read.key for read in track.reads if read.frame_id == track.passage.frame_id and read.crop_key}
    best: dict[str, GateRead] = {}
    for read in track.reads:
        best.setdefault(fold(read.read.text), read)
    times = Counter(fold(read.read.text) for read in track.reads)
    won = fold(track.passage.plate)
    likely = sorted(best, key=lambda text: (text != won, not text, -times[text], -best[text].read.confidence))
    return {best[text].key for text in likely[:CROPPED_TEXTS_MAX]}


def _voted(track: Track, gate: Gate) -> Track:
    """The passage with what its reads say together."""
    texts = [read for read in track.reads if read.read.text]
    kinds = Counter[VehicleKind]()
    for read in track.reads:
        if read.kind is not None:
            kinds[read.kind] += 1
    best, plate, confidence, candidates = track.reads[0], "", track.reads[0].read.confidence, track.passage.candidates
    if texts:
        decision = vote_reads([read.read for read in texts], gate.region)
        plate, candidates = decision.text or best.read.text, decision.candidates
        agreeing = next((read for read in texts if _agrees(read, plate)), None)
        best = agreeing or best
        confidence = max(decision.confidence, agreeing.read.confidence if agreeing else 0.0)
    passage = replace(
        track.passage,
        plate=plate,
        confidence=confidence,
        candidates=candidates,
        kind=max(kinds, key=lambda kind: (kinds[kind], kind.value)) if kinds else None,
        direction=direction_of(gate, track.passage.path),
        frame_id=best.frame_id,
        crop_key=best.crop_key,
        crop_sha256=best.crop_sha256,
    )
    return Track(passage, track.reads)


def _reopened(passage: GatePassage) -> GatePassage:
    return replace(passage, state=PassageState.OPEN, why="", outcome="", reason="", decided_at=None)


def _vehicle_nearness(place: Place, new: GateRead, apart_s: float, shared: float) -> tuple[int, float] | None:
    if apart_s <= PLATELESS_GAP_S and (holds(new.read.box, place.box) if place.plate else shared >= SAME_PLACE):
        return 1, apart_s
    still = not place.plate and apart_s <= STILL_VEHICLE_S and shared >= STILL_VEHICLE
    return (2, apart_s) if still else None


def _same_car(part: Track, whole: Track) -> bool:
    one, other = part.passage, whole.passage
    if other.state is PassageState.REJECTED or _gap_s(one, other) > MERGE_WINDOW_S or _beside(one, other):
        return False
    if one.plate:
        apart = _gap_s(one, other) > FOLLOWS_S and fold(one.plate) != fold(other.plate)
        return bool(other.plate) and alike(one.plate, other.plate) and not (apart and _is_clear(part, whole))
    return any(
        abs(here.at - there.at).total_seconds() <= PLATELESS_GAP_S
        and (holds(here.box, there.box) if there.plate else overlap(here.box, there.box) >= SAME_PLACE)
        for here in one.path
        for there in other.path
    )


def _beside(one: GatePassage, other: GatePassage) -> bool:
    """Whether one picture shows both, apart from each other."""
    here = {place.at: place.box for place in one.path if place.plate}
    return any(p.plate and p.at in here and not overlap(p.box, here[p.at]) for p in other.path)


def _is_clear(*tracks: Track) -> bool:
    """Whether each of them, for itself, leaves little doubt of its plate."""
    return all(
        track.passage.confidence >= SURE
        and (track.passage.state is PassageState.ACCEPTED or agreement(track)[0] >= SURE_READS)
        for track in tracks
    )


def _recent_texts(track: Track, at: datetime) -> list[str]:
    texts = [read for read in track.reads if read.read.text]
    near = sorted(texts, key=lambda read: (abs(read.at - at), read.key))[:RECENT]
    return [track.passage.plate, *(read.read.text for read in near)]


def _gap_s(one: GatePassage, other: GatePassage) -> float:
    return max((one.first_at - other.last_at).total_seconds(), (other.first_at - one.last_at).total_seconds(), 0.0)


def _agrees(read: GateRead, plate: str) -> bool:
    return fold(read.read.text) == fold(plate)


def surest(reads: Iterable[GateRead]) -> tuple[GateRead, ...]:
    """Those that are kept, in the order of a track."""
    order = sorted(reads, key=lambda read: (not read.read.text, -read.read.confidence, read.at, read.key))
    return tuple(order[:READS_MAX])


def _thin(places: Sequence[Place]) -> tuple[Place, ...]:
    """The first and the last places in the order of time; how a car came and where it is, however long it stays."""
    order = sorted(places, key=lambda place: (place.at, place.box))
    return tuple(order if len(order) <= 2 * PATH_ENDS else order[:PATH_ENDS] + order[-PATH_ENDS:])
