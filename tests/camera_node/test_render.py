"""The simulated picture: the same for the same seed, and true to what stands in the car park."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from camera_node.cli import main
from camera_node.simulator.camera import HEIGHT, WIDTH
from camera_node.simulator.describe import polygon_of
from camera_node.simulator.light import light_at
from camera_node.simulator.plan import BAYS
from camera_node.simulator.render import Renderer
from camera_node.simulator.scene import Scene
from camera_node.simulator.traffic import World
from camera_node.simulator.truth import truth_of

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(3)


def _spot_difference(one: Picture, other: Picture) -> dict[str, float]:
    """How much the middle of each spot differs, in grey levels."""
    one, other = (cv2.blur(picture, (5, 5)) for picture in (one, other))  # the sensor's noise differs anyway
    difference = cv2.absdiff(one, other).max(2)
    found = {}
    for bay in BAYS:
        polygon = polygon_of(bay)
        inner = polygon.mean(0) + (polygon - polygon.mean(0)) * (0.35 if bay.kind == "moto" else 0.55)
        mask = np.zeros((HEIGHT, WIDTH), np.uint8)
        cv2.fillConvexPoly(mask, inner.astype(np.int32), 1)
        found[bay.name] = float(difference[mask > 0].mean())
    return found


def test_the_same_seed_gives_the_same_pictures() -> None:
    one, other = Scene(8), Scene(8)
    for scene in (one, other):
        scene.step(3)
    assert one.jpeg() == other.jpeg()
    assert one.jpeg() == other.jpeg()
    assert one.jpeg() != Scene(9).jpeg()


@pytest.mark.parametrize("hour", [7.5, 12.0, 17.5, 23.0], ids=["morning", "noon", "evening", "night"])
def test_occupied_spots_differ_from_the_empty_ground_and_free_ones_do_not(renderer: Renderer, hour: float) -> None:
    world = World(3)
    light = light_at(hour, 1.0 if 6 < hour < 20 else 0.0)
    empty = renderer.render([], light)
    busy = renderer.render(world.seen(), light)
    differences, truth = _spot_difference(empty, busy), truth_of(world.seen())
    occupied = [differences[name] for name, taken in truth.items() if taken]
    free = [differences[name] for name, taken in truth.items() if taken is False]
    assert np.percentile(occupied, 10) > 1.5 * np.percentile(free, 90)
    assert np.median(occupied) > 30


def test_night_is_darker_and_noisier_than_day(renderer: Renderer) -> None:
    day, night = (renderer.render([], light_at(hour, 0.0)) for hour in (12.0, 0.5))
    assert day.mean() > 1.4 * night.mean() > 14
    flat = (slice(430, 470), slice(500, 700))
    assert cv2.Laplacian(night[flat], cv2.CV_64F).std() > cv2.Laplacian(day[flat], cv2.CV_64F).std()


def test_shadows_move_with_the_sun(renderer: Renderer) -> None:
    seen = World(3).seen()
    morning, afternoon = (renderer.render(seen, light_at(hour, 0.0)) for hour in (8.0, 18.0))
    assert cv2.absdiff(morning, afternoon).mean() > 8


def test_pictures_are_of_a_cameras_size_and_weight() -> None:
    data = Scene(1).jpeg()
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape == (HEIGHT, WIDTH, 3)
    assert 90_000 < len(data) < 260_000


def test_simulate_out_writes_pictures_with_their_truth(tmp_path: Path) -> None:
    out = tmp_path / "set"
    with pytest.raises(SystemExit) as ended:
        main(["simulate", "--out", str(out), "--frames", "3", "--step", "4", "--seed", "2", "--start-hour", "14"])
    assert ended.value.code == 0
    lines = [json.loads(line) for line in (out / "truth.jsonl").read_text().splitlines()]
    assert [line["image"] for line in lines] == [f"{n:06d}.jpg" for n in range(3)]
    names = [spot["id"] for spot in json.loads((out / "SPOTS.json").read_text())["spots"]]
    for line in lines:
        assert list(line["occupied"]) == names
        assert cv2.imread(str(out / line["image"])) is not None
