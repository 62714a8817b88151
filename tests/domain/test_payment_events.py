"""What the provider's events mean, in whichever order they come."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parkhub.domain.payment_events import (
    RETRY_MAX,
    DisputeTold,
    PaymentTold,
    PayoutTold,
    RefundFailed,
    RefundTold,
    read_event,
    retry_at,
    understand,
)
from parkhub.domain.payments import PaymentState
from parkhub.errors import InvalidInputError

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
CHECKOUT = {
    "id": "cs_1",
    "object": "checkout.session",
    "amount_total": 540,
    "client_reference_id": "q1",
    "currency": "eur",
    "customer_details": {"email": "kim@example.org", "name": "Kim"},
    "customer_email": "kim@example.org",
    "metadata": {"quote": "q1", "plate": "AB123"},
    "payment_intent": "pi_1",
    "payment_status": "paid",
}


def event(kind: str, **body: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": kind,
        "created": int(NOW.timestamp()),
        "livemode": False,
        "data": {"object": body},
    }


def told(kind: str, **body: Any) -> Any:
    return understand(read_event(event(kind, **body)))


STATES = [
    ("checkout.session.completed", "paid", PaymentState.PAID),
    ("checkout.session.completed", "no_payment_required", PaymentState.PAID),
    ("checkout.session.completed", "unpaid", PaymentState.PROCESSING),
    ("checkout.session.async_payment_succeeded", "paid", PaymentState.PAID),
    ("checkout.session.async_payment_failed", "unpaid", PaymentState.FAILED),
    ("checkout.session.expired", "unpaid", PaymentState.EXPIRED),
]


@pytest.mark.parametrize(("kind", "status", "state"), STATES, ids=[f"{k.split('.')[-1]} {s}" for k, s, _ in STATES])
def test_an_event_of_a_checkout_tells_where_its_payment_stands(kind: str, status: str, state: PaymentState):
    found = told(kind, **{**CHECKOUT, "payment_status": status})
    assert found == PaymentTold("q1", "cs_1", "pi_1", state, 540, "EUR")


def test_a_refund_is_told_by_all_that_was_given_back():
    charge = {"id": "ch_1", "amount": 540, "amount_refunded": 200, "currency": "eur", "payment_intent": "pi_1"}
    assert told("charge.refunded", **charge, metadata={"quote": "q1"}) == RefundTold("pi_1", "q1", 200, "EUR")


@pytest.mark.parametrize("kind", ["refund.failed", "refund.updated", "charge.refund.updated"])
def test_a_refund_that_failed_is_told_in_several_ways(kind: str) -> None:
    refund = {"id": "re_1", "amount": 200, "currency": "eur", "payment_intent": "pi_1"}
    metadata = {"quote": "q1", "refund": "asked-1"}
    failed = told(kind, **refund, metadata=metadata, status="failed", failure_reason="expired_or_canceled_card")
    assert failed == RefundFailed("re_1", "asked-1", "pi_1", "q1", 200, "EUR", "expired_or_canceled_card")
    assert told(kind, **refund, metadata=metadata, status="succeeded") is None


DISPUTES = [
    ("charge.dispute.created", "needs_response", None, True),
    ("charge.dispute.created", "warning_needs_response", None, False),
    ("charge.dispute.funds_withdrawn", "warning_needs_response", None, True),
    ("charge.dispute.closed", "won", True, True),
    ("charge.dispute.closed", "lost", False, True),
    ("charge.dispute.closed", "warning_closed", True, False),
]


@pytest.mark.parametrize(("kind", "status", "won", "moved"), DISPUTES, ids=[f"{k} {s}" for k, s, _, _ in DISPUTES])
def test_a_dispute_is_opened_won_or_lost_and_an_inquiry_moves_no_money(
    kind: str, status: str, won: bool | None, moved: bool
):
    dispute = {"id": "dp_1", "amount": 540, "currency": "eur", "payment_intent": "pi_1", "status": status}
    assert told(kind, **dispute) == DisputeTold("dp_1", "pi_1", 540, "EUR", won, moved)


def test_a_payout_is_told_by_its_amount():
    assert told("payout.paid", id="po_1", amount=1000, currency="jpy") == PayoutTold("po_1", 1000, "JPY")


def test_events_about_other_things_are_about_nothing_of_ours():
    assert told("plan.created", id="price_1") is None


def test_of_an_event_nothing_is_kept_that_names_a_driver():
    found = read_event(event("checkout.session.completed", **CHECKOUT))
    assert "kim" not in str(found).lower()
    assert "AB123" not in str(found)
    assert found.about == "pi_1"


def test_an_expanded_object_is_kept_by_its_id():
    found = read_event(event("charge.refunded", id="ch_1", payment_intent={"id": "pi_1", "object": "payment_intent"}))
    assert found.body["payment_intent"] == "pi_1"


BROKEN: list[Any] = [
    None,
    [],
    {},
    "event",
    {**event("payout.paid", id="po_1"), "id": 5},
    {**event("payout.paid", id="po_1"), "id": "evt_\n"},
    {**event("payout.paid", id="po_1"), "created": "soon"},
    {**event("payout.paid", id="po_1"), "created": 10**30},
    {**event("payout.paid", id="po_1"), "data": {"object": "po_1"}},
]


@pytest.mark.parametrize("raw", BROKEN, ids=[str(raw)[:60] for raw in BROKEN])
def test_what_is_no_event_is_refused(raw: Any):
    with pytest.raises(InvalidInputError, match="no event of Stripe's"):
        read_event(raw)


@pytest.mark.parametrize("lacking", ["amount_total", "currency", "payment_status", "id"])
def test_an_event_that_lacks_a_part_says_so(lacking: str):
    body = {name: value for name, value in CHECKOUT.items() if name != lacking}
    with pytest.raises(InvalidInputError, match="lacks a part"):
        told("checkout.session.completed", **body)


def test_tries_come_ever_more_seldom():
    waits = [retry_at(NOW, tries) - NOW for tries in range(30)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (timedelta(seconds=20), RETRY_MAX)
