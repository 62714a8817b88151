"""An hour of cars at a gate and places in two views, once over a line that breaks, once over a perfect one.

Two nodes (`parkhub-node run`: a folder at a gate, an RTSP camera by GStreamer) and the simulator as a third one's
source feed one server (web, vision and work process, Redis, SQLite or PostgreSQL) through two network namespaces with a
line between them that is far, loses packets and is cut every now and then. The gate's files carry the times of a whole
hour and come in ``--seconds``. Then the same pictures with the same times are sent to a second, fresh server, in the
order in which they were taken, each car decided before the next. What both servers made of them is compared.

Exit status 0: all equal that has to be, 1: not, 77: no network namespaces here.

    python tests/bench/fault_two_nodes.py [--span 3600] [--seconds 360] [--cars 8] [--cut 20] [--every 60]
        [--postgresql]
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import pytest
import servers
from bad_lines import NODE, BadLine, bad_line, inside
from cameras import rtsp_camera
from processes import wait_for
from two_nodes import (
    GATE,
    ROW,
    SIMULATED,
    Kept,
    configure,
    database,
    furnish,
    kept,
    node,
    send_again,
    server,
    until_quiet,
    waiting,
)
from two_nodes_found import Found, find
from two_nodes_story import PASS_GAP_S, GatePicture, drives, gate_pictures, launch, write_row

from parkhub.db.engine import migrate
from parkhub.db.node_configurations import list_newest
from parkhub.domain.cameras import Camera
from parkhub.domain.frames import FrameStatus
from parkhub.domain.node_configurations import Outcome
from parkhub.settings import Settings, load_settings

SKIPPED = 77
READY_S = 120.0
LOOKS, ROUNDS = 6, 10
NEVER_S = 86_400.0


def feed(pictures: list[GatePicture], folder: Path, begin: datetime, pace: float, line: BadLine, given: Any) -> None:
    """Write the gate's files when they are due, ``pace`` times as fast as told, and cut the line on the way."""
    ended, began = threading.Event(), time.monotonic()

    def cut() -> None:
        while not ended.wait(given.every - given.cut):
            line.cut = True
            ended.wait(given.cut)
            line.cut = False

    cutting = threading.Thread(target=cut)
    cutting.start()
    try:
        for picture in pictures:
            time.sleep(max(0.0, began + picture.at_s / pace - time.monotonic()))
            fresh, taken = folder / f".{picture.name}", (begin + timedelta(seconds=picture.at_s)).timestamp()
            fresh.write_bytes(picture.data)
            os.utime(fresh, (taken, taken))
            fresh.rename(folder / picture.name)
        time.sleep(max(0.0, began + given.seconds - time.monotonic()))
    finally:
        ended.set()
        cutting.join()


def over_the_bad_line(settings: Settings, folder: Path, pictures: list[GatePicture], given: Any) -> dict[str, Any]:
    """Feed the server, wait until it has everything; what the line and the nodes did."""
    gaps_s = {ROW: given.row_gap, SIMULATED: given.simulated_gap}
    cameras = asyncio.run(furnish(settings, datetime.now(UTC) - timedelta(seconds=given.span), gaps_s))
    (files := folder / "files").mkdir()
    row = launch(write_row(folder / "drawn", 120))
    with ExitStack() as stack:
        line = stack.enter_context(bad_line(given.kbit, given.delay, 0.0))
        stack.enter_context(server(settings, folder, far=True))
        camera = stack.enter_context(rtsp_camera(launch=row, within=lambda *words: inside(NODE, *words)))
        nodes = {
            GATE: f'kind = "folder"\nfolder = "{files}"\nexisting = true',
            ROW: f'kind = "rtsp"\naddress = "{camera.address}"',
            SIMULATED: 'kind = "simulator"',
        }
        programs = {name: stack.enter_context(node(folder / name, name, source)) for name, source in nodes.items()}
        wait_for(lambda: _has_begun(settings, cameras), "pictures of both views", READY_S)
        line.loss = given.loss
        begin = datetime.now(UTC) + timedelta(seconds=given.seconds - given.span)
        most = _most_waiting(folder, lambda: feed(pictures, files, begin, given.span / given.seconds, line, given))
        line.loss = 0.0
        for _ in range(ROUNDS):  # what places are is told by the last three looks, so those have to be in time again
            asyncio.run(_look_every(settings, cameras, gaps_s))
            wait_for(lambda: asyncio.run(_configured(settings, cameras)), "the views to be looked at again", READY_S)
            time.sleep(LOOKS * max(gaps_s.values()))
            asyncio.run(_look_every(settings, cameras, dict.fromkeys(gaps_s, NEVER_S)))
            wait_for(lambda: _all_sent(settings, cameras, folder, len(pictures)), "the nodes to have sent all", 300)
            asyncio.run(_quiet(settings))
            if _ended_in_time(asyncio.run(kept(settings, cameras)), gaps_s):
                break
        for program in programs.values():
            program.signal(signal.SIGTERM)
        ends = [program.end() for program in programs.values()]
    return {
        "cameras": cameras,
        "begin": begin,
        "packets_carried": line.carried,
        "packets_lost": line.lost,
        "most_waiting": most,
        "nodes_ended_well": ends == [0, 0, 0],
    }


def _most_waiting(folder: Path, work: Callable[[], None]) -> dict[str, int]:
    """Do ``work``; how many pictures each node kept at most meanwhile."""
    most, ended = dict.fromkeys((GATE, ROW, SIMULATED), 0), threading.Event()

    def look() -> None:
        while not ended.wait(0.2):
            most.update({name: max(many, waiting(folder / name)) for name, many in most.items()})

    looking = threading.Thread(target=look)
    looking.start()
    try:
        work()
    finally:
        ended.set()
        looking.join()
    return most


def _has_begun(settings: Settings, cameras: dict[str, Camera]) -> bool:
    return {each.camera for each in asyncio.run(kept(settings, cameras))} >= {ROW, SIMULATED}


async def _look_every(settings: Settings, cameras: dict[str, Camera], gaps_s: dict[str, float]) -> None:
    async with database(settings):
        for name, gap_s in gaps_s.items():
            await configure(cameras[name], interval_s=gap_s)  # what is on its way is still sent


def _all_sent(settings: Settings, cameras: dict[str, Camera], folder: Path, count: int) -> bool:
    """The views' nodes have heard how often they are to look, nothing waits, and nothing new comes: looked at twice."""
    if not asyncio.run(_configured(settings, cameras)):
        return False
    found = []
    for _ in range(2):
        here = [waiting(folder / name) for name in cameras]
        there = [each.camera for each in asyncio.run(kept(settings, cameras))]
        found.append((here, len(there), there.count(GATE)))
        time.sleep(0.5)
    return found[0] == found[1] and found[0][0] == [0, 0, 0] and found[0][2] == count


async def _configured(settings: Settings, cameras: dict[str, Camera]) -> bool:
    async with database(settings):
        newest = await list_newest()
    return all(newest[cameras[name].id].outcome is Outcome.TAKEN for name in (ROW, SIMULATED))


def _ended_in_time(stored: list[Kept], views: Iterable[str]) -> bool:
    return all(
        {each.frame.status for each in [one for one in stored if one.camera == view][-LOOKS:]} == {FrameStatus.READ}
        for view in views
    )


async def _quiet(settings: Settings) -> None:
    async with database(settings):
        await until_quiet()


async def _find(settings: Settings, cameras: dict[str, Camera]) -> Found:
    async with database(settings):
        return await find(cameras, cameras[GATE])


def compare(flaky: Found, perfect: Found) -> dict[str, bool]:
    """What has to be equal, and whether it is."""
    views = flaky.states
    return {
        "sessions": flaky.sessions == perfect.sessions,
        "postings_of_each_stay": flaky.owed == perfect.owed,
        "passages": flaky.passages == perfect.passages,
        "asked": flaky.asked == perfect.asked,
        "states_at_the_end": views == perfect.states,
        "every_change_that_a_picture_in_time_showed": all(flaky.changes[v] == flaky.told_in_time[v] for v in views),
        "every_look": all(flaky.told_by_all[v] == perfect.told_by_all[v] == perfect.changes[v] for v in views),
    }


def complete(pictures: list[GatePicture], begin: datetime, stored: list[Kept]) -> dict[str, Any]:
    """Whether nothing was lost on the way: the gate's files by their times, the views by their numbers without gaps."""
    # By their times: a node with much to send makes its pictures smaller.
    at_gate = sorted((e.frame.captured_at - begin).total_seconds() for e in stored if e.camera == GATE)
    off_s = [abs(at - picture.at_s) for at, picture in zip(at_gate, pictures, strict=False)]
    numbers = {name: [e.frame.sequence for e in stored if e.camera == name] for name in (GATE, ROW, SIMULATED)}
    return {
        "pictures": {name: len(each) for name, each in numbers.items()},
        "gate_pictures_lost": len(pictures) - len(at_gate),
        "gaps_in_numbers": sum(max(each) - min(each) + 1 - len(each) for each in numbers.values()),
        "capture_time_off_max_s": round(max(off_s), 3),
        "came_after_one_taken_later": {
            name: _overtaken([each for each in stored if each.camera == name]) for name in numbers
        },
        "latest_s": round(max((e.frame.received_at - e.frame.captured_at).total_seconds() for e in stored), 1),
    }


def _overtaken(stored: list[Kept]) -> int:
    newest, count = datetime.min.replace(tzinfo=UTC), 0
    for each in sorted(stored, key=lambda one: one.frame.id):
        count += each.frame.captured_at < newest
        newest = max(newest, each.frame.captured_at)
    return count


def run(given: Any, folder: Path, houses: list[Settings]) -> tuple[dict[str, Any], bool]:
    """Both ways; the figures, and whether all is as it has to be."""
    pictures = gate_pictures(drives(given.cars, given.span))
    flaky, perfect = houses
    for settings in houses:
        settings.data_dir.mkdir(parents=True)
        asyncio.run(migrate(settings))
    done = over_the_bad_line(flaky, folder, pictures, given)
    cameras = done.pop("cameras")
    stored = asyncio.run(kept(flaky, cameras))
    others = asyncio.run(furnish(perfect, done["begin"] - timedelta(seconds=given.span), {}))
    with server(perfect, folder, far=False) as address:
        asyncio.run(send_again(perfect, address, stored))
    found, wanted = asyncio.run(_find(flaky, cameras)), asyncio.run(_find(perfect, others))
    equal, whole = compare(found, wanted), complete(pictures, done.pop("begin"), stored)
    told = {
        "fault": "two nodes, the simulator, a line that breaks",
        **vars(given),
        **done,
        **whole,
        "sessions": len(found.sessions),
        "transactions": [len(found.ledger), len(wanted.ledger)],
        "cents": [sum(row[-1] for row in each.owed if row[2] == "receivable") for each in (found, wanted)],
        "asked": [len(found.asked), len(wanted.asked)],
        "frames": found.statuses,
        "frames_perfect": wanted.statuses,
        "changes": {name: [len(found.changes[name]), len(wanted.changes[name])] for name in found.changes},
        "equal": equal,
    }
    if given.out:
        given.out.write_text(json.dumps({"flaky": _plain(found), "perfect": _plain(wanted)}, default=str, indent=1))
    off = whole["capture_time_off_max_s"] > PASS_GAP_S / 2
    lost = off or whole["gate_pictures_lost"] or whole["gaps_in_numbers"] or not done["nodes_ended_well"]
    return told, all(equal.values()) and not lost


def _plain(found: Found) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Found.__dataclass_fields__}


@contextmanager
def made_houses(folder: Path, *, postgresql: bool) -> Iterator[list[Settings]]:
    """Settings of two servers, each with a database and a Redis of its own."""
    with ExitStack() as stack:
        urls = ["", ""]
        if postgresql:
            import asyncpg

            cluster = stack.enter_context(servers.postgresql())
            urls = [f"postgresql://parkhub@/{name}?host={cluster}" for name in ("flaky", "perfect")]

            async def create() -> None:
                admin = await asyncpg.connect(f"postgresql://parkhub@/postgres?host={cluster}")
                for name in ("flaky", "perfect"):
                    await admin.execute(f"CREATE DATABASE {name}")
                await admin.close()

            asyncio.run(create())
        yield [
            load_settings(
                data_dir=folder / f"data{number}",
                redis_url=f"unix://{stack.enter_context(servers.redis())}",
                **({"database_url": url} if url else {}),
            )
            for number, url in enumerate(urls)
        ]


def main() -> None:
    """Run both and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, usual in {"span": 3600, "seconds": 360, "cut": 20, "every": 60, "row-gap": 2, "simulated-gap": 4}.items():
        parser.add_argument(f"--{name}", type=float, default=usual)
    for name, usual in {"kbit": 2000.0, "delay": 0.06, "loss": 0.02}.items():
        parser.add_argument(f"--{name}", type=float, default=usual)
    parser.add_argument("--cars", type=int, default=8)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--out", type=Path, help="write what both servers made of it here")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parkhub-fault-"))
    try:
        with made_houses(folder, postgresql=given.postgresql) as houses:
            told, good = run(given, folder, houses)
        print(json.dumps(told, indent=2, default=str), flush=True)
    except pytest.skip.Exception as reason:
        print(reason, file=sys.stderr)
        sys.exit(SKIPPED)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
