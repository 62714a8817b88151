"""The simulated car park on paper and in the picture."""

import json
import subprocess
import sys
from collections import Counter

import cv2
import numpy as np

from camera_node.simulator.camera import HEIGHT, WIDTH, ground_points, project
from camera_node.simulator.describe import describe, polygon_of
from camera_node.simulator.plan import BAYS, PLAN_SIZE


def test_every_spot_has_its_own_place_inside_the_plan() -> None:
    cover = np.zeros((PLAN_SIZE[1], PLAN_SIZE[0]), int)
    for bay in BAYS:
        assert bay.x >= 0
        assert bay.y >= 0
        assert bay.x + bay.width <= PLAN_SIZE[0]
        assert bay.y + bay.height <= PLAN_SIZE[1]
        cover[int(bay.y) : int(bay.y + bay.height), int(bay.x) : int(bay.x + bay.width)] += 1
    assert cover.max() == 1
    assert len({bay.name for bay in BAYS}) == len(BAYS) == 60


def test_there_are_places_for_everybody() -> None:
    assert Counter(bay.kind for bay in BAYS) == {"standard": 49, "disabled": 3, "ev": 4, "moto": 4}
    assert {bay.zone for bay in BAYS} == set("ABCDM")


def test_every_spot_is_wholly_in_the_picture_and_large_enough_to_judge() -> None:
    for bay in BAYS:
        polygon = polygon_of(bay)
        assert (polygon >= 0).all()
        assert (polygon <= (WIDTH, HEIGHT)).all()
        assert cv2.contourArea(polygon) > (300 if bay.kind == "moto" else 900), bay.name


def test_pixels_and_ground_agree() -> None:
    x, y = ground_points()
    rows, columns = np.mgrid[40:HEIGHT:97, 10:WIDTH:113]
    points = np.column_stack([x[rows, columns].ravel(), y[rows, columns].ravel(), np.zeros(rows.size)])
    back = project(points)[:, :2]
    assert np.abs(back - np.column_stack([columns.ravel() + 0.5, rows.ravel() + 0.5])).max() < 0.05


def test_describe_prints_the_spots_file() -> None:
    command = [sys.executable, "-m", "camera_node", "simulate", "--describe"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = json.loads(printed)
    assert found == json.loads(json.dumps(describe()))
    assert found["size"] == [WIDTH, HEIGHT]
    assert found["name"] == "Harbour Street Car Park"
    assert found["plan_size"] == [400, 316]
    assert found["spots"][0]["plan"] == {"shape": "up", "x": 13, "y": 12, "width": 22, "height": 46}
