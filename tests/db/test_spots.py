"""Spots, tracks and changes in both databases."""

import asyncio
from dataclasses import replace

import pytest
from builders import NOW, a_new_spot, a_track, after, new_spots, save_account, save_camera, save_frame, save_lot

from parkhub.db import cameras, frames, spots
from parkhub.db.engine import transaction
from parkhub.domain.spots import (
    BayPlan,
    BayShape,
    NewSpot,
    SpotChange,
    SpotKind,
    SpotState,
    SpotTrack,
)
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.settings import Settings

OUTLINE = BayPlan(BayShape.OUTLINE, 1.5, 2, 30, 40, ((1.5, 2), (31.5, 2), (20, 42)))


def change(spot: str, seconds: float, state: SpotState = SpotState.OCCUPIED) -> SpotChange:
    return SpotChange(spot, SpotState.UNKNOWN, state, after(seconds), 0.75)


async def names(camera_id: int) -> list[str]:
    return [spot.name for spot in await spots.list_camera_spots(camera_id)]


async def test_a_spot_comes_back_as_it_was_given(database: Settings) -> None:
    new = NewSpot("Ü 1/2", SpotKind.DISABLED, "Level 2", ((0.1, 0.2), (0.3, 0.2), (1 / 3, 0.4)), OUTLINE)
    camera = await save_camera(spots_seen=[new])
    (spot,) = await spots.list_camera_spots(camera.id)
    assert (spot.name, spot.kind, spot.zone, spot.polygon, spot.plan) == (
        new.name,
        new.kind,
        new.zone,
        new.polygon,
        new.plan,
    )
    assert (spot.lot_id, spot.camera_id, spot.position) == (camera.lot_id, camera.id, 0)


async def test_spots_are_listed_in_the_order_they_were_given_camera_by_camera(database: Settings) -> None:
    lot = await save_lot()
    first = await save_camera(lot, [a_new_spot("Z9"), a_new_spot("A1")])
    await save_camera(lot, [a_new_spot("M5")])
    assert await names(first.id) == ["Z9", "A1"]
    assert [spot.name for spot in await spots.list_spots(lot.id)] == ["Z9", "A1", "M5"]


async def test_a_spot_that_keeps_its_name_keeps_its_row_and_what_is_known_of_it(database: Settings) -> None:
    camera = await save_camera(spots_seen=2)
    before = {spot.name: spot.id for spot in await spots.list_camera_spots(camera.id)}
    await spots.save_tracks(camera.id, [a_track("A2")])
    moved = a_new_spot("A2", kind=SpotKind.EV, polygon=((0, 0), (1, 0), (1, 1)))
    await spots.replace_camera_spots(camera.id, [a_new_spot("A3"), moved])
    now = await spots.list_camera_spots(camera.id)
    assert [spot.name for spot in now] == ["A3", "A2"]
    assert (now[1].id, now[1].kind, now[1].polygon) == (before["A2"], SpotKind.EV, moved.polygon)
    assert await spots.load_tracks(camera.id) == {"A3": SpotTrack("A3"), "A2": a_track("A2")}


async def test_a_spot_that_is_gone_is_retired_and_comes_back_with_its_row_and_history(database: Settings) -> None:
    camera = await save_camera(spots_seen=2)
    first, second = await spots.list_camera_spots(camera.id)
    await spots.save_tracks(camera.id, [a_track("A1")])
    await spots.add_changes(camera.id, None, [change("A1", 0), change("A2", 1)])
    await spots.replace_camera_spots(camera.id, [a_new_spot("A2")])
    assert await names(camera.id) == ["A2"]
    assert await spots.find_spot(camera.lot_id, "A1") is None
    assert [known.spot.name for known in (await spots.load_lot_status(camera.lot_id)).spots] == ["A2"]
    await spots.save_camera_spots(camera.id, [(second.id, a_new_spot("A2")), (first.id, a_new_spot("A9"))])
    assert [spot.id for spot in await spots.list_camera_spots(camera.id)] == [second.id, first.id]
    assert await spots.load_tracks(camera.id) == {"A2": SpotTrack("A2"), "A9": SpotTrack("A9")}
    assert [found.spot for found in await spots.list_changes(camera.lot_id, 9)] == ["A2", "A9"]


async def test_spots_may_swap_their_names(database: Settings) -> None:
    camera = await save_camera(spots_seen=2)
    first, second = await spots.list_camera_spots(camera.id)
    await spots.save_camera_spots(camera.id, [(first.id, a_new_spot("A2")), (second.id, a_new_spot("A1"))])
    assert [(spot.id, spot.name) for spot in await spots.list_camera_spots(camera.id)] == [
        (first.id, "A2"),
        (second.id, "A1"),
    ]


async def test_the_row_of_another_camera_is_never_taken(database: Settings) -> None:
    lot = await save_lot()
    mine, other = await save_camera(lot), await save_camera(lot, 1)
    (theirs,) = await spots.list_camera_spots(other.id)
    await spots.save_camera_spots(mine.id, [(theirs.id, a_new_spot("B1"))])
    assert await names(other.id) == ["A1"]
    assert await names(mine.id) == ["B1"]


async def test_a_camera_may_lose_all_its_spots(database: Settings) -> None:
    camera = await save_camera(spots_seen=2)
    await spots.replace_camera_spots(camera.id, [])
    assert await names(camera.id) == []


async def test_a_name_given_twice_is_refused_and_nothing_changes(database: Settings) -> None:
    camera = await save_camera(spots_seen=1)
    with pytest.raises(InvalidInputError, match="B7"):
        await spots.replace_camera_spots(camera.id, [a_new_spot("B7"), a_new_spot("B7")])
    assert await names(camera.id) == ["A1"]


async def test_two_cameras_of_a_lot_never_share_a_name_and_nothing_changes(database: Settings) -> None:
    lot = await save_lot()
    first = await save_camera(lot, 3)
    second = await save_camera(lot, [a_new_spot("B1")])
    with pytest.raises(ConflictError, match="A2"):
        await spots.replace_camera_spots(second.id, [a_new_spot("B2"), a_new_spot("A2")])
    assert await names(second.id) == ["B1"]
    assert await names(first.id) == ["A1", "A2", "A3"]


async def test_cameras_of_two_lots_may_share_names(database: Settings) -> None:
    first, second = await save_camera(spots_seen=2), await save_camera(spots_seen=2)
    assert await names(first.id) == await names(second.id)


async def test_an_unknown_camera_gets_no_spots(database: Settings) -> None:
    with pytest.raises(NotFoundError):
        await spots.replace_camera_spots(4711, new_spots(1))


async def test_spots_replaced_by_two_at_once_end_as_one_of_them_wanted(database: Settings) -> None:
    camera = await save_camera(spots_seen=5)
    wanted = [new_spots(20, prefix) for prefix in "BCD"]
    await asyncio.gather(*(spots.replace_camera_spots(camera.id, given) for given in wanted))
    assert await names(camera.id) in [[spot.name for spot in given] for given in wanted]


async def test_spots_nobody_looked_at_are_unknown(database: Settings) -> None:
    camera = await save_camera(spots_seen=2)
    assert await spots.load_tracks(camera.id) == {"A1": SpotTrack("A1"), "A2": SpotTrack("A2")}


async def test_four_hundred_tracks_are_saved_and_saved_again(database: Settings) -> None:
    camera = await save_camera(spots_seen=400)
    for state in (SpotState.FREE, SpotState.OCCUPIED):
        tracks = [
            a_track(f"A{number}", state, confidence=number / 1000, seen_at=after(number / 7))
            for number in range(1, 401)
        ]
        async with transaction():
            await spots.load_tracks(camera.id)
            await spots.save_tracks(camera.id, tracks)
        assert list((await spots.load_tracks(camera.id)).values()) == tracks


async def test_tracks_and_changes_of_spots_that_are_gone_are_left_out(database: Settings) -> None:
    camera = await save_camera(spots_seen=1)
    await spots.save_tracks(camera.id, [a_track("A1"), a_track("gone")])
    await spots.add_changes(camera.id, None, [change("gone", 0), change("A1", 1)])
    await spots.save_tracks(camera.id, [])
    await spots.add_changes(camera.id, None, [])
    assert await spots.load_tracks(camera.id) == {"A1": a_track("A1")}
    assert await spots.list_changes(camera.lot_id, 9) == [change("A1", 1)]


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
async def test_a_confidence_outside_of_0_and_1_is_refused_by_the_database(
    database: Settings, confidence: float
) -> None:
    camera = await save_camera(spots_seen=2)
    with pytest.raises(ConflictError):
        await spots.save_tracks(camera.id, [a_track("A1"), a_track("A2", confidence=confidence)])
    assert (await spots.load_tracks(camera.id))["A1"] == SpotTrack("A1")  # all or none


async def test_changes_of_a_lot_come_last_first_and_outlive_their_frames(database: Settings) -> None:
    camera, other = await save_camera(spots_seen=3), await save_camera(spots_seen=3)
    frame = await save_frame(camera)
    await spots.add_changes(camera.id, frame.id, [change("A1", 0), change("A2", 0.5)])
    await spots.add_changes(camera.id, None, [change("A3", 1)])
    await spots.add_changes(other.id, None, [change("A1", 2)])
    await frames.delete_frames([frame.id])
    assert await spots.list_changes(camera.lot_id, 2) == [change("A3", 1), change("A2", 0.5)]
    assert len(await spots.list_changes(camera.lot_id, 9)) == 3


async def test_a_change_to_the_same_state_is_refused_by_the_database(database: Settings) -> None:
    camera = await save_camera(spots_seen=1)
    with pytest.raises(ConflictError):
        await spots.add_changes(camera.id, None, [change("A1", 0, SpotState.UNKNOWN)])


async def test_a_lots_status_holds_every_spot_with_its_track_and_the_last_look(database: Settings) -> None:
    lot = await save_lot()
    north = await save_camera(lot, [a_new_spot("N1"), a_new_spot("N2")])
    south = await save_camera(lot, [a_new_spot("S1")])
    other = await save_camera(spots_seen=1)
    await spots.save_tracks(north.id, [a_track("N2", SpotState.OCCUPIED)])
    for camera, seconds in ((north, 5), (south, 3), (other, 99)):
        frame = await save_frame(camera)
        await cameras.set_last_look(camera.id, frame.id, after(seconds))
    status = await spots.load_lot_status(lot.id)
    assert status.lot == lot
    assert status.as_of == after(5)
    assert [found.spot for found in status.spots] == await spots.list_spots(lot.id)
    assert [found.track for found in status.spots] == [
        SpotTrack("N1"),
        a_track("N2", SpotState.OCCUPIED),
        SpotTrack("S1"),
    ]


async def test_a_lot_nobody_looked_at_has_no_time(database: Settings) -> None:
    lot = await save_lot()
    status = await spots.load_lot_status(lot.id)
    assert (status.as_of, status.spots) == (None, ())
    with pytest.raises(NotFoundError):
        await spots.load_lot_status(lot.id + 1)


async def test_two_looks_of_one_camera_take_turns(database: Settings) -> None:
    camera = await save_camera(spots_seen=1)

    async def look() -> None:
        async with transaction():
            track = (await spots.load_tracks(camera.id))["A1"]
            await asyncio.sleep(0)
            await spots.save_tracks(camera.id, [replace(track, recent=track.recent + "f", seen_at=NOW)])

    await asyncio.gather(*(look() for _ in range(12)))
    assert (await spots.load_tracks(camera.id))["A1"].recent == "f" * 12


async def test_a_spot_is_found_by_its_name_in_its_lot(database: Settings) -> None:
    camera = await save_camera(spots_seen=2)
    (_, second) = await spots.list_camera_spots(camera.id)
    assert await spots.find_spot(camera.lot_id, "A2") == second
    assert await spots.find_spot(camera.lot_id, "B1") is None
    assert await spots.find_spot(camera.lot_id + 1, "A2") is None


async def test_how_long_a_word_stands_and_who_said_it_come_back(database: Settings) -> None:
    camera, kim = await save_camera(spots_seen=1), await save_account()
    held = a_track(held_until=after(900))
    await spots.save_tracks(camera.id, [held])
    assert await spots.load_tracks(camera.id) == {"A1": held}
    assert (await spots.load_lot_status(camera.lot_id)).spots[0].track == held
    said = [
        change("A1", 1),
        replace(change("A1", 2), by_hand=True),
        replace(change("A1", 3), by_hand=True, account_id=kim.id),
    ]
    await spots.add_changes(camera.id, None, said)
    assert await spots.list_changes(camera.lot_id, 9) == said[::-1]
