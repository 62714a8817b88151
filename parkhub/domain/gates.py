"""Cars at a gate: which passage a sighting belongs to, what a passage says, and whether it is believed.

All by when pictures were taken, so that late ones, in whatever order, join where they belong:

- Sightings with alike texts within the merge window, or at the same place within a second, are one car; a sure read
  that is nothing like the others is another car, however close it follows. A plate that stays where it is is one
  parked car, even if it was out of sight for a minute.
- Two plates in one picture are two cars, unless their boxes overlap.
- A vehicle that fills a good part of the picture, is not cut by its sides and shows no plate is a car without one,
  unless a plate was read where it stands.
- A passage is decided early when `SURE_READS` pictures agree surely, so that a gate need not wait, else when it is
  over; later sightings of an accepted one only prolong it. A rejected one that is seen again is open again.
- Where cars go both ways, the plate's movement tells the direction; a car that did not move has none.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from parkhub.domain.cameras import Area, Camera, CameraRole, Gate, Inward
from parkhub.domain.passages import (
    MERGE_WINDOW_S,
    READINGS_MAX,
    RECENT,
    SAME_PLACE,
    SAME_PLACE_S,
    Box,
    Direction,
    GatePassage,
    PassageState,
    Place,
    alike,
    overlap,
    vote_reads,
)
from parkhub.domain.plates import PlateRead, Reading, fold
from parkhub.domain.vehicles import Vehicle, VehicleKind

STILL_S: Final = 60.0  # out of sight for so long, what stands where it stood is the same
STILL_PLATE, STILL_VEHICLE = 0.5, 0.8  # overlap of boxes that stand still
PLATELESS_GAP_S: Final = 3.0  # between sightings of a vehicle that only its place tells
PLATELESS_FRAMES_MIN: Final = 2
COVER_MIN: Final = 0.15  # share of the picture from which a vehicle is at the gate
VEHICLE_MIN: Final = 0.5  # confidence from which a vehicle without a plate is one
SURE: Final = 0.85
CLEAR: Final = 0.7  # of a read that may decide early
SURE_READS: Final = 3
SURE_SHARE: Final = 0.75  # of the pictures that read anything
EDGE: Final = 0.01  # a plate this near to the picture's edge may be cut
MOVED_MIN: Final = 0.05  # share of the picture
READS_MAX: Final = READINGS_MAX  # kept of one passage, the surest
PATH_ENDS: Final = 12  # places kept of either end
CROPPED_TEXTS_MAX: Final = 4  # texts of which a picture is kept until one of them has won
LETTERS_MAX: Final = 4  # kept of what a letter may be
CHANCE_MIN: Final = 0.005


@dataclass(frozen=True, slots=True)
class SeenCar:
    """One car in one picture: a read with its box in shares of the picture, or text "" and the box of the vehicle.

    ``crop``: cut out of that picture, bytes of a PNG or JPEG.
    """

    read: PlateRead
    kind: VehicleKind | None
    crop: bytes = b""


@dataclass(frozen=True, slots=True)
class GateRead:
    """A sighting as it is kept: the ``number``-th car of that frame."""

    frame_id: int
    number: int
    at: datetime
    read: PlateRead
    kind: VehicleKind | None
    crop_key: str = ""
    crop_sha256: str = ""

    @property
    def key(self) -> tuple[int, int]:
        """What no other read has."""
        return self.frame_id, self.number


@dataclass(frozen=True, slots=True)
class Track:
    """A passage with its surest reads, surest first; those with a text before those without."""

    passage: GatePassage
    reads: tuple[GateRead, ...]


def cars_in(
    reads: Sequence[PlateRead], vehicles: Sequence[Vehicle], size: tuple[int, int], excluded: Sequence[Area] = ()
) -> list[SeenCar]:
    """The cars of one picture of ``size``, width and height in pixels: every plate, and vehicles at the gate without.

    What lies in an ``excluded`` area is left out.
    """
    found = [(vehicle, _shares(vehicle.box, size)) for vehicle in vehicles]
    cars = []
    for read in reads:
        box = _shares(read.box, size)
        around = min((pair for pair in found if _holds(pair[1], box)), key=lambda pair: _area(pair[1]), default=None)
        cars.append(SeenCar(compact(read, box), around[0].kind if around else None))
    plates = [car.read.box for car in cars]
    for vehicle, box in found:
        if _is_at_gate(vehicle, box, excluded) and not any(_holds(box, plate) for plate in plates):
            cars.append(SeenCar(compact(PlateRead("", vehicle.confidence, box, _corners(box)), box), vehicle.kind))
    return cars


def compact(read: PlateRead, box: Box) -> PlateRead:
    """A read as it is kept, with that box: what matters to the vote, in round numbers, so that it votes as it did."""
    box = (round(box[0], 4), round(box[1], 4), round(box[2], 4), round(box[3], 4))
    readings = tuple(
        Reading(
            tuple(
                tuple((c, round(chance, 3)) for c, chance in letter[:LETTERS_MAX] if chance >= CHANCE_MIN)
                or ((letter[0][0], CHANCE_MIN),)
                for letter in reading.letters
            )
        )
        for reading in read.readings
    )
    return PlateRead(read.text, round(read.confidence, 4), box, _corners(box), (), readings)


def begin(camera: Camera, new: GateRead, heard_at: datetime) -> Track:
    """A passage that nobody has kept yet (id 0), of one sighting."""
    empty = GatePassage(0, camera.lot_id, camera.id, None, "", 0.0, (), None, new.at, new.at, 0)
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
        reads = _surest([*reads, new])
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
        known = passage.state is PassageState.ACCEPTED or apart_s > PLATELESS_GAP_S
        return None if known or not _holds(place.box, new.read.box) else (1, apart_s)
    same = any(alike(text, new.read.text) for text in _recent_texts(track, new.at))
    if same and (gap_s <= MERGE_WINDOW_S or (apart_s <= STILL_S and shared >= STILL_PLATE)):
        return 0, apart_s
    doubtful = min(new.read.confidence, max(read.read.confidence for read in track.reads)) < SURE
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
    return _voted(Track(passage, _surest(reads)), gate)


def is_over(passage: GatePassage, at: datetime, now: datetime) -> bool:
    """Whether the camera's pictures have gone on without the car until ``at``, and none of it arrives any more."""
    heard_s = (now - (passage.heard_at or passage.last_at)).total_seconds()
    return (at - passage.last_at).total_seconds() > MERGE_WINDOW_S and heard_s > MERGE_WINDOW_S


def is_sure(track: Track, gate: Gate) -> bool:
    """Whether a passage needs no more pictures."""
    passage = track.passage
    agreeing, pictures = agreement(track)
    if agreeing < max(SURE_READS, gate.reads_min) or agreeing < SURE_SHARE * pictures:
        return False
    clear = [
        read
        for read in track.reads
        if _agrees(read, passage.plate) and read.read.confidence >= CLEAR and not _is_cut(read.read.box)
    ]
    return passage.confidence >= SURE and len(clear) >= SURE_READS and passage.direction is not None


def agreement(track: Track) -> tuple[int, int]:
    """How many pictures read the passage's plate, look-alikes folded, and how many read any."""
    texts = [read for read in track.reads if read.read.text]
    agreeing = {read.frame_id for read in texts if _agrees(read, track.passage.plate)}
    return len(agreeing), len({read.frame_id for read in texts})


def settle(track: Track, gate: Gate, now: datetime) -> GatePassage:
    """The passage with the decision whether it is believed, and why."""
    passage = track.passage
    agreeing, pictures = agreement(track)
    if passage.plate:
        accepted = agreeing >= gate.reads_min
        why = f"{agreeing} of {pictures} pictures read this plate"
        if not accepted:
            why = "read once only" if pictures == 1 else f"only {agreeing} of {pictures} pictures agree"
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


def direction_of(gate: Gate, path: Sequence[Place]) -> Direction | None:
    """Which way a car went: the camera's, or as its plate moved, or as it moved itself where it showed none."""
    if gate.role is not CameraRole.BOTH:
        return {CameraRole.ENTRANCE: Direction.ENTRY, CameraRole.EXIT: Direction.EXIT}.get(gate.role)
    plates = [place.box for place in path if place.plate]
    boxes = plates if len(plates) >= 2 else [place.box for place in path if not place.plate]
    if len(boxes) < 2:
        return None
    count = min(3, len(boxes) // 2)
    (x0, y0), (x1, y1) = _middle(boxes[:count]), _middle(boxes[-count:])
    moved = {Inward.DOWN: y1 - y0, Inward.UP: y0 - y1, Inward.RIGHT: x1 - x0, Inward.LEFT: x0 - x1}[gate.inward]
    if abs(moved) < MOVED_MIN:
        return None
    return Direction.ENTRY if moved > 0 else Direction.EXIT


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
    if apart_s <= PLATELESS_GAP_S and (_holds(new.read.box, place.box) if place.plate else shared >= SAME_PLACE):
        return 1, apart_s
    still = not place.plate and apart_s <= STILL_S and shared >= STILL_VEHICLE
    return (2, apart_s) if still else None


def _same_car(part: Track, whole: Track) -> bool:
    one, other = part.passage, whole.passage
    if other.state is PassageState.REJECTED or _gap_s(one, other) > MERGE_WINDOW_S or _beside(one, other):
        return False
    if one.plate:
        return bool(other.plate) and alike(one.plate, other.plate)
    return any(
        abs(here.at - there.at).total_seconds() <= PLATELESS_GAP_S
        and (_holds(here.box, there.box) if there.plate else overlap(here.box, there.box) >= SAME_PLACE)
        for here in one.path
        for there in other.path
    )


def _beside(one: GatePassage, other: GatePassage) -> bool:
    """Whether one picture shows both, apart from each other."""
    here = {place.at: place.box for place in one.path if place.plate}
    return any(p.plate and p.at in here and not overlap(p.box, here[p.at]) for p in other.path)


def _recent_texts(track: Track, at: datetime) -> list[str]:
    texts = [read for read in track.reads if read.read.text]
    near = sorted(texts, key=lambda read: (abs(read.at - at), read.key))[:RECENT]
    return [track.passage.plate, *(read.read.text for read in near)]


def _gap_s(one: GatePassage, other: GatePassage) -> float:
    return max((one.first_at - other.last_at).total_seconds(), (other.first_at - one.last_at).total_seconds(), 0.0)


def _agrees(read: GateRead, plate: str) -> bool:
    return fold(read.read.text) == fold(plate)


def _surest(reads: Iterable[GateRead]) -> tuple[GateRead, ...]:
    order = sorted(reads, key=lambda read: (not read.read.text, -read.read.confidence, read.at, read.key))
    return tuple(order[:READS_MAX])


def _thin(places: Sequence[Place]) -> tuple[Place, ...]:
    """The first and the last places in the order of time; how a car came and where it is, however long it stays."""
    order = sorted(places, key=lambda place: (place.at, place.box))
    return tuple(order if len(order) <= 2 * PATH_ENDS else order[:PATH_ENDS] + order[-PATH_ENDS:])


def _is_at_gate(vehicle: Vehicle, box: Box, excluded: Sequence[Area]) -> bool:
    """Whether a vehicle would show its plate if it had one: near, and not cut by the sides of the picture."""
    cut = box[0] < EDGE or box[0] + box[2] > 1 - EDGE
    large = vehicle.confidence >= VEHICLE_MIN and _area(box) >= COVER_MIN
    return large and not cut and not any(_holds(area, box) for area in excluded)


def _shares(box: Box, size: tuple[int, int]) -> Box:
    return box[0] / size[0], box[1] / size[1], box[2] / size[0], box[3] / size[1]


def _corners(box: Box) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]:
    left, top, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _area(box: Box) -> float:
    return box[2] * box[3]


def _holds(outer: Box, inner: Box) -> bool:
    """Whether the middle of one box lies in another."""
    x, y = inner[0] + inner[2] / 2, inner[1] + inner[3] / 2
    return outer[0] <= x <= outer[0] + outer[2] and outer[1] <= y <= outer[1] + outer[3]


def _is_cut(box: Box) -> bool:
    return min(box[0], box[1]) < EDGE or box[0] + box[2] > 1 - EDGE or box[1] + box[3] > 1 - EDGE


def _middle(boxes: Sequence[Box]) -> tuple[float, float]:
    return (
        sum(left + width / 2 for left, _, width, _ in boxes) / len(boxes),
        sum(top + height / 2 for _, top, _, height in boxes) / len(boxes),
    )
