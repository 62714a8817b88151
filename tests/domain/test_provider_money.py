"""Amounts as Stripe counts them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.provider_money import from_provider, to_provider
from parkhub.errors import InvalidInputError

AMOUNTS = [
    (540, "EUR", 540),
    (540, "JPY", 540),
    (1050, "KWD", 1050),
    (5, "ISK", 500),
    (5, "UGX", 500),
    (500, "MGA", 5),
]


@pytest.mark.parametrize(("ours", "currency", "theirs"), AMOUNTS, ids=[currency for _, currency, _ in AMOUNTS])
def test_an_amount_is_written_as_stripe_counts_it(ours: int, currency: str, theirs: int):
    assert to_provider(ours, currency) == theirs
    assert from_provider(theirs, currency.lower()) == ours


@pytest.mark.parametrize(("cents", "currency"), [(1005, "KWD"), (1001, "TND"), (550, "MGA")])
def test_what_stripe_does_not_take_is_refused_and_never_rounded(cents: int, currency: str):
    with pytest.raises(InvalidInputError, match="cannot be paid by card"):
        to_provider(cents, currency)


def test_parts_of_a_minor_unit_are_refused():
    with pytest.raises(ValueError, match="not a whole number"):
        from_provider(550, "ISK")


@given(st.integers(-(10**9), 10**9), st.sampled_from(["EUR", "JPY", "KWD", "ISK", "UGX", "MGA"]))
def test_there_and_back_is_the_same(tens: int, currency: str):
    cents = tens * 100
    assert from_provider(to_provider(cents, currency), currency) == cents
