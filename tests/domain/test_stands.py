from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.stands import LOOKS_MIN, Box, Stand, add, outline, suggest_from_row, suggest_from_stands

boxes = st.builds(
    lambda x, y, width, height: (x, y, width, height),
    st.floats(0, 0.9),
    st.floats(0, 0.9),
    st.floats(0.02, 0.1),
    st.floats(0.02, 0.1),
)


def at(place: float, y: float = 0.3) -> Box:
    """A car at a place of a row."""
    return (0.02 + 0.06 * place, y, 0.05, 0.08)


def many(*places: float, looks: int = LOOKS_MIN) -> tuple[Stand, ...]:
    return tuple(Stand(at(place), looks) for place in places)


class TestRemembering:
    def test_a_car_that_stands_where_one_stood_is_the_same_stand_a_little_moved(self) -> None:
        (stand,) = add([Stand(at(1), 3)], [Stand(at(1.1))])
        assert stand.looks == 4
        assert at(1)[0] < stand.box[0] < at(1.1)[0]

    def test_its_neighbour_is_another(self) -> None:
        assert [stand.looks for stand in add([Stand(at(1), 3)], [Stand(at(2))])] == [3, 1]

    @given(st.lists(st.lists(boxes, max_size=5), max_size=6))
    def test_no_look_is_lost_and_no_car_counts_for_two_stands(self, samples: list[list[Box]]) -> None:
        stands: tuple[Stand, ...] = ()
        for sample in samples:
            stands = add(stands, [Stand(box) for box in sample])
        assert sum(stand.looks for stand in stands) == sum(len(sample) for sample in samples)
        assert all(stand.looks <= len(samples) for stand in stands)


class TestSuggesting:
    def test_a_place_needs_cars_again_and_again_and_the_surest_comes_first(self) -> None:
        stands = (*many(1), *many(2, looks=LOOKS_MIN - 1), *many(3, looks=9))
        assert suggest_from_stands(stands, []) == [outline(at(3)), outline(at(1))]

    def test_nothing_is_suggested_where_a_spot_is_marked(self) -> None:
        assert suggest_from_stands(many(1, 2), [outline(at(1.2))]) == [outline(at(2))]

    def test_the_gaps_of_a_row_are_places_too(self) -> None:
        found = suggest_from_row([at(place) for place in (0, 1, 2, 4, 5, 8)], [])
        lefts = sorted(round((polygon[0][0] - 0.0215) / 0.06, 6) for polygon in found)
        assert lefts == [0, 1, 2, 3, 4, 5, 6, 7, 8]

    def test_two_cars_are_no_row(self) -> None:
        assert len(suggest_from_row([at(0), at(4)], [])) == 2

    @given(st.lists(boxes, max_size=12), st.lists(boxes, max_size=4))
    def test_suggestions_lie_within_the_picture_and_beside_each_other(self, cars: list[Box], spots: list[Box]) -> None:
        marked = [outline(box) for box in spots]
        found = suggest_from_row(cars, marked)
        assert all(0 <= value <= 1 for polygon in found for point in polygon for value in point)
        assert len(set(found)) == len(found)
        assert suggest_from_row(cars, [*marked, *found]) == []
