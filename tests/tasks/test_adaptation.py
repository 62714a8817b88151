import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from builders import NOW, a_new_label, after, save_lot, stand_ins
from networks import save_brightness_classifier, save_colour_classifier

from parkhub.clients import Clients
from parkhub.db import spot_heads, spot_labels
from parkhub.domain.cameras import Engine
from parkhub.domain.lots import Lot
from parkhub.domain.spot_heads import Fit
from parkhub.errors import EngineError, InvalidInputError
from parkhub.services.adaptation import adapt_lot, revert_head
from parkhub.services.labels import crop_key, forget_label, import_label
from parkhub.settings import Settings
from tasks.adaptation import adapt, adapt_now, give_up
from tasks.vision.classifier import ClassifierEngine
from tasks.vision.labels import cut_out

PLACE = ((0.4, 0.4), (0.6, 0.4), (0.6, 0.6), (0.4, 0.6))
CAR, GROUND, LEAVES = (255, 170, 60), (70, 70, 70), (20, 190, 190)
"""Blue, green, red: of a bright blue car, of the ground, and of fallen leaves that the classifier takes for a car."""


class OneEngine:
    """In the place of `Engines`."""

    def __init__(self, engine: ClassifierEngine) -> None:
        self.engine = engine

    async def get(self, name: Engine) -> ClassifierEngine:
        assert name is Engine.CLASSIFIER
        return self.engine


@pytest.fixture
def engine(tmp_path: Path) -> ClassifierEngine:
    return ClassifierEngine(save_colour_classifier(tmp_path / "colours.onnx"))


@pytest.fixture
def ctx(engine: ClassifierEngine) -> dict[str, Any]:
    return {"clients": stand_ins(), "engines": OneEngine(engine), "job_try": 1}


def a_place(colour: Sequence[int], number: int) -> np.ndarray:
    """A picture of one place of about that colour."""
    noise = np.random.default_rng(number).integers(-12, 12, (100, 100, 3))
    return np.clip(np.array(colour) + noise, 0, 255).astype(np.uint8)


async def learn(clients: Clients, lot: Lot, *colours: Sequence[int], times: int = 10) -> None:
    """Labels of places of these colours, each on a day of its own; only cars are occupied."""
    for number in range(times):
        for colour in colours:
            crop, polygon = cut_out(a_place(colour, number), PLACE)
            new = a_new_label(lot.id, occupied=colour is CAR, at=NOW + timedelta(days=number))
            assert await import_label(clients, new, crop, polygon)


async def versions(lot: Lot) -> list[tuple[int, bool]]:
    return [(each.version, each.active) for each in await spot_heads.list_versions(lot.id)]


async def how_it_ended(lot: Lot) -> str:
    """What is kept of the last fit that was asked for: the reason why it made no version, or nothing."""
    fit = await spot_heads.find_fit(lot.id)
    assert fit is not None
    assert fit.ended_at is not None
    return fit.error


async def test_what_the_lot_s_labels_teach_is_kept_and_judges_the_lot(
    database: Settings, ctx: dict[str, Any], engine: ClassifierEngine
) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND, LEAVES)
    await adapt(ctx, lot.id, None)
    (version,) = await spot_heads.list_versions(lot.id)
    assert (version.active, version.trial.labels, version.trial.held_back) == (True, 30, 30)
    assert version.trial.after > version.trial.before
    assert engine.shipped_head is not None
    assert version.head.model_sha256 == engine.shipped_head.model_sha256
    leaves = np.full((1, 16, 16, 4), (*LEAVES, 255), np.uint8)
    assert engine.chances(leaves)[0] > 0.5 > engine.with_head(version.head).chances(leaves)[0]


async def test_a_lot_that_the_shipped_head_reads_well_keeps_it(database: Settings, ctx: dict[str, Any]) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND)
    await adapt(ctx, lot.id, None)
    assert await versions(lot) == [(1, False)]


async def test_the_job_done_again_two_at_once_or_beside_another_process_gives_one_version(
    database: Settings, ctx: dict[str, Any]
) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND, LEAVES)
    await asyncio.gather(*(adapt(ctx, lot.id, None) for _ in range(3)))
    await adapt(ctx, lot.id, None)
    assert await versions(lot) == [(1, True)]


async def test_a_job_that_was_cut_off_anywhere_is_done_whole_by_the_next_try(
    database: Settings, ctx: dict[str, Any]
) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND, LEAVES)
    for steps in range(0, 60, 7):
        cut = asyncio.create_task(adapt(ctx, lot.id, None))
        for _ in range(steps):
            await asyncio.sleep(0)
        cut.cancel()
        await asyncio.gather(cut, return_exceptions=True)
    await adapt(ctx, lot.id, None)
    assert await versions(lot) == [(1, True)]


async def test_a_fit_that_was_asked_for_is_under_way_until_it_ends(database: Settings, ctx: dict[str, Any]) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND)
    await adapt(ctx, lot.id, None)
    assert await spot_heads.find_fit(lot.id) is None  # nobody asked
    await adapt_lot(ctx["clients"], lot.id, NOW)
    assert await spot_heads.find_fit(lot.id) == Fit(NOW, None, "")
    await adapt(ctx, lot.id, None)
    assert await how_it_ended(lot) == ""


async def test_a_fit_that_failed_by_a_fault_says_so_until_it_is_asked_for_again(
    database: Settings, ctx: dict[str, Any]
) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND)
    await adapt_lot(ctx["clients"], lot.id, NOW)
    await give_up(ctx, lot.id, None)
    assert "A fault in ParkHub" in await how_it_ended(lot)
    await adapt_lot(ctx["clients"], lot.id, after(60))
    assert await spot_heads.find_fit(lot.id) == Fit(after(60), None, "")


async def test_who_reverts_during_a_fit_has_the_last_word(database: Settings, ctx: dict[str, Any]) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND, LEAVES)
    await adapt(ctx, lot.id, None)
    await learn(ctx["clients"], lot, LEAVES, times=3)
    await adapt_lot(ctx["clients"], lot.id, NOW)
    (_, _, arguments, _), *_ = ctx["clients"].queue.jobs
    await revert_head(lot.id)
    await adapt(ctx, *arguments)
    assert await versions(lot) == [(2, False), (1, False)]


async def test_more_labels_make_another_version(database: Settings, ctx: dict[str, Any]) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND, LEAVES)
    await adapt(ctx, lot.id, None)
    await learn(ctx["clients"], lot, LEAVES, times=3)
    await adapt(ctx, lot.id, 1)
    assert await versions(lot) == [(2, True), (1, False)]


@pytest.mark.parametrize("what", ["taken back", "file gone"])
async def test_labels_that_become_too_few_meanwhile_leave_everything_as_it_was(
    database: Settings, ctx: dict[str, Any], engine: ClassifierEngine, what: str
) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND)
    await adapt_lot(ctx["clients"], lot.id, NOW)
    label = (await spot_labels.list_labels(lot.id))[0]
    if what == "taken back":
        await forget_label(ctx["clients"], label)
    else:
        await ctx["clients"].pictures.delete(crop_key(label))
    await adapt(ctx, lot.id, None)
    assert await versions(lot) == []
    assert "1 more label needed" in (await how_it_ended(lot))
    with pytest.raises(InvalidInputError, match="1 more label needed"):
        await adapt_now(ctx["clients"], engine, lot.id, None)


async def test_a_model_that_cannot_be_adapted_leaves_everything_as_it_was(
    sqlite_open: Settings, ctx: dict[str, Any], tmp_path: Path
) -> None:
    lot = await save_lot()
    await learn(ctx["clients"], lot, CAR, GROUND)
    plain = ClassifierEngine(save_brightness_classifier(tmp_path / "bright.onnx"))
    await adapt_lot(ctx["clients"], lot.id, NOW)
    await adapt({**ctx, "engines": OneEngine(plain)}, lot.id, None)
    assert await versions(lot) == []
    assert "cannot be adapted" in (await how_it_ended(lot))
    with pytest.raises(EngineError, match="cannot be adapted"):
        await adapt_now(ctx["clients"], plain, lot.id, None)
