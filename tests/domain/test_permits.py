from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tariffs import BERLIN, ZONES, stay

from parkhub.domain.local_time import Span
from parkhub.domain.permits import (
    Permit,
    PermitKind,
    Right,
    RightKind,
    best_right,
    covered,
    covers,
    faults,
    is_valid,
    normal_plates,
    uncovered,
)
from parkhub.domain.weekly_times import parse_times

PLAIN = Permit(frozenset({1}), PermitKind.PERMIT, "Kim", ("AB123",), date(2026, 11, 1), date(2026, 11, 30), id=1)
WORK = replace(PLAIN, times=parse_times("mon-fri 07:00-19:00"))
NIGHT = replace(PLAIN, times=parse_times("19:00-07:00"))


def at(local: str, zone: ZoneInfo = BERLIN) -> datetime:
    return stay(local, 0, zone).start


@pytest.mark.parametrize(
    ("permit", "span", "charged"),
    [
        (PLAIN, stay("2026-11-20T10:00", 600), None),
        (WORK, stay("2026-11-20T07:00", 720), None),
        (WORK, stay("2026-11-20T06:50", 60), stay("2026-11-20T06:50", 10)),
        (WORK, stay("2026-11-20T18:00", 120), stay("2026-11-20T19:00", 60)),
        (WORK, stay("2026-11-20T06:50", 740), stay("2026-11-20T06:50", 740)),
        (WORK, stay("2026-11-19T18:00", 1440), stay("2026-11-19T19:00", 720)),
        (WORK, stay("2026-11-21T10:00", 60), stay("2026-11-21T10:00", 60)),
        (NIGHT, stay("2026-11-20T23:00", 600), stay("2026-11-21T07:00", 120)),
        (NIGHT, stay("2026-11-20T06:00", 840), stay("2026-11-20T07:00", 720)),
        (PLAIN, stay("2026-11-30T23:00", 120), stay("2026-12-01T00:00", 60)),
        (NIGHT, stay("2026-11-30T23:00", 120), stay("2026-12-01T00:00", 60)),
        (PLAIN, stay("2026-10-31T23:00", 120), stay("2026-10-31T23:00", 60)),
        (replace(PLAIN, paused=True), stay("2026-11-20T10:00", 600), None),
        (PLAIN, stay("2026-12-20T10:00", 0), None),
    ],
    ids=[
        "always", "to the minute", "too early", "too late", "both sides are one span", "a night between two days",
        "at the weekend", "past the morning", "the day between two nights", "past the last day",
        "past the last day, in a night", "before the first day", "paused meanwhile", "no time at all",
    ],
)  # fmt: skip
def test_what_a_permit_leaves_open_is_charged_as_one_span(permit, span, charged):
    assert uncovered(permit, span, BERLIN) == charged


stays = st.builds(
    lambda after, minutes: stay(
        (date(2026, 10, 20) + timedelta(after // 24)).isoformat() + f"T{after % 24:02}:30", minutes
    ),
    st.integers(0, 50 * 24),
    st.integers(0, 15 * 1440),
)
some_permits = st.builds(
    lambda times, days: replace(PLAIN, times=parse_times(times), valid_until=PLAIN.valid_from + timedelta(days)),
    st.sampled_from(["", "07:00-19:00", "mon-fri 07:00-19:00", "22:00-06:00; sat 00:00-24:00"]),
    st.integers(0, 40),
)


@given(some_permits, stays, st.sampled_from(ZONES))
def test_what_is_charged_and_what_is_covered_make_up_the_stay(permit, span, zone):
    charged, free = uncovered(permit, span, zone), covered(permit, span, zone)
    if charged is None:
        assert free == ([span] if span.length else [])
        return
    assert span.start <= charged.start < charged.end <= span.end
    for edge in (Span(span.start, charged.start), Span(charged.end, span.end)):
        assert not edge.length or any(each.start <= edge.start and edge.end <= each.end for each in free)
    assert all(charged.start not in each for each in free)
    assert sum((each.length for each in free), charged.length) >= span.length


@pytest.mark.parametrize(
    ("permit", "when", "until"),
    [
        (WORK, "2026-11-20T10:00", "2026-11-20T19:00"),
        (WORK, "2026-11-20T19:00", None),
        (NIGHT, "2026-11-20T23:00", "2026-11-21T07:00"),
        (PLAIN, "2026-11-20T10:00", "2026-12-01T00:00"),
        (PLAIN, "2026-12-01T00:00", None),
    ],
)
def test_until_when_an_instant_is_covered(permit, when, until):
    found = covers(permit, at(when), BERLIN)
    assert found == (None if until is None else Span(at(when), at(until)))


def test_a_permit_holds_for_arrivals_of_its_days_unless_it_is_paused():
    assert is_valid(WORK, at("2026-11-01T00:00"), BERLIN)
    assert is_valid(WORK, at("2026-11-30T23:59"), BERLIN)
    assert not is_valid(WORK, at("2026-12-01T00:00"), BERLIN)
    assert not is_valid(WORK, at("2026-10-31T23:59"), BERLIN)
    assert not is_valid(replace(WORK, paused=True), at("2026-11-20T10:00"), BERLIN)


NOON = at("2026-11-20T12:00")


def test_the_allow_list_goes_before_permits():
    assert best_right("AB123", "Fire brigade", [(PLAIN, 0)], NOON, BERLIN) == Right(
        RightKind.ALLOWED, None, "Fire brigade"
    )


def test_a_full_permit_is_told_as_full():
    assert best_right("AB123", None, [(PLAIN, 1)], NOON, BERLIN) == Right(RightKind.PERMIT, 1, "Kim", full=True)


def test_a_permit_with_room_goes_before_a_full_one_and_one_that_covers_now_before_one_that_does_not():
    full, later = (PLAIN, 1), (replace(NIGHT, id=2), 0)
    fitting = (replace(WORK, id=3, kind=PermitKind.STAFF), 0)
    for given_first in ([full, later, fitting], [fitting, later, full]):
        assert best_right("AB123", None, given_first, NOON, BERLIN) == Right(RightKind.STAFF, 3, "Kim")
    assert best_right("AB123", None, [full, later], NOON, BERLIN) == Right(RightKind.PERMIT, 2, "Kim")


def test_of_two_plates_that_look_alike_the_very_one_goes_first():
    zero, letter = replace(PLAIN, id=1, plates=("A0123",)), replace(PLAIN, id=2, plates=("AO123",))
    found = best_right("AO123", None, [(zero, 0), (letter, 0)], NOON, BERLIN)
    assert found is not None
    assert found.permit_id == 2


def test_nothing_speaks_for_a_plate_whose_permits_have_run_out():
    assert best_right("AB123", None, [(replace(PLAIN, valid_until=date(2026, 11, 19)), 0)], NOON, BERLIN) is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"holder": " "}, "holder"),
        ({"holder": "a\nb"}, "holder"),
        ({"note": "x" * 501}, "note"),
        ({"external_id": "\x00"}, "external_id"),
        ({"lot_ids": frozenset()}, "lots"),
        ({"plates": ()}, "plates"),
        ({"plates": ("ab 123",)}, "plates"),
        ({"plates": ("A",)}, "plates"),
        ({"cars_max": 0}, "cars_max"),
        ({"valid_from": date(1900, 1, 1)}, "valid_from"),
        ({"valid_until": date(2026, 10, 31)}, "valid_until"),
        ({"valid_until": date(9999, 12, 31)}, "valid_until"),
    ],
)
def test_what_is_wrong_with_a_permit_is_told_by_field(change, field):
    assert list(faults(replace(PLAIN, **change))) == [field]


def test_a_good_permit_has_no_faults():
    assert faults(PLAIN) == {}


def test_plates_are_kept_once_and_plain():
    assert normal_plates(["ab-123", "AB 123", " ", "x1", "?"]) == ("AB123", "X1", "?")
