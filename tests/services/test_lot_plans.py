import pytest
from builders import NOW, new_spots, save_account, save_camera, save_lot, stand_ins

from parkhub.clients import Clients
from parkhub.db import lots, spot_versions
from parkhub.domain.lot_plans import corners
from parkhub.domain.spots import BayPlan, BayShape, Polygon
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services.lot_plans import load_plan, save_plan
from parkhub.services.spot_versions import restore
from parkhub.settings import Settings


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


def lower(outline: Polygon, by: float) -> Polygon:
    return tuple((x, y + by) for x, y in outline)


async def test_spots_of_two_cameras_are_put_on_one_plan_and_each_camera_gets_a_version(
    database: Settings, clients: Clients
) -> None:
    lot, account = await save_lot(), await save_account()
    one, other = await save_camera(lot, new_spots(2, "A")), await save_camera(lot, new_spots(1, "B"))
    plan = await load_plan(lot)
    outlines = {spot.id: lower(corners(spot.plan), 100) for spot in plan.spots if spot.name != "A1"}
    after = await save_plan(clients, account.id, lot.id, plan.version, outlines, (500, 400), NOW)
    assert after.version != plan.version
    assert {spot.name: spot.plan.y for spot in after.spots} == {"A1": 0, "A2": 100, "B1": 100}
    assert {spot.plan.shape for spot in after.spots} == {BayShape.MOUTH_UP}
    assert ((await lots.get_lot(lot.id)).plan_width, (await lots.get_lot(lot.id)).plan_height) == (500, 400)
    for camera, name in ((one, "A2"), (other, "B1")):
        latest = await spot_versions.latest_spot_version(camera.id)
        assert latest is not None
        assert (latest.words, latest.by) == (f"1 elsewhere on the map ({name})", account.email)
    assert clients.live.announced == [f"lot:{lot.id}"]
    await restore(clients, None, one.id, 1, NOW)
    assert [spot.plan.y for spot in (await load_plan(lot)).spots] == [0, 0, 100]


async def test_a_plan_somebody_else_changed_is_not_overwritten(database: Settings, clients: Clients) -> None:
    lot = await save_lot()
    await save_camera(lot, 2)
    plan = await load_plan(lot)
    outlines = {spot.id: lower(corners(spot.plan), 50) for spot in plan.spots}
    await save_plan(clients, None, lot.id, plan.version, outlines, (500, 400), NOW)
    with pytest.raises(ConflictError):
        await save_plan(clients, None, lot.id, plan.version, {}, (500, 400), NOW)


@pytest.mark.parametrize(
    "outline",
    [
        pytest.param(((0, 0), (501, 0), (501, 50)), id="outside"),
        pytest.param(((0, 0), (50, 50), (50, 0), (0, 50)), id="a bow tie"),
        pytest.param(((0, 0), (1, 0), (1, 1)), id="a speck"),
    ],
)
async def test_an_outline_that_is_none_changes_nothing(database: Settings, clients: Clients, outline: Polygon) -> None:
    lot = await save_lot()
    await save_camera(lot, 2)
    plan = await load_plan(lot)
    with pytest.raises(InvalidInputError, match="A1"):
        await save_plan(clients, None, lot.id, plan.version, {plan.spots[0].id: outline}, (500, 400), NOW)
    assert await load_plan(lot) == plan


async def test_a_spot_that_takes_another_form_is_drawn_as_it_is(database: Settings, clients: Clients) -> None:
    lot = await save_lot()
    await save_camera(lot, 1)
    plan = await load_plan(lot)
    outline = ((10.0, 10.0), (60.0, 20.0), (55.0, 60.0), (5.0, 50.0))
    after = await save_plan(clients, None, lot.id, plan.version, {plan.spots[0].id: outline}, (500, 400), NOW)
    assert after.spots[0].plan == BayPlan(BayShape.OUTLINE, 5, 10, 55, 50, outline)
