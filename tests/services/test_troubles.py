"""New views of cameras, on both databases."""

import pytest
from builders import NOW, after, new_spots, save_camera, save_frame, seen, stand_ins
from structlog.testing import capture_logs

from parkhub.clients import Clients
from parkhub.db import cameras, spots, troubles
from parkhub.domain.cameras import Camera, CameraTrouble
from parkhub.domain.spots import SpotState
from parkhub.domain.spots_file import SpotsFile
from parkhub.domain.trust import Trouble, TrustTrack
from parkhub.services.looks import Seen, save_look
from parkhub.services.spots import replace_spots
from parkhub.services.troubles import Sight, accept_view, memory_folder
from parkhub.settings import Settings


@pytest.fixture
def clients() -> Clients:
    return stand_ins()


@pytest.fixture
async def moved(database: Settings, clients: Clients) -> Camera:
    """A camera that somebody has turned; its trouble lasts since ten seconds after NOW."""
    camera = await save_camera(spots_seen=1)
    for at_s, doubt in [(0, None), (10, Trouble.MOVED), (20, Trouble.MOVED)]:
        frame = await save_frame(camera, captured_at=after(at_s))
        found = Seen(seen(SpotState.FREE, "A1"), 1, sight=Sight(0, doubt))
        await save_look(clients, frame.id, found)
    await clients.pictures.put(f"{memory_folder(camera.id)}/0", b"the old view")
    await clients.pictures.put(f"memory/{camera.id}/difference", b"an engine's")
    found = await cameras.get_camera(camera.id)
    assert found.trust.trouble is Trouble.MOVED
    return found


async def test_an_accepted_view_ends_the_trouble_and_the_next_picture_is_the_reference(
    clients: Clients, moved: Camera
) -> None:
    with capture_logs() as logs:
        await accept_view(clients, moved, after(60))
    found = await cameras.get_camera(moved.id)
    assert (found.reference, found.trust) == (1, TrustTrack())
    assert await troubles.list_troubles(moved.id, 9) == [CameraTrouble(Trouble.MOVED, after(10), after(60))]
    assert list(clients.pictures.files) == [f"memory/{moved.id}/difference"]
    assert [entry["event"] for entry in logs] == ["camera.view_accepted", "camera.trouble_ended"]
    assert (await spots.load_tracks(moved.id))["A1"].state is SpotState.UNKNOWN


async def test_spots_marked_anew_are_compared_with_a_new_view(clients: Clients, moved: Camera) -> None:
    file = SpotsFile(width=640, height=480, plan_width=400, plan_height=300, spots=tuple(new_spots(2)))
    await replace_spots(clients, moved.id, file, NOW)
    found = await cameras.get_camera(moved.id)
    assert (found.reference, found.trust) == (1, TrustTrack())
    assert await troubles.list_troubles(moved.id, 9) == [CameraTrouble(Trouble.MOVED, after(10), after(20))]
    assert f"{memory_folder(moved.id)}/0" not in clients.pictures.files


async def test_a_look_begun_before_says_nothing_about_the_new_view(clients: Clients, moved: Camera) -> None:
    await accept_view(clients, moved, after(60))
    for at_s in (70, 80):
        frame = await save_frame(moved, captured_at=after(at_s))
        await save_look(clients, frame.id, Seen(seen(SpotState.UNKNOWN, "A1"), 1, sight=Sight(0, Trouble.MOVED)))
    assert (await cameras.get_camera(moved.id)).trust.trouble is None


async def test_accepting_a_view_that_nobody_doubted_tells_nobody(database: Settings, clients: Clients) -> None:
    camera = await save_camera(spots_seen=1)
    await accept_view(clients, camera, after(60))
    assert await troubles.list_troubles(camera.id, 9) == []
    assert clients.live.announced == []
