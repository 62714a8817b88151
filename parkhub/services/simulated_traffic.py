"""A made-up day at a car park with an entrance and an exit, and everything that goes wrong there; for a seed always the
same.

Cars come in waves, stay for minutes or hours, pay at a machine before they leave or at the barrier, and are read by two
cameras that misread letters, miss plates, miss cars and lose their network for a while: then pictures arrive late.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final

from parkhub.domain.gates import SeenCar
from parkhub.domain.passages import Direction
from parkhub.domain.plates import PlateRead, Reading
from parkhub.domain.vehicles import VehicleKind

LETTERS: Final = "ABCDEFGHJKLMNPRSTUVWXYZ"
DIGITS: Final = "0123456789"
PREFIXES: Final = ("B", "M", "HH", "K", "F", "S", "LEO", "DA", "OG", "B", "B", "M")
CONFUSED: Final = {
    "O": "0Q", "0": "OD", "I": "1", "1": "I7", "B": "8", "8": "B", "S": "5", "5": "S", "Z": "2", "2": "Z", "G": "6",
    "6": "G",
}  # fmt: skip
FRAMES: Final = 4
APART: Final = timedelta(seconds=6)  # between two cars at a gate
FRAME_GAP: Final = timedelta(seconds=0.7)
MISREAD_IN_ALL: Final = 0.02  # of passages: the same letter is wrong in every picture
NO_PLATE: Final = 0.006  # of passages
MISSED: Final = 0.004  # of passages
LETTER_WRONG: Final = 0.01  # of letters, in one picture only
PAYS_AT_MACHINE: Final = 0.9
TURNS_AROUND: Final = 0.02
STAYS: Final = 0.03  # of cars, over midnight
MOTORCYCLES: Final = 0.04
ARRIVALS: Final = (1, 4, 9, 8, 7, 6, 7, 6, 6, 5, 5, 5, 4, 3, 2, 1)
"""How many come in an hour, as shares, from `FIRST_HOUR` on."""

FIRST_HOUR: Final = 6


@dataclass(frozen=True, slots=True)
class Car:
    """One visit. ``leaves_at`` None: still there when the day ends. ``pays_at`` None: at the barrier, if at all."""

    number: int
    plate: str
    kind: VehicleKind
    enters_at: datetime
    leaves_at: datetime | None
    pays_at: datetime | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Pictures of one gate taken in ``since`` <= at < ``until`` arrive at ``arrive_at`` only."""

    gate: Direction
    since: datetime
    until: datetime
    arrive_at: datetime


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of a gate; ``car``: the number of the car in it."""

    gate: Direction
    sequence: int
    captured_at: datetime
    arrives_at: datetime
    car: int
    seen: SeenCar


@dataclass(frozen=True, slots=True)
class Machine:
    """A driver at the payment machine types a plate."""

    at: datetime
    car: int


@dataclass(frozen=True, slots=True)
class Barrier:
    """A car has left; what it owes is paid there, or staff let it go."""

    at: datetime
    car: int


Event = Picture | Machine | Barrier


@dataclass(frozen=True, slots=True)
class Day:
    """Everything that happens, in the order in which ParkHub hears of it."""

    cars: tuple[Car, ...]
    gaps: tuple[Gap, ...]
    events: tuple[Event, ...]


def make_day(midnight: datetime, count: int, seed: int, gaps: int = 3) -> Day:
    """A day of ``count`` cars that begins at ``midnight``, with so many gaps in the network."""
    random = Random(seed)  # noqa: S311  a simulation
    lost = tuple(_gap(midnight, random, number) for number in range(gaps))
    cars = _queued(_cars(midnight, count, random))
    events: list[tuple[datetime, Event]] = []
    sequences = {Direction.ENTRY: 0, Direction.EXIT: 0}
    passings = [(car.enters_at, Direction.ENTRY, car) for car in cars]
    passings += [(car.leaves_at, Direction.EXIT, car) for car in cars if car.leaves_at is not None]
    for at, gate, car in sorted(passings, key=lambda each: (each[0], each[2].number)):
        if random.random() < MISSED:
            continue
        for seen, captured_at in pictures_of(car, at, random):
            sequences[gate] += 1
            arrives_at = next((g.arrive_at for g in lost if g.gate is gate and g.since <= captured_at < g.until), None)
            arrives_at = arrives_at or captured_at + timedelta(seconds=random.uniform(0.1, 0.4))
            events.append((arrives_at, Picture(gate, sequences[gate], captured_at, arrives_at, car.number, seen)))
    for car in cars:
        if car.pays_at is not None:
            events.append((car.pays_at, Machine(car.pays_at, car.number)))
        if car.leaves_at is not None:
            at = car.leaves_at + timedelta(minutes=2)
            events.append((at, Barrier(at, car.number)))
    events.sort(key=lambda each: each[0])
    return Day(tuple(cars), lost, tuple(event for _, event in events))


def _cars(midnight: datetime, count: int, random: Random) -> list[Car]:
    hours = random.choices(range(FIRST_HOUR, FIRST_HOUR + len(ARRIVALS)), ARRIVALS, k=count)
    plates = make_plates(count, random)
    times = sorted(midnight + timedelta(hours=hour, seconds=random.uniform(0, 3600)) for hour in hours)
    cars: list[Car] = []
    end = midnight + timedelta(hours=23, minutes=30)
    for number, (plate, enters_at) in enumerate(zip(plates, times, strict=True)):
        enters_at = max(enters_at, cars[-1].enters_at + APART) if cars else enters_at
        minutes = random.uniform(1, 4) if random.random() < TURNS_AROUND else min(random.lognormvariate(4.3, 0.8), 700)
        leaves_at = enters_at + timedelta(minutes=minutes)
        stays = leaves_at > end or random.random() < STAYS
        pays = not stays and minutes > 15 and random.random() < PAYS_AT_MACHINE
        kind = VehicleKind.MOTORCYCLE if random.random() < MOTORCYCLES else VehicleKind.CAR
        pays_at = leaves_at - timedelta(minutes=random.uniform(2, 12)) if pays else None
        cars.append(Car(number, plate, kind, enters_at, None if stays else leaves_at, pays_at))
    return cars


def _leaving(car: Car) -> datetime:
    return car.leaves_at or datetime.max.replace(tzinfo=car.enters_at.tzinfo)


def _queued(cars: Sequence[Car]) -> list[Car]:
    """The same cars, who leave one after the other: no two stand before the exit's camera at once."""
    found, free_at = list(cars), cars[0].enters_at
    for car in sorted(cars, key=_leaving):
        if car.leaves_at is not None:
            leaves_at = max(car.leaves_at, free_at)
            free_at = leaves_at + APART
            found[car.number] = replace(car, leaves_at=leaves_at)
    return found


def make_plates(count: int, random: Random) -> list[str]:
    """Different plates of a few towns, so that some are nearly the same."""
    found: dict[str, None] = {}
    while len(found) < count:
        letters = "".join(random.choices(LETTERS, k=random.choice((1, 2, 2))))
        digits = str(random.randint(1, 9)) + "".join(random.choices(DIGITS, k=random.choice((2, 3, 3))))
        found[random.choice(PREFIXES) + letters + digits] = None
    return list(found)


def _gap(midnight: datetime, random: Random, number: int) -> Gap:
    gate = (Direction.ENTRY, Direction.EXIT)[number % 2]
    since = midnight + timedelta(hours=random.uniform(7, 19))
    until = since + timedelta(minutes=random.uniform(5, 40))
    return Gap(gate, since, until, until + timedelta(minutes=random.uniform(1, 60)))


def pictures_of(car: Car, at: datetime, random: Random) -> Iterator[tuple[SeenCar, datetime]]:
    """What a gate's camera sees of a car that passes at ``at``, and when it was taken: misread now and then."""
    plate = car.plate
    if random.random() < MISREAD_IN_ALL:
        place = random.randrange(len(plate))
        plate = plate[:place] + _other(plate[place], random) + plate[place + 1 :]
    hidden = random.random() < NO_PLATE
    for number in range(FRAMES):
        top = 0.25 + 0.12 * number
        if hidden:
            box = (0.25, max(0.0, top - 0.2), 0.5, 0.5)
            read = PlateRead("", 0.8, box, _corners(box))
        else:
            box = (0.4, top, 0.2, 0.07)
            readings = (Reading(tuple(_letter(letter, car.plate[n], random) for n, letter in enumerate(plate))),)
            read = PlateRead(readings[0].text, readings[0].confidence, box, _corners(box), (), readings)
        yield SeenCar(read, car.kind), at + number * FRAME_GAP


def _letter(read: str, true: str, random: Random) -> tuple[tuple[str, float], ...]:
    """What a recogniser says of a letter: sure mostly, and where it is wrong the right one comes second."""
    if read != true:
        return ((read, 0.7), (true, 0.25))
    if random.random() < LETTER_WRONG:
        return ((_other(true, random), 0.6), (true, 0.35))
    return ((true, random.uniform(0.93, 0.999)),)


def _other(letter: str, random: Random) -> str:
    likely: Sequence[str] = CONFUSED.get(letter, "")
    return random.choice(likely or [other for other in LETTERS + DIGITS if other != letter])


def _corners(
    box: tuple[float, float, float, float],
) -> tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]:
    left, top, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    return (left, top), (right, top), (right, bottom), (left, bottom)
