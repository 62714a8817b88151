"""An analysis added up."""

import pytest

from parkhub.domain.recordings import CHANGES_MAX, SERIES_MAX, RecordingStatus, Sample, Timeline
from parkhub.domain.spots import SpotObservation, SpotState

FREE, TAKEN, UNSEEN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN


def sample(t_s: float, *states: SpotState) -> Sample:
    return Sample(t_s, tuple(SpotObservation(f"A{n}", state, 0.9) for n, state in enumerate(states)))


def fed(*rows: tuple[SpotState, ...], every_s: float = 1.0) -> Timeline:
    timeline = Timeline([f"A{n}" for n in range(len(rows[0]))], every_s)
    for number, states in enumerate(rows):
        timeline.add(sample(number * every_s, *states))
    return timeline


@pytest.mark.parametrize("status", list(RecordingStatus))
def test_only_done_cancelled_and_failed_have_ended(status: RecordingStatus) -> None:
    assert status.ended == (status.value in {"done", "cancelled", "failed"})


def test_the_first_look_counts_at_once() -> None:
    assert fed((FREE, TAKEN)).states == (FREE, TAKEN)


def test_one_odd_look_changes_nothing() -> None:
    assert fed((FREE,), (FREE,), (TAKEN,), (FREE,)).summary(4)["change_count"] == 0


def test_a_change_shows_at_the_second_look_that_agrees() -> None:
    found = fed((FREE,), (FREE,), (TAKEN,), (TAKEN,)).summary(4)
    assert found["changes"] == [{"t_s": 3.0, "id": "A0", "from": "free", "to": "occupied"}]
    assert found["spots"][0]["state"] == "occupied"


def test_a_look_in_doubt_never_speaks_against_what_is_known() -> None:
    timeline = fed((FREE,))
    for t_s in range(1, 30):
        timeline.add(Sample(t_s, (SpotObservation("A0", TAKEN, 0.69),)))
    assert timeline.states == (FREE,)


def test_a_first_look_in_doubt_is_better_than_none() -> None:
    timeline = Timeline(["A0"])
    assert timeline.add(Sample(0, (SpotObservation("A0", TAKEN, 0.51),))) == (TAKEN,)


def test_shares_of_time_add_up_to_the_whole() -> None:
    found = fed((FREE,), (FREE,), (TAKEN,), (TAKEN,), (TAKEN,)).summary(10)["spots"][0]
    assert (found["free_share"], found["occupied_share"], found["unknown_share"]) == (0.3, 0.7, 0.0)


def test_a_spot_nobody_can_see_turns_unknown_and_is_never_taken_for_free() -> None:
    found = fed((FREE,), *[(UNSEEN,)] * 9).summary(10)
    assert found["unknown_at_end"] == 1
    assert found["change_count"] == 0


def test_a_change_behind_the_curtain_is_still_a_change() -> None:
    assert fed((FREE,), *[(UNSEEN,)] * 9, (TAKEN,)).summary(12)["change_count"] == 1


def test_the_chart_counts_states_over_time() -> None:
    found = fed((FREE, TAKEN, UNSEEN)).summary(1)
    assert found["series"] == [{"t_s": 0.0, "free": 1, "occupied": 1, "unknown": 1}]


def test_memory_does_not_grow_with_the_video() -> None:
    count = 7001
    timeline = fed(*[(FREE,) if n // 2 % 2 else (TAKEN,) for n in range(count)])
    found = timeline.summary(count)
    assert len(found["series"]) <= SERIES_MAX + 1
    assert len(found["changes"]) == CHANGES_MAX
    assert found["change_count"] > CHANGES_MAX
    times = [point["t_s"] for point in found["series"]]
    assert times == sorted(set(times))
    assert (times[0], times[-1]) == (0, count - 1)


def test_a_single_look_at_a_video_of_no_length_has_whole_shares() -> None:
    found = fed((TAKEN,)).summary(0)["spots"][0]
    assert (found["occupied_share"], found["free_share"]) == (1.0, 0.0)
