from datetime import timedelta

import pytest
from builders import NOW, a_track, after
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.spots import (
    Debounce,
    SpotObservation,
    SpotState,
    SpotTrack,
    changes,
    debounce,
    expire,
    hide,
)
from parkhub.domain.vehicles import VehicleKind

FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN
STATES = {"f": FREE, "o": OCCUPIED, "u": UNKNOWN}

rules = st.integers(1, 20).flatmap(
    lambda window: st.builds(Debounce, st.integers(window // 2 + 1, window), st.just(window))
)
letters = st.text("fou", max_size=60)


def watch(looks: str, rule: Debounce, track: SpotTrack | None = None) -> list[SpotTrack]:
    """Tracks after each look, a second apart; f free, o occupied, u could not look."""
    found = []
    current = track or SpotTrack("A1")
    for second, letter in enumerate(looks):
        current = debounce(current, SpotObservation("A1", STATES[letter], 0.9), after(second), rule)
        found.append(current)
    return found


def shown(looks: str, rule: Debounce) -> str:
    return "".join(track.state.value[0] for track in watch(looks, rule))


@pytest.mark.parametrize(
    ("looks", "rule", "states"),
    [
        ("f", (2, 3), "f"),
        ("o", (2, 3), "o"),
        ("u", (2, 3), "u"),
        ("fof", (2, 3), "fff"),
        ("foo", (2, 3), "ffo"),
        ("fofo", (2, 3), "fffo"),
        ("fouo", (2, 3), "fffo"),
        ("ffoffo", (2, 3), "ffffff"),
        ("fofofo", (3, 3), "ffffff"),
        ("fooo", (3, 3), "fffo"),
        ("fo", (1, 1), "fo"),
        ("uufuo", (1, 1), "uuffo"),
        ("ffooofo", (3, 4), "ffffooo"),
    ],
)
def test_a_spot_changes_when_enough_of_its_last_good_looks_agree(
    looks: str, rule: tuple[int, int], states: str
) -> None:
    assert shown(looks, Debounce(*rule)) == states


@pytest.mark.parametrize(("agree", "window"), [(0, 1), (2, 1), (1, 2), (2, 4), (11, 21), (-1, 1)])
def test_a_rule_without_a_majority_is_none(agree: int, window: int) -> None:
    with pytest.raises(ValueError, match="more than half"):
        Debounce(agree, window)


@given(letters, rules)
def test_one_odd_look_never_changes_what_is_shown_unless_one_is_enough(looks: str, rule: Debounce) -> None:
    for before, after_it in zip(watch(looks, rule), watch(looks, rule)[1:], strict=False):
        if before.state is not UNKNOWN and after_it.state is not before.state:
            assert after_it.recent.count(after_it.state.value[0]) >= rule.agree


@given(letters, rules)
def test_looks_that_could_not_see_might_as_well_not_have_been(looks: str, rule: Debounce) -> None:
    with_them = [track for track, letter in zip(watch(looks, rule), looks, strict=True) if letter != "u"]
    without = watch(looks.replace("u", ""), rule)
    assert [(track.state, track.recent) for track in with_them] == [(track.state, track.recent) for track in without]


@given(letters, rules, st.sampled_from("fo"))
def test_enough_equal_looks_show_in_the_end_whatever_came_before(looks: str, rule: Debounce, letter: str) -> None:
    assert shown(looks + letter * rule.agree, rule)[-1] == letter


@given(letters, rules)
def test_free_and_occupied_are_treated_alike(looks: str, rule: Debounce) -> None:
    swapped = looks.translate(str.maketrans("fo", "of"))
    assert shown(looks, rule).translate(str.maketrans("fo", "of")) == shown(swapped, rule)


@given(letters, rules)
def test_since_and_seen_are_moments_of_looks_and_never_run_back(looks: str, rule: Debounce) -> None:
    tracks = watch(looks, rule)
    for second, (track, letter) in enumerate(zip(tracks, looks, strict=True)):
        assert len(track.recent) <= rule.window
        if letter != "u":
            assert track.seen_at == after(second)
        assert track.since is None or track.since <= after(second)
    sinces = [track.since for track in tracks if track.since is not None]
    assert sinces == sorted(sinces)


@given(st.floats(0, 10_000), st.floats(1, 10_000))
def test_a_spot_is_unknown_exactly_from_the_moment_its_last_good_look_is_too_old(
    waited_s: float, limit_s: float
) -> None:
    track = a_track(seen_at=NOW, since=NOW)
    later = expire(track, after(waited_s), limit_s)
    if timedelta(seconds=waited_s) >= timedelta(seconds=limit_s):
        assert (later.state, later.since, later.recent) == (UNKNOWN, after(limit_s), "")
    else:
        assert later is track


@given(st.floats(0, 1000), st.floats(0, 1000))
def test_expiring_twice_is_expiring_once(first_s: float, more_s: float) -> None:
    track = a_track(seen_at=NOW)
    once = expire(track, after(first_s + more_s), 60)
    assert expire(expire(track, after(first_s), 60), after(first_s + more_s), 60) == once


def test_a_spot_nobody_ever_saw_cannot_get_more_unknown() -> None:
    track = SpotTrack("A1")
    assert expire(track, after(1e6), 60) is track


def test_after_it_was_unknown_the_first_good_look_counts_whatever_was_seen_before() -> None:
    track = expire(watch("ffff", Debounce(3, 4))[-1], after(1000), 60)
    assert debounce(track, SpotObservation("A1", OCCUPIED, 0.8), after(1001), Debounce(3, 4)).state is OCCUPIED


def test_a_spot_that_is_hidden_is_unknown_at_once_and_takes_the_first_good_look_afterwards() -> None:
    hidden = hide(watch("ffff", Debounce(3, 4))[-1], after(10))
    assert (hidden.state, hidden.since, hidden.recent, hidden.confidence) == (UNKNOWN, after(10), "", 0.0)
    assert hide(hidden, after(20)) is hidden
    assert debounce(hidden, SpotObservation("A1", OCCUPIED, 0.8), after(30), Debounce(3, 4)).state is OCCUPIED


def test_a_spot_knows_the_kind_of_the_vehicle_for_as_long_as_it_stands_there() -> None:
    car, truck, nothing = (
        SpotObservation("A1", state, 0.9, kind)
        for state, kind in [(OCCUPIED, VehicleKind.CAR), (OCCUPIED, VehicleKind.TRUCK), (FREE, None)]
    )
    track, kinds = SpotTrack("A1"), []
    for second, look in enumerate([car, truck, nothing, nothing, car, car]):
        track = debounce(track, look, after(second), Debounce(2, 3))
        kinds.append(track.vehicle)
    car_, truck_ = VehicleKind.CAR, VehicleKind.TRUCK
    assert kinds == [car_, truck_, truck_, None, None, car_]
    assert expire(track, after(1000), 60).vehicle is None


def test_changes_name_the_spot_both_states_the_moment_and_the_confidence() -> None:
    before = [a_track("A1", FREE), a_track("A2", OCCUPIED)]
    later = [a_track("A1", OCCUPIED, since=after(5), confidence=0.7), a_track("A2", OCCUPIED, since=after(5))]
    (change,) = changes(before, later)
    assert (change.spot, change.before, change.after, change.at, change.confidence) == (
        "A1",
        FREE,
        OCCUPIED,
        after(5),
        0.7,
    )


@given(st.lists(st.sampled_from(list(SpotState)), max_size=20), st.lists(st.sampled_from(list(SpotState)), max_size=20))
def test_there_is_a_change_for_each_spot_whose_state_differs_and_for_no_other(
    old: list[SpotState], new: list[SpotState]
) -> None:
    both = list(zip(old, new, strict=False))
    found = changes(
        [a_track(str(n), state) for n, (state, _) in enumerate(both)],
        [a_track(str(n), state) for n, (_, state) in enumerate(both)],
    )
    assert [change.spot for change in found] == [str(n) for n, (one, other) in enumerate(both) if one is not other]
