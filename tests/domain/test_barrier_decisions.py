"""Which car stands in front, whether it is there now, and whether it may go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from parkhub.domain.barrier_decisions import Closed, Decision, ExitFacts, decide_exit, in_front, stands
from parkhub.domain.barriers import Barrier, BarrierKind, Cause, Letting
from parkhub.domain.passages import Direction, GatePassage, PassageState
from parkhub.domain.sessions import Ending, Outcome, ParkingSession, SessionState

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
BARRIER = Barrier(
    1, "north", "code", 1, "North", BarrierKind.RELAY, Direction.EXIT, Letting.NOBODY, "", 1, (1,), 500, 8, 300, 60, "",
    1, True,
)  # fmt: skip


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def seen(number: int, first_s: float, last_s: float, **given: Any) -> GatePassage:
    """A car that was seen from then until then."""
    usual: dict[str, Any] = {"state": PassageState.ACCEPTED, "outcome": Outcome.LEFT.value, "session_id": 1}
    return GatePassage(
        number, 1, 1, Direction.EXIT, "AB123", 0.9, (), None, at(first_s), at(last_s), 5, **{**usual, **given}
    )


FRONTS = {
    "nobody": ([], None),
    "the only one": ([seen(1, 0, 5)], 1),
    "of two that are seen together the first": ([seen(2, 3, 9), seen(1, 0, 8)], 1),
    "the one behind once the first is gone": ([seen(1, 0, 5), seen(2, 3, 12)], 2),
    "not what was no car": ([seen(1, 0, 5), seen(2, 8, 9, state=PassageState.REJECTED)], 1),
    "one that is not decided on yet": ([seen(1, 0, 5), seen(2, 8, 9, state=PassageState.OPEN, outcome="")], 2),
}


@pytest.mark.parametrize(("passages", "expected"), FRONTS.values(), ids=FRONTS)
def test_the_car_in_front_is_the_first_of_those_seen_last(passages: list[GatePassage], expected: int | None) -> None:
    found = in_front(passages)
    assert (found.id if found else None) == expected


THERE = {
    "just seen": (seen(1, 0, 5), at(5), 6, True),
    "seen a while ago, and no picture since": (seen(1, 0, 5), at(5), 300, True),
    "for longer than anybody waits": (seen(1, 0, 5), at(5), 306, False),
    "not in later pictures": (seen(1, 0, 5), at(16), 20, False),
    "missed in one picture": (seen(1, 0, 5), at(12), 13, True),
    "in a picture that came late": (seen(1, 0, 5, heard_at=at(40)), at(5), 41, False),
    "in a picture that came soon": (seen(1, 0, 5, heard_at=at(30)), at(5), 31, True),
    "where no picture is known": (seen(1, 0, 5), None, 6, True),
}


@pytest.mark.parametrize(("passage", "pictured_at", "now_s", "expected"), THERE.values(), ids=THERE)
def test_a_car_stands_there_by_its_last_timely_picture(
    passage: GatePassage, pictured_at: datetime | None, now_s: float, expected: bool
) -> None:
    assert stands(BARRIER, passage, pictured_at, at(now_s)) is expected


LEFT = ParkingSession(1, "T", 1, "AB123", None, SessionState.CLOSED, Ending.EXIT, NOW, at(60))
DECIDED = {
    "paid": (ExitFacts(LEFT, charged_cents=200), Decision(Cause.PAID)),
    "unpaid": (ExitFacts(LEFT, due_cents=1, charged_cents=200), Decision(closed=Closed.UNPAID)),
    "short": (ExitFacts(LEFT, grace=True), Decision(Cause.GRACE)),
    "free": (ExitFacts(LEFT), Decision(Cause.FREE)),
    "a permit": (ExitFacts(replace(LEFT, right="permit")), Decision(Cause.PERMIT)),
    "a permit that does not cover it": (
        ExitFacts(replace(LEFT, right="permit"), due_cents=1),
        Decision(closed=Closed.UNPAID),
    ),
    "a booking": (ExitFacts(replace(LEFT, booking_id=7)), Decision(Cause.BOOKING)),
    "asked about": (ExitFacts(LEFT, in_review=True), Decision(closed=Closed.IN_REVIEW)),
    "without a price": (ExitFacts(replace(LEFT, ending=Ending.TOO_LONG)), Decision(closed=Closed.IN_REVIEW)),
    "still open": (ExitFacts(replace(LEFT, state=SessionState.OPEN)), Decision(closed=Closed.IN_REVIEW)),
}


@pytest.mark.parametrize(("facts", "expected"), DECIDED.values(), ids=DECIDED)
def test_an_exit_opens_for_who_owes_nothing(facts: ExitFacts, expected: Decision) -> None:
    assert decide_exit(seen(1, 0, 5), facts) == expected


def test_every_reason_to_stay_closed_has_a_sentence() -> None:
    assert all(each.sentence.endswith(".") for each in Closed)
