"""The default reader on made-up vehicles: found, straightened, read, voted."""

import cv2
import numpy as np
import pytest
from plate_scenes import plate, reading, scene

from parkhub.domain.plate_layouts import Decision
from parkhub.domain.plates import Candidate
from parkhub.errors import InvalidInputError
from tasks.vision.picture import Picture
from tasks.vision.plates.finder import Region
from tasks.vision.plates.onnx_reader import Look, OnnxReader, accepted
from tasks.vision.plates.reader import open_reader

ONE = plate(["KA 417XM"])


@pytest.fixture(scope="module")
def reader() -> OnnxReader:
    return OnnxReader()


def texts(reader: OnnxReader, picture: Picture, region: str = "auto") -> list[str]:
    return [read.text for read in reader.read(picture, region)]


@pytest.mark.parametrize(
    ("picture", "wanted"),
    [
        (scene([(ONE, (380, 330, 180, 39))]), ["KA417XM"]),
        (scene([(ONE, (380, 330, 84, 18))]), ["KA417XM"]),
        (scene([(ONE, (240, 300, 330, 71))]), ["KA417XM"]),
        (scene([(ONE, (380, 330, 180, 39))], turn=8), ["KA417XM"]),
        (scene([(plate(["WZK", "4817"], 280), (400, 300, 110, 94))]), ["WZK4817"]),
        (scene(), []),
        (scene([(np.full((112, 520, 3), 240, np.uint8), (380, 330, 180, 39))]), []),
    ],
    ids=["one", "small", "large", "turned", "two lines", "an empty street", "a plate without letters"],
)
def test_plates_are_read(reader: OnnxReader, picture: Picture, wanted: list[str]) -> None:
    assert texts(reader, picture) == wanted


def test_two_vehicles_give_two_plates(reader: OnnxReader) -> None:
    other = plate(["BD 52 KTV"], band=False)
    picture = scene([(ONE, (150, 330, 130, 28)), (other, (620, 330, 140, 30))])
    assert sorted(texts(reader, picture)) == ["BD52KTV", "KA417XM"]


def test_a_read_says_where_and_how_sure_and_what_was_seen(reader: OnnxReader) -> None:
    (read,) = reader.read(scene([(ONE, (380, 330, 180, 39))]))
    left, top, width, height = read.box
    assert abs(left + width / 2 - 470) < 20
    assert abs(top + height / 2 - 349) < 12
    assert read.confidence > 0.7
    assert read.candidates[0].text == read.text
    assert "KA417XM" in read.raw
    xs, ys = zip(*read.corners, strict=True)
    assert left - 1 <= min(xs) <= max(xs) <= left + width + 1
    assert top - 1 <= min(ys) <= max(ys) <= top + height + 1


def test_clocks_and_words_in_the_picture_are_no_plates(reader: OnnxReader) -> None:
    picture = scene()
    cv2.putText(picture, "2026-11-21 10:22:31", (20, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255,) * 3, 2)
    cv2.putText(picture, "Fresh bread daily", (320, 240), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (255,) * 3, 3)
    assert texts(reader, picture) == []


def test_an_excluded_area_is_not_looked_at(reader: OnnxReader) -> None:
    picture = scene([(ONE, (380, 330, 180, 39))])
    assert reader.read(picture, excluded=[(0.3, 0.5, 0.4, 0.3)]) == []
    assert len(reader.read(picture, excluded=[(0.0, 0.0, 0.2, 0.2)])) == 1


def test_a_refused_look_keeps_what_was_seen(reader: OnnxReader) -> None:
    picture = scene([(plate(["4X4"], band=False), (380, 330, 180, 39))])
    assert reader.read(picture) == []
    assert any("4X4" in reading.text for look in reader.look(picture) for reading in look.readings)


def test_a_clock_in_a_plate_s_place_is_none(reader: OnnxReader) -> None:
    assert texts(reader, scene([(plate(["2026-11-21"], band=False), (380, 330, 180, 39))])) == []


@pytest.mark.parametrize(
    ("seen", "lines", "wanted"),
    [
        (("KA417XM",), (), True),
        (("KA417XM", "KA41TXM", "KA417X"), (), True),
        (("SKKA417XM", "KA417XM", "KA417XM"), (), True),
        (("KA417XM", "KA417XM", ""), (), False),
        (("KA", "KA417XM", "KA417XM"), (), False),
        (("", "4", ""), ("KA417XM",), True),
    ],
    ids=["one look", "a letter apart", "the band read too", "then nothing", "a part first", "on two lines"],
)
def test_looks_at_a_plate_agree_and_at_lettering_they_go_astray(
    seen: tuple[str, ...], lines: tuple[str, ...], wanted: bool
) -> None:
    readings, apart = (tuple(reading(text) for text in texts) for texts in (seen, lines))
    plate = Decision((Candidate("KA417XM", 0.9),), 0.9, "LLDDDLL")
    assert accepted(Look(Region(0, 0, 120, 30, 0.9), readings, plate, apart)) is wanted


def test_grey_pictures_and_tiny_ones_are_looked_at(reader: OnnxReader) -> None:
    grey = cv2.cvtColor(cv2.cvtColor(scene([(ONE, (380, 330, 180, 39))]), cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    assert texts(reader, np.asarray(grey, np.uint8)) == ["KA417XM"]
    assert texts(reader, np.zeros((20, 20, 3), np.uint8)) == []


def test_the_same_picture_gives_the_same_answer(reader: OnnxReader) -> None:
    picture = scene([(ONE, (380, 330, 180, 39))])
    assert reader.read(picture) == reader.read(picture)


def test_an_unknown_region_or_reader_is_refused(reader: OnnxReader) -> None:
    with pytest.raises(InvalidInputError, match="atlantis"):
        reader.read(scene(), "atlantis")
    with pytest.raises(InvalidInputError, match="choose onnx"):
        open_reader("tesseract")


def test_the_default_reader_is_this_one() -> None:
    assert open_reader().name == "onnx"
