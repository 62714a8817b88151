from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tariffs import BERLIN, ZONES, stay

from parkhub.domain.local_time import Span
from parkhub.domain.tariffs import DAYS, Hours
from parkhub.domain.weekly_times import parse_times, stretches, write_times

WEEK = frozenset({"mon", "tue", "wed", "thu", "fri"})


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("", ()),
        ("mon-fri 07:00-19:00", (Hours(420, 1140, WEEK),)),
        ("Mon-Fri 7:00 - 19:00 ; sat 08:00-12:00", (Hours(420, 1140, WEEK), Hours(480, 720, frozenset({"sat"})))),
        ("22:00-06:00", (Hours(1320, 360),)),
        ("fri-mon 00:00-24:00", (Hours(0, 1440, frozenset({"fri", "sat", "sun", "mon"})),)),
        ("mon, wed 00:00\u201306:00;", (Hours(0, 360, frozenset({"mon", "wed"})),)),
        ("mon-sun 10:00-11:00", (Hours(600, 660),)),
    ],
    ids=["nothing", "a working week", "two", "over midnight", "over the weekend", "a list", "every day"],
)
def test_times_are_read_as_people_write_them(text, times):
    assert parse_times(text) == times


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mon-fri", '"mon-fri" is no time of the week'),
        ("moon 07:00-19:00", '"moon" is none of mon, tue'),
        ("07:60-19:00", '"07:60" is no time of day'),
        ("07:00-24:01", '"24:01" is no time of day'),
        ("24:00-06:00", "a day begins at 00:00"),
        ("mon 7-19", "is no time of the week"),
        ("07:00-08:00;" * 21, "more than 20"),
    ],
)
def test_what_is_no_time_is_said_to_be_none(text, words):
    with pytest.raises(ValueError, match=words):
        parse_times(text)


hours = st.builds(
    Hours,
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.frozensets(st.sampled_from(DAYS), max_size=6),
)


@given(st.lists(hours, max_size=5))
def test_what_is_written_reads_back(times):
    assert parse_times(write_times(times)) == tuple(times)


@given(
    st.lists(hours, max_size=4),
    st.integers(0, 365 * 1440),
    st.integers(0, 20 * 1440),
    st.sampled_from(ZONES),
)
def test_stretches_lie_apart_in_order_and_inside(times, start, minutes, zone):
    begun = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    within = Span(begun, begun + timedelta(minutes=minutes))
    found = stretches(times, within, zone)
    assert all(within.start <= each.start < each.end <= within.end for each in found)
    assert all(one.end < other.start for one, other in pairwise(found))


def test_a_night_that_began_the_day_before_still_holds():
    times = parse_times("fri 22:00-06:00")
    assert stretches(times, stay("2026-11-21T05:00", 120), BERLIN) == [stay("2026-11-21T05:00", 60)]


def test_times_that_touch_are_one_stretch():
    times = parse_times("08:00-12:00; 12:00-18:00")
    assert stretches(times, stay("2026-11-20T00:00", 1440), BERLIN) == [stay("2026-11-20T08:00", 600)]


def test_a_night_when_clocks_go_back_lasts_an_hour_longer():
    found = stretches(parse_times("22:00-06:00"), stay("2026-10-24T12:00", 1440), BERLIN)
    assert [each.length for each in found] == [timedelta(hours=9)]
