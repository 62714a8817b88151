"""Heads in both databases."""

import asyncio
from dataclasses import replace

import pytest
from builders import NOW, a_head, save_head, save_lot

from parkhub.db import spot_heads, spots
from parkhub.db.engine import fetch, transaction
from parkhub.domain.lots import Lot
from parkhub.domain.spot_heads import HeadTrial, HeadVersion
from parkhub.errors import ConflictError, NotFoundError
from parkhub.settings import Settings


async def activate(lot: Lot, version: int | None) -> None:
    async with transaction():
        await spots.lock_map(lot.id)
        await spot_heads.set_active(lot.id, version)


async def test_a_head_comes_back_to_the_last_digit(database: Settings) -> None:
    lot = await save_lot()
    head = replace(a_head(), weights=tuple(1 / (number + 3) for number in range(200)), bias=-1 / 3)
    saved = await save_head(lot.id, head, HeadTrial(40, 39, 0.9, 0.95))
    assert saved == HeadVersion(lot.id, 1, head, HeadTrial(40, 39, 0.9, 0.95), NOW, False)
    assert await spot_heads.list_versions(lot.id) == [saved]


async def test_versions_count_up_in_each_lot(database: Settings) -> None:
    lots = [await save_lot() for _ in range(2)]
    for lot in lots:
        for _ in range(2):
            await save_head(lot.id)
    for lot in lots:
        assert [each.version for each in await spot_heads.list_versions(lot.id)] == [2, 1]


async def test_versions_saved_at_once_do_not_share_a_number(database: Settings) -> None:
    lot = await save_lot()
    found = await asyncio.gather(*(save_head(lot.id) for _ in range(6)))
    assert sorted(each.version for each in found) == [1, 2, 3, 4, 5, 6]


async def test_the_same_labels_on_the_same_model_are_fitted_once(database: Settings) -> None:
    lot, other = await save_lot(), await save_lot()
    first = await save_head(lot.id, labels_sha256="same")
    with pytest.raises(ConflictError):
        await save_head(lot.id, labels_sha256="same")
    await save_head(lot.id, replace(a_head(), model_sha256="ef" * 32), labels_sha256="same")
    await save_head(other.id, labels_sha256="same")
    assert await spot_heads.find_version(lot.id, first.head.model_sha256, "same") == first
    assert await spot_heads.find_version(lot.id, first.head.model_sha256, "others") is None


async def test_at_most_one_version_of_a_lot_is_active(database: Settings) -> None:
    lot, other = await save_lot(), await save_lot()
    for _ in range(3):
        await save_head(lot.id)
    await save_head(other.id)
    await activate(other, 1)
    assert await spot_heads.active_version(lot.id) is None
    for version in (2, 3, 3, None, 1):
        await activate(lot, version)
        assert await spot_heads.active_version(lot.id) == version
        shown = [each.version for each in await spot_heads.list_versions(lot.id) if each.active]
        assert shown == ([] if version is None else [version])
    with pytest.raises(ConflictError):
        await fetch("UPDATE spot_head SET active = {} WHERE lot = {}", True, lot.id)
    assert await spot_heads.active_version(other.id) == 1


async def test_a_version_that_is_not_there_changes_nothing(database: Settings) -> None:
    lot = await save_lot()
    await save_head(lot.id)
    await activate(lot, 1)
    with pytest.raises(NotFoundError, match="version 7"):
        await activate(lot, 7)
    assert await spot_heads.active_version(lot.id) == 1


async def test_a_lot_takes_its_heads_with_it(database: Settings) -> None:
    lot = await save_lot()
    await save_head(lot.id)
    await fetch("DELETE FROM lot WHERE id = {}", lot.id)
    assert await spot_heads.list_versions(lot.id) == []


async def test_a_head_is_read_by_its_row(database: Settings) -> None:
    lot = await save_lot()
    saved = await save_head(lot.id)
    (row,) = await fetch("SELECT id FROM spot_head WHERE lot = {}", lot.id)
    assert await spot_heads.get_head(row["id"]) == saved.head
    with pytest.raises(NotFoundError):
        await spot_heads.get_head(row["id"] + 1)
