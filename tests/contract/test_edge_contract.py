"""The real node's recognition of places over the line to the real server, beside pictures that are sent."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import recognising
from pictures import encode
from processes import wait_for
from workers import a_row, picture_of, places, web

from camera_node.backoff import Backoff
from camera_node.configuration import Edge, Limits
from camera_node.edge.recognition import Recognition
from camera_node.node_clock import NodeClock
from camera_node.picture import Picture, monotonic_s
from camera_node.picture_line import PictureLine
from camera_node.sender import Sender
from camera_node.server_line import OneKey, ServerLine
from camera_node.spool import Spool
from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import spots as spot_rows
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import Frame
from parkhub.domain.spots import SpotState
from parkhub.services import cameras, edge, lots
from parkhub.services.frames import Upload, accept_frame
from parkhub.settings import Settings
from tasks.engines import Engines as ServerEngines
from tasks.frames import CameraTurns, read_frame

SURE_WITHIN = 1e-3


def bent(data: bytes) -> bytes:
    """The same number of other bytes."""
    return data[:-1] + bytes([data[-1] ^ 1])


class BendingWay(httpx.HTTPTransport):
    """A way to the server on which a file may change."""

    bends = True

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = super().handle_request(request)
        if self.bends and request.url.path.endswith(".onnx"):
            answer.read()
            return httpx.Response(answer.status_code, headers=answer.headers, content=bent(answer.content))
        return answer


async def enrolled(clients: Clients, name: str) -> tuple[Camera, str]:
    """A camera of its own car park with six places, and its key."""
    lot = await lots.create_lot(name, "1 Quay", "Europe/Dublin")
    camera, key = await cameras.create_camera(lot.slug, "Mast")
    await spot_rows.replace_camera_spots(camera.id, places(6))
    await camera_rows.set_marked_on(camera.id, 640, 360)
    await recognising.switch(clients, camera)
    return await camera_rows.get_camera(camera.id), key


class Pole:
    """A node's recognition, spool and sender, as `camera_node.node` puts them together."""

    def __init__(self, folder: Path, url: str, camera: Camera, key: str) -> None:
        self.way = BendingWay()
        self._client = httpx.Client(transport=self.way)
        self._pictures = httpx.Client()
        self.clock = NodeClock(folder / "clock")
        self.edge, self.version, self.said = Edge(enabled=True), "", list[str]()
        where = url, camera.public_id, OneKey(key), self.clock
        self.recognition = Recognition(
            ServerLine(self._client, *where),
            folder / "edge",
            lambda: (self.edge, self.version or None),
            self.said.append,
        )
        self.spool = Spool(folder / "spool", 10**8, clock=self.clock, reserve_bytes=0)
        line = PictureLine(self._pictures, *where)
        limits = Limits(pictures_per_s=50)
        self.sender = Sender(self.spool, line, lambda: limits, clock=self.clock, backoff=Backoff(lambda: 0.02))

    def take(self, data: bytes) -> Picture | None:
        """Take a picture; what is to leave in its place."""
        now = datetime.now(UTC)
        return self.recognition.in_place_of(Picture("now", data, "image/jpeg", now, monotonic_s=monotonic_s()))

    def close(self) -> None:
        self.sender.stop()
        self.spool.close()
        self._client.close()
        self._pictures.close()


@pytest.fixture
def pole_at() -> Iterator[Callable[[Path, str, Camera, str], Pole]]:
    """Make a node; it is closed however the test ends."""
    made: list[Pole] = []

    def make(folder: Path, url: str, camera: Camera, key: str) -> Pole:
        made.append(Pole(folder, url, camera, key))
        return made[-1]

    yield make
    for pole in made:
        pole.close()


async def test_states_come_in_the_place_of_pictures_and_count_as_they_would(
    server_settings: Settings,
    clients: Clients,
    tmp_path: Path,
    pole_at: Callable[[Path, str, Camera, str], Pole],
) -> None:
    (camera, key), (twin, _) = await enrolled(clients, "Harbour Street"), await enrolled(clients, "Mill Lane")
    taken = [{0, 3}, {0, 3, 5}, {1}]
    with web(server_settings, tmp_path) as (_, url):
        pole = pole_at(tmp_path / "pole", url, camera, key)
        nothing_leaves_while_the_file_is_another(pole, str((await edge.describe(camera))["version"]))
        pole.way.bends = False
        assert not pole.recognition.step()
        assert pole.recognition.trouble == ""
        for places_taken in taken:
            results = pole.take(a_row(6, places_taken))
            assert results is not None
            assert results.media_type == "application/json"
            assert pole.spool.put(results) is not None
        pole.sender.start()
        wait_for(lambda: pole.spool.state().pictures == 0, "the results to be taken")
        assert pole.spool.state().refused == 0
        here = await read_all(clients, server_settings, camera)
        assert [frame.has_picture for frame in here] == [False] * 3
    there = []
    for number, places_taken in enumerate(taken):
        data, at = a_row(6, places_taken), here[number].captured_at
        upload = Upload(number, at, data, str(number), "image/jpeg", datetime.now(UTC))
        await accept_frame(clients, server_settings, twin, upload)
    there = await read_all(clients, server_settings, twin)
    for ours, theirs in zip(here, there, strict=True):
        assert (ours.status, ours.width, ours.height) == (theirs.status, theirs.width, theirs.height)
        assert await same_opinions(ours, theirs)
    states = [await spot_rows.load_tracks(each.id) for each in (camera, twin)]
    shown = [[track.state for track in each.values()] for each in states]
    assert shown[0] == shown[1]
    assert SpotState.OCCUPIED in shown[0]
    without_the_server_it_goes_on(pole_at(tmp_path / "pole-again", url, camera, key), pole, tmp_path)


def nothing_leaves_while_the_file_is_another(pole: Pole, version: str) -> None:
    assert pole.take(a_row(6, {0})) is None
    assert "No picture leaves" in pole.recognition.trouble
    pole.version = version
    assert pole.recognition.step()
    assert "another SHA-256" in pole.recognition.trouble
    assert "No picture leaves" in pole.recognition.trouble
    assert pole.take(a_row(6, {0})) is None
    pole.edge = Edge(enabled=True, pictures_if_broken=True)
    allowed = pole.take(a_row(6, {0}))
    assert allowed is not None
    assert allowed.media_type == "image/jpeg"
    assert "No picture leaves" not in pole.recognition.trouble
    pole.edge = Edge(enabled=True)


def without_the_server_it_goes_on(again: Pole, before: Pole, folder: Path) -> None:
    """On another start, from what is on disk; but not from a file that has changed there."""
    (folder / "pole-again").mkdir(exist_ok=True)
    (folder / "pole" / "edge").rename(folder / "pole-again" / "edge")
    first, second = again.take(a_row(6, {2})), before.take(a_row(6, {2}))
    assert first is not None
    assert second is not None
    assert first.data == second.data
    broken = encode(picture_of(6, {2}))[:2000]
    assert again.take(broken) is None
    assert again.recognition.trouble != ""


async def read_all(clients: Clients, settings: Settings, camera: Camera) -> list[Frame]:
    """Every frame of a camera, read in the order of capture."""
    ctx = {"clients": clients, "engines": ServerEngines(settings), "turns": CameraTurns()}
    frames = sorted(await frame_rows.list_frames(camera.id, 10), key=lambda frame: frame.captured_at)
    for frame in frames:
        await read_frame(ctx, frame.id)
    return [await frame_rows.get_frame(frame.id) for frame in frames]


async def same_opinions(ours: Frame, theirs: Frame) -> bool:
    """Whether two frames tell the same of all places."""
    here, there = [await frame_rows.load_observations(frame.id) for frame in (ours, theirs)]
    close = all(
        abs(one.confidence - other.confidence) <= SURE_WITHIN + 1e-9 for one, other in zip(here, there, strict=True)
    )
    return close and [(one.spot, one.state) for one in here] == [(other.spot, other.state) for other in there]
