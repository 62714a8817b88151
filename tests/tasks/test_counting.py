"""How closely vehicles are looked for beside an engine that does not find them."""

from collections.abc import Sequence

import pytest

from parkhub.domain.spots import SpotShape
from parkhub.domain.vehicles import Vehicle
from tasks.counting import TILES, long_side_needed, tiles_for
from tasks.vision.picture import Picture


class Square:
    """A finder whose network looks at 416 x 416 pixels."""

    width = height = 416

    def find(self, picture: Picture, confidence_min: float = 0.05, tiles: int = 1) -> list[Vehicle]:
        return []


def row(side: float) -> list[SpotShape]:
    """Places whose longer side is that share of the picture's width and height."""
    corners = ((0, 0), (side, 0), (side, side), (0, side))
    return [SpotShape(str(number), tuple((x + number * 0.01, y) for x, y in corners)) for number in range(5)]


@pytest.mark.parametrize(
    ("spots", "size", "tiles"),
    [
        ([], (1920, 1080), 1),
        (row(0.3), (640, 640), 1),
        (row(0.1), (640, 640), TILES),
        (row(0.14), (1920, 1080), 1),
        (row(0.13), (1920, 1080), TILES),
    ],
    ids=["no places", "large places", "small places", "just large enough", "a little too small"],
)
def test_a_picture_of_small_places_is_looked_at_in_parts_too(
    spots: Sequence[SpotShape], size: tuple[int, int], tiles: int
) -> None:
    assert tiles_for(Square(), spots, *size) == tiles
    assert long_side_needed(Square(), spots, *size) == 416 * tiles
