"""Which open session a misread exit belongs to: a clear winner, or a person."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.matching import CLEAR, DOUBLED, LOOK_ALIKE, MISSED, Inside, cost, match
from parkhub.domain.plates import Candidate

plates = st.text("ABCDEIOSZ0123589", min_size=1, max_size=8)


def read(*texts: str) -> list[Candidate]:
    """Candidates, each half as likely as the one before."""
    return [Candidate(text, 0.5 ** (at + 1)) for at, text in enumerate(texts)]


def inside(*texts: str) -> list[Inside]:
    return [Inside(number, text) for number, text in enumerate(texts, 1)]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("AB123", "AB123", 0),
        ("AB1O3", "AB103", LOOK_ALIKE),
        ("IB8", "1BB", 2 * LOOK_ALIKE),
        ("5Z2", "SZZ", 2 * LOOK_ALIKE),
        ("AB123", "AB23", MISSED),
        ("AB1223", "AB123", DOUBLED),
        ("AB122", "AB12", DOUBLED),
        ("AB123", "AB423", 1),
        ("AB123", "BA123", 2 * MISSED),
        ("", "AB", 2 * MISSED),
    ],
)
def test_what_cameras_confuse_costs_less(one, other, expected):
    assert cost(one, other) == pytest.approx(expected)


@given(plates, plates)
def test_a_distance_is_the_same_both_ways_and_nothing_only_for_the_same_text(one, other):
    assert cost(one, other) == pytest.approx(cost(other, one))
    assert (cost(one, other) == 0) == (one == other)


@given(plates, plates, plates)
def test_no_detour_is_cheaper_than_what_one_letter_may_save(one, between, other):
    """Not quite a metric: whether a letter is doubled depends on its neighbours, so a detour may save some of that."""
    assert (
        cost(one, other)
        <= cost(one, between) + cost(between, other) + max(len(one), len(other)) * (MISSED - DOUBLED) * 2
    )


def test_the_very_text_is_clear_beside_other_plates():
    assert match(read("AB123"), 0.9, inside("CD456", "AB123", "XY999")).clear == 2


def test_one_misread_letter_is_clear_when_no_other_plate_is_near():
    assert match(read("AB12E"), 0.9, inside("AB123", "CD456")).clear == 1


def test_two_plates_as_near_as_each_other_are_a_persons_to_decide():
    found = match(read("AB12E"), 0.9, inside("AB123", "AB124"))
    assert found.clear is None
    assert [each.session_id for each in found.suggestions] == [1, 2]


def test_the_very_text_is_not_clear_beside_its_look_alike():
    assert match(read("AB0123"), 0.9, inside("AB0123", "ABO123")).clear is None


def test_the_very_text_is_clear_beside_a_plate_that_differs_by_one_letter():
    assert match(read("AB0123"), 0.9, inside("AB0123", "AB0124")).clear == 1


def test_a_likely_second_candidate_counts_a_little_less_than_the_first():
    found = match(read("AB128", "AB123"), 0.9, inside("AB123"))
    assert found.clear == 1
    assert 0 < found.suggestions[0].cost < CLEAR


def test_an_unsure_read_is_clear_only_by_its_very_text():
    assert match(read("AB123"), 0.4, inside("AB123")).clear == 1
    assert match(read("AB12E"), 0.4, inside("AB123")).clear is None


def test_a_short_plate_must_be_read_better():
    assert match(read("AB1"), 0.9, inside("AX1")).clear is None
    assert match(read("AB0"), 0.9, inside("ABO")).clear == 1


def test_an_empty_lot_has_no_match_and_no_suggestion():
    assert match(read("AB123"), 0.9, []).suggestions == ()
    assert match([], 0.9, inside("AB123")).suggestions == ()


def test_suggestions_are_ranked_bounded_and_near():
    many = inside(*(f"AB12{letter}" for letter in "CDEFGHJKL"), "ZZ999")
    found = match(read("AB123"), 0.9, many)
    assert len(found.suggestions) == 6
    assert [each.cost for each in found.suggestions] == sorted(each.cost for each in found.suggestions)
    assert 10 not in {each.session_id for each in found.suggestions}


@given(plates.filter(lambda text: len(text) > 3), st.lists(plates, max_size=8))
def test_whoever_is_clear_is_the_likeliest_and_alone(text, others):
    found = match(read(text), 0.9, inside(*others))
    if found.clear is not None:
        assert found.clear == found.suggestions[0].session_id
        assert all(each.cost > found.suggestions[0].cost for each in found.suggestions[1:])
