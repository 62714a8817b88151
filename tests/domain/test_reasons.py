"""Reasons that are kept for good."""

import pytest

from parkhub.domain.reasons import LENGTH_MAX, checked_reason
from parkhub.errors import InvalidInputError


@pytest.mark.parametrize(
    "text", ["AB1234 left", "it was ab-12 34", "the plate a.b.1234", "read as AB 12-34.", "(AB1234)"]
)
def test_a_plate_is_found_however_it_is_written(text: str) -> None:
    with pytest.raises(InvalidInputError, match="plate"):
        checked_reason(text, ["CD5678", "AB1234"])


@pytest.mark.parametrize("text", ["the cab 1234 came late", "AB123", "1234", "the barrier was broken at 12:34"])
def test_words_that_only_hold_a_part_of_a_plate_are_kept(text: str) -> None:
    assert checked_reason(f"  {text} ", ["AB1234", ""]) == text


@pytest.mark.parametrize("text", ["", " \t", "one\ntwo", "nul\x00", "half \ud800", "a" * (LENGTH_MAX + 1)])
def test_a_reason_is_one_line_of_some_length(text: str) -> None:
    with pytest.raises(InvalidInputError):
        checked_reason(text)


def test_the_longest_reason_is_kept_whole() -> None:
    assert checked_reason("ä" * LENGTH_MAX) == "ä" * LENGTH_MAX
