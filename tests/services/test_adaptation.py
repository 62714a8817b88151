import asyncio
from dataclasses import replace
from typing import Any

import pytest
from builders import NOW, a_head, after, save_camera, save_head, save_label, save_lot, stand_ins
from queues import QueueAway

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import spot_heads, spot_labels
from parkhub.domain.corrections import SpotLabel
from parkhub.domain.lots import Lot
from parkhub.domain.spot_heads import LABELS_MAX, Fit, HeadTrial
from parkhub.errors import BusyError, InvalidInputError, NotFoundError
from parkhub.services import adaptation
from parkhub.services.adaptation import Adapted, adapt_lot, describe, fingerprint_of, load_training, revert_head
from parkhub.settings import Settings

WON, LOST = HeadTrial(20, 20, 0.9, 0.95), HeadTrial(20, 20, 0.95, 0.95)
POLYGON = ((0.3, 0.3), (0.7, 0.3), (0.7, 0.7))


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


async def with_labels(lot: Lot, free: int, occupied: int, cut: bool = True, **given: Any) -> list[SpotLabel]:
    made = []
    for number in range(free + occupied):
        label = await save_label(lot.id, occupied=number >= free, **given)
        if cut:
            await spot_labels.finish_crop(label.id, POLYGON)
        made.append(await spot_labels.get_label(label.id))
    return made


async def save(lot: Lot, labels: list[SpotLabel], trial: HeadTrial = WON, instead_of: int | None = None) -> Adapted:
    return await adaptation.save_head(lot.id, labels, a_head(), trial, instead_of=instead_of, now=NOW)


class TestAsking:
    async def test_vision_is_asked_once_and_told_which_head_judges_the_lot(
        self, database: Settings, clients: Clients
    ) -> None:
        lot = await save_lot()
        await with_labels(lot, 10, 10)
        await save_head(lot.id, active=True)
        assert [await adapt_lot(clients, lot.id, NOW) for _ in range(2)] == [True, False]
        assert clients.queue.jobs == [(QueueName.ADAPTATION, "adapt", (lot.id, 1), f"adapt:{lot.id}")]

    async def test_a_queue_that_is_away_is_kept_as_the_reason(self, database: Settings, clients: Clients) -> None:
        lot = await save_lot()
        await with_labels(lot, 10, 10)
        away = Clients(clients.pictures, QueueAway(), clients.live, clients.limiter)
        with pytest.raises(BusyError):
            await adapt_lot(away, lot.id, NOW)
        assert await spot_heads.find_fit(lot.id) == Fit(NOW, NOW, "The job queue is away.")

    @pytest.mark.parametrize(
        ("free", "occupied", "words"),
        [(10, 9, "1 more label needed"), (0, 30, "Only 0 of the labels say free"), (0, 0, "20 more labels needed")],
    )
    async def test_too_few_labels_are_refused_with_what_is_missing(
        self, database: Settings, clients: Clients, free: int, occupied: int, words: str
    ) -> None:
        lot = await save_lot()
        await with_labels(lot, free, occupied)
        with pytest.raises(InvalidInputError, match=words):
            await adapt_lot(clients, lot.id, NOW)
        assert clients.queue.jobs == []

    async def test_labels_without_a_crop_teach_nothing(self, database: Settings, clients: Clients) -> None:
        lot = await save_lot()
        kept = await with_labels(lot, 10, 10)
        await with_labels(lot, 5, 5, cut=False)
        await with_labels(await save_lot(), 5, 5)
        assert {label.id for label in await load_training(lot.id)} == {label.id for label in kept}

    async def test_the_newest_are_enough(self, sqlite_open: Settings) -> None:
        lot = await save_lot()
        old = await with_labels(lot, 1, 1)
        await with_labels(lot, LABELS_MAX // 2, LABELS_MAX // 2, at=after(1))
        found = await load_training(lot.id)
        assert len(found) == LABELS_MAX
        assert not {label.id for label in old} & {label.id for label in found}


class TestKeeping:
    async def test_a_head_that_won_judges_the_lot_and_takes_the_place_of_the_one_before(
        self, database: Settings
    ) -> None:
        lot = await save_lot()
        labels = await with_labels(lot, 2, 2)
        first = await save(lot, labels[:3])
        second = await save(lot, labels, instead_of=1)
        assert (first.version.active, second.version.active) == (True, True)
        versions = await spot_heads.list_versions(lot.id)
        assert [(each.version, each.active) for each in versions] == [(2, True), (1, False)]

    async def test_a_head_that_did_not_win_is_kept_and_changes_nothing(self, database: Settings) -> None:
        lot = await save_lot()
        labels = await with_labels(lot, 2, 2)
        await save(lot, labels[:3])
        lost = await save(lot, labels, LOST, instead_of=1)
        assert (lost.version.version, lost.version.trial, lost.version.active) == (2, LOST, False)
        assert await spot_heads.active_version(lot.id) == 1

    async def test_two_fits_of_the_same_labels_at_once_give_one_version(self, database: Settings) -> None:
        for _ in range(5):
            lot = await save_lot()
            labels = await with_labels(lot, 2, 2)
            found = await asyncio.gather(*(save(lot, labels) for _ in range(4)))
            assert sorted(each.known for each in found) == [False, True, True, True]
            assert {each.version.version for each in found} == {1}
            assert await spot_heads.active_version(lot.id) == 1

    async def test_a_job_that_comes_again_after_a_revert_does_not_undo_it(self, database: Settings) -> None:
        lot = await save_lot()
        labels = await with_labels(lot, 2, 2)
        await save(lot, labels)
        await revert_head(lot.id)
        assert (await save(lot, labels)).known
        assert await spot_heads.active_version(lot.id) is None

    async def test_who_turned_it_back_during_a_fit_did_not_mean_the_new_head(self, database: Settings) -> None:
        lot = await save_lot()
        labels = await with_labels(lot, 2, 2)
        await save(lot, labels[:3])
        await revert_head(lot.id)
        late = await save(lot, labels, instead_of=1)
        assert not late.version.active
        assert await spot_heads.active_version(lot.id) is None

    async def test_of_a_revert_and_a_fit_at_once_the_revert_has_the_last_word(self, database: Settings) -> None:
        for _ in range(5):
            lot = await save_lot()
            labels = await with_labels(lot, 2, 2)
            await save(lot, labels[:3])
            await asyncio.gather(revert_head(lot.id), save(lot, labels, instead_of=1))
            assert await spot_heads.active_version(lot.id) is None

    async def test_other_words_on_the_same_pictures_are_fitted_anew(self, database: Settings) -> None:
        labels = await with_labels(await save_lot(), 2, 2)
        changed = [replace(labels[0], occupied=True), *labels[1:]]
        assert fingerprint_of(labels) == fingerprint_of(labels[::-1])
        assert len({fingerprint_of(each) for each in (labels, changed, labels[1:])}) == 3


class TestReverting:
    async def test_any_version_or_the_shipped_head_in_one_call(self, database: Settings) -> None:
        lot = (await save_camera()).lot_id
        for _ in range(2):
            await save_head(lot, active=True)
        for version in (1, None, 2, 2):
            await revert_head(lot, version)
            assert await spot_heads.active_version(lot) == version
        with pytest.raises(NotFoundError):
            await revert_head(lot, 3)
        assert await spot_heads.active_version(lot) == 2


async def test_each_version_says_whether_it_is_used_and_why_not(sqlite_open: Settings) -> None:
    lot = await save_lot()
    lost = await save_head(lot.id, trial=LOST)
    unused = await save_head(lot.id, trial=WON)
    active = await save_head(lot.id, trial=WON, active=True)
    model = a_head().model_sha256
    assert [describe(version, model) for version in (lost, unused, active)] == [
        "Not used: no better than the shipped head on labels it had not seen.",
        "Not used.",
        "Judges this lot.",
    ]
    assert describe(active, "cd" * 32) == "Made for another model: adapt again."
