from datetime import UTC, datetime, timedelta

from builders import NOW, a_lot, a_spot, a_track, after
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.lots import SAMPLE_S, LotStatus, SpotStatus, sample
from parkhub.domain.spots import SpotState

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def status(*states: SpotState) -> LotStatus:
    spots = tuple(
        SpotStatus(a_spot(f"A{number}"), a_track(f"A{number}", state)) for number, state in enumerate(states, 1)
    )
    return LotStatus(a_lot(), NOW, spots)


def test_a_lot_s_spots_are_named_by_state_in_map_order() -> None:
    found = status(FREE, OCCUPIED, FREE, UNKNOWN)
    assert [found.names(state) for state in (FREE, OCCUPIED, UNKNOWN)] == [["A1", "A3"], ["A2"], ["A4"]]


@given(st.lists(st.sampled_from(list(SpotState)), max_size=50))
def test_free_occupied_and_unknown_make_up_the_whole_lot(states: list[SpotState]) -> None:
    found = status(*states)
    assert sum(found.count(state) for state in SpotState) == found.capacity == len(states)


def test_spots_are_unknown_once_their_own_camera_s_patience_is_over() -> None:
    spots = tuple(SpotStatus(a_spot(f"A{n}", camera_id=n), a_track(f"A{n}", FREE, seen_at=NOW)) for n in (1, 2, 3))
    found = LotStatus(a_lot(), NOW, spots).expired(after(60), {1: 60.0, 2: 61.0})
    assert found.names(UNKNOWN) == ["A1"]
    assert found.names(FREE) == ["A2", "A3"]
    assert found.as_of == NOW


def test_a_sample_counts_the_states_of_its_five_minutes() -> None:
    found = sample(7, [FREE, FREE, OCCUPIED, UNKNOWN], after(299.9))
    assert (found.lot_id, found.at, found.free, found.occupied, found.unknown) == (7, NOW, 2, 1, 1)


@given(moments)
def test_a_sample_begins_on_a_five_minute_mark_at_or_before_its_moment(at: datetime) -> None:
    begin = sample(1, [], at).at
    assert begin.timestamp() % SAMPLE_S == 0
    assert begin <= at < begin + timedelta(seconds=SAMPLE_S)


@given(moments, st.integers(0, SAMPLE_S * 1_000_000 - 1))
def test_all_moments_of_five_minutes_share_their_sample(at: datetime, more_us: int) -> None:
    begin = sample(1, [], at).at
    assert sample(1, [], begin + timedelta(microseconds=more_us)).at == begin
