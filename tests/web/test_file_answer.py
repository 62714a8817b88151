"""Files answered in ranges."""

import pytest

from parkhub.web.file_answer import find_range


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=0-99", (0, 99)),
        ("bytes=0-", (0, 999)),
        ("bytes=990-", (990, 999)),
        ("bytes=990-5000", (990, 999)),
        ("bytes=-10", (990, 999)),
        ("bytes=-5000", (0, 999)),
        (" bytes=1-2 ", (1, 2)),
    ],
)
def test_one_range_is_understood(asked: str, found: tuple[int, int]) -> None:
    assert find_range(asked, 1000) == found


@pytest.mark.parametrize("asked", ["bytes=1000-", "bytes=1000-1001", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be_satisfied(asked: str) -> None:
    first, last = find_range(asked, 1000) or (0, 0)
    assert first > last


@pytest.mark.parametrize(
    "asked", ["", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=0-" + "9" * 30]
)
def test_what_is_no_single_range_is_ignored(asked: str) -> None:
    assert find_range(asked, 1000) is None


def test_nothing_can_be_taken_from_an_empty_file() -> None:
    first, last = find_range("bytes=0-", 0) or (0, 0)
    assert first > last
