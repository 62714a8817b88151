"""Who may try to sign in, and how soon again."""

import pytest

from parkhub.domain.accounts import PAUSE_MAX_S, network, pause_s


@pytest.mark.parametrize(
    ("tries", "expected_s"),
    [(0, 0), (1, 0), (10, 0), (11, 0.25), (12, 0.5), (14, 2), (15, PAUSE_MAX_S), (10**9, PAUSE_MAX_S)],
)
def test_the_pause_grows_with_the_tries_and_ends_somewhere(tries: int, expected_s: float) -> None:
    assert pause_s(tries) == expected_s


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_all_addresses_of_one_customer_count_as_one(address: str, counted_as: str) -> None:
    assert network(address) == counted_as
