"""Whether pictures of a simulated car park are trusted, by day and night, with and without a fault."""

import cv2
import numpy as np
import pytest
from car_park_views import covered, noisy, turned, view

from parkhub.domain.spots import SpotObservation, SpotShape, SpotState
from parkhub.domain.trust import Trouble, realign
from tasks.vision.engine import Look
from tasks.vision.trust import Inspection, hidden_spots, inspect, look_with_trust


def watch(*pictures: np.ndarray) -> list[Inspection]:
    """Inspections of one camera's pictures in their order."""
    memory, found = None, []
    for picture in pictures:
        found.append(inspect(picture, memory))
        memory = found[-1].memory
    return found


def last(*pictures: np.ndarray) -> Inspection:
    return watch(*pictures)[-1]


def test_a_day_and_a_night_of_coming_and_going_are_trusted():
    day = [view(hour, cars) for hour, cars in ((7.5, 3), (12.0, 4), (17.5, 5), (19.8, 6), (23.0, 7), (6.2, None))]
    found = watch(*(noisy(picture, seed=n) for n, picture in enumerate(day)))
    assert [one.trouble for one in found] == [None] * 6
    assert [one.shift for one in found] == [None] * 6
    assert [one.blind for one in found] == [None] * 6


def test_a_night_as_the_first_picture_does_for_the_day():
    assert last(view(23.0), view(12.0, 4)).trouble is None


FAULTS = [
    pytest.param(lambda p: noisy(np.full(p.shape, 2.0)), Trouble.DARK, id="lens cap"),
    pytest.param(lambda p: noisy(p * 0.02), Trouble.DARK, id="sensor that hardly answers"),
    pytest.param(lambda p: noisy(p * 6.0 + 100), Trouble.BLOWN, id="exposure stuck at much too long"),
    pytest.param(lambda p: covered(p, 0.6), Trouble.BLOCKED, id="hand over more than half"),
    pytest.param(lambda p: covered(p, 2.0, (150, 150, 150)), Trouble.BLOCKED, id="paint over everything"),
    pytest.param(lambda p: noisy(cv2.GaussianBlur(p, (0, 0), 5)), Trouble.BLURRED, id="out of focus"),
    pytest.param(lambda p: turned(p, 0.2, 0.05)[0], Trouble.MOVED, id="turned by a fifth of the width"),
    pytest.param(lambda p: turned(p, 0, 0, 20)[0], Trouble.MOVED, id="rolled by 20 degrees"),
    pytest.param(lambda p: noisy(p[::-1]), Trouble.MOVED, id="another scene"),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
def test_a_fault_is_named(fault, expected):
    assert last(view(12.0, 3), fault(view(12.5, 4))).trouble is expected


def test_a_cover_whose_soft_rim_is_all_that_is_left_is_no_blur():
    behind = covered(cv2.GaussianBlur(view(12.5, 4), (0, 0), 6), 0.85)
    assert last(view(12.0, 3), behind).trouble is Trouble.BLOCKED


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
def test_the_next_good_picture_is_trusted_again(fault, expected):
    found = watch(view(12.0, 3), fault(view(12.5, 4)), *(noisy(view(12.5, 4), seed=n) for n in range(5)))
    assert found[1].trouble is expected
    assert [one.trouble for one in found[2:]] == [None] * 5
    assert found[-1].shift is None


def test_the_same_picture_again_is_frozen_and_a_quiet_scene_is_not():
    still = view(12.0)
    assert [one.trouble for one in watch(still, still, still)] == [None, Trouble.FROZEN, Trouble.FROZEN]
    quiet = [noisy(still, 0.7, seed) for seed in range(4)]
    assert [one.trouble for one in watch(*quiet)] == [None] * 4


def test_an_encoder_that_goes_to_and_fro_between_qualities_does_not_hide_a_frozen_picture():
    coarse, fine = (jpeg(view(12.0), quality) for quality in (70, 92))
    looks = [one.trouble for one in watch(coarse, fine, coarse, fine, fine, coarse)]
    assert looks == [None, None, *[Trouble.FROZEN] * 4]
    sent = [jpeg(noisy(view(12.0), 0.7, seed), (70, 92)[seed % 2]) for seed in range(6)]
    assert [one.trouble for one in watch(*sent)] == [None] * 6


def test_a_clock_that_runs_does_not_hide_a_frozen_picture():
    shown = []
    for text in ("12:00:00", "12:00:59"):
        shown.append(np.array(view(12.0)))
        cv2.putText(shown[-1], text, (20, 60), cv2.FONT_HERSHEY_SIMPLEX, 2, (255, 255, 255), 5)
    assert last(*shown).trouble is Trouble.FROZEN


@pytest.mark.parametrize(
    ("right", "down", "degrees"),
    [(0.005, 0.0, 0.0), (-0.01, 0.008, 0.3), (0.03, -0.02, 0.6), (-0.04, 0.01, -1.0)],
    ids=["half a percent", "one percent", "three percent", "four percent"],
)
@pytest.mark.parametrize("hour", [12.5, 23.0], ids=["by day", "by night"])
def test_spots_follow_a_camera_that_moved_a_little(right, down, degrees, hour):
    picture, whole = turned(view(hour, 4), right, down, degrees)
    found = last(view(12.0, 3), picture)
    assert found.trouble is None
    corners = ((0.2, 0.3), (0.8, 0.3), (0.8, 0.85), (0.2, 0.85))
    (carried,) = realign([SpotShape("a", corners)], found.shift)
    size = (picture.shape[1], picture.shape[0])
    true = cv2.perspectiveTransform(np.array(corners)[:, None] * size, whole)[:, 0]
    assert np.linalg.norm(np.array(carried.polygon) * size - true, axis=1).max() < 6


def test_a_camera_that_turns_slowly_is_measured_from_where_its_spots_were_marked():
    slowly = [turned(view(12.0, 3 + n % 3), 0.004 * n, 0.0)[0] for n in range(28)]
    found = watch(view(12.0, 3), *slowly)
    assert found[11].shift is not None
    assert found[11].shift[2] == pytest.approx(0.04, abs=0.006)
    assert found[-1].trouble is Trouble.MOVED


def test_pictures_may_change_their_size():
    small = cv2.resize(view(12.5, 4), (640, 360), interpolation=cv2.INTER_AREA)
    assert [one.trouble for one in watch(view(12.0, 3), small, view(12.0, 5))] == [None] * 3


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 2000, 3), (120, 160, 3), (500, 12, 3)], ids=str)
def test_any_shape_of_picture_can_be_inspected(shape):
    rng = np.random.default_rng(1)
    found = watch(*(rng.integers(60, 200, shape, dtype=np.uint8) for _ in range(3)))
    assert all(isinstance(one.memory, bytes) for one in found)


def test_pictures_with_little_in_them_are_never_called_moved():
    plain = [noisy(np.full((360, 640, 3), 90.0), seed=n) for n in range(3)]
    for number, picture in enumerate(plain):
        cv2.rectangle(picture, (50 + 150 * number, 80), (120 + 150 * number, 160), (20, 200, 230), -1)
    assert [one.trouble for one in watch(*plain)] == [None] * 3


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """The picture as it comes out of a file of that quality."""
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_COLOR)


def square(name: str, x: float, y: float) -> SpotShape:
    return SpotShape(name, ((x, y), (x + 0.1, y), (x + 0.1, y + 0.1), (x, y + 0.1)))


def test_only_the_spots_under_a_partial_cover_are_hidden():
    found = last(view(12.0, 3), covered(view(12.5, 4), 0.3))
    assert found.trouble is None
    spots = [square("under", 0.1, 0.5), square("open", 0.6, 0.5)]
    assert hidden_spots(spots, found.blind) == {"under"}
    assert hidden_spots(spots, None) == frozenset()


class Everywhere:
    """An engine that sees a free spot wherever it is sent, and remembers where that was."""

    name = "everywhere"
    asked: tuple[SpotShape, ...] = ()

    def look(self, picture, spots, memory=None):
        self.asked = tuple(spots)
        return Look([SpotObservation(spot.name, SpotState.FREE, 0.9) for spot in spots], b"kept")

    def long_side_needed(self, spots, width, height):
        return None


SPOTS = [square("under", 0.1, 0.5), square("open", 0.6, 0.5)]
PICTURE = np.zeros((9, 16, 3), np.uint8)


def test_an_engine_is_sent_to_where_the_spots_lie_now():
    engine = Everywhere()
    look = look_with_trust(engine, PICTURE, SPOTS, None, Inspection(None, (1, 0, 0.05, 0, 1, 0, 0, 0, 1), b""))
    assert engine.asked[1].polygon[0] == pytest.approx((0.65, 0.5))
    assert [seen.state for seen in look.observations] == [SpotState.FREE] * 2


def test_hidden_spots_are_unknown_and_the_others_as_the_engine_saw_them():
    blind = np.zeros((9, 16), np.bool_)
    blind[:, :5] = True
    look = look_with_trust(Everywhere(), PICTURE, SPOTS, None, Inspection(None, None, b"", blind))
    assert [seen.state for seen in look.observations] == [SpotState.UNKNOWN, SpotState.FREE]
    assert look.memory == b"kept"


@pytest.mark.parametrize("trouble", list(Trouble))
def test_nothing_is_read_from_a_picture_in_trouble_unless_it_only_came_again(trouble):
    engine = Everywhere()
    look = look_with_trust(engine, PICTURE, SPOTS, b"before", Inspection(trouble, None, b""))
    read = trouble is Trouble.FROZEN
    assert [seen.state for seen in look.observations] == [SpotState.FREE if read else SpotState.UNKNOWN] * 2
    assert bool(engine.asked) is read
    assert look.memory == (b"kept" if read else None)
