"""The rules by which an entry is taken, and tickets."""

from datetime import UTC, datetime, timedelta

import pytest

from parkhub.domain.sessions import (
    SEEN_AGAIN,
    TICKET_LENGTH,
    Ending,
    Entry,
    ParkingSession,
    SessionState,
    decide_entry,
    new_ticket,
    read_ticket,
)

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


def session(entered_at: datetime, exited_at: datetime | None = None, ending: Ending = Ending.NONE) -> ParkingSession:
    state = SessionState.CLOSED if exited_at else SessionState.OPEN
    return ParkingSession(1, "T", 1, "AB123", None, state, ending, entered_at, exited_at)


@pytest.mark.parametrize(
    ("inside", "within", "anti_passback", "expected"),
    [
        (None, None, False, Entry.OPEN),
        (None, session(AT - timedelta(hours=1), AT + timedelta(hours=1)), False, Entry.SEEN_AGAIN),
        (session(AT - SEEN_AGAIN), None, False, Entry.SEEN_AGAIN),
        (session(AT + SEEN_AGAIN), None, True, Entry.SEEN_AGAIN),
        (session(AT - timedelta(hours=1)), None, False, Entry.EXIT_MISSED),
        (session(AT - timedelta(hours=1)), None, True, Entry.ASK),
        (session(AT + timedelta(hours=1)), None, False, Entry.BEFORE),
        (session(AT + timedelta(hours=1)), None, True, Entry.ASK),
    ],
    ids=[
        "nobody knows it",
        "late, of a visit that is over",
        "again",
        "again, out of order",
        "its exit was missed",
        "anti-passback",
        "late, of a visit before this one",
        "late, of a visit before this one, anti-passback",
    ],
)
def test_an_entry_is_taken_by_what_is_known_of_its_plate(inside, within, anti_passback, expected):
    assert decide_entry(AT, inside, within, anti_passback=anti_passback) is expected


def test_an_end_nobody_saw_is_no_price():
    over = AT + timedelta(hours=1)
    assert session(AT, over, Ending.EXIT).is_priced
    assert not session(AT, over, Ending.EXIT_MISSED).is_priced
    assert not session(AT, over, Ending.TOO_LONG).is_priced
    assert not session(AT).is_priced


def test_a_span_never_ends_before_it_begins():
    assert session(AT).span(AT - timedelta(minutes=1)).length == timedelta(0)


def test_a_ticket_is_read_however_a_person_types_it():
    ticket = new_ticket()
    assert read_ticket(f" {ticket[:3]}-{ticket[3:6]} {ticket[6:].lower()} ") == ticket


@pytest.mark.parametrize("text", ["", "ABC", "0" * TICKET_LENGTH, "A" * (TICKET_LENGTH + 1), "é" * TICKET_LENGTH])
def test_what_is_no_ticket_is_told_so(text):
    assert read_ticket(text) == ""


def test_tickets_differ():
    assert len({new_ticket() for _ in range(1000)}) == 1000
