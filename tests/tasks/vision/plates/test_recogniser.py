"""PP-OCR's recogniser, cut down to the characters of plates."""

import cv2
import numpy as np
import pytest
from plate_scenes import plate

from parkhub.domain.plates import normalise
from tasks.vision.plates.recogniser import HEIGHT_PX, WIDTH_MAX_PX, Recogniser, decode, strip_width

CHARACTERS = ["", *"AB-1", " "]


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser()


def rows(*columns: dict[str, float]) -> np.ndarray:
    """Columns of chances by character; what is left is blank."""
    found = np.zeros((len(columns), len(CHARACTERS)), np.float32)
    for row, column in zip(found, columns, strict=True):
        for character, chance in column.items():
            row[CHARACTERS.index(character)] = chance
        row[0] = 1 - sum(column.values())
    return found


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ([{"A": 0.9}, {"A": 0.8}, {"B": 0.9}], "AB"),
        ([{"A": 0.9}, {}, {"A": 0.9}], "AA"),
        ([{}, {"A": 0.9}, {}, {"-": 0.9}, {"1": 0.9}], "A-1"),
        ([{"A": 0.9}, {" ": 0.9}, {"1": 0.9}], "A1"),
        ([{}, {}], ""),
        ([], ""),
    ],
    ids=["a run is one letter", "blank parts two", "marks are kept", "spaces are not", "only blank", "no column"],
)
def test_columns_become_letters(columns: list[dict[str, float]], text: str) -> None:
    assert decode(rows(*columns).reshape(-1, len(CHARACTERS)), CHARACTERS).text == text


def test_a_letter_is_judged_where_it_is_surest_and_keeps_its_alternatives() -> None:
    (letter,) = decode(rows({"A": 0.5, "B": 0.4}, {"A": 0.7, "1": 0.2}), CHARACTERS).letters
    assert letter == (("A", pytest.approx(0.7)), ("1", pytest.approx(0.2)))


@pytest.mark.parametrize("text", ["KA417XM", "BD52KTV", "ZR903QWH"])
def test_a_drawn_plate_is_read(recogniser: Recogniser, text: str) -> None:
    (reading,) = recogniser.read([cv2.resize(plate([text], band=False), (230, 50))])
    assert normalise(reading.text) == text
    assert reading.confidence > 0.9


def test_strips_of_a_batch_are_read_as_alone(recogniser: Recogniser) -> None:
    long, short = plate(["KA417XM"], band=False), plate(["B12"], 260, band=False)
    together = [reading.text for reading in recogniser.read([long, short])]
    assert together == [recogniser.read([strip])[0].text for strip in (long, short)]


def test_no_strip_is_no_reading(recogniser: Recogniser) -> None:
    assert recogniser.read([]) == []


@pytest.mark.parametrize(("shape", "width"), [((HEIGHT_PX, 200), 200), ((10, 10), 64), ((10, 4000), WIDTH_MAX_PX)])
def test_strips_keep_their_shape_within_limits(shape: tuple[int, int], width: int) -> None:
    assert strip_width(np.zeros((*shape, 3), np.uint8)) == width


def test_the_characters_are_those_of_a_keyboard(recogniser: Recogniser) -> None:
    assert sorted(recogniser.characters[1:-1]) == [chr(code) for code in range(33, 127)]


def test_texts_are_those_of_rapidocr(recogniser: Recogniser) -> None:
    """The reference implementation with all its characters, where it is installed."""
    rapidocr = pytest.importorskip("rapidocr")
    engine = rapidocr.RapidOCR(params={"Global.log_level": "error"})
    for text in ("KA417XM", "BD52KTV", "60BXK4", "ZR903QWH"):
        strip = cv2.resize(plate([text], band=False), (240, 48))
        wanted = engine(strip, use_det=False, use_cls=False, use_rec=True).txts[0]
        assert recogniser.read([strip])[0].text == wanted.replace(" ", "")
