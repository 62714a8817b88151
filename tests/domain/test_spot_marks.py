import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.spot_marks import MARKS_MAX, Mark, MarksError, area, crosses_itself, find_faults, read_marks
from parkhub.domain.spots import SpotKind
from parkhub.errors import InvalidInputError

SQUARE = ((0.1, 0.1), (0.2, 0.1), (0.2, 0.2), (0.1, 0.2))


def a_mark(name: str = "A1", **given: object) -> Mark:
    usual: dict[str, object] = {"kind": SpotKind.STANDARD, "zone": "", "polygon": SQUARE}
    return Mark(name, **{**usual, **given})  # type: ignore[arg-type]


def words(*marks: Mark, taken: set[str] | None = None) -> list[tuple[int, str]]:
    return [(fault.index, fault.words) for fault in find_faults(marks, 640, 480, taken or set())]


def test_good_marks_have_no_faults() -> None:
    assert words(a_mark("A1"), a_mark("A2", kind=SpotKind.EV, zone="North")) == []


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        pytest.param(a_mark(""), "A name has 1 to 40", id="no name"),
        pytest.param(a_mark("A" * 41), "A name has 1 to 40", id="a long name"),
        pytest.param(a_mark("A\n1"), "A name has 1 to 40", id="a line end in the name"),
        pytest.param(a_mark(zone="N" * 41), "The zone of A1", id="a long zone"),
        pytest.param(a_mark(polygon=SQUARE[:2]), "A1 needs 3 to 100 corners", id="two corners"),
        pytest.param(a_mark(polygon=((-0.01, 0.1), *SQUARE[1:])), "partly outside", id="outside"),
        pytest.param(a_mark(polygon=(SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3])), "crosses itself", id="a bow tie"),
        pytest.param(a_mark(polygon=((0.1, 0.1), (0.103, 0.1), (0.103, 0.105))), "too small", id="a speck"),
    ],
)
def test_a_wrong_mark_is_told_in_a_sentence(mark: Mark, told: str) -> None:
    ((index, sentence),) = words(mark)
    assert index == 0
    assert told in sentence


def test_a_name_given_twice_or_taken_elsewhere_is_told_at_the_mark_that_has_it() -> None:
    assert [index for index, _ in words(a_mark("A1"), a_mark("A1"), a_mark("B1"), taken={"B1"})] == [1, 2]


def test_two_marks_never_go_on_from_one_spot() -> None:
    assert [index for index, _ in words(a_mark("A1", spot_id=7), a_mark("A2", spot_id=7))] == [1]


def test_a_document_gives_marks_in_shares_of_its_size() -> None:
    polygon = [[64, 48], [128, 48], [128, 96], [64, 96]]
    spots = [{"id": " A1 ", "spot": 3, "kind": "ev", "zone": "N", "polygon": polygon}]
    assert read_marks({"size": [640, 480], "spots": spots}) == (
        640,
        480,
        (a_mark(kind=SpotKind.EV, zone="N", spot_id=3),),
    )


@pytest.mark.parametrize(
    "spot",
    [
        pytest.param(7, id="a number"),
        pytest.param({"id": "A1", "polygon": [[1, 1]]}, id="one corner"),
        pytest.param({"id": "A1", "polygon": [[1, 1], [2, 2], [3, math.nan]]}, id="no number"),
        pytest.param({"id": "A1", "polygon": [[1, 1], [2, 2], [3, True]]}, id="a truth"),
        pytest.param({"id": "A1", "kind": "boat", "polygon": [[1, 1], [9, 1], [9, 9]]}, id="an unknown kind"),
        pytest.param({"id": "A1", "spot": "7", "polygon": [[1, 1], [9, 1], [9, 9]]}, id="a row that is text"),
    ],
)
def test_what_is_no_mark_is_refused_with_its_place(spot: object) -> None:
    good = {"id": "A0", "polygon": [[1, 1], [9, 1], [9, 9]]}
    with pytest.raises(MarksError) as caught:
        read_marks({"size": [640, 480], "spots": [good, spot]})
    assert [fault.index for fault in caught.value.faults] == [1]


@pytest.mark.parametrize("document", [None, [], {}, {"spots": []}, {"size": [0, 1], "spots": []}])
def test_what_is_no_document_is_refused(document: object) -> None:
    with pytest.raises(InvalidInputError):
        read_marks(document)


def test_too_many_spots_are_refused() -> None:
    with pytest.raises(MarksError, match="too many"):
        read_marks({"size": [640, 480], "spots": [{}] * (MARKS_MAX + 1)})


@given(st.lists(st.floats(0, 2 * math.pi - 0.01), min_size=3, max_size=12, unique_by=lambda angle: round(angle, 2)))
def test_corners_on_a_circle_taken_in_turn_never_cross_and_enclose_less_than_it(angles: list[float]) -> None:
    polygon = [(0.5 + 0.4 * math.cos(angle), 0.5 + 0.4 * math.sin(angle)) for angle in sorted(angles)]
    assert not crosses_itself(polygon)
    assert not crosses_itself(polygon[::-1])
    assert 0 < area(polygon) < math.pi * 0.16


@given(st.permutations(range(4)))
def test_of_the_orders_of_four_corners_only_those_round_the_square_do_not_cross(order: list[int]) -> None:
    round_it = all((a - b) % 4 in (1, 3) for a, b in zip(order, [*order[1:], order[0]], strict=True))
    assert crosses_itself([SQUARE[i] for i in order]) is not round_it
