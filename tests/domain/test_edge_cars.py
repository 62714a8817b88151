"""What cameras say of cars at gates, checked before anything else is done with it."""

import json
from typing import Any

import pytest

from parkhub.domain.edge import read_results
from parkhub.domain.plate_looks import AGAIN, FIRST, LINES
from parkhub.errors import InvalidInputError

VAN = {"kind": "truck", "confidence": 0.8, "box": [300.0, 100.0, 600.0, 500.0]}


def letters(text: str) -> list[Any]:
    return [[[letter, 0.99], ["0", 0.006]] for letter in text]


def a_plate(**given: Any) -> dict[str, Any]:
    return {"box": [500.0, 400.0, 650.0, 434.0], "confidence": 0.9, "first": letters("BD52KTV")} | given


def said(**given: Any) -> bytes:
    version = f"{'0' * 16}-{'0' * 16}"
    about = {"engine_sha256": "0" * 64, "version": version, "width": 1280, "height": 720, "spots": []}
    return json.dumps(about | {"plates": [a_plate()], "vehicles": [VAN]} | given).encode()


def test_a_plate_tells_what_each_way_of_looking_gave() -> None:
    looks = {"again": [letters("BD52KTV"), letters("8D52KTV")], "lines": [letters("BD52"), letters("KTV")]}
    plates = read_results(said(plates=[a_plate(**looks)])).plates
    assert plates is not None
    told = [[reading.text for reading in plates[0].readings(ways)] for ways in ([FIRST], AGAIN, LINES)]
    assert told == [["BD52KTV"], ["BD52KTV", "8D52KTV"], ["BD52", "KTV"]]
    assert plates[0].readings([FIRST])[0].letters[0] == (("B", 0.99), ("0", 0.006))


def test_who_did_not_look_says_something_else_than_who_saw_nothing() -> None:
    assert read_results(said(plates=[])).plates == ()
    assert read_results(said(plates=None, vehicles=None)).plates is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"plates": [a_plate()] * 9},
        {"plates": [a_plate(confidence=1.1)]},
        {"plates": [a_plate(box=[500.0, 400.0, 500.0, 434.0])]},
        {"plates": [a_plate(box=[500.0, 400.0, 1300.0, 434.0])]},
        {"plates": [a_plate(box=[500.0, 400.0, 650.0])]},
        {"plates": [a_plate(first=[[]])]},
        {"plates": [a_plate(first=letters("A" * 25))]},
        {"plates": [a_plate(first=[[["AB", 0.9]]])]},
        {"plates": [a_plate(first=[[["A", 0.1]] * 5])]},
        {"plates": [a_plate(first=[[["A", 0.0]]])]},
        {"plates": [a_plate(again=[[[["A", 1e-320]]]])]},
        {"plates": [a_plate(lines=[[[["A", 0.3], ["4", 0.6]]]])]},
        {"plates": [a_plate(again=[letters("A")] * 5)]},
        {"plates": [a_plate(crop="not base64")]},
        {"plates": [a_plate(crop="A" * 60_000)]},
        {"vehicles": [VAN] * 101},
        {"vehicles": [VAN | {"kind": "tank"}]},
        {"vehicles": [VAN | {"box": [0, 0, -9, 9]}]},
        {"vehicles": [VAN | {"box": [-50, 0, 90, 90]}]},
    ],
    ids=range(19),
)
def test_what_is_out_of_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="cannot be taken"):
        read_results(said(**wrong))
