"""What is counted of a day adds up, and days are as long as their clock says."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.local_time import day_span
from parkhub.domain.lots import OccupancySample
from parkhub.domain.report_spots import SpotDay, count_spots
from parkhub.domain.reports import Measure, Stay, count_samples, count_stays, count_zones, hours_of
from parkhub.domain.sessions import Ending
from parkhub.domain.spots import SpotState

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 11, 16)
SPAN = day_span(DAY, BERLIN)
HOURS = hours_of(DAY, BERLIN)


def stay(minutes: int, length: int = 90, **given: object) -> Stay:
    """One that began so many minutes into the day."""
    at = SPAN.start + timedelta(minutes=minutes)
    usual = {"kind": "car", "ending": Ending.EXIT, "right": "", "permit_id": None}
    return Stay(at, at + timedelta(minutes=length), **{**usual, **given})


@pytest.mark.parametrize(
    ("day", "zone", "clocks"),
    [
        (date(2026, 3, 29), BERLIN, [0, 1, *range(3, 24)]),
        (date(2026, 10, 25), BERLIN, [0, 1, 2, 2, *range(3, 24)]),
        (DAY, ZoneInfo("Asia/Kolkata"), list(range(24))),
    ],
    ids=["spring forward", "fall back", "half an hour off"],
)
def test_a_day_has_the_hours_that_its_clock_shows(day, zone, clocks):
    hours = hours_of(day, zone)
    assert [hour.clock for hour in hours] == clocks
    assert hours[0].at == day_span(day, zone).start
    assert {b.at - a.at for a, b in pairwise(hours)} == {timedelta(hours=1)}


def test_a_change_of_half_an_hour_makes_one_hour_short():
    hours = hours_of(date(2026, 4, 5), ZoneInfo("Australia/Lord_Howe"))
    assert len(hours) == 25
    assert [hour.clock for hour in hours[:4]] == [0, 1, 1, 2]


@given(st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 3000), st.sampled_from(Ending))))
def test_every_stay_is_counted_once(given_stays):
    came = [stay(minute, length, ending=ending) for minute, length, ending in given_stays]
    left = [stay(minute - length, length, ending=ending) for minute, length, ending in given_stays]
    counted = count_stays(came, left, HOURS)
    sums: dict[Measure, int] = {}
    for fact in counted.facts:
        sums[fact.measure] = sums.get(fact.measure, 0) + fact.value
    seen = [each for each in left if each.ending not in (Ending.EXIT_MISSED, Ending.TOO_LONG)]
    assert sum(hour["entries"] for hour in counted.hours.values()) == len(came)
    assert sum(hour["exits"] for hour in counted.hours.values()) == len(seen)
    assert sums.get(Measure.ENTRIES_BY_KIND, 0) == sums.get(Measure.ENTRIES_BY_RIGHT, 0) == len(came)
    assert sums.get(Measure.ENDINGS, 0) == len(left)
    assert sums.get(Measure.LENGTHS, 0) == len(seen)


def test_a_stay_is_of_the_class_that_its_length_begins():
    facts = count_stays([], [stay(0, length) for length in (14, 15, 59, 60, 5000)], HOURS).facts
    assert {fact.label: fact.value for fact in facts if fact.measure is Measure.LENGTHS} == {
        "0": 1, "15": 1, "30": 1, "60": 1, "1440": 1,
    }  # fmt: skip


def test_a_permit_that_comes_twice_is_used_once():
    facts = count_stays([stay(1, permit_id=7), stay(700, permit_id=7), stay(9, permit_id=8)], [], HOURS).facts
    assert [fact.value for fact in facts if fact.measure is Measure.PERMITS_USED] == [2]


def test_samples_are_summed_in_the_hour_that_holds_them():
    found = count_samples(
        [OccupancySample(1, HOURS[3].at + timedelta(minutes=5 * n), 6, 3, 1) for n in range(13)], HOURS
    )
    assert (found[HOURS[3].at]["occupied"], found[HOURS[4].at]["occupied"], found[HOURS[3].at]["samples"]) == (
        36,
        3,
        12,
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", "A", "B"]),
            st.sampled_from(SpotState),
            st.lists(st.tuples(st.integers(0, 86_399), st.sampled_from(SpotState)), max_size=6),
        )
    )
)
def test_every_place_is_in_some_state_all_day(places):
    spots = [
        SpotDay(at, zone, first, tuple((SPAN.start + timedelta(seconds=s), state) for s, state in sorted(changes)))
        for at, (zone, first, changes) in enumerate(places)
    ]
    counted = count_spots(spots, SPAN.start, SPAN.end)
    facts = count_zones(spots, counted)
    lasted = sum(fact.value for fact in facts if fact.measure.value.endswith("_s"))
    assert lasted == len(spots) * 86_400
    assert sum(fact.value for fact in facts if fact.measure is Measure.ZONE_SPOTS) == len(spots)
    came = sum(fact.value for fact in facts if fact.measure is Measure.ZONE_ARRIVALS)
    assert came == sum(each.arrivals for each in counted.values())


def test_a_car_that_comes_into_sight_again_has_not_arrived():
    at = datetime(2026, 11, 16, 9, tzinfo=UTC)
    states = [SpotState.OCCUPIED, SpotState.UNKNOWN, SpotState.OCCUPIED, SpotState.FREE, SpotState.OCCUPIED]
    spot = SpotDay(7, "A", SpotState.FREE, tuple((at + timedelta(hours=n), state) for n, state in enumerate(states)))
    counted = count_spots([spot], SPAN.start, SPAN.end)
    assert counted[7].arrivals == 2
    facts = count_zones([spot], counted)
    assert [fact.value for fact in facts if fact.measure is Measure.ZONE_ARRIVALS] == [2]
