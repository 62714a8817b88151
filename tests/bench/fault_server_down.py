"""A server that is killed for ten minutes while a node takes two pictures a second, and comes back.

The real application (web and vision process, Redis, SQLite), the node's own spool and sender. Every tenth picture is
one of a gate. Says how long pictures take from their capture to their acceptance before and after, whether all are in
the database, each once and in the order in which they were taken, and how fast they came when the server was back.

    python tests/bench/fault_server_down.py [--calm 120] [--down 600] [--rate 2] [--pictures-per-s 4]
"""

import argparse
import asyncio
import io
import json
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx
import servers
from builders import KEY, a_camera, save_camera, save_lot
from PIL import Image
from processes import free_port, running, wait_for
from servers import listens
from workers import ROOT, environment, picture_of, places, worker

from camera_node.configuration import Limits
from camera_node.node_clock import NodeClock
from camera_node.picture import Kind, Picture, monotonic_s
from camera_node.picture_line import Answer, PictureLine
from camera_node.sender import Sender
from camera_node.server_line import OneKey
from camera_node.spool import Spool
from parkhub.db import frames as frame_rows
from parkhub.db.engine import close_database, migrate, open_database
from parkhub.domain.frames import Frame
from parkhub.settings import Settings, load_settings

GATE_EVERY = 10
SIZE = (960, 540)


class CountedLine(PictureLine):
    """Counts how often the server was asked."""

    asked = 0

    def send(self, *given: object, **named: object) -> Answer:  # type: ignore[override]
        """See `PictureLine`."""
        self.asked += 1
        return super().send(*given, **named)  # type: ignore[arg-type]


class TimedSpool(Spool):
    """Remembers when each picture was taken and when it was accepted."""

    def __init__(self, *given: object, **named: object) -> None:
        super().__init__(*given, **named)  # type: ignore[arg-type]
        self.taken: dict[int, tuple[float, Kind]] = {}
        self.accepted: dict[int, float] = {}

    def done(self, sequence: int) -> None:
        """See `Spool`."""
        self.accepted[sequence] = time.monotonic()
        super().done(sequence)


async def set_up(settings: Settings) -> tuple[int, str]:
    await migrate(settings)
    await open_database(settings)
    camera = await save_camera(await save_lot(), places(8), public_id=a_camera().public_id)
    await close_database()
    return camera.id, camera.public_id


def draw(number: int) -> bytes:
    """About 60 KB, another for each number."""
    chance = random.Random(number)
    picture = picture_of(8, {number % 8}).resize(SIZE)
    grain = Image.frombytes("L", SIZE, chance.randbytes(SIZE[0] * SIZE[1])).convert("RGB")
    file = io.BytesIO()
    Image.blend(picture, grain, 0.04).save(file, "JPEG", quality=80)
    return file.getvalue()


class Camera(threading.Thread):
    """Takes pictures at a rate until it is told to end."""

    def __init__(self, spool: TimedSpool, rate: float) -> None:
        super().__init__(daemon=True)
        self._spool, self._gap_s = spool, 1 / rate
        self.ended = threading.Event()

    def run(self) -> None:
        number, due = 0, time.monotonic()
        while not self.ended.is_set():
            data = draw(number)
            kind = Kind.GATE if number % GATE_EVERY == 0 else Kind.OVERVIEW
            began = time.monotonic()
            picture = Picture(str(number), data, "image/jpeg", datetime.now(UTC), kind, monotonic_s=monotonic_s())
            sequence = self._spool.put(picture)
            assert sequence is not None
            self._spool.taken[sequence] = (began, kind)
            number += 1
            due += self._gap_s
            self.ended.wait(max(0.0, due - time.monotonic()))


def quantiles(spool: TimedSpool, kind: Kind, begin: float, end: float) -> dict[str, float]:
    """Of pictures taken in that time: milliseconds from capture to acceptance."""
    took = sorted(
        1000 * (spool.accepted[sequence] - at)
        for sequence, (at, of) in spool.taken.items()
        if of is kind and begin <= at < end and sequence in spool.accepted
    )
    if len(took) < 2:
        return {"pictures": len(took)}
    at = statistics.quantiles(took, n=100, method="inclusive")
    return {"pictures": len(took), "p50_ms": round(at[49], 1), "p99_ms": round(at[98], 1), "max_ms": round(took[-1], 1)}


def run(settings: Settings, folder: Path, given: argparse.Namespace) -> dict[str, object]:
    camera_id, public_id = asyncio.run(set_up(settings))
    clock = NodeClock(folder / "clock")
    with ExitStack() as stack:
        stack.enter_context(worker("vision", settings, folder))
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        first = ExitStack()
        first.enter_context(web_at(port, settings, folder))
        wait_for(lambda: listens(port), "the web process")
        client = stack.enter_context(httpx.Client())
        spool = stack.enter_context(TimedSpool(folder / "spool", 2 * 10**9, clock=clock))
        line = CountedLine(client, address, public_id, OneKey(KEY), clock)
        limits = Limits(pictures_per_s=given.pictures_per_s)
        sender = Sender(spool, line, lambda: limits, clock=clock, tell=lambda said: print(said, file=sys.stderr))
        camera = Camera(spool, given.rate)
        sender.start()
        camera.start()
        calm_from = time.monotonic()
        time.sleep(given.calm)
        down_from, asked = time.monotonic(), line.asked
        first.close()  # killed
        time.sleep(given.down)
        tries = line.asked - asked
        waiting = spool.state().pictures
        stack.enter_context(web_at(port, settings, folder))
        wait_for(lambda: listens(port), "the web process")
        back = time.monotonic()
        wait_for(lambda: spool.state().pictures < 3, "the spool to empty", 3600)
        empty = time.monotonic()
        time.sleep(20)
        camera.ended.set()
        camera.join()
        wait_for(lambda: spool.state().pictures == 0, "the spool to empty", 60)
        sender.stop()
        state = spool.state()
    frames = asyncio.run(read_frames(settings, camera_id))
    by_capture = sorted(frames, key=lambda frame: frame.captured_at)
    offset = time.time() - time.monotonic()
    off_s = [abs(frame.captured_at.timestamp() - offset - spool.taken[frame.sequence][0]) for frame in frames]
    came = [frame.received_at.timestamp() - offset - back for frame in frames]
    flush = [at for at in came if 0 <= at <= empty - back]
    firsts = [spool.accepted[sequence] - back for sequence in spool.accepted if spool.accepted[sequence] > back]
    return {
        "fault": "server down",
        "taken": len(spool.taken),
        "stored": len({frame.sequence for frame in frames} & spool.taken.keys()),
        "rows": len(frames),
        "lost": len(spool.taken.keys() - {frame.sequence for frame in frames}),
        "in_order_of_capture": [frame.sequence for frame in by_capture] == sorted(spool.taken),
        "capture_time_off_max_s": round(max(off_s), 3),
        "dropped_or_refused": state.dropped_overview + state.dropped_gate + state.refused + state.damaged,
        "waited_when_back": waiting,
        "tries_while_down": tries,
        "first_accepted_after_s": round(min(firsts), 2),
        "empty_after_s": round(empty - back, 1),
        "flush_per_s_mean": round(len(flush) / (empty - back), 2),
        "flush_per_s_most_in_1_s": max(Counter(int(at) for at in flush).values()),
        "flush_per_s_most_in_10_s": max(Counter(int(at / 10) for at in flush).values()) / 10,
        "calm_overview": quantiles(spool, Kind.OVERVIEW, calm_from + 5, down_from - 5),
        "calm_gate": quantiles(spool, Kind.GATE, calm_from + 5, down_from - 5),
        "flushing_gate": quantiles(spool, Kind.GATE, back + 30, empty),
    }


@contextmanager
def web_at(port: int, settings: Settings, folder: Path) -> Iterator[None]:
    """The web process at a port of our choice, killed at the end."""
    command = [sys.executable, "-m", "parkhub.cli.serve"]
    with running(command, folder, {**environment(settings), "PARKHUB_PORT": str(port)}, cwd=ROOT) as program:
        yield
        assert program.process.poll() is None, program.stderr


async def read_frames(settings: Settings, camera_id: int) -> list[Frame]:
    await open_database(settings)
    try:
        return list(await frame_rows.list_frames(camera_id, 1_000_000))
    finally:
        await close_database()


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calm", type=float, default=120)
    parser.add_argument("--down", type=float, default=600)
    parser.add_argument("--rate", type=float, default=2)
    parser.add_argument("--pictures-per-s", type=float, default=4)
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parkhub-fault-"))
    try:
        with servers.redis() as address:
            settings = load_settings(data_dir=folder / "data", redis_url=f"unix://{address}")
            print(json.dumps(run(settings, folder, given), indent=2), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
