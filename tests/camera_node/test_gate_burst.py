"""The pictures of a passage: the first at once, then the best, the last; little while nothing moves."""

from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from camera_node.gate_burst import HELD_MAX, GateBurst, Ranked, plate_like, rank_of
from camera_node.sources.frame import Frame

WIDTH, HEIGHT = 640, 360
ASPHALT = 90 + np.random.default_rng(3).normal(0, 5, (HEIGHT, WIDTH))
NOISE = np.random.default_rng(4).normal(0, 1.5, (HEIGHT * 2, WIDTH))
START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def _lane(car: float | None, *, blur: int = 0, plate: float = 1.0, seed: int = 0) -> NDArray[np.uint8]:
    """A lane from above the barrier; ``car``: how far a car has come, 0 to 1, its plate grows as it comes."""
    picture = ASPHALT.copy()
    picture[:, 300:305] = 160
    if car is not None:
        size = 0.4 + 0.6 * car
        wide, high = int(260 * size), int(160 * size)
        x, y = int(60 + 200 * car), int(20 + 160 * car)
        picture[y : y + high, x : x + wide] = 40
        tall, broad = int(22 * size * plate), int(110 * size * plate)
        top, left = y + high - tall - 8, x + (wide - broad) // 2
        picture[top : top + tall, left : left + broad] = 225
        picture[top + 3 : top + tall - 3, left + 4 : left + broad - 4 : 7] = 20
        picture[top + 3 : top + tall - 3, left + 5 : left + broad - 4 : 7] = 20
        picture[top + 3 : top + tall - 3, left + 6 : left + broad - 4 : 7] = 20
    picture += NOISE[seed * 37 % HEIGHT :][:HEIGHT]
    drawn = np.clip(picture, 0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(drawn, (blur, blur), 0), np.uint8) if blur else drawn


def _frame(at_s: float, picture: NDArray[np.uint8]) -> Frame:
    return Frame(f"{at_s:.1f}", START, at_s, at_s, bgr=np.repeat(picture[..., None], 3, axis=2))


def _passage(burst: GateBurst, cars: list[float | None], blurred: tuple[int, ...] = ()) -> list[tuple[float, Ranked]]:
    """What is sent, with the time at which it was: ten frames a second, an empty lane before and after."""
    seen = [None] * 10 + cars + [None] * 20
    sent = []
    for number, car in enumerate(seen):
        picture = _lane(car, blur=15 if number - 10 in blurred else 0, seed=number)
        sent += [(number / 10, ranked) for ranked in burst.look(_frame(number / 10, picture))]
    return sent


DRIVE: list[float | None] = [n / 15 for n in range(16)]


def test_an_empty_lane_sends_nothing() -> None:
    burst = GateBurst(None, 8, 4)
    assert not any(burst.look(_frame(n / 10, _lane(None, seed=n))) for n in range(20))
    assert not burst.passing


def test_the_first_frame_goes_at_once_the_best_of_the_burst_follow_and_the_last_ends_it() -> None:
    sent = _passage(GateBurst(None, 8, 4), DRIVE)
    times = [at_s for at_s, _ in sent]
    assert times[0] == pytest.approx(float(sent[0][1].frame.name))
    assert times[0] < 1.3
    ranks = [ranked.rank for at_s, ranked in sent if at_s == times[1]]
    assert len(ranks) == 3
    assert ranks == sorted(ranks, reverse=True)
    assert max(float(ranked.frame.name) for _, ranked in sent) >= 2.3
    assert len(sent) <= 4 + 4


def test_no_frame_is_sent_twice() -> None:
    names = [ranked.frame.name for _, ranked in _passage(GateBurst(None, 8, 4), DRIVE * 2)]
    assert len(names) == len(set(names))


def test_blurred_frames_are_passed_over_for_sharp_ones() -> None:
    blurred = (2, 4, 6)
    sent = _passage(GateBurst(None, 8, 5), DRIVE, blurred)
    burst = [round((float(ranked.frame.name) - 1.0) * 10) for at_s, ranked in sent if at_s == sent[1][0]]
    assert len(burst) == 4
    assert not set(burst) & set(blurred)


def test_the_frame_of_a_car_that_stands_at_the_barrier_is_the_last() -> None:
    burst = GateBurst(None, 8, 4)
    sent: list[Ranked] = []
    for number in range(40):
        car = None if number < 10 else min(1.0, (number - 10) / 12)
        sent += burst.look(_frame(number / 10, _lane(car, seed=number)))
    assert not burst.passing
    assert float(sent[-1].frame.name) >= 2.2 + 1.2  # stands since 2.2


def test_outside_the_area_may_move_what_will() -> None:
    assert _passage(GateBurst((0.75, 0.7, 0.25, 0.3), 8, 4), [0.0] * 3 + [0.05] * 3 + [0.1] * 3) == []


@pytest.fixture(scope="module")
def round_trip() -> list[NDArray[np.uint8]]:
    """A car that comes, again and again, without a pause."""
    return [_lane(n / 14, seed=n) for n in range(14)]


def test_a_lane_that_never_rests_sends_less_and_less(round_trip: list[NDArray[np.uint8]]) -> None:
    burst = GateBurst(None, 8, 4)
    burst.look(_frame(0, _lane(None)))
    sent_at = [n / 4 for n in range(1, 240) for _ in burst.look(_frame(n / 4, round_trip[n * 3 % 14]))]
    early = sum(at_s < 15 for at_s in sent_at)
    late = sum(at_s >= 45 for at_s in sent_at)
    assert 0 < late <= early / 2


def test_few_frames_are_held_however_many_are_to_be_kept(round_trip: list[NDArray[np.uint8]]) -> None:
    burst = GateBurst(None, 100, 100)
    burst.look(_frame(0, _lane(None)))
    for number in range(1, 60):
        burst.look(_frame(number / 10, round_trip[number % 14]))
        assert len(burst._best) <= HELD_MAX


def test_a_passage_that_breaks_off_sends_what_it_has() -> None:
    burst = GateBurst(None, 8, 4)
    first = [ranked for n in range(14) for ranked in burst.look(_frame(n / 10, _lane(None if n < 10 else n / 40)))]
    left = burst.end()
    assert len(first) == 1
    assert [ranked.rank for ranked in left] == sorted((ranked.rank for ranked in left), reverse=True)
    assert left
    assert burst.end() == []


def test_what_looks_most_like_a_plate_is_found_and_ranks_by_size_and_sharpness() -> None:
    box = plate_like(_lane(1.0))
    assert box is not None
    x, y, width, height = box
    assert (x, y) == pytest.approx((335, 310), abs=25)
    assert 2 <= width / height <= 8
    ranks = [
        rank_of(_frame(0, picture), None) for picture in (_lane(1.0), _lane(0.3), _lane(1.0, blur=15), _lane(None))
    ]
    assert ranks[0] == max(ranks)
    assert ranks[1] > ranks[3]
