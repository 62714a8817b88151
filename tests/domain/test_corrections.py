"""A person's word on a spot: how long it stands, what it measures, what belongs together."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import NOW, a_label, a_track, after
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.corrections import GROUPS_MIN, HOLD_S, LotAccuracy, measure, together
from parkhub.domain.spots import Debounce, SpotObservation, SpotState, SpotTrack, debounce, expire, hide, hold, release

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN
STATES = {"f": FREE, "o": OCCUPIED, "u": UNKNOWN}
UNTIL = after(HOLD_S)

rules = st.integers(1, 20).flatmap(
    lambda window: st.builds(Debounce, st.integers(window // 2 + 1, window), st.just(window))
)
words = st.sampled_from([FREE, OCCUPIED])


def other(state: SpotState) -> SpotState:
    return FREE if state is OCCUPIED else OCCUPIED


def look(track: SpotTrack, state: SpotState, at: datetime, rule: Debounce) -> SpotTrack:
    return debounce(track, SpotObservation("A1", state, 0.8), at, rule)


def told(state: SpotState) -> SpotTrack:
    """A spot on which a person has just contradicted what was shown."""
    return hold(a_track(state=other(state), seen_at=after(-1), since=after(-60)), state, NOW, UNTIL)


class TestHolding:
    @given(words, rules, st.lists(st.tuples(st.sampled_from("xu"), st.floats(0.001, HOLD_S - 0.001)), max_size=60))
    def test_no_number_of_looks_contradicts_a_word_while_it_stands(
        self, word: SpotState, rule: Debounce, looks: list[tuple[str, float]]
    ) -> None:
        track = told(word)
        for kind, at_s in sorted(looks, key=lambda each: each[1]):
            track = look(track, UNKNOWN if kind == "u" else other(word), after(at_s), rule)
            assert (track.state, track.since, track.held_until) == (word, NOW, UNTIL)

    @given(words, rules, st.integers(0, 30))
    def test_when_its_time_is_over_as_many_looks_as_ever_change_the_spot_and_not_one_less(
        self, word: SpotState, rule: Debounce, before: int
    ) -> None:
        track = told(word)
        for number in range(before):
            track = look(track, other(word), after(1 + number), rule)
        for number in range(rule.agree):
            assert track.state is word
            track = look(track, other(word), after(HOLD_S + number), rule)
        assert (track.state, track.since, track.held_until) == (other(word), after(HOLD_S + rule.agree - 1), None)

    @given(words, rules, st.text("fou", max_size=40), st.floats(1, 2 * HOLD_S))
    def test_from_the_first_look_that_agrees_the_spot_is_like_any_other(
        self, word: SpotState, rule: Debounce, looks: str, at_s: float
    ) -> None:
        track = look(told(word), word, after(at_s), rule)
        assert track.held_until is None
        plain = SpotTrack("A1", word, 0.8, NOW, after(at_s), word.value[0])
        for number, letter in enumerate(looks, 1):
            track = look(track, STATES[letter], after(at_s + number), rule)
            plain = look(plain, STATES[letter], after(at_s + number), rule)
            assert track == plain

    @given(words, rules, st.sampled_from([FREE, OCCUPIED, UNKNOWN]), st.floats(0, 1000))
    def test_a_picture_taken_before_the_word_changes_nothing(
        self, word: SpotState, rule: Debounce, seen: SpotState, ago_s: float
    ) -> None:
        track = told(word)
        assert look(track, seen, after(-ago_s), rule) is track

    def test_it_shows_at_once_and_for_sure_and_forgets_the_looks_that_were_wrong(self) -> None:
        track = hold(a_track(state=OCCUPIED, recent="ooo"), FREE, after(5), UNTIL)
        assert track == SpotTrack("A1", FREE, 1.0, after(5), after(5), "", None, UNTIL)

    def test_a_spot_nobody_ever_saw_can_be_told(self) -> None:
        track = hold(SpotTrack("A1"), OCCUPIED, NOW, UNTIL)
        assert (track.state, track.since) == (OCCUPIED, NOW)

    def test_a_word_that_says_what_is_seen_holds_nothing_so_that_the_car_may_leave(self) -> None:
        track = a_track(state=OCCUPIED, recent="fo")
        assert hold(track, OCCUPIED, after(1), UNTIL) is track

    def test_a_word_for_what_is_shown_holds_against_a_last_look_that_says_otherwise(self) -> None:
        track = hold(a_track(state=OCCUPIED, recent="of", since=after(-60)), OCCUPIED, NOW, UNTIL)
        assert (track.state, track.since, track.held_until) == (OCCUPIED, after(-60), UNTIL)

    def test_a_later_word_takes_the_place_of_an_earlier_one(self) -> None:
        track = hold(told(FREE), OCCUPIED, after(10), after(10 + HOLD_S))
        assert (track.state, track.since, track.held_until) == (OCCUPIED, after(10), after(10 + HOLD_S))

    @given(st.floats(0, 3000), st.floats(1, 3000), st.floats(0, 3000))
    def test_without_any_look_it_is_believed_for_its_time_or_as_long_as_a_look_would_be(
        self, waited_s: float, stale_after_s: float, hold_s: float
    ) -> None:
        track = hold(a_track(state=OCCUPIED), FREE, NOW, after(hold_s))
        limit = max(after(stale_after_s), after(hold_s))
        later = expire(track, after(waited_s), stale_after_s)
        assert later == (hide(track, limit) if after(waited_s) >= limit else track)

    def test_a_camera_that_cannot_be_trusted_any_more_hides_it_only_when_its_time_is_over(self) -> None:
        track = told(FREE)
        assert hide(track, after(HOLD_S - 1)) is track
        assert hide(track, after(HOLD_S)) == SpotTrack("A1", UNKNOWN, 0.0, after(HOLD_S), NOW)


class TestTakingBack:
    @pytest.mark.parametrize("before", [FREE, OCCUPIED, UNKNOWN])
    def test_what_was_shown_before_is_shown_again_and_looks_decide_afresh(self, before: SpotState) -> None:
        track = replace(told(FREE), seen_at=after(3))
        back = release(track, before, 0.7, after(4))
        assert (back.state, back.recent, back.held_until, back.seen_at) == (before, "", None, after(3))
        assert back.since == (NOW if before is FREE else after(4))

    def test_nothing_changes_when_a_look_has_agreed_since(self) -> None:
        track = look(told(FREE), FREE, after(3), Debounce())
        assert release(track, OCCUPIED, 0.7, after(4)) is track


class TestMeasuring:
    def test_both_states_count_alike_and_looks_without_an_opinion_do_not_count(self) -> None:
        given_labels = [
            *[a_label(occupied=False, said=FREE)] * 3,
            a_label(occupied=False, said=OCCUPIED),
            a_label(occupied=True, said=OCCUPIED),
            a_label(occupied=True, said=FREE),
            a_label(occupied=True, said=UNKNOWN, confidence=0.0),
            a_label(occupied=True, said=None, confidence=None),
        ]
        found = measure(given_labels)
        assert found == LotAccuracy(4, 3, 2, 1, 2)
        assert found.balanced == pytest.approx((0.75 + 0.5) / 2)

    @pytest.mark.parametrize("occupied", [True, False])
    def test_labels_of_one_state_only_balance_nothing(self, occupied: bool) -> None:
        assert measure([a_label(occupied=occupied, said=FREE)] * 5).balanced is None

    def test_no_labels_measure_nothing(self) -> None:
        assert measure([]) == LotAccuracy(0, 0, 0, 0, 0)


def labels_at(*moments: timedelta, **given: Any) -> list[Any]:
    return [
        a_label(at=NOW + moment, picture_sha256=f"{moment.total_seconds()}", camera_id=1, **given) for moment in moments
    ]


class TestTogether:
    def test_days_are_kept_apart_when_there_are_enough(self) -> None:
        days = [timedelta(days=day, hours=hour) for day in range(GROUPS_MIN) for hour in (0, 3)]
        assert together(labels_at(*days)) == [number // 2 for number in range(2 * GROUPS_MIN)]

    def test_hours_of_few_days(self) -> None:
        hours = [timedelta(hours=hour, minutes=minute) for hour in range(GROUPS_MIN) for minute in (0, 30)]
        assert together(labels_at(*hours)) == [number // 2 for number in range(2 * GROUPS_MIN)]

    def test_else_pictures_however_few(self) -> None:
        assert together([*labels_at(timedelta(0), timedelta(0), timedelta(minutes=1))]) == [0, 0, 1]

    @given(st.lists(st.integers(0, 10**6), max_size=50))
    def test_one_picture_is_never_in_two_groups(self, seconds: list[int]) -> None:
        labels = labels_at(*(timedelta(seconds=each) for each in seconds))
        groups = dict(zip(seconds, together(labels), strict=True))
        assert [groups[each] for each in seconds] == together(labels)
