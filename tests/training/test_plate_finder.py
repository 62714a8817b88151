"""The plate finder learns on made-up pictures, and its file answers as torch does."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import ImageFont
from plate_scenes import plate, scene

from tasks.training.plate_boards import put_up
from tasks.training.plate_finder import PlateNet, Settings, batches, export, loss, train
from tasks.training.plate_fonts import Fonts, find_fonts
from tasks.training.plate_scenes import Given, Scene

BOX = np.array([[380, 330, 560, 369]], np.float32)
GIVEN = Given(
    {"made": [Scene(scene([(plate([text]), (380, 330, 180, 39))]), BOX) for text in ("KA 417XM", "BD 52 KTV")]},
    [plate(["4ABC123"], 320, 160, band=False)],
    [scene(seed=7)],
)
FEW = Settings(steps=12, batch=4)
LETTERED = Settings(seed=2, steps=6, batch=4, rate=1e-4, lettered=True)


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Fonts:
    """The one font that Pillow has in it."""
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "NationalPark.ttf").write_bytes(ImageFont.load_default(20).font_bytes)
    return find_fonts([folder])


def error(net: PlateNet) -> float:
    pictures, *wanted = next(batches(GIVEN, Settings(seed=99, batch=8)))
    with torch.no_grad():
        return float(loss(net(pictures), *wanted))


def test_a_few_steps_make_it_better_and_the_file_answers_alike(tmp_path: Path) -> None:
    torch.manual_seed(FEW.seed)
    before = error(PlateNet().eval())
    net = train(GIVEN, FEW, tmp_path / "finder.onnx", minutes_max=10).eval()
    assert error(net) < before
    export(net, tmp_path / "finder.onnx")
    pictures = np.random.default_rng(3).integers(0, 256, (2, 64, 96, 3), np.uint8)
    (answer,) = onnxruntime.InferenceSession(tmp_path / "finder.onnx").run(None, {"pictures": pictures})
    with torch.no_grad():
        wanted = net(torch.from_numpy(pictures)).numpy()
    np.testing.assert_allclose(answer, wanted, atol=1e-2)


def test_the_same_seed_draws_the_same_pictures() -> None:
    first, again = (next(batches(GIVEN, FEW)) for _ in range(2))
    assert all(torch.equal(one, other) for one, other in zip(first, again, strict=True))


def test_a_second_stage_goes_on_from_the_first_and_keeps_its_norms(fonts: Fonts, tmp_path: Path) -> None:
    first = train(GIVEN, FEW, tmp_path / "finder.onnx", minutes_max=10)
    second = train(GIVEN, LETTERED, tmp_path / "finder.onnx", minutes_max=10, start=first, fonts=fonts)
    assert not torch.equal(first.stem[0].weight, second.stem[0].weight)
    assert torch.equal(first.stem[1].running_mean, second.stem[1].running_mean)


def test_lettering_stands_beside_plates_and_never_on_them(fonts: Fonts) -> None:
    grey, random = np.full((256, 256, 3), 127, np.uint8), np.random.default_rng(4)
    box = np.array([[90, 110, 170, 140]], np.float32)
    changed = [put_up(grey, box, fonts, random) != grey for _ in range(20)]
    assert sum(change.any() for change in changed) > 10
    assert not any(change[110:140, 90:170].any() for change in changed)
