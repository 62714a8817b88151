"""The real node's spool and sender against the real server, away at first, on a machine whose clock is wrong."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pictures import jpeg
from processes import free_port, wait_for
from workers import web

from camera_node.backoff import Backoff
from camera_node.configuration import Limits
from camera_node.node_clock import NodeClock
from camera_node.picture import Kind, Picture, monotonic_s
from camera_node.picture_line import PictureLine
from camera_node.sender import Sender
from camera_node.server_line import OneKey
from camera_node.spool import Spool
from parkhub.db import frames as frame_rows
from parkhub.db.engine import fetch
from parkhub.domain.cameras import Camera
from parkhub.settings import Settings


class Pole:
    """A node's spool and sender; its machine's clock stands in 1970 whenever it starts."""

    def __init__(self, folder: Path, url: str, camera: str, key: str, boot: str) -> None:
        began = monotonic_s()
        self.clock = NodeClock(folder / "clock", boot=boot, wall=lambda: monotonic_s() - began)
        self.spool = Spool(folder / "spool", 10**8, clock=self.clock, reserve_bytes=0)
        self._client = httpx.Client(verify=False)
        line = PictureLine(self._client, url, camera, OneKey(key), self.clock)
        limits = Limits(pictures_per_s=50)
        self.sender = Sender(self.spool, line, lambda: limits, clock=self.clock, backoff=Backoff(lambda: 0.02))

    def take(self, seed: int, kind: Kind) -> tuple[int, float]:
        """Take a picture; its sequence and the true time."""
        wrong = datetime.fromtimestamp(100 + seed, UTC)
        picture = Picture(str(seed), jpeg(seed), "image/jpeg", wrong, kind, monotonic_s=monotonic_s())
        at_s = time.time()
        sequence = self.spool.put(picture)
        assert sequence is not None
        return sequence, at_s

    def close(self) -> None:
        self.sender.stop()
        self.spool.close()
        self._client.close()


@pytest.fixture
def poles(tmp_path: Path, enrolled: tuple[Camera, str]) -> Iterator[tuple[Pole, int, list[int]]]:
    """A node on its second start, the port where it looks for its server, and what it took on its first start."""
    port, (camera, key) = free_port(), enrolled
    url = f"http://127.0.0.1:{port}"
    before = Pole(tmp_path, url, camera.public_id, key, "never-compared")
    unsure = [before.take(seed, Kind.OVERVIEW)[0] for seed in (1, 2)]
    before.close()
    pole = Pole(tmp_path, url, camera.public_id, key, "second")
    yield pole, port, unsure
    pole.close()


async def test_pictures_of_before_arrive_each_once_in_order_by_the_server_s_time(
    server_settings: Settings, enrolled: tuple[Camera, str], poles: tuple[Pole, int, list[int]], tmp_path: Path
) -> None:
    pole, port, unsure = poles
    taken: dict[int, float] = {}
    for seed in range(3, 9):
        sequence, at_s = pole.take(seed, Kind.GATE if seed % 3 == 0 else Kind.OVERVIEW)
        taken[sequence] = at_s
        time.sleep(0.02)
    pole.sender.start()
    wait_for(lambda: pole.sender.state().trouble, "the sender to find nobody")
    with web(server_settings, tmp_path, port):
        wait_for(lambda: pole.spool.state().pictures == 0, "the spool to empty")
        sequence, at_s = pole.take(9, Kind.GATE)
        taken[sequence] = at_s
        wait_for(lambda: pole.spool.state().pictures == 0, "the live picture to be taken")
    frames = sorted(await frame_rows.list_frames(enrolled[0].id, 100), key=lambda frame: frame.captured_at)
    marked = await fetch("SELECT sequence FROM frame WHERE clock_unsure")
    assert {row["sequence"] for row in marked} == set(unsure)
    assert len(frames) == len(taken) + len(unsure)
    sure = [frame for frame in frames if frame.sequence in taken]
    assert [frame.sequence for frame in sure] == sorted(taken)
    assert all(-10 < frame.captured_at.timestamp() - taken[frame.sequence] < 0.5 for frame in sure)
    assert pole.sender.state().trouble == ""
    assert pole.spool.state().refused == 0
