"""Sightings at a gate become passages; see `parkhub.domain.gate_tracks` for the rules."""

import itertools
from collections.abc import Iterable, Sequence
from random import Random

import pytest
from builders import a_camera, after
from hypothesis import given, settings
from hypothesis import strategies as st
from plate_scenes import Box, read

from parkhub.domain.cameras import CameraRole, Gate
from parkhub.domain.gate_tracks import Track, cropped
from parkhub.domain.gate_watch import GateWatch
from parkhub.domain.gates import GateRead, compact
from parkhub.domain.passages import PassageState

ENTRANCE = a_camera(gate=Gate(CameraRole.ENTRANCE))
BOX = (0.4, 0.5, 0.12, 0.05)
BODY = (0.2, 0.2, 0.5, 0.6)

_frames = itertools.count(1)


def sighting(at_s: float, text: str, box: Box = BOX, confidence: float = 0.9) -> GateRead:
    """A read, or with text "" a vehicle without a plate, of a frame of its own."""
    return GateRead(next(_frames), 0, after(at_s), compact(read(text, box, confidence), box), None)


def watch(sightings: Iterable[GateRead], *, end_s: float | None = 1000.0) -> list[Track]:
    """Each as a picture of its own, which arrives when it was taken; in the end nothing more comes."""
    tracks: list[Track] = []
    for seen in sightings:
        step = GateWatch(ENTRANCE, tracks, seen.at)
        step.see(seen)
        step.decide(seen.at)
        tracks = step.tracks
    if end_s is not None:
        last = GateWatch(ENTRANCE, tracks, after(end_s))
        last.decide(after(end_s))
        tracks = last.tracks
    return sorted(tracks, key=lambda track: track.passage.first_at)


def plates(tracks: Sequence[Track]) -> list[tuple[str, str]]:
    return [(track.passage.plate, track.passage.state.value) for track in tracks]


def drive_by(text: str, start_s: float, looks: int = 4, confidence: float = 0.9) -> list[GateRead]:
    return [sighting(start_s + look / 5, text, (0.4, 0.3 + look / 20, 0.12, 0.05), confidence) for look in range(looks)]


def test_a_car_that_follows_closely_at_the_same_place_is_another_one() -> None:
    one, other = [[sighting(start + n / 5, text) for n in range(4)] for start, text in ((0, "KA417XM"), (1, "BD52KTV"))]
    assert plates(watch([*one, *other])) == [
        ("KA417XM", "accepted"),
        ("BD52KTV", "accepted"),
    ]


def test_two_cars_of_a_fleet_with_plates_a_letter_apart_are_two() -> None:
    assert plates(watch([*drive_by("KA417XM", 0), *drive_by("KA417XN", 4)])) == [
        ("KA417XM", "accepted"),
        ("KA417XN", "accepted"),
    ]


@pytest.mark.parametrize("looks", [1, 2])
def test_a_car_that_is_surely_misread_once_or_twice_after_a_while_is_no_other_one(looks: int) -> None:
    misread = [sighting(4 + look / 5, "KA417XN", (0.4, 0.5, 0.12, 0.05)) for look in range(looks)]
    (track,) = watch([*drive_by("KA417XM", 0), *misread])
    assert (track.passage.plate, track.passage.frames) == ("KA417XM", 4 + looks)


def test_a_car_that_stands_and_is_read_in_two_ways_in_turn_is_one() -> None:
    texts = ["KA417XM", "KA417XN"] * 8
    assert len(watch([sighting(3.0 * look, text) for look, text in enumerate(texts)])) == 1


def test_a_plate_that_comes_into_view_piece_by_piece_is_decided_only_when_it_is_whole() -> None:
    cut = [sighting(look / 5, "417XM", (0.0, 0.5, 0.08, 0.05)) for look in range(4)]
    assert plates(watch(cut, end_s=None)) == [("417XM", "open")]
    whole = [sighting(0.8 + look / 5, "KA417XM", (0.05 + look / 20, 0.5, 0.12, 0.05)) for look in range(6)]
    assert plates(watch([*cut, *whole])) == [("KA417XM", "accepted")]


def test_a_doubtful_misread_in_between_is_the_same_car() -> None:
    first, last = drive_by("KA417XM", 0, 2), drive_by("KA417XM", 0.6, 3)
    assert plates(watch([*first, sighting(0.4, "9QQ4", (0.4, 0.36, 0.12, 0.05), 0.4), *last])) == [
        ("KA417XM", "accepted")
    ]


@pytest.mark.parametrize(
    ("away_s", "box", "count"),
    [(5.0, (0.1, 0.1, 0.12, 0.05), 1), (200.0, BOX, 1), (200.0, (0.1, 0.1, 0.12, 0.05), 2), (400.0, BOX, 2)],
    ids=["within the window", "parked there", "elsewhere later", "after long"],
)
def test_the_same_plate_again_is_the_same_passage_soon_or_where_it_stood(away_s: float, box: Box, count: int) -> None:
    again = [sighting(0.8 + away_s + look / 5, "KA417XM", box) for look in range(3)]
    assert len(watch([*(sighting(look / 5, "KA417XM") for look in range(4)), *again], end_s=2000)) == count


def test_reads_of_which_no_two_agree_are_rejected_with_the_reason() -> None:
    (one,) = watch([sighting(0, "KA417XM", confidence=0.6)])
    assert (one.passage.state, one.passage.why) == (PassageState.REJECTED, "read once only")
    (two,) = watch([sighting(look / 5, text, confidence=0.5) for look, text in enumerate(["KA417XM", "KA417WM"])])
    assert (two.passage.outcome, two.passage.reason) == ("rejected", "only 1 of 2 pictures agree")


def test_a_car_is_not_decided_early_by_pictures_that_disagree() -> None:
    texts = ["KA417XM", "KA417XW", "KA417XM", "KA417XW", "KA417XM", "KA417XW"]
    assert plates(watch([sighting(look / 5, text) for look, text in enumerate(texts)], end_s=None))[0][1] == "open"


def test_a_vehicle_is_one_car_with_the_plate_that_is_read_on_it_before_or_after() -> None:
    before = [sighting(look / 5, "", BODY) for look in range(3)]
    after_it = [sighting(1.4 + look / 5, "", BODY) for look in range(3)]
    assert plates(watch([*before, *drive_by("KA417XM", 0.6), *after_it])) == [("KA417XM", "accepted")]
    assert plates(watch([*before, *drive_by("KA417XM", 20)])) == [("", "accepted"), ("KA417XM", "accepted")]


def test_a_lorry_without_a_plate_that_stands_in_view_is_one_car_though_nobody_saw_it_for_a_while() -> None:
    (track,) = watch([sighting(at_s, "", BODY) for at_s in (0, 1, 2, 40, 41, 90)])
    assert (track.passage.plate, track.passage.frames, track.passage.state.value) == ("", 6, "accepted")


def test_the_picture_of_the_text_that_won_is_among_those_that_are_kept() -> None:
    misreads = [sighting(look / 10, f"KA417X{letter}", confidence=0.8) for look, letter in enumerate("WNHKRABC")]
    seen = [*misreads, *(sighting(1 + look / 10, "KA417XM", confidence=0.6) for look in range(6))]
    (track,) = watch(seen, end_s=None)
    assert track.passage.plate == "KA417XM"
    assert (track.passage.frame_id, 0) in cropped(track)
    assert len(cropped(track)) == 4


def test_what_is_kept_does_not_grow_with_the_time_in_view() -> None:
    (track,) = watch([sighting(look / 5, "KA417XM", confidence=0.5 + look % 7 / 50) for look in range(300)], end_s=None)
    assert (len(track.reads), len(track.passage.path), track.passage.frames) == (60, 24, 300)
    assert (track.passage.path[0].at, track.passage.path[-1].at) == (after(0), after(59.8))


CARS = ("KA417XM", "BD52KTV", "60BXK4", "TR09BQZ")


@settings(deadline=None, max_examples=50)
@given(st.randoms(use_true_random=False), st.integers(2, 8))
def test_in_whatever_order_pictures_arrive_the_cars_are_the_same(random: Random, looks: int) -> None:
    seen = [one for number, text in enumerate(CARS) for one in drive_by(text, 20.0 * number, looks, 0.6)]
    random.shuffle(seen)
    tracks: list[Track] = []
    for one in seen:
        step = GateWatch(ENTRANCE, tracks, after(500))  # a node that was offline sends all at once
        step.see(one)
        step.decide(one.at)
        tracks = step.tracks
    last = GateWatch(ENTRANCE, tracks, after(1000))
    last.decide(after(1000))
    found = sorted((t.passage.first_at, t.passage.plate, t.passage.frames, t.passage.state.value) for t in last.tracks)
    assert found == [(after(20.0 * number), text, looks, "accepted") for number, text in enumerate(CARS)]


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(st.integers(0, 600), st.sampled_from(["KA417XM", "KA417XW", "BD52KTV", ""])), max_size=25),
)
def test_every_sighting_belongs_to_one_passage_and_all_are_decided_in_the_end(moments: list[tuple[int, str]]) -> None:
    tracks = watch([sighting(at / 5, text, BODY if not text else BOX) for at, text in moments])
    assert sum(track.passage.frames for track in tracks) <= len(moments)
    assert all(track.passage.state is not PassageState.OPEN for track in tracks)
    keys = [one.key for track in tracks for one in track.reads]
    assert len(keys) == len(set(keys))
    for track in tracks:
        assert track.passage.first_at <= track.passage.last_at
        assert all(track.passage.first_at <= place.at <= track.passage.last_at for place in track.passage.path)


@pytest.mark.parametrize(
    ("sure_min", "state", "why"),
    [
        (0.0, "accepted", "4 of 4 pictures read this plate"),
        (0.7, "accepted", "2 of 4 pictures read this plate"),
        (0.85, "rejected", "only 0 of 4 pictures agree, 4 more less than 85% sure"),
    ],
)
def test_reads_that_are_not_sure_enough_agree_with_none(sure_min: float, state: str, why: str) -> None:
    camera = a_camera(gate=Gate(CameraRole.ENTRANCE, sure_min=sure_min))
    sightings = [
        sighting(n / 5, "KA417XM", (0.4, 0.3 + n / 20, 0.12, 0.05), sure) for n, sure in enumerate((0.6, 0.8, 0.6, 0.8))
    ]
    watch_ = GateWatch(camera, [], after(0))
    for seen in sightings:
        watch_.see(seen)
    ended = GateWatch(camera, watch_.tracks, after(1000))
    ended.decide(after(1000))
    (track,) = ended.tracks
    assert (track.passage.state.value, track.passage.why, len(track.reads)) == (state, why, 4)
