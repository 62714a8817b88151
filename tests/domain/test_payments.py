"""How far a payment is, in whichever order it is told, and up to when it pays a stay."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.payments import PaymentState, booking_uid, furthest, paid_as_of, quote_of

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)


def test_states_come_to_the_same_end_in_every_order():
    for states in permutations(PaymentState):
        found = PaymentState.OPEN
        for state in states:
            found = furthest(found, state)
        assert found is PaymentState.PAID
    assert furthest(PaymentState.FAILED, PaymentState.PROCESSING) is PaymentState.FAILED
    assert furthest(PaymentState.PROCESSING, PaymentState.EXPIRED) is PaymentState.PROCESSING


@given(st.integers(0, 10**6), st.one_of(st.none(), st.integers(1, 10**6)))
def test_a_payment_never_pays_beyond_when_the_price_would_have_risen_nor_before_the_quote(
    seconds: int, rises: int | None
):
    paid_at = NOW + timedelta(seconds=seconds)
    changes_at = None if rises is None else NOW + timedelta(seconds=rises)
    found = paid_as_of(paid_at, NOW, changes_at)
    assert NOW <= found <= paid_at
    assert changes_at is None or found < changes_at


def test_the_books_know_a_movement_by_its_quote():
    assert quote_of(booking_uid("q1")) == "q1"
    assert quote_of(booking_uid("q1", "refund", "200")) == "q1"
    assert quote_of("session:5:exit:1") == ""
