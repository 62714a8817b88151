"""Permits: who may park without paying, or pays only for what the permit leaves open.

- A permit is for one plate or a group of plates, in one lot or several, from one local day to another (both included),
  at all times or at some times of the week. Public holidays are days like any other.
- At most ``cars_max`` cars are inside on it at once, whatever lot they are in. The next car of a full permit parks as
  a normal paying car, for its whole stay: that a place frees up meanwhile changes nothing.
- A permit holds from arrival on if it is valid on the local day of arrival, also outside of its times of the week. What
  it does not cover of the stay is charged as one span, from the first instant that it does not cover to the last.
- Pausing a permit, or changing whose it is, is for later arrivals; a car inside keeps the right it came with.
- A camera cannot tell O from 0, so a plate is compared with look-alikes made equal; an exact match goes first.
- The allow list goes before permits: a listed plate parks free at any time and takes no permit's place.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.local_time import Span, day_span, local_day
from parkhub.domain.plates import normalise
from parkhub.domain.tariffs import Hours
from parkhub.domain.text import printable
from parkhub.domain.weekly_times import stretches

HOLDER_LENGTH_MAX: Final = 120
NOTE_LENGTH_MAX: Final = 500
EXTERNAL_ID_LENGTH_MAX: Final = 80
PLATES_MAX: Final = 500
PLATE_LENGTHS: Final = range(2, 13)
CARS_MAX: Final = range(1, 1001)
YEARS: Final = range(2000, 2200)
AHEAD: Final = timedelta(days=8)
"""How far the end of a covered stretch is looked for: every weekday once, and one."""


class PermitKind(StrEnum):
    """Why its holder may park."""

    PERMIT = "permit"
    STAFF = "staff"
    VISITOR = "visitor"


class RightKind(StrEnum):
    """What lets a car in without paying: a permit by its kind, or the allow list."""

    PERMIT = "permit"
    STAFF = "staff"
    VISITOR = "visitor"
    ALLOWED = "allowed"


@dataclass(frozen=True, slots=True)
class Permit:
    """A right to park. ``id`` 0: not stored yet.

    ``plates`` are normalised. ``valid_from`` and ``valid_until`` are local days of the lot, both included; until None
    is open. Without ``times`` it holds at all times. ``external_id``: what another system calls it, empty if none does.
    """

    lot_ids: frozenset[int]
    kind: PermitKind
    holder: str
    plates: tuple[str, ...]
    valid_from: date
    valid_until: date | None = None
    times: tuple[Hours, ...] = ()
    cars_max: int = 1
    paused: bool = False
    note: str = ""
    external_id: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Right:
    """What a plate may do. ``full``: the permit's maximum of cars is inside, so that this one pays.

    ``permit_id`` None: the allow list; then ``name`` is the reason it gives.
    """

    kind: RightKind
    permit_id: int | None
    name: str
    full: bool = False


def faults(permit: Permit) -> dict[str, str]:
    """What is wrong with a permit, a sentence by field."""
    wrong = {}
    if not permit.holder.strip():
        wrong["holder"] = "Say who holds it."
    for name, text, longest in (
        ("holder", permit.holder, HOLDER_LENGTH_MAX),
        ("note", permit.note, NOTE_LENGTH_MAX),
        ("external_id", permit.external_id, EXTERNAL_ID_LENGTH_MAX),
    ):
        if len(text) > longest:
            wrong[name] = f"Use at most {longest} letters."
        elif not printable(text):
            wrong[name] = "Use letters, digits and signs on one line only."
    if not permit.lot_ids:
        wrong["lots"] = "Name a lot at least."
    bad = next((plate for plate in permit.plates if not is_plate(plate)), None)
    if not permit.plates or len(permit.plates) > PLATES_MAX:
        wrong["plates"] = f"Name 1 to {PLATES_MAX} plates."
    elif bad is not None:
        wrong["plates"] = f"{bad[:20]!r} is no plate of {PLATE_LENGTHS[0]} to {PLATE_LENGTHS[-1]} letters and digits."
    if permit.cars_max not in CARS_MAX:
        wrong["cars_max"] = f"Let {CARS_MAX[0]} to {CARS_MAX[-1]} cars in at once."
    if permit.valid_from.year not in YEARS:
        wrong["valid_from"] = f"Use a day of the years {YEARS[0]} to {YEARS[-1]}."
    if permit.valid_until is not None and permit.valid_until.year not in YEARS:
        wrong["valid_until"] = f"Use a day of the years {YEARS[0]} to {YEARS[-1]}."
    elif permit.valid_until is not None and permit.valid_until < permit.valid_from:
        wrong["valid_until"] = "It ends before it begins."
    return wrong


def is_plate(text: str) -> bool:
    """Whether a text is a normal plate: capital letters and digits, neither too few nor too many."""
    return text == normalise(text) and len(text) in PLATE_LENGTHS


def covered(permit: Permit, within: Span, zone: ZoneInfo) -> list[Span]:
    """What the permit covers of a span, in order. A night's hours end with the last valid day, at midnight."""
    start = max(within.start, day_span(permit.valid_from, zone).start)
    end = within.end if permit.valid_until is None else min(within.end, day_span(permit.valid_until, zone).end)
    return stretches(permit.times, Span(start, end), zone) if start < end else []


def uncovered(permit: Permit, span: Span, zone: ZoneInfo) -> Span | None:
    """The part of a stay that is charged: from its first instant that the permit does not cover to the last.

    None: all of it is covered. What lies between the two is charged also where the permit would cover it.
    """
    gaps, reached = [], span.start
    for each in covered(permit, span, zone):
        if each.start > reached:
            gaps.append(Span(reached, each.start))
        reached = each.end
    if reached < span.end:
        gaps.append(Span(reached, span.end))
    return Span(gaps[0].start, gaps[-1].end) if gaps else None


def is_valid(permit: Permit, at: datetime, zone: ZoneInfo) -> bool:
    """Whether a car that arrives then comes in on it."""
    day = local_day(at, zone)
    begun = permit.valid_from <= day
    return not permit.paused and begun and (permit.valid_until is None or day <= permit.valid_until)


def covers(permit: Permit, at: datetime, zone: ZoneInfo) -> Span | None:
    """The stretch from ``at`` on that the permit covers without a gap; its end is looked for `AHEAD` only.

    None: it does not cover this instant. A permit that holds at all times and for good ends with the calendar.
    """
    ahead = at + AHEAD if permit.times else datetime(YEARS[-1] + 1, 1, 1, tzinfo=UTC)
    found = covered(permit, Span(at, ahead), zone)
    return found[0] if found and found[0].start == at else None


def best_right(
    plate: str,
    allowed_because: str | None,
    permits: Iterable[tuple[Permit, int]],
    at: datetime,
    zone: ZoneInfo,
) -> Right | None:
    """What a plate may do, of all that speaks for it.

    ``allowed_because``: the allow list's reason, None when the plate is not on it. ``permits``: those that know the
    plate or one that looks alike, each with how many other cars are inside on it.
    """
    if allowed_because is not None:
        return Right(RightKind.ALLOWED, None, allowed_because)
    valid = [(permit, inside >= permit.cars_max) for permit, inside in permits if is_valid(permit, at, zone)]
    if not valid:
        return None
    permit, full = min(
        valid,
        key=lambda each: (each[1], covers(each[0], at, zone) is None, plate not in each[0].plates, each[0].id),
    )
    return Right(RightKind(permit.kind.value), permit.id, permit.holder, full)


def normal_plates(plates: Sequence[str]) -> tuple[str, ...]:
    """Plates as they are compared, each once, in order; what has no letter or digit is kept to be found faulty."""
    return tuple(dict.fromkeys(normalise(plate) or plate.strip() for plate in plates if plate.strip()))
