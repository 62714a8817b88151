"""Votes of several readings of one plate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plate_scenes import letter, reading

from parkhub.domain.plates import Reading, clean, distance, fold, is_clock, is_lettering, normalise, vote

CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
TEXTS = st.text(CHARACTERS, min_size=1, max_size=10)


@pytest.mark.parametrize(
    ("seen", "text"),
    [("KA-417 XM", "KA417XM"), ("ka·417xm", "KA417XM"), ("Ä-1Ж2", "12"), ("", ""), ("-.:", "")],
    ids=["hyphen and space", "small letters and a dot", "other alphabets", "nothing", "only marks"],
)
def test_a_normal_text_has_capitals_and_digits_only(seen: str, text: str) -> None:
    assert normalise(seen) == text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("O0QB8I1S5Z2", "0008811552", False), ("OQB", "008", True), ("I5Z", "1S2", True), ("D", "0", False)],
    ids=["lengths differ", "round ones", "thin ones", "D is no 0"],
)
def test_look_alikes_are_folded(one: str, other: str, same: bool) -> None:
    assert (fold(one) == fold(other)) is same


@settings(deadline=None)
@given(TEXTS)
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@settings(deadline=None)
@given(TEXTS, TEXTS, TEXTS)
def test_distance_is_a_measure(a: str, b: str, c: str) -> None:
    assert distance(a, b) == distance(b, a)
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))


def test_hyphens_and_dots_are_no_letters() -> None:
    assert "".join(place[0][0] for place in clean(reading("KA-417.xm"))) == "KA417XM"


def test_a_small_letter_counts_for_less_than_a_capital() -> None:
    small, capital = clean(reading("x"))[0], clean(reading("X"))[0]
    assert small[0][0] == capital[0][0] == "X"
    assert small[0][1] < capital[0][1]


def test_the_surer_readings_win_letter_by_letter() -> None:
    doubtful = Reading((letter("K"), letter("A"), letter("1", 0.5, ("7", 0.4))))
    sure = Reading((letter("K"), letter("H", 0.4, ("A", 0.35)), letter("7", 0.9)))
    (voted,) = vote([doubtful, sure])
    assert voted.text == "KA7"
    assert voted.share == 1.0


def test_readings_of_another_length_are_another_answer_with_its_share() -> None:
    longer, shorter = vote([reading("KA417XM"), reading("KA417XM"), reading("KA417X")])
    assert (longer.text, shorter.text) == ("KA417XM", "KA417X")
    assert longer.share == pytest.approx(2 / 3, abs=0.01)


def test_weights_count() -> None:
    best, _ = vote([reading("KA417XM"), reading("KA417X")], [1.0, 3.0])
    assert best.text == "KA417X"


@pytest.mark.parametrize("readings", [[], [reading("")], [reading("-.-")]], ids=["none", "an empty one", "marks only"])
def test_nothing_read_is_no_answer(readings: list[Reading]) -> None:
    assert vote(readings) == []


@settings(deadline=None)
@given(st.lists(TEXTS.map(reading), min_size=1, max_size=6))
def test_shares_sum_to_one_and_every_text_has_a_length_that_was_read(readings: list[Reading]) -> None:
    voted = vote(readings)
    assert sum(answer.share for answer in voted) == pytest.approx(1.0)
    assert {len(answer.text) for answer in voted} <= {len(one.text) for one in readings}
    assert all(0 <= answer.confidence <= 1 for answer in voted)


@settings(deadline=None)
@given(TEXTS, st.integers(1, 5))
def test_readings_that_agree_are_what_they_say(text: str, count: int) -> None:
    (voted,) = vote([reading(text)] * count)
    assert voted.text == text


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("2026-11-21 10:22:31", True),
        ("21.11.2026", True),
        ("2026/1/3", True),
        ("10:22:31", True),
        ("KA-417XM", False),
        ("12-AB-34", False),
        ("1234-567", False),
    ],
)
def test_a_burnt_in_clock_is_told_from_a_plate(text: str, clock: bool) -> None:
    assert is_clock(text) is clock


@pytest.mark.parametrize(
    ("text", "lettering"),
    [
        ("Fresh bread", True),
        ("HYUNDAI", True),
        ("HYUNDA1", True),
        ("CITR0EN", True),
        ("KA417XM", False),
        ("ka1", False),
    ],
)
def test_lettering_is_told_from_a_plate(text: str, lettering: bool) -> None:
    assert is_lettering(text) is lettering
