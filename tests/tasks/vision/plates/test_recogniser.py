"""The recogniser that learnt plates."""

import cv2
import numpy as np
import pytest
from plate_scenes import plate

from tasks.vision.picture import Picture
from tasks.vision.plates.recogniser import Recogniser, decode

CHARACTERS = ["", *"AB1"]


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


def with_room(picture: Picture) -> Picture:
    """A plate on grey, as the finder's boxes have it."""
    high, wide = picture.shape[0] // 10, picture.shape[1] // 12
    return np.asarray(cv2.copyMakeBorder(picture, high, high, wide, wide, cv2.BORDER_CONSTANT, value=(90, 90, 90)))


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ([{"A": 0.9}, {"A": 0.8}, {"B": 0.9}], "AB"),
        ([{"A": 0.9}, {}, {"A": 0.9}], "AA"),
        ([{}, {"A": 0.9}, {}, {"1": 0.9}], "A1"),
        ([{}, {}], ""),
        ([], ""),
    ],
    ids=["a run is one letter", "blank parts two", "blank at the start", "only blank", "no column"],
)
def test_columns_become_letters(columns: list[dict[str, float]], text: str) -> None:
    assert decode(rows(*columns).reshape(-1, len(CHARACTERS)), CHARACTERS).text == text


def test_a_letter_is_judged_where_it_is_surest_and_keeps_its_alternatives() -> None:
    (letter,) = decode(rows({"A": 0.5, "B": 0.4}, {"A": 0.7, "1": 0.2}), CHARACTERS).letters
    assert letter == (("A", pytest.approx(0.7)), ("1", pytest.approx(0.2)))


@pytest.mark.parametrize("text", ["KA417XM", "BD52KTV", "ZR903QWH"])
def test_a_drawn_plate_is_read(recogniser: Recogniser, text: str) -> None:
    (reading,) = recogniser.read([with_room(plate([text], band=False))])
    assert reading.text == text
    assert reading.confidence > 0.9


def test_the_band_with_its_country_is_not_read(recogniser: Recogniser) -> None:
    assert recogniser.read([with_room(plate(["KA417XM"]))])[0].text == "KA417XM"


@pytest.mark.parametrize("text", ["2026-11-21", "10:22:31", "fresh bread"])
def test_clocks_and_words_say_nothing(recogniser: Recogniser, text: str) -> None:
    picture = np.full((48, 300, 3), 60, np.uint8)
    cv2.putText(picture, text, (12, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (250,) * 3, 3, cv2.LINE_AA)
    assert recogniser.read([picture])[0].text == ""


def test_strips_of_a_batch_are_read_as_alone(recogniser: Recogniser) -> None:
    strips = [with_room(plate([text], band=False)) for text in ("KA417XM", "BD52KTV")]
    together = [reading.text for reading in recogniser.read(strips)]
    assert together == [recogniser.read([strip])[0].text for strip in strips]


def test_no_strip_is_no_reading(recogniser: Recogniser) -> None:
    assert recogniser.read([]) == []


def test_the_characters_are_those_of_plates(recogniser: Recogniser) -> None:
    assert "".join(recogniser.characters) == "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
