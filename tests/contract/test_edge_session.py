"""From pictures of a gate to a session: a node that reads them itself, and the server that is sent them."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import cv2
import httpx
import recognising
from plate_scenes import plate, scene
from processes import wait_for
from workers import web

from camera_node.backoff import Backoff
from camera_node.configuration import Edge, Limits
from camera_node.edge.recognition import Recognition
from camera_node.node_clock import NodeClock
from camera_node.picture import Kind, Picture, monotonic_s
from camera_node.picture_line import PictureLine
from camera_node.sender import Sender
from camera_node.server_line import OneKey, ServerLine
from camera_node.spool import Spool
from parkhub.clients import Clients
from parkhub.db import cameras as camera_rows
from parkhub.db import frames as frame_rows
from parkhub.db import passages as passage_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.cameras import Camera, CameraRole, Gate, Inward
from parkhub.domain.frames import Frame, FrameStatus
from parkhub.domain.passages import GatePassage
from parkhub.domain.sessions import ParkingSession, SessionState
from parkhub.services import cameras, edge, lots
from parkhub.services.frames import Upload, accept_frame
from parkhub.settings import Settings
from tasks.engines import Engines
from tasks.frames import CameraTurns, read_frame
from tasks.vision.picture import Picture as Pixels


def jpeg(picture: Pixels) -> bytes:
    return cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()


class Post:
    """A node at a gate, as `camera_node.node` puts its parts together."""

    def __init__(self, folder: Path, url: str, camera: Camera, key: str, version: str) -> None:
        self._client = httpx.Client()
        self.clock = NodeClock(folder / "clock")
        where = url, camera.public_id, OneKey(key), self.clock
        self.recognition = Recognition(
            ServerLine(self._client, *where), folder / "edge", lambda: (Edge(enabled=True), version), print
        )
        self.spool = Spool(folder / "spool", 10**8, clock=self.clock, reserve_bytes=0)
        limits = Limits(pictures_per_s=50)
        self.sender = Sender(
            self.spool,
            PictureLine(self._client, *where),
            lambda: limits,
            clock=self.clock,
            backoff=Backoff(lambda: 0.02),
            in_place_of=self.recognition.in_place_of_waiting,
        )

    def take(self, data: bytes, ago_s: float) -> int:
        """Take a picture a while ago; how many bytes wait to leave in its place."""
        at = datetime.now(UTC) - timedelta(seconds=ago_s)
        taken = Picture("gate", data, "image/jpeg", at, kind=Kind.GATE, monotonic_s=monotonic_s() - ago_s)
        leaves = self.recognition.in_place_of(taken)
        assert leaves is not None
        assert leaves.media_type == "application/json"
        assert self.spool.put(leaves) is not None
        return len(leaves.data)

    def close(self) -> None:
        self.sender.stop()
        self.spool.close()
        self._client.close()


async def a_gate(clients: Clients, name: str) -> tuple[Camera, str]:
    """A camera at the only gate of its own car park, and its key."""
    lot = await lots.create_lot(name, "1 Quay", "Europe/Dublin")
    camera, key = await cameras.create_camera(lot.slug, "Gate")
    await camera_rows.set_gate(camera.id, Gate(CameraRole.BOTH, "gb", Inward.DOWN))
    camera = await camera_rows.get_camera(camera.id)
    await recognising.switch(clients, camera)
    return await camera_rows.get_camera(camera.id), key


def a_visit() -> list[tuple[float, bytes]]:
    """A car that comes in and leaves: how long ago in seconds, and the picture."""
    drawn = plate(["BD52KTV"])
    down = [jpeg(scene([(drawn, (400.0, 200.0 + 45 * look, 190.0, 41.0))], seed=2)) for look in range(4)]
    coming = [(1200.0 - 0.4 * number, picture) for number, picture in enumerate(down)]
    return [*coming, *((60.0 - 0.4 * number, picture) for number, picture in enumerate(reversed(down)))]


async def test_reads_come_in_the_place_of_pictures_and_make_the_same_session(
    server_settings: Settings, clients: Clients, tmp_path: Path
) -> None:
    (camera, key), (twin, _) = await a_gate(clients, "Harbour Street"), await a_gate(clients, "Mill Lane")
    version = str((await edge.describe(camera))["version"])
    with (
        web(server_settings, tmp_path) as (_, url),
        closing(Post(tmp_path / "post", url, camera, key, version)) as post,
    ):
        assert not post.recognition.step()
        assert post.recognition.trouble == ""
        for ago_s, picture in a_visit():
            assert post.take(picture, ago_s) < len(picture) / 4
        post.sender.start()
        wait_for(lambda: post.spool.state().pictures == 0, "the reads to be taken")
        assert post.spool.state().refused == 0
    here = await read_all(clients, server_settings, camera)
    for number, (frame, (_, picture)) in enumerate(zip(here, a_visit(), strict=True)):
        upload = Upload(number, frame.captured_at, picture, str(number), "image/jpeg", datetime.now(UTC))
        await accept_frame(clients, server_settings, twin, upload)
    await read_all(clients, server_settings, twin)
    assert {frame.has_picture for frame in here} == {False}
    ours, theirs = [await passages_of(each) for each in (camera, twin)]
    assert ours == theirs
    assert [passage[:3] for passage in ours] == [("BD52KTV", "entry", "accepted"), ("BD52KTV", "exit", "accepted")]
    sessions = [await session_of(each) for each in (camera, twin)]
    assert sessions[0] == sessions[1]
    assert sessions[0].state is SessionState.CLOSED
    for passage in await passages_at(camera):
        assert passage.crop_key.endswith(".jpg")
        assert (await clients.pictures.get(passage.crop_key)).startswith(b"\xff\xd8")


async def read_all(clients: Clients, settings: Settings, camera: Camera) -> list[Frame]:
    """Every frame of a camera, read in the order of capture."""
    ctx = {"clients": clients, "engines": Engines(settings), "turns": CameraTurns()}
    frames = sorted(await frame_rows.list_frames(camera.id, 20), key=lambda frame: frame.captured_at)
    for frame in frames:
        await read_frame(ctx, frame.id)
    found = [await frame_rows.get_frame(frame.id) for frame in frames]
    assert [frame.error for frame in found if frame.status is not FrameStatus.READ] == []
    return found


async def passages_at(camera: Camera) -> list[GatePassage]:
    now = datetime.now(UTC)
    return await passage_rows.list_passages(camera.id, now - timedelta(hours=1), now)


async def passages_of(camera: Camera) -> list[tuple[Any, ...]]:
    """What a camera's passages say that does not depend on who looked."""
    return [
        (p.plate, p.direction, p.state.value, p.why, p.outcome, p.first_at, p.last_at, p.frames, round(p.confidence, 3))
        for p in await passages_at(camera)
    ]


async def session_of(camera: Camera) -> ParkingSession:
    """The only session of a camera's car park, without what tells car parks apart."""
    (passage, *_) = await passages_at(camera)
    assert passage.session_id is not None
    found = await session_rows.get_session(passage.session_id)
    return replace(found, id=0, lot_id=0, ticket="", entry_passage_id=0, exit_passage_id=0)
