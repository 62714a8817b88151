"""Passages and their reads in both databases."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from builders import NOW, after, save_camera
from plate_scenes import read

from parkhub.db import passages
from parkhub.domain.cameras import Camera
from parkhub.domain.gates import GateRead, compact
from parkhub.domain.passages import Direction, GatePassage, PassageState, Place
from parkhub.domain.plates import Candidate
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import ConflictError, NotFoundError
from parkhub.settings import Settings


def a_passage(camera: Camera, **given: Any) -> GatePassage:
    usual: dict[str, Any] = {
        "id": 0,
        "lot_id": camera.lot_id,
        "camera_id": camera.id,
        "direction": None,
        "plate": "",
        "confidence": 0.0,
        "candidates": (),
        "kind": None,
        "first_at": NOW,
        "last_at": NOW,
        "frames": 1,
        "heard_at": NOW,
    }
    return GatePassage(**{**usual, **given})


def a_read(frame_id: int, number: int = 0, text: str = "KA417XM", **given: Any) -> GateRead:
    box = (0.1, 0.2, 0.125, 0.05)
    return GateRead(frame_id, number, NOW, compact(read(text, box, looks=2), box), **{"kind": None, **given})


async def test_a_passage_comes_back_as_it_was_kept(database: Settings) -> None:
    camera = await save_camera()
    whole = a_passage(
        camera,
        direction=Direction.EXIT,
        plate="KA417XM",
        confidence=0.93,
        candidates=(Candidate("KA417XM", 0.9), Candidate("KA417XN", 0.05)),
        kind=VehicleKind.BUS,
        last_at=after(0.123456),
        frames=7,
        outcome="left",
        reason="It went out.",
        session_id=12,
        frame_id=99,
        crop_key="passages/20261121/10/99-0.png",
        crop_sha256="ab" * 32,
        state=PassageState.ACCEPTED,
        why="3 of 3 pictures read this plate",
        path=(Place(NOW, (0.1, 0.2, 0.3, 0.4), True), Place(after(0.123456), (0.0, 0.0, 1.0, 0.5), False)),
        heard_at=after(1),
        decided_at=after(2),
    )
    passage_id = await passages.save_passage(whole)
    assert await passages.get_passage(passage_id) == replace(whole, id=passage_id)
    changed = replace(a_passage(camera), id=passage_id)
    assert await passages.save_passage(changed) == passage_id
    assert await passages.get_passage(passage_id) == changed


async def test_a_passage_that_is_gone_is_not_found(database: Settings) -> None:
    passage_id = await passages.save_passage(a_passage(await save_camera()))
    await passages.save_reads(passage_id, [a_read(1)])
    await passages.delete_passage(passage_id)
    assert await passages.list_reads(passage_id) == []
    with pytest.raises(NotFoundError):
        await passages.get_passage(passage_id)
    with pytest.raises(NotFoundError):
        await passages.set_outcome(passage_id, "left", "", None)


async def test_a_read_is_kept_once_and_may_change_its_passage(database: Settings) -> None:
    camera = await save_camera()
    one, other = [await passages.save_passage(a_passage(camera)) for _ in range(2)]
    first, second = a_read(1, kind=VehicleKind.CAR), a_read(1, 1, "BD52KTV")
    for _ in range(2):
        await passages.save_reads(one, [first, second])
    assert await passages.list_reads(one) == [first, second]
    moved = replace(second, crop_key="passages/1-1.png", crop_sha256="cd" * 32)
    await passages.save_reads(other, [moved])
    assert (await passages.list_reads(one), await passages.list_reads(other)) == ([first], [moved])
    await passages.delete_reads([first.key])
    assert await passages.list_reads(one) == []


async def test_what_is_listed_depends_on_how_far_a_passage_is(database: Settings) -> None:
    camera, elsewhere = await save_camera(), await save_camera()
    made = {"state": PassageState.ACCEPTED, "decided_at": NOW}
    ids = [
        await passages.save_passage(each)
        for each in (
            a_passage(camera),
            a_passage(camera, **made),
            a_passage(camera, **made, outcome="entered"),
            a_passage(camera, state=PassageState.REJECTED, decided_at=NOW, outcome="rejected"),
            a_passage(elsewhere),
        )
    ]
    opened, waiting, _, _, other = ids
    assert [p.id for p in await passages.list_undecided()] == [opened, other]
    assert [p.id for p in await passages.list_undecided(camera.id)] == [opened]
    assert await passages.list_without_outcome(NOW, 10) == []
    assert [p.id for p in await passages.list_without_outcome(after(1), 10)] == [waiting]
    await passages.set_outcome(waiting, "entered", "It came in.", None)
    assert await passages.list_without_outcome(after(1), 10) == []


async def test_tracks_are_the_open_passages_and_those_around_a_time(database: Settings) -> None:
    camera = await save_camera()
    long_ago = await passages.save_passage(a_passage(camera))
    spans = [(100, 200), (150, 160), (190, 400), (500, 600)]
    decided = {"state": PassageState.REJECTED, "decided_at": NOW}
    ids = [
        await passages.save_passage(a_passage(camera, first_at=after(first), last_at=after(last), **decided))
        for first, last in spans
    ]
    await passages.save_reads(ids[2], [a_read(1), a_read(2)])
    tracks = await passages.list_tracks(camera.id, after(180), after(300))
    assert [(track.passage.id, len(track.reads)) for track in tracks] == [(long_ago, 0), (ids[0], 0), (ids[2], 2)]


async def test_that_a_passage_lasts_longer_changes_nothing_else(database: Settings) -> None:
    camera = await save_camera()
    passage_id = await passages.save_passage(a_passage(camera, state=PassageState.ACCEPTED, decided_at=NOW))
    known = await passages.get_passage(passage_id)
    await passages.set_outcome(passage_id, "entered", "It came in.", 7)
    await passages.prolong_passage(replace(known, last_at=after(5), frames=2))
    kept = await passages.get_passage(passage_id)
    assert (kept.last_at, kept.frames, kept.outcome, kept.session_id) == (after(5), 2, "entered", 7)


async def test_crops_are_known_by_their_frames(database: Settings) -> None:
    camera = await save_camera()
    passage_id = await passages.save_passage(a_passage(camera, frame_id=3, crop_key="passages/3-0.png"))
    await passages.save_reads(passage_id, [a_read(4, crop_key="passages/4-0.png"), a_read(5)])
    assert await passages.list_crop_keys([3, 4, 5, 6]) == {"passages/3-0.png", "passages/4-0.png"}
    assert await passages.list_crop_keys([5, 6]) == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"last_at": NOW - timedelta(seconds=1)},
        {"state": PassageState.ACCEPTED},
        {"decided_at": NOW},
    ],
    ids=["ends before it begins", "decided at no time", "open and decided"],
)
async def test_what_cannot_be_is_refused_by_the_database(database: Settings, wrong: dict[str, Any]) -> None:
    with pytest.raises(ConflictError):
        await passages.save_passage(a_passage(await save_camera(), **wrong))
