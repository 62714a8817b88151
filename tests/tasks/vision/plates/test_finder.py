"""The plate finder on made-up vehicles."""

import numpy as np
import pytest
from plate_scenes import plate, scene

from tasks.vision.plates.finder import PlateFinder, Region, overlap, peaks


@pytest.fixture(scope="module")
def finder() -> PlateFinder:
    return PlateFinder()


@pytest.mark.parametrize(
    "box",
    [(380, 330, 84, 19), (380, 330, 180, 39), (240, 300, 330, 72), (60, 250, 120, 26)],
    ids=["small", "middling", "large", "at the left"],
)
def test_a_plate_is_found_where_it_is(finder: PlateFinder, box: tuple[float, float, float, float]) -> None:
    best = finder.find(scene([(plate(["KA 417XM"]), box)]))[0]
    left, top, width, height = box
    wanted = Region(left, top, left + width, top + height, 1.0)
    assert best.confidence > 0.4
    assert overlap(best, wanted) > 0.75


@pytest.mark.parametrize("width", [160, 420, 760], ids=["by the large look", "by the middle one", "by the small one"])
def test_a_plate_of_any_size_is_not_cut_off(finder: PlateFinder, width: int) -> None:
    left, top = (960 - width) / 2, 300
    best = finder.find(scene([(plate(["KA 417XM"]), (left, top, width, width * 0.215))]))[0]
    assert best.left - left < 0.1 * width
    assert left + width - best.right < 0.1 * width


def test_several_plates_are_found(finder: PlateFinder) -> None:
    picture = scene([(plate(["KA 417XM"]), (150, 330, 130, 28)), (plate(["BD 52 KTV"]), (620, 330, 140, 30))])
    sure = [region for region in finder.find(picture) if region.confidence > 0.4]
    assert sorted(region.left for region in sure) == pytest.approx([150, 620], abs=20)


def test_an_empty_street_has_none(finder: PlateFinder) -> None:
    assert finder.find(scene()) == []


@pytest.mark.parametrize("size", [(64, 48), (30, 200), (1999, 1003)], ids=["tiny", "narrow", "odd and large"])
def test_pictures_of_any_size_are_looked_at(finder: PlateFinder, size: tuple[int, int]) -> None:
    for region in finder.find(np.full((size[1], size[0], 3), 90, np.uint8)):
        assert 0 <= region.left < region.right <= size[0]
        assert 0 <= region.top < region.bottom <= size[1]


def test_only_the_highest_of_neighbouring_cells_is_a_peak() -> None:
    cells = np.zeros((5, 4, 6), np.float32)
    cells[0, 1, 2:4] = (0.6, 0.9)
    cells[1:, 1, 3] = (20, 4, 20, 4)
    (found,) = peaks(cells, 0.2)
    assert found == pytest.approx((28 - 20, 12 - 4, 28 + 20, 12 + 4, 0.9))
