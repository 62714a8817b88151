"""The difference engine on made pictures: vehicles come and go, light changes slowly, sensors are noisy."""

import cv2
import numpy as np
import pytest

from parkhub.domain.spots import SpotShape, SpotState
from tasks.vision.difference import DifferenceEngine

WIDTH, HEIGHT = 480, 320
PLACES = {"left": (60, 100), "right": (260, 100)}


def spots() -> list[SpotShape]:
    return [
        SpotShape(
            name, tuple((x / WIDTH, y / HEIGHT) for x, y in ((a, b), (a + 90, b), (a + 90, b + 150), (a, b + 150)))
        )
        for name, (a, b) in PLACES.items()
    ]


def scene(*parked: str, light: float = 1.0, noise: float = 2.0, seed: int = 0) -> np.ndarray:
    """A car park of two painted bays with cars on those named."""
    texture = np.random.default_rng(77).normal(0, 6, (HEIGHT // 4, WIDTH // 4))
    ground = 115 + cv2.resize(texture, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    picture = np.repeat(ground[..., None], 3, axis=2)
    for a, b in PLACES.values():
        cv2.rectangle(picture, (a, b), (a + 90, b + 150), (200, 200, 200), 2)
    for name in parked:
        a, b = PLACES[name]
        cv2.rectangle(picture, (a + 14, b + 12), (a + 76, b + 140), (150, 40, 40), -1)
        cv2.rectangle(picture, (a + 20, b + 50), (a + 70, b + 70), (25, 25, 30), -1)
        cv2.rectangle(picture, (a + 22, b + 112), (a + 68, b + 124), (25, 25, 30), -1)
        cv2.rectangle(picture, (a + 18, b + 14), (a + 34, b + 20), (235, 240, 240), -1)
    picture = picture * light + np.random.default_rng(seed).normal(0, noise, picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def watch(*pictures: np.ndarray) -> list[list[SpotState]]:
    """States of left and right, picture by picture; every look is by another engine, as by another process."""
    memory, seen = None, []
    for picture in pictures:
        look = DifferenceEngine().look(picture, spots(), memory)
        memory = look.memory
        assert [o.spot for o in look.observations] == list(PLACES)
        assert isinstance(memory, bytes)
        seen.append([o.state for o in look.observations])
    return seen


FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN


def test_a_car_arrives_parks_and_leaves():
    empty, full = scene(), scene("left")
    assert watch(empty, full, full, full, empty) == [
        [FREE, FREE],
        [OCCUPIED, FREE],
        [OCCUPIED, FREE],
        [OCCUPIED, FREE],
        [FREE, FREE],
    ]


def test_the_first_look_judges_by_edges():
    assert watch(scene("right")) == [[FREE, OCCUPIED]]


def test_a_car_that_was_there_from_the_start_may_leave():
    assert watch(scene("left"), scene(), scene(), scene("left")) == [
        [OCCUPIED, FREE],
        [FREE, FREE],
        [FREE, FREE],
        [OCCUPIED, FREE],
    ]


def test_slow_change_of_light_turns_no_spot():
    morning_to_noon = [scene("right", light=light, seed=i) for i, light in enumerate(np.linspace(0.35, 1.5, 25))]
    assert watch(*morning_to_noon) == [[FREE, OCCUPIED]] * 25


def test_a_cloud_within_one_look_turns_no_spot():
    pictures = [scene("left", light=light) for light in (1.0, 0.6, 1.0, 0.55, 1.1)]
    assert watch(*pictures) == [[OCCUPIED, FREE]] * 5


def test_noise_turns_no_spot():
    pictures = [scene("left", noise=9, seed=seed) for seed in range(12)]
    assert watch(*pictures) == [[OCCUPIED, FREE]] * 12


def test_a_parked_car_stays_parked_for_hundreds_of_looks():
    assert watch(scene(), *[scene("left", seed=i) for i in range(200)])[1:] == [[OCCUPIED, FREE]] * 200


def test_the_scale_of_decoding_does_not_matter():
    smaller = cv2.resize(scene("left"), (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    assert watch(scene(), smaller) == [[FREE, FREE], [OCCUPIED, FREE]]


@pytest.mark.parametrize("level", [0, 255], ids=["dark", "blown out"])
def test_what_cannot_be_seen_is_unknown_and_the_memory_survives(level):
    blind = np.full((HEIGHT, WIDTH, 3), level, np.uint8)
    assert watch(scene(), blind, scene("left")) == [[FREE, FREE], [UNKNOWN, UNKNOWN], [OCCUPIED, FREE]]


@pytest.mark.parametrize("memory", [b"", b"rubbish", b"PK\x03\x04 cut short"], ids=["empty", "rubbish", "damaged"])
def test_a_memory_that_cannot_be_read_is_built_again(memory):
    look = DifferenceEngine().look(scene("left"), spots(), memory)
    assert [o.state for o in look.observations] == [OCCUPIED, FREE]


def test_a_memory_that_would_run_code_is_not_run(tmp_path):
    import io
    import os

    class Runs:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path}/ran",)

    target = io.BytesIO()
    np.savez(target, version=np.array(1), names=np.array([Runs()], dtype=object))
    look = DifferenceEngine().look(scene(), spots(), target.getvalue())
    assert [o.state for o in look.observations] == [FREE, FREE]
    assert not (tmp_path / "ran").exists()


def test_a_spot_that_is_new_gets_a_first_opinion_and_one_that_is_gone_is_forgotten():
    both = DifferenceEngine().look(scene(), spots()).memory
    only_left = DifferenceEngine().look(scene(), spots()[:1], both)
    assert len(only_left.observations) == 1
    again = DifferenceEngine().look(scene("right"), spots(), only_left.memory)
    assert [o.state for o in again.observations] == [FREE, OCCUPIED]


def test_a_spot_marked_anew_in_another_place_is_judged_afresh():
    picture = scene("left")
    left, right = spots()
    memory = DifferenceEngine().look(picture, [right], None).memory
    moved = SpotShape(right.name, left.polygon)
    afresh = DifferenceEngine().look(picture, [moved], None)
    assert DifferenceEngine().look(picture, [moved], memory).observations == afresh.observations


def test_the_memory_of_400_spots_is_small():
    many = [SpotShape(str(i), spots()[0].polygon) for i in range(400)]
    memory = DifferenceEngine().look(scene("left"), many).memory
    assert memory is not None
    assert len(memory) < 400_000


def test_no_spots_no_answers():
    assert DifferenceEngine().look(scene(), []).observations == []
