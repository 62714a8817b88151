"""Every plate reader keeps the promise of `PlateReader`; PaddleOCR's network is a stand-in with its answers' form."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from plate_scenes import plate, scene

from parkhub.domain.plates import fold
from parkhub.errors import InvalidInputError
from tasks.vision.picture import Picture
from tasks.vision.plates.onnx_reader import OnnxReader
from tasks.vision.plates.paddle_reader import PaddleReader
from tasks.vision.plates.reader import PlateReader
from tasks.vision.plates.recogniser import Recogniser

ONE = scene([(plate(["KA 417XM"]), (380, 330, 180, 39))])


class StandIn:
    """Answers as `paddleocr.TextRecognition` does, by our own network."""

    def __init__(self) -> None:
        self._network = Recogniser()

    def predict(self, strips: list[Picture], /, *, batch_size: int = 1) -> Sequence[Mapping[str, object]]:
        return [{"rec_text": found.text, "rec_score": found.confidence} for found in self._network.read(strips)]


@pytest.fixture(scope="module", params=["onnx", "paddleocr"])
def reader(request: pytest.FixtureRequest) -> PlateReader:
    return OnnxReader() if request.param == "onnx" else PaddleReader(StandIn())


def test_a_plate_is_read_with_its_place_and_what_was_seen(reader: PlateReader) -> None:
    (read,) = reader.read(ONE)
    left, top, width, height = read.box
    assert read.text == "KA417XM"
    assert 0.5 < read.confidence <= 1
    assert abs(left + width / 2 - 470) < 20
    assert abs(top + height / 2 - 349) < 12
    assert read.candidates[0].text == read.text
    assert sum(candidate.confidence for candidate in read.candidates) <= 1.0001
    assert "KA417XM" in {fold(raw) for raw in read.raw}


def test_an_empty_street_has_no_plate(reader: PlateReader) -> None:
    assert reader.read(scene()) == []


def test_a_lot_s_region_decides_what_look_alikes_are(reader: PlateReader) -> None:
    picture = scene([(plate(["KA O17XM"]), (380, 330, 180, 39))])
    (read,) = reader.read(picture, "sk")
    assert read.text == "KA017XM"


def test_a_burnt_in_clock_is_left_out_by_its_area(reader: PlateReader) -> None:
    assert reader.read(ONE, excluded=[(0.35, 0.55, 0.3, 0.2)]) == []
    assert len(reader.read(ONE, excluded=[(0.0, 0.0, 0.3, 0.1)])) == 1


def test_an_unknown_region_is_refused_even_on_an_empty_street(reader: PlateReader) -> None:
    with pytest.raises(InvalidInputError, match="atlantis"):
        reader.read(scene(), "atlantis")


def test_nothing_is_kept_between_pictures(reader: PlateReader) -> None:
    first = reader.read(ONE)
    reader.read(scene([(plate(["BD 52 KTV"], band=False), (300, 300, 200, 44))]))
    assert reader.read(ONE) == first


def test_several_threads_may_ask_at_once(reader: PlateReader) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: reader.read(ONE), range(8)))
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize(
    "picture",
    [np.zeros((16, 16, 3), np.uint8), np.full((700, 60, 3), 255, np.uint8), cv2.resize(ONE, (160, 90))],
    ids=["tiny and black", "narrow and white", "small"],
)
def test_any_picture_is_looked_at(reader: PlateReader, picture: Picture) -> None:
    assert isinstance(reader.read(picture), list)
