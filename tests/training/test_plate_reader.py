"""The plate recogniser learns on drawn plates, and its file, half as large, answers as torch does."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import ImageFont
from plate_scenes import plate, scene

from tasks.training.plate_drawing import draw_plate, write_over
from tasks.training.plate_fonts import Fonts, find_fonts, some_text
from tasks.training.plate_reader import Settings, batches, between, export, held_back_right, loss, train
from tasks.training.plate_reader_net import CHARACTERS, ReaderNet, load, source
from tasks.training.plate_strips import LETTERING, PLATES, Given, Mix, Plate, cut, draw, held_back

TEXT = "KA417XM"
FEW = Settings(steps=6, batch=4)


def made(text: str) -> Plate:
    picture = plate([text])
    height, width = picture.shape[:2]
    return Plate(picture, np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32), text)


@pytest.fixture(scope="module")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> Fonts:
    """The one font that Pillow has in it."""
    folder = tmp_path_factory.mktemp("fonts")
    (folder / "NationalPark.ttf").write_bytes(ImageFont.load_default(20).font_bytes)
    return find_fonts([folder])


@pytest.fixture(scope="module")
def given() -> Given:
    plates = [made(TEXT), made("BD52KTV")]
    scenes = dict.fromkeys(("openalpr_eu", "openalpr_us", "openalpr_br", "tudelft_nl"), plates)
    return Given(plates, scenes, [scene(seed=7)], plates, "")


def test_a_few_steps_make_it_better_and_the_file_answers_alike(given: Given, fonts: Fonts, tmp_path: Path) -> None:
    torch.manual_seed(FEW.seed)
    net, path = ReaderNet(), tmp_path / "reader.onnx"
    strips, texts = next(batches(given, fonts, Settings(seed=99, batch=8)))
    with torch.no_grad():
        before = float(loss(net(strips), texts))
    kept = train(net, given, fonts, FEW, path, minutes_max=10)
    export(kept, path)
    with torch.no_grad():
        wanted = kept(strips)
    assert float(loss(wanted, texts)) < before
    (answer,) = onnxruntime.InferenceSession(path).run(None, {"strips": strips.numpy()})
    np.testing.assert_allclose(answer, wanted.exp().numpy(), atol=2e-2)
    assert path.stat().st_size < 7_000_000
    assert set(held_back_right(path, given.held).values()) <= {0.0, 0.5, 1.0}


@pytest.mark.skipif(find_spec("rapidocr") is None, reason="what it starts from comes with rapidocr")
def test_it_starts_from_a_net_that_reads(tmp_path: Path) -> None:
    net, path = ReaderNet(), tmp_path / "reader.onnx"
    load(net, source())
    export(net, path)
    assert held_back_right(path, [made(TEXT)])["large"] == 1


def test_another_file_is_no_start(tmp_path: Path) -> None:
    (tmp_path / "other.onnx").write_bytes(b"something")
    with pytest.raises(ValueError, match="is not the file of rapidocr"):
        source(tmp_path / "other.onnx")


def test_a_net_between_two_has_each_weight_between_theirs() -> None:
    one, other = ReaderNet(), ReaderNet()
    for weights in zip(*(net.parameters() for net in (one, other, between(one, other, 0.25))), strict=True):
        torch.testing.assert_close(weights[2], 0.75 * weights[0] + 0.25 * weights[1])


def test_drawn_plates_have_texts_of_plates(fonts: Fonts) -> None:
    random = np.random.default_rng(1)
    for _ in range(40):
        text = some_text(random)
        assert 3 <= len(text) <= 11
        assert set(text) <= set(CHARACTERS)
        assert draw_plate(text, fonts, random).std() > 0


def test_the_same_seed_draws_the_same_strips(given: Given, fonts: Fonts) -> None:
    (first, texts), (again, same) = (next(batches(given, fonts, FEW)) for _ in range(2))
    assert torch.equal(first, again)
    assert texts == same


@pytest.mark.parametrize("mix", [PLATES, LETTERING], ids=["plates", "lettering"])
def test_what_is_drawn_as_no_plate_says_nothing(mix: Mix, given: Given, fonts: Fonts) -> None:
    nothing = Mix({"none": 1.0}, mix.nothing, mix.words)
    random = np.random.default_rng(2)
    assert {draw(given, fonts, random, nothing)[1] for _ in range(30)} == {""}


def test_what_a_camera_writes_shows_in_the_picture_and_leaves_the_given_one(fonts: Fonts) -> None:
    grey = np.full((48, 192, 3), 127, np.uint8)
    written = write_over(grey, "10:22:31", fonts, np.random.default_rng(1))
    assert written.shape == grey.shape
    assert np.ptp(written) > 60
    assert np.ptp(grey) == 0


def test_a_plate_is_held_back_however_its_look_alikes_are_written() -> None:
    assert held_back("OB1") is held_back("0BI")


def test_an_exact_cut_shows_the_plate_with_its_room() -> None:
    picture = np.zeros((100, 300, 3), np.uint8)
    picture[30:70, 100:200] = 255
    corners = np.array([[100, 30], [200, 30], [200, 70], [100, 70]], np.float32)
    strip = cut(Plate(picture, corners, "A"), room=(0.25, 0.5))
    assert strip[:10].max() < 30
    assert strip[14:-14, 40:-40].min() > 225
