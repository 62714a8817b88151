"""How long a server is left alone, and how fast it is sent to."""

import pytest

from camera_node.backoff import PAUSE_MAX_S, PERSON_MAX_S, Backoff, Pace


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_pauses_lie_anywhere_below_a_limit_that_doubles(chance: float) -> None:
    backoff = Backoff(lambda: chance)
    pauses = [backoff.failed(0.0) for _ in range(12)]
    limits = [min(PAUSE_MAX_S, 0.5 * 2**tries) for tries in range(12)]
    assert pauses == [max(0.05, limit * chance) for limit in limits]


def test_what_the_server_asks_for_is_waited_at_least_and_a_car_does_not_shorten_it() -> None:
    backoff = Backoff(lambda: 0.0)
    backoff.failed(100.0, asked_s=30.0)
    assert backoff.left_s(100.0, urgent=False) == 30.0
    assert backoff.left_s(100.0, urgent=True) == 30.0
    assert backoff.left_s(131.0, urgent=True) < 0


def test_no_server_is_waited_for_longer_than_an_hour_whatever_it_asks() -> None:
    backoff = Backoff(lambda: 1.0)
    assert backoff.failed(0.0, asked_s=1e9) <= 3605


def test_a_car_at_the_gate_shortens_a_pause_of_one_s_own_to_two_seconds() -> None:
    backoff = Backoff(lambda: 1.0)
    for _ in range(10):
        backoff.failed(100.0)
    assert backoff.left_s(100.0, urgent=False) == PAUSE_MAX_S
    assert backoff.left_s(100.0, urgent=True) == 2.0


def test_where_a_person_must_look_pauses_are_of_minutes() -> None:
    backoff = Backoff(lambda: 0.5)
    pauses = [backoff.wants_person(0.0) for _ in range(6)]
    assert pauses == [60, 120, 240, 480, PERSON_MAX_S, PERSON_MAX_S]
    assert backoff.left_s(0.0, urgent=True) == PERSON_MAX_S


def test_a_picture_that_was_taken_ends_all_pauses() -> None:
    backoff = Backoff(lambda: 1.0)
    backoff.wants_person(0.0)
    backoff.failed(0.0)
    backoff.good()
    assert backoff.left_s(0.0, urgent=False) == 0.0
    assert backoff.failed(0.0) == 0.5


def sent_until(until_s: float, pace: Pace, byte_count: int, pictures_per_s: float, kbit_per_s: float | None) -> int:
    now_s, count = 0.0, 0
    while now_s < until_s:
        pace.sent(now_s, byte_count, pictures_per_s, kbit_per_s)
        count += 1
        now_s += max(0.0, pace.left_s(now_s))
    return count


def test_pictures_a_second_are_held_to() -> None:
    assert sent_until(60, Pace(), 100_000, 4.0, None) == 240


def test_kilobits_a_second_are_held_to_where_they_are_the_narrower_limit() -> None:
    assert sent_until(60, Pace(), 100_000, 4.0, 800.0) == 60
    assert sent_until(60, Pace(), 1_000, 4.0, 800.0) == 240


def test_what_did_not_wait_is_owed() -> None:
    pace = Pace()
    for _ in range(8):
        pace.sent(0.0, 1000, 4.0, None)
    assert pace.left_s(0.0) == 2.0


def test_nobody_owes_more_than_a_minute() -> None:
    pace = Pace()
    for _ in range(10_000):
        pace.sent(0.0, 1000, 4.0, None)
    assert pace.left_s(0.0) == 60.0
