import asyncio
import json
from dataclasses import replace

import pytest
from builders import NOW, after, new_spots, save_camera, save_frame, save_lot, seen, stand_ins
from pictures import encode
from PIL import Image
from queues import QueueAway

from parkhub.clients import Clients
from parkhub.clients.queue import QueueName
from parkhub.db import cameras, lots, spot_imports, spots
from parkhub.domain.cameras import Camera, SpotImportStatus, SpotsFileKind
from parkhub.domain.spots import SpotState
from parkhub.domain.spots_file import SpotsFile, build, parse_spots_json
from parkhub.errors import ConflictError, NotFoundError, ParkHubError, SpotsFileError, TooLargeError
from parkhub.services.looks import Seen, expire_stale, save_look
from parkhub.services.spots import fail_import, finish_import, replace_spots, request_import
from parkhub.settings import Settings, load_settings

SETTINGS = load_settings()
FREE, OCCUPIED, UNKNOWN = SpotState.FREE, SpotState.OCCUPIED, SpotState.UNKNOWN


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


def a_file(*names: str, width: float = 400, height: float = 200) -> SpotsFile:
    """Spots side by side, drawn on a map of their own."""
    rows = [
        {
            "id": name,
            "polygon": [[10 + 50 * at, 10], [50 + 50 * at, 10], [50 + 50 * at, 80], [10 + 50 * at, 80]],
            "plan": {"shape": "up", "x": 10 + 30 * at, "y": 10, "width": 22, "height": 46},
        }
        for at, name in enumerate(names)
    ]
    return parse_spots_json(json.dumps({"size": [640, 480], "plan_size": [width, height], "spots": rows}).encode())


async def look(clients: Clients, camera: Camera, at_s: float, state: SpotState, *names: str) -> None:
    frame = await save_frame(camera, captured_at=after(at_s))
    await save_look(clients, frame.id, Seen(seen(state, *names), 1))


async def states(camera: Camera) -> dict[str, SpotState]:
    return {name: track.state for name, track in (await spots.load_tracks(camera.id)).items()}


class TestReplacing:
    async def test_the_file_s_spots_and_map_become_the_camera_s(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        assert await replace_spots(clients, camera.id, a_file("A1", "A2", width=300, height=150), NOW) == 2
        assert [spot.name for spot in await spots.list_camera_spots(camera.id)] == ["A1", "A2"]
        lot = await lots.get_lot(camera.lot_id)
        assert (lot.plan_width, lot.plan_height) == (300, 150)
        assert (await cameras.get_camera(camera.id)).marked_on == (640, 480)
        assert clients.live.announced == [f"lot:{lot.id}"]

    async def test_a_spot_that_keeps_its_name_keeps_its_state(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        await replace_spots(clients, camera.id, a_file("A1", "A2"), NOW)
        await look(clients, camera, 0, OCCUPIED, "A1", "A2")
        await replace_spots(clients, camera.id, a_file("A2", "A3"), NOW)
        assert await states(camera) == {"A2": OCCUPIED, "A3": UNKNOWN}

    async def test_a_name_of_another_camera_of_the_lot_is_refused_and_nothing_changes(
        self, database: Settings, clients: Clients
    ) -> None:
        lot = await save_lot()
        one, other = await save_camera(lot), await save_camera(lot)
        await replace_spots(clients, one.id, a_file("A1", "A2"), NOW)
        with pytest.raises(ConflictError, match="A2"):
            await replace_spots(clients, other.id, a_file("B1", "A2"), NOW)
        assert await spots.list_camera_spots(other.id) == []

    async def test_two_cameras_with_maps_of_their_own_are_drawn_one_below_the_other(
        self, database: Settings, clients: Clients
    ) -> None:
        lot = await save_lot()
        one, other = await save_camera(lot), await save_camera(lot)
        await replace_spots(clients, one.id, a_file("A1", width=300, height=80), NOW)
        await replace_spots(clients, other.id, a_file("B1", width=500, height=90), NOW)
        plans = {spot.name: spot.plan for spot in await spots.list_spots(lot.id)}
        assert plans["B1"].y >= plans["A1"].y + plans["A1"].height
        drawn = await lots.get_lot(lot.id)
        assert (drawn.plan_width, drawn.plan_height) == (500, plans["A1"].y + plans["A1"].height + 90)

    async def test_two_cameras_of_a_lot_marked_at_once_take_turns(self, database: Settings, clients: Clients) -> None:
        for _ in range(10):
            lot = await save_lot()
            one, other = await save_camera(lot), await save_camera(lot)
            files = {
                one.id: build(100, 100, [(str(n), ((1, 1), (9, 1), (9, 9), (1, 9))) for n in range(30)]),
                other.id: build(100, 100, [(str(n), ((51, 51), (59, 51), (59, 59), (51, 59))) for n in range(30)]),
            }
            answers = await asyncio.gather(
                *(replace_spots(clients, camera_id, file, NOW) for camera_id, file in files.items()),
                return_exceptions=True,
            )
            assert sorted(type(answer) for answer in answers if answer != 30) == [ConflictError]
            for spot in await spots.list_spots(lot.id):
                assert spot.polygon == files[spot.camera_id].spots[0].polygon

    async def test_maps_drawn_at_once_do_not_cover_each_other(self, database: Settings, clients: Clients) -> None:
        for _ in range(10):
            lot = await save_lot()
            one, other = await save_camera(lot), await save_camera(lot)
            await asyncio.gather(
                replace_spots(clients, one.id, a_file("A1", width=300, height=80), NOW),
                replace_spots(clients, other.id, a_file("B1", width=500, height=90), NOW),
            )
            first, second = sorted((spot.plan for spot in await spots.list_spots(lot.id)), key=lambda plan: plan.y)
            assert second.y >= first.y + first.height

    async def test_loading_a_file_again_does_not_make_the_map_grow(
        self, sqlite_open: Settings, clients: Clients
    ) -> None:
        lot = await save_lot()
        one, other = await save_camera(lot), await save_camera(lot)
        await replace_spots(clients, one.id, a_file("A1", width=300, height=80), NOW)
        await replace_spots(clients, other.id, a_file("B1", width=500, height=90), NOW)
        sizes = []
        for _ in range(3):
            await replace_spots(clients, other.id, a_file("B1", width=500, height=90), NOW)
            sizes.append((await lots.get_lot(lot.id)).plan_height)
        assert len(set(sizes)) == 1

    async def test_cameras_that_share_the_lot_s_map_stay_where_the_files_put_them(
        self, database: Settings, clients: Clients
    ) -> None:
        lot = await save_lot(plan_width=400.0, plan_height=200.0)
        one, other = await save_camera(lot), await save_camera(lot)
        await replace_spots(clients, one.id, a_file("A1"), NOW)
        await replace_spots(clients, other.id, a_file("B1"), NOW)
        assert {spot.plan.y for spot in await spots.list_spots(lot.id)} == {10}


class TestImporting:
    async def test_a_file_is_kept_and_asked_to_be_read(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        wish = await request_import(clients, SETTINGS, camera.id, b"pickle", SpotsFileKind.CARPARKPOS, NOW, (107, 48))
        assert (wish.status, wish.box) == (SpotImportStatus.WAITING, (107, 48))
        assert clients.pictures.files == {wish.file_key: b"pickle"}
        assert clients.queue.jobs == [(QueueName.FRAMES, "read_spots_file", (wish.id,), f"spots:{wish.id}")]

    @pytest.mark.parametrize(
        ("data", "error"), [(b"", SpotsFileError), (b"x" * (8 * 1024 * 1024 + 1), TooLargeError)], ids=["empty", "huge"]
    )
    async def test_a_file_that_is_none_is_refused_at_once(
        self, sqlite_open: Settings, clients: Clients, data: bytes, error: type[Exception]
    ) -> None:
        camera = await save_camera()
        with pytest.raises(error):
            await request_import(clients, SETTINGS, camera.id, data, SpotsFileKind.JSON, NOW)
        assert clients.pictures.files == {}

    async def test_a_queue_that_is_away_leaves_the_file_to_be_asked_for_later(
        self, sqlite_open: Settings, clients: Clients
    ) -> None:
        camera = await save_camera()
        wish = await request_import(
            replace(clients, queue=QueueAway()), SETTINGS, camera.id, b"{}", SpotsFileKind.JSON, NOW
        )
        assert list(clients.pictures.files) == [wish.file_key]
        assert await spot_imports.list_stuck(after(1)) == [wish.id]

    @pytest.mark.parametrize(
        ("size", "error"), [((6000, 6000), TooLargeError), (None, ParkHubError)], ids=["too many pixels", "no picture"]
    )
    async def test_a_mask_is_proven_like_any_picture(
        self, sqlite_open: Settings, clients: Clients, size: tuple[int, int] | None, error: type[Exception]
    ) -> None:
        camera = await save_camera()
        data = encode(Image.new("L", size), "PNG") if size else b"no picture"
        with pytest.raises(error):
            await request_import(clients, SETTINGS, camera.id, data, SpotsFileKind.MASK, NOW)
        assert clients.pictures.files == {}

    async def test_an_unknown_camera_keeps_no_file(self, sqlite_open: Settings, clients: Clients) -> None:
        with pytest.raises(NotFoundError):
            await request_import(clients, SETTINGS, 4711, b"x", SpotsFileKind.JSON, NOW)
        assert clients.pictures.files == {}

    async def test_an_import_comes_into_effect_once(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera()
        wish = await request_import(clients, SETTINGS, camera.id, b"x", SpotsFileKind.JSON, NOW)
        assert await finish_import(clients, wish, a_file("A1", "A2"))
        assert not await finish_import(clients, wish, a_file("C1"))
        ended = await spot_imports.get_spot_import(wish.id)
        assert (ended.status, ended.spot_count) == (SpotImportStatus.DONE, 2)
        assert [spot.name for spot in await spots.list_camera_spots(camera.id)] == ["A1", "A2"]
        assert clients.pictures.files == {}

    async def test_an_import_that_contradicts_another_camera_can_still_fail_with_the_reason(
        self, database: Settings, clients: Clients
    ) -> None:
        lot = await save_lot()
        one, other = await save_camera(lot, 1), await save_camera(lot)
        assert one.id != other.id
        wish = await request_import(clients, SETTINGS, other.id, b"x", SpotsFileKind.JSON, NOW)
        with pytest.raises(ConflictError) as caught:
            await finish_import(clients, wish, a_file("A1"))
        await fail_import(clients, wish, str(caught.value))
        ended = await spot_imports.get_spot_import(wish.id)
        assert (ended.status, ended.error) == (SpotImportStatus.FAILED, str(caught.value))
        assert clients.pictures.files == {}


class TestExpiring:
    async def test_spots_nobody_has_seen_for_long_turn_unknown_and_it_is_told(
        self, database: Settings, clients: Clients
    ) -> None:
        camera = await save_camera(spots_seen=2, stale_after_s=60.0)
        await look(clients, camera, 0, FREE, "A1", "A2")
        clients.live.announced.clear()
        assert await expire_stale(clients, after(59.9)) == 0
        assert await expire_stale(clients, after(63)) == 2
        assert await states(camera) == {"A1": UNKNOWN, "A2": UNKNOWN}
        last = (await spots.list_changes(camera.lot_id, 1))[0]
        assert (last.before, last.after, last.at) == (FREE, UNKNOWN, after(60))
        assert clients.live.announced == [f"lot:{camera.lot_id}"]

    async def test_they_turn_unknown_once(self, database: Settings, clients: Clients) -> None:
        camera = await save_camera(spots_seen=2, stale_after_s=60.0)
        await look(clients, camera, 0, FREE, "A1", "A2")
        assert [await expire_stale(clients, after(at_s)) for at_s in (70, 75, 80)] == [2, 0, 0]
        assert len(await spots.list_changes(camera.lot_id, 100)) == 4

    async def test_every_camera_has_its_own_patience(self, database: Settings, clients: Clients) -> None:
        lot = await save_lot()
        hasty = await save_camera(lot, new_spots(1, "A"), stale_after_s=10.0)
        patient = await save_camera(lot, new_spots(1, "B"), stale_after_s=100.0)
        await look(clients, hasty, 0, FREE, "A1")
        await look(clients, patient, 0, FREE, "B1")
        assert await expire_stale(clients, after(50)) == 1
        assert (await states(hasty), await states(patient)) == ({"A1": UNKNOWN}, {"B1": FREE})

    async def test_a_camera_that_never_looked_has_nothing_to_lose(
        self, sqlite_open: Settings, clients: Clients
    ) -> None:
        await save_camera(spots_seen=3)
        assert await expire_stale(clients, after(10_000)) == 0
