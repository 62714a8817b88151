"""A report as tables: the same for the page, its charts, its files and the printed sheet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Final

from parkhub.domain.report_cells import COUNT, MINUTES, RATE, SHARE, Column, Figure, Table, Value
from parkhub.domain.report_counts import Counts, Point
from parkhub.domain.report_ledger import money_tables
from parkhub.domain.report_money import Money
from parkhub.domain.report_periods import Grain
from parkhub.domain.report_places import places, zones
from parkhub.domain.reports import LENGTHS_MIN, HourSums, Measure
from parkhub.domain.sessions import Ending


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
        zones(counts),
        *places(counts, whole),
        _lengths(counts),
        _labelled(counts, "kinds", "Vehicles by kind", "Kind", Measure.ENTRIES_BY_KIND, _KINDS),
        _rights(counts),
        _labelled(counts, "endings", "How stays ended", "End", Measure.ENDINGS, _ENDINGS),
        *(table for currency in sorted(counts.money) for table in money_tables(counts, currency)),
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


def _length(minutes: int) -> str:
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"


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
