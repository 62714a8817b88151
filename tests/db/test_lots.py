"""Lots in both databases."""

import pytest
from builders import NOW, a_lot, after, save_lot

from parkhub.db import lots
from parkhub.domain.lots import OccupancySample
from parkhub.errors import ConflictError, NotFoundError
from parkhub.settings import Settings


async def test_a_lot_comes_back_as_it_was_added(database: Settings) -> None:
    saved = await save_lot(slug="north", plan_width=322, plan_height=150.5)
    assert await lots.find_lot("north") == saved
    assert await lots.get_lot(saved.id) == saved
    assert saved == a_lot(id=saved.id, slug="north", name=saved.name, plan_width=322.0, plan_height=150.5)


async def test_an_unknown_lot_is_none_or_not_found(database: Settings) -> None:
    assert await lots.find_lot("nowhere") is None
    with pytest.raises(NotFoundError):
        await lots.get_lot(1)


async def test_two_lots_never_share_a_slug(database: Settings) -> None:
    await save_lot(slug="north")
    with pytest.raises(ConflictError, match="north"):
        await save_lot(slug="north")
    assert len(await lots.list_lots()) == 1


async def test_lots_are_listed_by_name(database: Settings) -> None:
    for name in ("South", "North", "East"):
        await save_lot(name=name)
    assert [lot.name for lot in await lots.list_lots()] == ["East", "North", "South"]


async def test_a_plan_gets_another_size(database: Settings) -> None:
    lot = await save_lot()
    await lots.set_plan_size(lot.id, 640, 480)
    changed = await lots.get_lot(lot.id)
    assert (changed.plan_width, changed.plan_height) == (640.0, 480.0)


async def test_a_later_sample_of_the_same_five_minutes_takes_the_place_of_the_first(database: Settings) -> None:
    lot = await save_lot()
    for free in (3, 2):
        await lots.save_sample(OccupancySample(lot.id, NOW, free, 1, 0))
    assert await lots.list_samples(lot.id, NOW, after(300)) == [OccupancySample(lot.id, NOW, 2, 1, 0)]


async def test_samples_of_a_span_come_oldest_first_and_the_end_is_not_in_it(database: Settings) -> None:
    lot, other = await save_lot(), await save_lot()
    for seconds in (900, 0, 600, 300):
        await lots.save_sample(OccupancySample(lot.id, after(seconds), 1, 2, 3))
    await lots.save_sample(OccupancySample(other.id, after(300), 9, 9, 9))
    found = await lots.list_samples(lot.id, after(300), after(900))
    assert [sample.at for sample in found] == [after(300), after(600)]


async def test_a_count_below_zero_is_refused_by_the_database(database: Settings) -> None:
    lot = await save_lot()
    with pytest.raises(ConflictError):
        await lots.save_sample(OccupancySample(lot.id, NOW, -1, 0, 0))
    assert await lots.list_samples(lot.id, NOW, after(300)) == []
