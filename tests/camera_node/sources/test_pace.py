"""When frames are due, and when a stream has fallen behind."""

import pytest

from camera_node.sources.pace import GIVE_UP_S, Lateness, Pace


def _taken(pace: Pace, times: list[float]) -> list[float]:
    found = []
    for at_s in times:
        if pace.due(at_s):
            pace.took(at_s)
            found.append(at_s)
    return found


def test_frames_are_due_on_a_grid_so_that_their_number_is_right() -> None:
    pace = Pace()
    pace.gap_s = 1.0
    taken = _taken(pace, [n * 0.3 for n in range(100)])
    assert len(taken) == pytest.approx(30, abs=1)
    assert taken[:3] == pytest.approx([0.0, 1.2, 2.1])


def test_a_dense_stream_gives_no_more_than_was_asked_for() -> None:
    pace = Pace()
    pace.gap_s = 2.0
    assert len(_taken(pace, [n / 30 for n in range(3000)])) == 51


def test_after_a_break_nothing_is_made_up_for() -> None:
    pace = Pace()
    pace.gap_s = 1.0
    assert _taken(pace, [0.0, 50.0, 50.5, 51.0]) == [0.0, 50.0, 51.0]


def test_a_shorter_gap_counts_at_once() -> None:
    pace = Pace()
    pace.gap_s = 60.0
    pace.took(0.0)
    pace.gap_s = 0.2
    assert not pace.due(0.15)
    assert pace.due(0.2)


def test_a_hurried_frame_is_due_once() -> None:
    pace = Pace()
    pace.gap_s = 60.0
    pace.took(0.0)
    pace.hurry()
    assert _taken(pace, [1.0, 2.0]) == [1.0]


def test_a_stream_that_stands_in_a_queue_is_late_until_it_has_caught_up() -> None:
    lateness = Lateness()
    at_once = [lateness.late(n * 0.1, 100 + n * 0.1) for n in range(50)]
    behind = [lateness.late(5 + n * 0.1, 108 + n * 0.02) for n in range(40)]
    assert not any(at_once)
    assert behind[0]
    assert behind[15]
    assert not behind[-1]


def test_a_stream_that_stays_late_is_taken_as_it_is() -> None:
    lateness = Lateness()
    for n in range(50):
        lateness.late(n * 0.1, n * 0.1)
    late = [lateness.late(5 + n * 0.1, 8 + n * 0.1) for n in range(100)]
    assert late[0]
    assert late.index(False) * 0.1 <= GIVE_UP_S + 0.2
    assert not any(late[late.index(False) :])


def test_a_camera_whose_clock_is_set_is_not_late() -> None:
    lateness = Lateness()
    lateness.late(10.0, 10.0)
    assert not lateness.late(86_410.0, 10.1)
    assert not lateness.late(10.2, 10.2)
