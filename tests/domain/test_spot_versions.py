from dataclasses import replace

from builders import a_spot
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.spot_marks import Mark, mark_of
from parkhub.domain.spot_versions import continued, differences, is_laid_out, keep, overlap, place, place_beside
from parkhub.domain.spots import BayPlan, BayShape, Polygon, Spot, SpotKind
from parkhub.domain.spots_file import lay_out

boxes = st.tuples(st.floats(0, 0.8), st.floats(0, 0.8), st.floats(0.02, 0.2), st.floats(0.02, 0.2)).map(
    lambda box: a_box(*box)
)


def a_box(x: float, y: float, width: float = 0.1, height: float = 0.1) -> Polygon:
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def three() -> list[Spot]:
    return [a_spot(f"A{number}", polygon=a_box(0.2 * number, 0.3)) for number in (1, 2, 3)]


def ids(marks: list[Mark]) -> list[int | None]:
    return [mark.spot_id for mark in marks]


class TestContinuing:
    def test_a_mark_that_says_its_spot_goes_on_under_any_name_anywhere(self) -> None:
        spots = three()
        renamed = replace(mark_of(spots[0]), name="Z9", polygon=a_box(0.8, 0.8))
        assert ids(continued(spots, [renamed])) == [spots[0].id]

    def test_without_that_it_goes_on_by_name_and_else_by_place(self) -> None:
        spots = three()
        by_name = Mark("A2", SpotKind.STANDARD, "", a_box(0.8, 0.8))
        by_place = Mark("Z9", SpotKind.STANDARD, "", a_box(0.201, 0.3))
        assert ids(continued(spots, [by_place, by_name])) == [spots[0].id, spots[1].id]

    def test_one_that_lies_where_nothing_was_is_new(self) -> None:
        assert ids(continued(three(), [Mark("Z9", SpotKind.STANDARD, "", a_box(0.8, 0.8), 4711)])) == [None]

    @given(st.lists(boxes, max_size=6), st.data())
    def test_every_spot_goes_on_at_most_once_and_unchanged_marks_go_on_as_themselves(
        self, outlines: list[Polygon], data: st.DataObject
    ) -> None:
        spots = [a_spot(f"A{at}", polygon=outline) for at, outline in enumerate(outlines)]
        assert ids(continued(spots, [replace(mark_of(spot), spot_id=None) for spot in spots])) == [s.id for s in spots]
        drawn = [Mark(f"A{at + 2}", SpotKind.STANDARD, "", outline) for at, outline in enumerate(outlines)]
        found = [each for each in ids(continued(spots, data.draw(st.permutations(drawn)))) if each is not None]
        assert len(found) == len(set(found))


@given(boxes, boxes)
def test_overlap_is_a_share_the_same_both_ways_and_whole_only_with_itself(one: Polygon, other: Polygon) -> None:
    assert overlap(one, one) == 1
    assert 0 <= overlap(one, other) <= 1
    assert abs(overlap(one, other) - overlap(other, one)) < 1e-12


class TestDifferences:
    def test_the_same_spots_differ_in_nothing(self) -> None:
        kept = [keep(spot) for spot in three()]
        assert differences(kept, kept) == []

    def test_each_kind_of_change_is_told_with_names(self) -> None:
        one, two, third = three()
        before = [keep(spot) for spot in (one, two, third)]
        after = [
            keep(replace(one, name="B1", kind=SpotKind.EV)),
            keep(replace(two, zone="North", polygon=a_box(0.5, 0.5))),
            keep(a_spot("C1")),
        ]
        assert differences(before, after) == [
            "1 added (C1)",
            "1 removed (A3)",
            "1 renamed (A1 to B1)",
            "1 redrawn (A2)",
            "1 of another kind (B1)",
            "1 in another zone (A2)",
        ]

    def test_a_place_on_the_map_is_told_when_nothing_else_changed(self) -> None:
        one, *others = three()
        plan = BayPlan(BayShape.MOUTH_DOWN, 1, 2, 22, 46)
        before, after = ([keep(spot) for spot in (first, *others)] for first in (one, replace(one, plan=plan)))
        assert differences(before, after) == ["1 elsewhere on the map (A1)"]

    def test_another_order_is_told(self) -> None:
        kept = [keep(spot) for spot in three()]
        assert differences(kept, kept[::-1]) == ["another order"]


def laid_out(spots: list[Spot]) -> list[Spot]:
    plans, _ = lay_out([spot.polygon for spot in spots], 4 / 3)
    return [replace(spot, plan=plan) for spot, plan in zip(spots, plans, strict=True)]


class TestPlacing:
    def test_places_that_were_laid_out_are_laid_out_anew(self) -> None:
        spots = laid_out(three())
        assert is_laid_out(spots, 4 / 3)
        marks = [mark_of(spot) for spot in spots] + [Mark("A4", SpotKind.STANDARD, "", a_box(0.8, 0.3))]
        drawn = place(marks, spots, 4 / 3, 4 / 3)
        assert drawn is not None
        plans, height = lay_out([mark.polygon for mark in marks], 4 / 3)
        assert ([spot.plan for spot in drawn.spots], drawn.plan_height) == (list(plans), height)

    def test_places_somebody_chose_stay_and_new_spots_come_below_them(self) -> None:
        plan = BayPlan(BayShape.MOUTH_UP, 30, 40, 22, 46)
        spots = [replace(three()[0], plan=plan)]
        marks = [mark_of(spots[0]), Mark("A4", SpotKind.STANDARD, "", a_box(0.8, 0.3))]
        assert place(marks, spots, 4 / 3, 4 / 3) is None
        placed, ends = place_beside(marks, spots, 86, 4 / 3)
        assert placed[0].plan == plan
        assert 86 < placed[1].plan.y < placed[1].plan.y + placed[1].plan.height <= ends
