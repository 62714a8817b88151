"""When a card pays by itself, and what the provider's events tell of cards."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.payment_events import PaymentTold, ProviderEvent, read_event, understand
from parkhub.domain.payments import PaymentState
from parkhub.domain.plates import Candidate
from parkhub.domain.saved_cards import CardChanged, CardKept, SavedCard, Verdict, decide, understand_card
from parkhub.domain.sessions import Ending, ParkingSession, SessionState

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
CARD = SavedCard(
    1, "stripe", "cus", "pm", "visa", "4242", 12, 2034, AT, "Yes.", AT, True, "Up to 50.", AT, 5000, "EUR"
)  # fmt: skip
SESSION = ParkingSession(
    7, "TICKET", 1, "AB123", None, SessionState.CLOSED, Ending.EXIT, AT, AT + timedelta(hours=1)
)  # fmt: skip


def a_passage(direction: Direction, **given: Any) -> GatePassage:
    outcome = "entered" if direction is Direction.ENTRY else "left"
    usual = GatePassage(
        1, 1, 1, direction, "AB123", 0.9, (Candidate("AB123", 0.9),), None, AT, AT, 5, outcome=outcome, session_id=7,
        state=PassageState.ACCEPTED,
    )  # fmt: skip
    return replace(usual, **given)


ENTRY, EXIT = a_passage(Direction.ENTRY), a_passage(Direction.EXIT)


def verdict(
    session: ParkingSession = SESSION,
    entry: GatePassage | None = ENTRY,
    exit_: GatePassage | None = EXIT,
    due_cents: int = 400,
    currency: str = "EUR",
    asked: bool = False,
) -> Verdict:
    return decide(session, entry, exit_, CARD, due_cents, currency, asked=asked)


CASES: list[tuple[str, dict[str, Any], Verdict]] = [
    ("all is clear", {}, Verdict.CHARGE),
    ("just what is allowed", {"due_cents": 5000}, Verdict.CHARGE),
    ("a cent more than is allowed", {"due_cents": 5001}, Verdict.OVER_CAP),
    ("other money", {"currency": "CHF"}, Verdict.OVER_CAP),
    ("nothing due", {"due_cents": 0}, Verdict.NOTHING_DUE),
    ("less than a card takes", {"due_cents": 49}, Verdict.NOTHING_DUE),
    ("a credit", {"due_cents": -100}, Verdict.NOTHING_DUE),
    ("a question waits", {"asked": True}, Verdict.WAIT),
    ("closed by hand", {"session": replace(SESSION, ending=Ending.BY_HAND)}, Verdict.NOT_SURE),
    ("its exit was missed", {"session": replace(SESSION, ending=Ending.EXIT_MISSED)}, Verdict.NOT_SURE),
    ("open again", {"session": replace(SESSION, state=SessionState.OPEN)}, Verdict.NOT_SURE),
    ("no plate", {"session": replace(SESSION, plate="")}, Verdict.NOT_SURE),
    ("nobody saw it come", {"entry": None}, Verdict.NOT_SURE),
    ("nobody saw it go", {"exit_": None}, Verdict.NOT_SURE),
    ("another letter at the exit", {"exit_": replace(EXIT, plate="AB128")}, Verdict.NOT_SURE),
    ("a look-alike at the entry", {"entry": replace(ENTRY, plate="A8123")}, Verdict.NOT_SURE),
    ("read unsurely", {"exit_": replace(EXIT, confidence=0.59)}, Verdict.NOT_SURE),
    ("the exit of another stay", {"exit_": replace(EXIT, session_id=8)}, Verdict.NOT_SURE),
    ("went the other way", {"exit_": replace(EXIT, direction=Direction.ENTRY)}, Verdict.NOT_SURE),
    ("a person is asked about the exit", {"exit_": replace(EXIT, outcome="asked")}, Verdict.NOT_SURE),
]


@pytest.mark.parametrize(("given", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_card_pays_only_where_nothing_is_in_doubt(given: dict[str, Any], wanted: Verdict):
    assert verdict(**given) is wanted


def test_a_card_is_good_to_the_end_of_its_month():
    card = replace(CARD, exp_month=11, exp_year=2026)
    assert not card.is_over(datetime(2026, 11, 30, 23, tzinfo=UTC))
    assert card.is_over(datetime(2026, 12, 1, tzinfo=UTC))


EVENTS: list[tuple[str, dict[str, Any], object]] = [
    ("setup_intent.succeeded", {"customer": "cus", "payment_method": "pm"}, CardKept("cus", "pm")),
    ("setup_intent.succeeded", {"customer": None, "payment_method": "pm"}, None),
    (
        "payment_intent.succeeded",
        {"customer": "cus", "payment_method": "pm", "setup_future_usage": "off_session"},
        CardKept("cus", "pm"),
    ),
    ("payment_intent.succeeded", {"customer": "cus", "payment_method": "pm"}, None),
    ("payment_method.detached", {"id": "pm"}, CardChanged("pm", True)),
    ("payment_method.automatically_updated", {"id": "pm"}, CardChanged("pm", False)),
    ("payment_method.attached", {"id": "pm"}, None),
]


@pytest.mark.parametrize(("kind", "body", "told"), EVENTS)
def test_what_an_event_tells_of_a_card(kind: str, body: dict[str, Any], told: object):
    assert understand_card(kind, body) == told


def an_event(kind: str, **about: Any) -> ProviderEvent:
    usual = {"id": "obj_1", "customer": "cus", "payment_method": "pm", "currency": "eur", "amount": 540, "metadata": {}}
    raw = {"id": "evt_1", "type": kind, "created": 1_780_000_000, "data": {"object": {**usual, **about}}}
    return read_event(raw)


def test_customers_and_cards_are_kept_of_events_that_need_them_only():
    assert "customer" in an_event("setup_intent.succeeded").body
    for kind in ("charge.refunded", "checkout.session.completed", "payment_intent.payment_failed"):
        assert not {"customer", "payment_method"} & an_event(kind).body.keys()


OF_A_CHARGE = {"quote": "quote-1", "by": "saved_card"}
TOLD: list[tuple[str, dict[str, Any], PaymentState]] = [
    ("payment_intent.succeeded", {"amount_received": 540}, PaymentState.PAID),
    ("payment_intent.processing", {}, PaymentState.PROCESSING),
    ("payment_intent.payment_failed", {}, PaymentState.FAILED),
    ("payment_intent.canceled", {}, PaymentState.FAILED),
]


@pytest.mark.parametrize(("kind", "about", "state"), TOLD, ids=[kind for kind, _, _ in TOLD])
def test_a_charge_of_a_card_is_told_by_its_intent(kind: str, about: dict[str, Any], state: PaymentState):
    told = understand(an_event(kind, metadata=OF_A_CHARGE, **about))
    assert told == PaymentTold("quote-1", "", "obj_1", state, 540, "EUR")
    assert understand(an_event(kind, metadata={"quote": "quote-1"}, **about)) is None


def test_a_page_where_a_card_was_saved_is_no_payment():
    assert understand(an_event("checkout.session.completed", mode="setup", amount=None, currency=None)) is None
