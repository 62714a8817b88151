import asyncio
from dataclasses import replace

import pytest
from builders import NOW, a_new_spot, after, save_account, save_camera, save_frame, save_lot, seen, stand_ins

from parkhub.clients import Clients
from parkhub.db import cameras, spot_versions, spots
from parkhub.domain.cameras import Camera
from parkhub.domain.spot_marks import Mark, MarksError, mark_of
from parkhub.domain.spots import Polygon, SpotKind, SpotState
from parkhub.domain.spots_file import build
from parkhub.errors import ConflictError, NotFoundError
from parkhub.services.looks import Seen, save_look
from parkhub.services.spot_versions import SpotsChangedError, restore, save_marks
from parkhub.services.spots import replace_spots
from parkhub.settings import Settings

SIZE = (640, 480)


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


def box(at: int) -> Polygon:
    x = 0.05 + 0.1 * at
    return ((x, 0.2), (x + 0.08, 0.2), (x + 0.08, 0.4), (x, 0.4))


def a_mark(name: str, at: int) -> Mark:
    return Mark(name, SpotKind.STANDARD, "", box(at))


async def drawn(camera: Camera) -> list[Mark]:
    return [mark_of(spot) for spot in await spots.list_camera_spots(camera.id)]


async def states(camera: Camera) -> dict[str, SpotState]:
    return {name: track.state for name, track in (await spots.load_tracks(camera.id)).items()}


async def look(clients: Clients, camera: Camera, at_s: float, state: SpotState, *names: str) -> None:
    frame = await save_frame(camera, captured_at=after(at_s))
    await save_look(clients, frame.id, Seen(seen(state, *names), 1))


async def test_what_is_drawn_becomes_the_camera_s_first_version(database: Settings, clients: Clients) -> None:
    camera, account = await save_camera(), await save_account()
    version = await save_marks(clients, account.id, camera.id, 0, SIZE, [a_mark("A1", 0), a_mark("A2", 1)], NOW)
    assert (version.number, version.by, version.saved_at) == (1, account.email, NOW)
    assert (version.words, version.spot_count) == ("2 added (A1, A2)", 2)
    assert [mark.name for mark in await drawn(camera)] == ["A1", "A2"]
    assert (await cameras.get_camera(camera.id)).marked_on == SIZE
    assert clients.live.announced == [f"lot:{camera.lot_id}"]


async def test_a_renamed_spot_keeps_what_is_known_of_it_even_when_two_swap_names(
    database: Settings, clients: Clients
) -> None:
    camera = await save_camera()
    await save_marks(clients, None, camera.id, 0, SIZE, [a_mark("A1", 0), a_mark("A2", 1)], NOW)
    await look(clients, camera, 0, SpotState.OCCUPIED, "A1")
    await look(clients, camera, 1, SpotState.FREE, "A2")
    one, two = await drawn(camera)
    swapped = [replace(one, name="A2"), replace(two, name="A1")]
    version = await save_marks(clients, None, camera.id, 1, SIZE, swapped, NOW)
    assert version.words == "2 renamed (A1 to A2, A2 to A1)"
    assert await states(camera) == {"A2": SpotState.OCCUPIED, "A1": SpotState.FREE}


async def test_whoever_saves_second_is_told_and_nothing_is_lost(database: Settings, clients: Clients) -> None:
    camera, account = await save_camera(), await save_account()
    wishes = [[a_mark("A1", 0)], [a_mark("B1", 1)]]
    found = await asyncio.gather(
        *(save_marks(clients, account.id, camera.id, 0, SIZE, marks, NOW) for marks in wishes), return_exceptions=True
    )
    (refused,) = [each for each in found if isinstance(each, SpotsChangedError)]
    assert (refused.latest.number, refused.latest.by) == (1, account.email)
    assert account.email in str(refused)
    assert len(await drawn(camera)) == 1


async def test_wrong_marks_change_nothing(database: Settings, clients: Clients) -> None:
    lot = await save_lot()
    camera, other = await save_camera(lot), await save_camera(lot, [a_new_spot("B1")])
    wrong = [a_mark("A1", 0), a_mark("A1", 1), a_mark("B1", 2)]
    with pytest.raises(MarksError) as caught:
        await save_marks(clients, None, camera.id, 0, SIZE, wrong, NOW)
    assert [fault.index for fault in caught.value.faults] == [1, 2]
    assert await drawn(camera) == []
    assert len(await drawn(other)) == 1


async def test_saving_what_is_there_already_makes_no_version(database: Settings, clients: Clients) -> None:
    camera = await save_camera()
    await save_marks(clients, None, camera.id, 0, SIZE, [a_mark("A1", 0)], NOW)
    assert (await save_marks(clients, None, camera.id, 1, SIZE, await drawn(camera), after(9))).number == 1


async def test_what_was_there_before_anybody_drew_is_a_version_too(database: Settings, clients: Clients) -> None:
    camera = await save_camera(spots_seen=2)
    await save_marks(clients, None, camera.id, 0, SIZE, [a_mark("B1", 8)], NOW)
    assert [(v.number, v.spot_count) for v in await spot_versions.list_spot_versions(camera.id, 9)] == [(2, 1), (1, 2)]
    await restore(clients, None, camera.id, 1, NOW)
    assert [mark.name for mark in await drawn(camera)] == ["A1", "A2"]


async def test_a_restored_spot_comes_back_with_its_history(database: Settings, clients: Clients) -> None:
    camera, account = await save_camera(), await save_account()
    await save_marks(clients, None, camera.id, 0, SIZE, [a_mark("A1", 0), a_mark("A2", 1)], NOW)
    await look(clients, camera, 0, SpotState.OCCUPIED, "A1", "A2")
    (one, two) = await drawn(camera)
    await save_marks(clients, None, camera.id, 1, SIZE, [two, a_mark("A3", 2)], NOW)
    assert await states(camera) == {"A2": SpotState.OCCUPIED, "A3": SpotState.UNKNOWN}
    version = await restore(clients, account.id, camera.id, 1, after(5))
    assert (version.number, version.by) == (3, account.email)
    assert version.words == "version 1 again, 1 added (A1), 1 removed (A3)"
    assert await drawn(camera) == [one, two]
    assert await states(camera) == {"A1": SpotState.UNKNOWN, "A2": SpotState.OCCUPIED}
    assert [change.spot for change in await spots.list_changes(camera.lot_id, 9)] == ["A2", "A1"]


async def test_a_retired_name_may_be_given_anew_and_then_stands_in_the_way_of_a_restore(
    database: Settings, clients: Clients
) -> None:
    lot = await save_lot()
    one, other = await save_camera(lot), await save_camera(lot)
    await save_marks(clients, None, one.id, 0, SIZE, [a_mark("A1", 0)], NOW)
    await save_marks(clients, None, one.id, 1, SIZE, [], NOW)
    await save_marks(clients, None, other.id, 0, SIZE, [a_mark("A1", 3)], NOW)
    with pytest.raises(ConflictError, match="A1"):
        await restore(clients, None, one.id, 1, NOW)
    assert await drawn(one) == []


async def test_a_file_makes_a_version_as_well(database: Settings, clients: Clients) -> None:
    camera = await save_camera()
    await replace_spots(clients, camera.id, build(640, 480, [("1", [(9, 9), (90, 9), (90, 90)])]), NOW)
    (version,) = await spot_versions.list_spot_versions(camera.id, 9)
    assert (version.words, version.by, version.saved_at) == ("from a file, 1 added (1)", "", NOW)


async def test_there_is_no_version_but_those_that_were_saved(database: Settings, clients: Clients) -> None:
    camera = await save_camera(spots_seen=1)
    with pytest.raises(NotFoundError):
        await restore(clients, None, camera.id, 1, NOW)
