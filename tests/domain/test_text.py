"""What people type, and what addresses and forms name."""

import pytest

from parkhub.domain.text import row_number


@pytest.mark.parametrize(("given", "number"), [("1", 1), (" 345600 ", 345_600), ("2147483647", 2_147_483_647)])
def test_rows_are_named_by_any_number_that_they_can_have(given: str, number: int) -> None:
    assert row_number(given) == number


@pytest.mark.parametrize("given", ["", "0", "-1", "+1", "1.0", "1_0", "٣", "2147483648", "99999999999", "all"])
def test_nothing_else_names_a_row(given: str) -> None:
    assert row_number(given) is None
