"""A report as tables: the same for the page, its charts, its files and the printed sheet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from parkhub.domain.quotes import TAX, LineKind
from parkhub.domain.report_money import Money
from parkhub.domain.report_periods import Grain, Period
from parkhub.domain.report_spots import SpotTotal
from parkhub.domain.reports import LENGTHS_MIN, HourSums, Measure, Sums
from parkhub.domain.sessions import Ending

COUNT, SHARE, MINUTES, RATE = "", "%", "min", "rate"
"""Units besides currencies: a number of things, a part of one, minutes, and a number with two decimals."""

STAND_OUT: Final = 10
"""So many places with the most and the least turnover are told by themselves."""

Value = int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column; ``unit`` is a currency for minor units, else `COUNT`, `SHARE`, `MINUTES` or `RATE`.

    ``compared``: of the period that this one is compared with.
    """

    words: str
    unit: str = COUNT
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words and values. ``chart``: "lines" or "bars" where it is drawn, too; "heat" is a heat map."""

    id: str
    title: str
    first: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Value, ...]], ...]
    chart: str = ""
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not any(value for _, values in self.rows for value in values)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a report, and the same of what it is compared with."""

    words: str
    value: Value
    unit: str = COUNT
    before: Value = None
    small: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """One hour, day or month of a period."""

    words: str
    hours: HourSums
    money: Mapping[str, Money]


@dataclass(frozen=True, slots=True)
class Counts:
    """All that was counted of a period. ``cameras``: names by id; ``currency``: of the lot, "" for none yet.

    ``spots``: the places one by one, () where nobody asked for them.
    """

    period: Period
    points: tuple[Point, ...]
    clock: Mapping[tuple[int, int], HourSums]
    facts: Sums
    money: Mapping[str, Money]
    cameras: Mapping[str, str]
    currency: str
    spots: tuple[SpotTotal, ...] = ()

    @property
    def hours(self) -> HourSums:
        """All hours added up."""
        return sum((point.hours for point in self.points), HourSums())

    def labels(self, measure: Measure) -> dict[str, int]:
        """A measure's figures by label, of any unit."""
        return {label: value for (each, label, _), value in self.facts.items() if each is measure}

    @property
    def mean_stay_min(self) -> float | None:
        """How long those stayed that left."""
        count = sum(self.labels(Measure.LENGTHS).values())
        return self.facts.get((Measure.STAY_MINUTES, "", ""), 0) / count if count else None

    @property
    def turnover(self) -> float | None:
        """Cars a place and day."""
        places = sum(self.labels(Measure.ZONE_SPOTS).values())
        seen = sum(self.labels(Measure.ZONE_FREE_S).values()) + sum(self.labels(Measure.ZONE_OCCUPIED_S).values())
        return sum(self.labels(Measure.ZONE_ARRIVALS).values()) / places if places and seen else None


def figures(counts: Counts, other: Counts | None) -> tuple[Figure, ...]:
    """What matters first."""

    def of(words: str, read: "_Read", unit: str = COUNT, small: str = "") -> Figure:
        return Figure(words, read(counts), unit, read(other) if other else None, small)

    currency = counts.currency
    money = [
        of("Charged", lambda each: each.money.get(currency, Money()).charged, currency, "tax included"),
        of("Received", lambda each: each.money.get(currency, Money()).received, currency),
        of("Given back", lambda each: each.money.get(currency, Money()).refunded, currency),
        of("Still owed", lambda each: each.money.get(currency, Money()).owed, currency, "of this period"),
    ]
    return (
        of("Occupancy", lambda each: each.hours.occupancy, SHARE, "of the places that were seen"),
        of("Entries", lambda each: each.hours.entries),
        of("Exits", lambda each: each.hours.exits),
        of("Mean stay", lambda each: each.mean_stay_min, MINUTES),
        of("Turnover", lambda each: each.turnover, RATE, "cars a place and day"),
        *(money if currency else ()),
    )


def tables(counts: Counts, other: Counts | None, *, whole: bool = False) -> tuple[Table, ...]:
    """Everything else. ``whole``: with every place, not only those that stand out."""
    return (
        *_over_time(counts, other),
        *([heat_map(counts)] if counts.period.days > 1 else []),
        _zones(counts),
        *_places(counts, whole),
        _lengths(counts),
        _labelled(counts, "kinds", "Vehicles by kind", "Kind", Measure.ENTRIES_BY_KIND, _KINDS),
        _rights(counts),
        _labelled(counts, "endings", "How stays ended", "End", Measure.ENDINGS, _ENDINGS),
        *(table for currency in sorted(counts.money) for table in _money(counts, currency)),
        _gates(counts),
        _cameras(counts),
    )


def _over_time(counts: Counts, other: Counts | None) -> Iterable[Table]:
    named = counts.period.grain.value.capitalize()
    beside: Sequence[Point | None] = other.points if other else ()
    pairs = [(point, beside[at] if at < len(beside) else None) for at, point in enumerate(counts.points)]
    more = bool(other)

    def columns(*pairs: tuple[str, str]) -> tuple[Column, ...]:
        own = tuple(Column(words, unit) for words, unit in pairs)
        return own + tuple(Column(f"{words} before", unit, compared=True) for words, unit in pairs[: more * 1])

    yield Table(
        "occupancy", "Occupancy", named, columns(("Occupancy", SHARE)),
        tuple((a.words, (a.hours.occupancy, *((b.hours.occupancy if b else None,) * more))) for a, b in pairs),
        "lines", "Of the places that could be seen; five-minute samples.",
    )  # fmt: skip
    yield Table(
        "traffic", "Entries and exits", named, columns(("Entries", COUNT), ("Exits", COUNT)),
        tuple(
            (a.words, (a.hours.entries, a.hours.exits, *((b.hours.entries if b else None,) * more))) for a, b in pairs
        ),
        "bars",
    )  # fmt: skip
    for currency in sorted(counts.money) if counts.period.grain is not Grain.HOUR else ():
        none = Money()
        yield Table(
            f"money-{currency}", f"Money over time, {currency}", named,
            columns(("Charged", currency), ("Received", currency), ("Given back", currency)),
            tuple(
                (
                    a.words,
                    (
                        (found := a.money.get(currency, none)).charged, found.received, found.refunded,
                        *((b.money.get(currency, none).charged if b else None,) * more),
                    ),
                )
                for a, b in pairs
            ),
            "bars",
        )  # fmt: skip


def heat_map(counts: Counts) -> Table:
    """Occupancy by the hour of the clock and the weekday."""
    rows = tuple(
        (f"{hour:02}:00", tuple(counts.clock.get((day, hour), HourSums()).occupancy for day in range(7)))
        for hour in range(24)
    )
    return Table(
        "heat", "Occupancy by hour and weekday", "Hour", tuple(Column(day, SHARE) for day in DAYS), rows, "heat"
    )


def _zones(counts: Counts) -> Table:
    spots, came = counts.labels(Measure.ZONE_SPOTS), counts.labels(Measure.ZONE_ARRIVALS)
    free, taken = counts.labels(Measure.ZONE_FREE_S), counts.labels(Measure.ZONE_OCCUPIED_S)
    blind = counts.labels(Measure.ZONE_UNKNOWN_S)

    def share(part: int, whole: int) -> float | None:
        return part / whole if whole else None

    rows = tuple(
        (
            zone or "No zone",
            (
                share(taken.get(zone, 0), taken.get(zone, 0) + free.get(zone, 0)),
                share(blind.get(zone, 0), taken.get(zone, 0) + free.get(zone, 0) + blind.get(zone, 0)),
                came.get(zone, 0),
                share(came.get(zone, 0), places),
            ),
        )
        for zone, places in sorted(spots.items())
    )
    columns = (Column("Occupancy", SHARE), Column("Not seen", SHARE), Column("Arrivals"))
    note = "Arrivals: cars that came to stand. Turnover: so many a place and day."
    return Table("zones", "Zones", "Zone", (*columns, Column("Turnover", RATE)), rows, "", note)


def _places(counts: Counts, whole: bool) -> Iterable[Table]:
    known = counts.spots if whole else [spot for spot in counts.spots if spot.occupancy is not None]
    ranked = sorted(known, key=lambda spot: (-spot.turnover, spot.name))
    zones = len({spot.zone for spot in ranked}) > 1

    def told(ident: str, title: str, spots: Iterable[SpotTotal], note: str = _PLACES_NOTE) -> Table:
        rows = tuple(
            (
                f"{spot.name}, {spot.zone or 'no zone'}" if zones else spot.name,
                (spot.turnover, spot.sums.arrivals, spot.occupancy, spot.unseen, spot.days),
            )
            for spot in spots
        )
        columns = (Column("Turnover", RATE), Column("Arrivals"), Column("Occupancy", SHARE), Column("Not seen", SHARE))
        return Table(ident, title, "Place", (*columns, Column("Days")), rows, "", note)

    if whole or len(ranked) <= 2 * STAND_OUT:
        return (told("places", "Turnover by place", ranked),)
    more = f"{_PLACES_NOTE} All {len(counts.spots)} places are in the CSV and XLSX files."
    least = reversed(ranked[-STAND_OUT:])
    return (
        told("places-most", "Places with the most turnover", ranked[:STAND_OUT]),
        told("places-least", "Places with the least turnover", least, more),
    )


def _lengths(counts: Counts) -> Table:
    found = counts.labels(Measure.LENGTHS)
    words = [_length(minutes) for minutes in LENGTHS_MIN]
    names = [
        f"under {words[1]}",
        *(f"{a} to {b}" for a, b in pairwise(words[1:])),
        f"{words[-1]} and more",
    ]
    rows = tuple((name, (found.get(str(start), 0),)) for name, start in zip(names, LENGTHS_MIN, strict=True))
    return Table("lengths", "Length of stay", "Stayed", (Column("Stays"),), rows, "bars")


def _labelled(counts: Counts, ident: str, title: str, first: str, measure: Measure, words: Mapping[str, str]) -> Table:
    found = sorted(counts.labels(measure).items(), key=lambda item: -item[1])
    whole = sum(value for _, value in found)
    rows = tuple((words.get(label, label), (value, value / whole if whole else None)) for label, value in found)
    return Table(ident, title, first, (Column("Number"), Column("Share", SHARE)), rows)


def _rights(counts: Counts) -> Table:
    came, minutes = counts.labels(Measure.ENTRIES_BY_RIGHT), counts.labels(Measure.RIGHT_MINUTES)
    rows = tuple(
        (_RIGHTS.get(right, right.capitalize()), (came.get(right, 0), minutes.get(right, 0)))
        for right in sorted({*came, *minutes})
    )
    note = "Different permits in use, added up over the days: " + str(
        counts.facts.get((Measure.PERMITS_USED, "", ""), 0)
    )
    return Table(
        "rights", "Permits and paying", "Came in by", (Column("Entries"), Column("Parked", MINUTES)), rows, "", note
    )


def _money(counts: Counts, currency: str) -> Iterable[Table]:
    money = counts.money[currency]
    lines = {
        label: value
        for (measure, label, unit), value in counts.facts.items()
        if measure is Measure.LINES and unit == currency
    }
    told = sorted(((_line(label), value) for label, value in lines.items()), key=lambda item: -item[1])
    rest = money.charged - sum(lines.values())
    rows = [(words, (value,)) for words, value in told if value]
    rows += [("Not told by line: bookings, and charges of before this was noted", (rest,))] if rest else []
    yield Table(
        f"lines-{currency}", f"Charged by line of the tariff, {currency}", "Line", (Column("Charged", currency),),
        (*rows, ("Charged in all", (money.charged,))),
    )  # fmt: skip
    kinds = {
        label.partition("/")[0]: value
        for (measure, label, unit), value in counts.facts.items()
        if measure is Measure.POSTED_COUNT and unit == currency
    }
    yield Table(
        f"books-{currency}", f"Money in and out, {currency}", "What", (Column("Amount", currency),),
        tuple((words, (value,)) for words, value in money.told()),
        note=", ".join(f"{count} × {kind.replace('_', ' ')}" for kind, count in sorted(kinds.items())),
    )  # fmt: skip
    yield Table(
        f"accounts-{currency}", f"Accounts of the ledger, {currency}", "Account",
        (Column("Debit less credit", currency),),
        tuple((account.replace("_", " "), (value,)) for account, value in sorted(money.accounts.items())),
        note="All that was posted in the period. The column sums to zero.",
    )  # fmt: skip


def _gates(counts: Counts) -> Table:
    by_camera: dict[str, dict[str, int]] = {}
    for label, value in counts.labels(Measure.PASSAGES).items():
        camera, _, kind = label.partition("/")
        by_camera.setdefault(camera, {})[kind] = value
    rows = []
    for camera, found in sorted(by_camera.items(), key=lambda item: counts.cameras.get(item[0], item[0])):
        accepted, read = found.get("accepted", 0), found.get("read", 0)
        rows.append(
            (
                counts.cameras.get(camera, "A camera of before"),
                (
                    accepted,
                    read / accepted if accepted else None,
                    found.get("certainty", 0) / 1000 / read if read else None,
                    found.get("asked", 0),
                    found.get("rejected", 0),
                ),
            )
        )
    columns = (
        Column("Cars"),
        Column("With a plate", SHARE),
        Column("Certainty", SHARE),
        Column("Asked about"),
        Column("Rejected"),
    )
    return Table("gates", "Plates at gates", "Camera", columns, tuple(rows))


def _cameras(counts: Counts) -> Table:
    seen, slots = counts.labels(Measure.CAMERA_SEEN), counts.labels(Measure.CAMERA_SLOTS)
    trouble = counts.labels(Measure.CAMERA_TROUBLE_S)
    rows = tuple(
        (counts.cameras.get(camera, "A camera of before"), (seen.get(camera, 0) / whole, trouble.get(camera, 0) // 60))
        for camera, whole in sorted(slots.items(), key=lambda item: counts.cameras.get(item[0], item[0]))
    )
    columns = (Column("With pictures", SHARE), Column("Not believed", MINUTES))
    note = "Of the day in steps of five minutes. At gates only passing cars may make pictures."
    return Table("cameras", "Cameras", "Camera", columns, rows, "", note)


def _line(label: str) -> str:
    kind, _, name = label.partition("/")
    words = "Tax on top" if kind == TAX else _LINES.get(kind, kind)
    return f"{name}: {words}" if name else words.capitalize() if words.islower() else words


def _length(minutes: int) -> str:
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"


_PLACES_NOTE: Final = "Turnover: cars that came to stand, a day; a place that two cameras see is one."
_Read = Callable[[Counts], Value]
DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_KINDS: Final = {"": "Not known", "car": "Car", "motorcycle": "Motorcycle", "bus": "Bus", "truck": "Truck"}
_RIGHTS: Final = {"": "Paying", "permit": "Permit", "staff": "Staff", "visitor": "Visitor", "allowed": "Allow list"}
_ENDINGS: Final[Mapping[str, str]] = {
    Ending.NONE: "Not told",
    Ending.EXIT: "Seen leaving",
    Ending.PAID_AHEAD: "The paid time was over",
    Ending.BY_HAND: "By hand",
    Ending.LOST_TICKET: "Lost ticket",
    Ending.EXIT_MISSED: "Nobody saw it leave",
    Ending.TOO_LONG: "Open for too long",
}
_LINES: Final[Mapping[str, str]] = {
    LineKind.UNITS: "by time",
    LineKind.MINUTES: "by the minute",
    LineKind.FLAT: "flat rate",
    LineKind.STEP: "by steps",
    LineKind.BAND_CAP: "cap",
    LineKind.CAP: "cap",
    LineKind.STAY_MAX: "at most a stay",
    LineKind.MINIMUM: "at least",
    LineKind.OVERSTAY: "stayed longer than booked",
    LineKind.LOST_TICKET: "lost ticket",
    LineKind.DISCOUNT: "code",
    LineKind.ROUNDING: "rounding",
    LineKind.NOT_USED: "booking not used",
}
