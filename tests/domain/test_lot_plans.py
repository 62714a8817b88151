from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.lot_plans import corners, put
from parkhub.domain.spots import BayPlan, BayShape, Polygon

sides = st.floats(5, 60)
places = st.floats(0, 300)
bays = st.builds(
    lambda shape, x, y, width, height: BayPlan(shape, x, y, width, height),
    st.sampled_from([BayShape.MOUTH_UP, BayShape.MOUTH_DOWN, BayShape.MOTORCYCLE]),
    places,
    places,
    sides,
    sides,
)


def moved(outline: Polygon, dx: float, dy: float) -> Polygon:
    return tuple((x + dx, y + dy) for x, y in outline)


@given(bays)
def test_a_bay_that_stays_is_the_same_bay(bay: BayPlan) -> None:
    assert put(bay, moved(corners(bay), 0.01, -0.01)) == bay


@given(bays, st.floats(1, 200), st.floats(-200, -1))
def test_a_bay_that_goes_elsewhere_stays_a_bay(bay: BayPlan, dx: float, dy: float) -> None:
    found = put(bay, moved(corners(bay), dx, dy))
    assert (found.shape, found.width, found.height) == (bay.shape, bay.width, bay.height)
    assert abs(found.x - bay.x - dx) < 1e-9
    assert abs(found.y - bay.y - dy) < 1e-9


@given(bays)
def test_a_bay_that_takes_another_form_is_drawn_as_it_is(bay: BayPlan) -> None:
    (first, second, *rest) = corners(bay)
    outline = (first, (second[0] + 7, second[1]), *rest)
    found = put(bay, outline)
    assert found.shape is BayShape.OUTLINE
    assert len(found.outline) == 4
    assert abs(found.width - bay.width - 7) < 0.02
