from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.bookings import (
    Booking,
    BookingRules,
    BookingState,
    Paying,
    PaymentRule,
    Place,
    cancel_fee_cents,
    check_cancel,
    choose_place,
    faults,
    given_up_at,
    is_awaited,
    is_crowded,
    near,
    renumber,
    rule_faults,
)
from parkhub.domain.local_time import Span
from parkhub.errors import InvalidInputError

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RULES = BookingRules(early_minutes=30, no_show_minutes=60, cancel_free_hours=24, cancel_fee_percent=50)
SPAN = Span(NOON, NOON + timedelta(hours=4))
BOOKING = Booking(1, "AB123", SPAN, 1, SPAN, price_cents=801, currency="EUR")


def minutes(number: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(minutes=number)


@pytest.mark.parametrize(
    ("at", "awaited"),
    [(minutes(-31), False), (minutes(-30), True), (NOON, True), (minutes(59), True), (minutes(60), False)],
    ids=["too early", "early", "on time", "late", "given up"],
)
def test_when_a_car_arrives_on_its_booking(at, awaited):
    assert is_awaited(BOOKING, at, RULES) is awaited
    assert is_awaited(replace(BOOKING, state=BookingState.NO_SHOW), at, RULES) is awaited
    assert not is_awaited(replace(BOOKING, state=BookingState.CANCELLED), at, RULES)
    assert not is_awaited(replace(BOOKING, state=BookingState.ARRIVED), at, RULES)


@pytest.mark.parametrize(
    ("no_show_minutes", "at"), [(60, minutes(60)), (0, SPAN.end), (24 * 60, SPAN.end)], ids=["set", "never", "longer"]
)
def test_a_booking_is_given_up_at_its_end_at_last(no_show_minutes, at):
    assert given_up_at(SPAN, replace(RULES, no_show_minutes=no_show_minutes)) == at


@pytest.mark.parametrize(
    ("at", "fee"),
    [(minutes(-24 * 60), 0), (minutes(-24 * 60 + 1), 401), (minutes(60), 401)],
    ids=["in time", "too late", "not at all"],
)
def test_what_cancelling_costs(at, fee):
    assert cancel_fee_cents(BOOKING, RULES, at) == fee


def test_only_what_is_reserved_can_be_cancelled():
    check_cancel(BOOKING)
    for state in set(BookingState) - {BookingState.RESERVED}:
        with pytest.raises(InvalidInputError):
            check_cancel(replace(BOOKING, state=state))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"plate": "?"}, "plate"),
        ({"holder": "a\nb"}, "holder"),
        ({"start": minutes(-6)}, "from"),
        ({"start": minutes(367 * 1440), "end": minutes(368 * 1440)}, "from"),
        ({"end": NOON}, "until"),
        ({"end": minutes(93 * 1440)}, "until"),
    ],
)
def test_what_is_wrong_with_a_wish_is_told_by_field(change, field):
    usual = {"plate": "AB123", "holder": "Kim", "start": NOON, "end": SPAN.end}
    assert faults(**usual, now=NOON) == {}
    assert list(faults(**{**usual, **change}, now=NOON)) == [field]


def test_what_is_wrong_with_rules_is_told_by_field():
    assert rule_faults(BookingRules()) == {}
    assert list(rule_faults(BookingRules(-1, 10**9, 10**9, 101))) == [
        "early_minutes",
        "no_show_minutes",
        "cancel_free_hours",
        "cancel_fee_percent",
    ]


PLACES = [Place(1, "A1"), Place(2), Place(3), Place(4, "B1")]


@pytest.mark.parametrize(
    ("taken", "spot", "number"),
    [(set(), "", 2), ({2}, "", 3), ({2, 3}, "", 1), (set(), "B1", 4), ({4}, "B1", None), ({1, 2, 3, 4}, "", None)],
    ids=["any", "the next", "a named one at last", "a certain one", "taken", "full"],
)
def test_which_place_a_booking_gets(taken, spot, number):
    found = choose_place(PLACES, taken, spot)
    assert (found.number if found else None) == number


def test_places_that_stay_keep_their_numbers():
    assert renumber(PLACES, 3, ["B1", "C1"]) == [Place(2), Place(3), Place(4, "B1"), Place(5), Place(6, "C1")]
    assert renumber(PLACES, 0, []) == []


@given(st.integers(0, 9), st.lists(st.sampled_from(["A1", "A2", "A3"])), st.integers(0, 9), st.lists(st.just("A2")))
def test_there_are_as_many_places_as_wished_each_with_a_number_of_its_own(count, spots, then, and_spots):
    places = renumber(renumber([], count, spots), then, and_spots)
    assert sum(not place.spot for place in places) == then
    assert {place.spot for place in places if place.spot} == set(and_spots)
    assert len({place.number for place in places}) == len(places) == then + len(set(and_spots))


@pytest.mark.parametrize(
    ("places", "unpaid", "crowded"), [(1, 0, False), (1, 1, True), (8, 3, False), (8, 4, True), (9, 4, True)]
)
def test_who_does_not_pay_in_advance_leaves_half_of_the_places(places, unpaid, crowded):
    assert is_crowded(places, unpaid) == crowded


def test_the_nearest_times_with_a_place_are_never_past_and_go_by_their_beginning():
    wanted = Span(minutes(60), minutes(180))
    held = [(1, Span(NOON, minutes(240))), (2, Span(NOON, minutes(300)))]
    starts = [each.start for each in near(2, held, wanted, NOON)]
    assert starts == [minutes(240), minutes(270), minutes(300)]
    assert near(1, [(1, Span(minutes(-9999), minutes(9999)))], wanted, NOON) == []
    assert all(each.length == wanted.length for each in near(2, held, wanted, NOON))


@pytest.mark.parametrize(
    ("rule", "paying", "allowed"),
    [
        (PaymentRule.EITHER, Paying.ON_SITE, True),
        (PaymentRule.ADVANCE, Paying.ON_SITE, False),
        (PaymentRule.ADVANCE, Paying.ADVANCE, True),
        (PaymentRule.ON_SITE, Paying.ADVANCE, False),
        (PaymentRule.ADVANCE, Paying.STAFF, True),
    ],
)
def test_a_lot_says_how_bookings_are_paid_and_staff_book_as_they_like(rule, paying, allowed):
    assert rule.allows(paying) == allowed
