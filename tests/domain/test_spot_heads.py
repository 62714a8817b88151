import math

import pytest
from builders import NOW, after
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.spot_heads import LABELS_EACH_MIN, LABELS_MIN, Fit, HeadTrial, SpotHead, too_few, wins

shares = st.floats(0, 1)


@pytest.mark.parametrize(
    ("held_back", "before", "after", "won"),
    [
        (20, 0.90, 0.95, True),
        (20, 0.90, 0.905, True),
        (400, 0.90, 0.901, False),
        (20, 0.95, 0.95, False),
        (20, 0.95, 0.90, False),
        (0, 0.0, 1.0, False),
    ],
)
def test_a_head_wins_by_a_clear_gain_on_labels_it_had_not_seen(
    held_back: int, before: float, after: float, won: bool
) -> None:
    assert wins(HeadTrial(100, held_back, before, after)) is won


@given(st.integers(0, 500), shares, shares)
def test_of_two_heads_at_most_one_wins_over_the_other(held_back: int, one: float, other: float) -> None:
    assert not (wins(HeadTrial(500, held_back, one, other)) and wins(HeadTrial(500, held_back, other, one)))


@pytest.mark.parametrize(
    ("free", "occupied", "words"),
    [
        (0, 0, "20 more labels needed"),
        (10, 9, "1 more label needed"),
        (30, 0, "0 of the labels say occupied"),
        (3, 30, "3 of the labels say free"),
        (10, 10, ""),
        (4, 16, ""),
    ],
)
def test_too_few_labels_are_refused_with_what_is_missing(free: int, occupied: int, words: str) -> None:
    assert words in too_few(free, occupied)
    assert bool(words) is bool(too_few(free, occupied))


@given(st.integers(0, 100), st.integers(0, 100))
def test_labels_are_enough_when_there_are_enough_of_both(free: int, occupied: int) -> None:
    enough = free + occupied >= LABELS_MIN and min(free, occupied) >= LABELS_EACH_MIN
    assert (too_few(free, occupied) == "") is enough


@pytest.mark.parametrize(
    ("weights", "bias", "temperature"),
    [((), 0.0, 1.0), ((math.nan,), 0.0, 1.0), ((1.0,), math.inf, 1.0), ((1.0,), 0.0, 0.0), ((1.0,) * 4097, 0.0, 1.0)],
)
def test_numbers_that_no_fit_gives_are_no_head(weights: tuple[float, ...], bias: float, temperature: float) -> None:
    with pytest.raises(ValueError, match="a head has"):
        SpotHead(weights, bias, temperature, "ab")


@pytest.mark.parametrize(
    ("ended", "error", "waits_s", "words"),
    [
        (True, "", 9999, ""),
        (True, "Too few.", 9999, "The fit that was asked for failed: Too few."),
        (False, "", 299, "A fit was asked for and is under way."),
        (False, "", 300, "A fit was asked for and has not ended. Ask again; the worker's log may say why."),
    ],
)
def test_what_there_is_to_say_of_a_fit(ended: bool, error: str, waits_s: float, words: str) -> None:
    assert Fit(NOW, NOW if ended else None, error).trouble(after(waits_s)) == words
