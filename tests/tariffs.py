"""Tariffs and stays for tests: built ones, and Hypothesis strategies of any."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from parkhub.domain.local_time import Span
from parkhub.domain.tariffs import (
    DAYS,
    HOLIDAY,
    Allowance,
    Band,
    Cap,
    Event,
    Flat,
    Hours,
    Overstay,
    Per,
    PerMinute,
    PerStarted,
    Rate,
    Rounding,
    RoundTo,
    Step,
    Steps,
    Tariff,
    Tax,
)

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    BERLIN,
    ZoneInfo("UTC"),
    ZoneInfo("America/New_York"),
    ZoneInfo("Africa/Cairo"),
    ZoneInfo("Asia/Kathmandu"),
    ZoneInfo("Australia/Lord_Howe"),
]


def stay(start: str, minutes: float, zone: ZoneInfo = BERLIN) -> Span:
    """A stay from a local time on, so many real minutes long."""
    begun = datetime.fromisoformat(start).replace(tzinfo=zone).astimezone(UTC)
    return Span(begun, begun + timedelta(minutes=minutes))


cents = st.integers(0, 5000)
per_started = st.builds(PerStarted, st.sampled_from([1, 7, 15, 20, 30, 60, 90, 720, 1440]), cents)
per_minute = st.builds(PerMinute, cents)


@st.composite
def flights(draw: st.DrawFn) -> Steps:
    """Steps that rise."""
    lengths = draw(st.lists(st.integers(1, 600), min_size=1, max_size=4))
    rises = draw(st.lists(cents, min_size=len(lengths), max_size=len(lengths)))
    steps = [Step(sum(lengths[: i + 1]), sum(rises[: i + 1])) for i in range(len(lengths))]
    return Steps(tuple(steps), draw(st.none() | per_started | per_minute))


rates: st.SearchStrategy[Rate] = st.one_of(per_started, per_minute, st.builds(Flat, cents), flights())
days = st.frozensets(st.sampled_from([*DAYS, HOLIDAY]), max_size=5)
hours = st.builds(Hours, st.integers(0, 1439), st.integers(0, 1440), days)
caps = st.none() | cents


@st.composite
def events(draw: st.DrawFn) -> Event:
    """A few hours or days around the change of the clock."""
    start = datetime.fromisoformat("2026-03-28") + timedelta(minutes=draw(st.integers(0, 4000)))
    return Event("Event", start, start + timedelta(minutes=draw(st.integers(1, 3000))), draw(rates), draw(caps))


@st.composite
def tariffs(draw: st.DrawFn) -> Tariff:
    """Any tariff that can be written."""
    stay_max_cents = draw(caps)
    minimum_cents = draw(st.sampled_from([0, 0, 100]))
    bands = [
        Band(f"B{index}", rate, when, cap)
        for index, (rate, when, cap) in enumerate(
            draw(st.lists(st.tuples(rates, st.none() | hours, caps), min_size=1, max_size=3))
        )
    ]
    return Tariff(
        currency="EUR",
        bands=tuple(bands),
        entry_grace_minutes=draw(st.sampled_from([0, 0, 5, 30])),
        allowance=draw(st.none() | st.builds(Allowance, st.integers(0, 90), st.sampled_from([Per.DAY, Per.STAY]))),
        cap=draw(st.none() | st.builds(Cap, cents, st.sampled_from([Per.DAY, Per.HOURS_24]))),
        stay_max_cents=stay_max_cents,
        minimum_cents=minimum_cents if stay_max_cents is None else min(minimum_cents, stay_max_cents),
        overstay=draw(st.builds(Overstay, st.sampled_from([0, 10]), cents, st.none() | rates)),
        tax=draw(st.builds(Tax, st.sampled_from([Fraction(0), Fraction(19), Fraction("8.25")]), st.booleans())),
        rounding=draw(st.builds(Rounding, st.sampled_from([1, 5, 10, 50]), st.sampled_from(list(RoundTo)))),
        events=tuple(draw(st.lists(events(), max_size=1))),
        holidays=draw(st.sampled_from(["", "DE-BY"])),
    )


# Before every change of the clock in `ZONES`, in spring and in autumn, and one week without.
WEEKS = [
    datetime(2026, month, day, tzinfo=UTC)
    for month, day in ((3, 5), (3, 25), (4, 2), (4, 21), (6, 1), (10, 1), (10, 22), (10, 28))
]
starts = st.builds(
    lambda week, minutes: week + timedelta(minutes=minutes), st.sampled_from(WEEKS), st.integers(0, 9000)
)
lengths = st.one_of(
    st.integers(0, 60 * 24 * 4).map(lambda minutes: timedelta(minutes=minutes)),
    st.integers(0, 60 * 60 * 24 * 4).map(lambda seconds: timedelta(seconds=seconds)),
    st.integers(0, 90).map(lambda minutes: timedelta(minutes=minutes)),
)
