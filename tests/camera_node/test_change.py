"""What counts as a change between two small grey pictures, and when it leads to a picture."""

import numpy as np
import pytest
from numpy.typing import NDArray

from camera_node.change import ChangeWatch, changed_share, prepare
from camera_node.configuration import Area

Grey = NDArray[np.uint8]


def _lot(*cars: tuple[int, int], seed: int = 0, noise: float = 2.0) -> Grey:
    """A lot 160 x 90: asphalt with marks and a hedge, a bright car with dark windows at each place named."""
    texture = np.random.default_rng(7)
    picture = 90 + texture.normal(0, 4, (90, 160))
    picture[:12] = 60 + texture.normal(0, 20, (12, 160))
    picture[:, ::20] += 60
    for x, y in cars:
        picture[y : y + 12, x : x + 18] = 210
        picture[y + 3 : y + 6, x + 3 : x + 15] = 40
    picture += np.random.default_rng(seed).normal(0, noise, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _lit(picture: Grey, gain: float = 1.0, more: float = 0.0) -> Grey:
    return np.clip(picture.astype(float) * gain + more, 0, 255).astype(np.uint8)


def _swayed(picture: Grey) -> Grey:
    """The camera's pole has moved by a point in both directions."""
    return np.roll(picture, (1, 1), (0, 1))


def _clouded(picture: Grey) -> Grey:
    """A soft shadow over the left half."""
    shade = 1 - 0.35 / (1 + np.exp((np.arange(160) - 80) / 12))
    return np.clip(picture * shade, 0, 255).astype(np.uint8)


def _share(before: Grey, after: Grey, area: Area | None = None) -> float:
    return changed_share(prepare(before, area), prepare(after, area))


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(_lot(seed=1), id="noise"),
        pytest.param(_lot(seed=1, noise=7.0), id="the noise of a night"),
        pytest.param(_lit(_lot(seed=1), gain=0.8), id="a lamp that flickers"),
        pytest.param(_lit(_lot(seed=1), gain=1.4), id="gain turned up"),
        pytest.param(_lit(_lot(seed=1), more=25), id="haze"),
        pytest.param(_clouded(_lot(seed=1)), id="a cloud over half of it"),
        pytest.param(_swayed(_lot(seed=1)), id="a pole in the wind"),
    ],
)
def test_light_is_no_change(after: Grey) -> None:
    assert _share(_lot(), after) < 0.01


@pytest.mark.parametrize("light", [1.0, 0.75, 1.3])
def test_a_car_that_comes_or_goes_is_one_in_any_light(light: float) -> None:
    with_car = _lit(_lot((70, 40), seed=2), gain=light)
    assert _share(_lot(), with_car) > 0.04
    assert _share(with_car, _lot()) > 0.04


def test_what_changes_outside_the_area_does_not_count() -> None:
    area = (0.0, 0.0, 0.3, 1.0)
    assert _share(_lot(), _lot((70, 40)), area) < 0.01
    assert _share(_lot(), _lot((20, 40)), area) > 0.04


def test_a_camera_that_was_exchanged_has_changed() -> None:
    assert _share(_lot(), _lot()[:, :120]) == 1.0


def _sent(watch: ChangeWatch, seen: list[tuple[float, Grey]]) -> list[float]:
    return [at_s for at_s, picture in seen if watch.wants(picture, at_s)]


def test_pictures_are_sent_at_changes_and_at_the_longest_interval() -> None:
    watch = ChangeWatch(2.0, 60.0, 0.02, None)
    seen = [(float(n), _lot((70, 40), seed=n) if n >= 50 else _lot(seed=n)) for n in range(0, 180, 2)]
    assert _sent(watch, seen) == [0, 50, 110, 170]


def test_the_shortest_interval_holds_also_while_something_moves() -> None:
    watch = ChangeWatch(3.0, 60.0, 0.02, None)
    seen = [(n * 0.5, _lot((n * 4 % 130, 40))) for n in range(40)]
    assert np.diff(_sent(watch, seen)).min() == 3.0


def test_a_change_within_the_shortest_interval_is_sent_after_it() -> None:
    watch = ChangeWatch(5.0, 600.0, 0.02, None)
    seen = [(float(n), _lot((70, 40), seed=n) if n >= 1 else _lot()) for n in range(20)]
    assert _sent(watch, seen) == [0.0, 5.0]
