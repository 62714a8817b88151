"""A day of a node in minutes: 200,000 pictures by a clock of our own, a server that is away for two hours and often.

The node's own spool and sender, its thread driven step by step; the server is the tests' own instrument in a process of
its own (`tests/wire_servers.py`). The spool lies in memory (`--folder`), because a disk of today's speed is what makes
a day a day. Says how memory and open handles of the node's process grew.

    python tests/bench/soak_node.py [--pictures 200000] [--kilobytes 1 5] [--folder /dev/shm]

`--kilobytes 200 500` are the pictures of a camera of 1920 x 1080.
"""

import argparse
import gc
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx
import psutil
from node_machines import Machine
from processes import free_port, wait_for
from servers import listens
from wire_servers import KEY, numbered_picture

from camera_node.configuration import Limits
from camera_node.picture import Kind, Picture
from camera_node.picture_line import PictureLine
from camera_node.sender import Sender
from camera_node.server_line import OneKey
from camera_node.spool import Spool

DAY_S = 86_400.0
AWAY = (36_000.0, 43_200.0)
OFTEN_S, SHORT_S = 900.0, 20.0
SENDING_S = 0.02
"""What one request takes by the node's clock."""

SAMPLES = 20


@dataclass
class Samples:
    """Of this process, at even distances: megabytes, handles, pictures that wait."""

    process: psutil.Process = field(default_factory=psutil.Process)
    megabytes: list[float] = field(default_factory=list)
    handles: list[int] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    def take(self, spool: Spool) -> None:
        gc.collect()
        self.megabytes.append(round(self.process.memory_info().rss / 1e6, 1))
        self.handles.append(self.process.num_fds())
        self.waiting.append(spool.state().pictures)


def is_away(at_s: float) -> bool:
    """Two hours in the middle of the day, and twenty seconds every quarter of an hour."""
    return AWAY[0] <= at_s < AWAY[1] or at_s % OFTEN_S < SHORT_S


def live(url: str, folder: Path, pictures: int, kilobytes: tuple[int, int]) -> dict[str, object]:
    """A day, and what is to be said of it; ``kilobytes``: from and to how many a picture has."""
    machine, chance = Machine(wall_s=0.0), random.Random(1)
    server_s, began_up_s = time.time(), machine.up_s
    clock = machine.clock(folder / "clock")
    samples, away = Samples(), False
    gap_s = DAY_S / pictures
    with (
        Spool(folder / "spool", 10**10, clock=clock, reserve_bytes=0) as spool,
        httpx.Client() as client,
        httpx.Client(base_url=url) as control,
    ):
        control.get(f"/clock/{server_s}")
        sender = Sender(spool, PictureLine(client, url, "pole", OneKey(KEY), clock), Limits, clock=clock)
        number, minute = 0, -1
        while number < pictures or spool.state().pictures:
            at_s = machine.up_s - began_up_s
            if int(at_s / 20) != minute:
                minute = int(at_s / 20)
                control.get(f"/clock/{server_s + at_s}")
                if is_away(at_s) != away:
                    away = not away
                    control.get("/rest" if away else "/wake")
            if number < pictures and at_s >= number * gap_s:
                kind = Kind.GATE if chance.random() < 0.1 else Kind.OVERVIEW
                taken = machine.take(str(number), kind)
                data = numbered_picture(number, chance.randint(1000 * kilobytes[0], 1000 * kilobytes[1]))
                spool.put(Picture(str(number), data, "image/jpeg", taken.captured_at, kind, 0.0, machine.up_s))
                number += 1
                if number % (pictures // SAMPLES) == 0:
                    samples.take(spool)
                    print(number, samples.megabytes[-1], samples.handles[-1], samples.waiting[-1], file=sys.stderr)
                continue
            due_s = number * gap_s - at_s if number < pictures else 1.0
            left_s = sender.step()
            machine.wait(max(1e-6, min(left_s or SENDING_S, max(due_s, 0.0) or SENDING_S)))
        state = spool.state()
        return {
            "soak": "node",
            "pictures": pictures,
            "hours": round((machine.up_s - began_up_s) / 3600, 1),
            "megabytes_by_twentieth": samples.megabytes,
            "handles": sorted(set(samples.handles)),
            "waiting_most": max(samples.waiting),
            "dropped_or_refused": state.dropped_overview + state.dropped_gate + state.refused + state.damaged,
            "server": control.get("/report", timeout=60).json(),
        }


def main() -> None:
    """Live a day and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=200_000)
    parser.add_argument("--kilobytes", type=int, nargs=2, default=(1, 5), metavar=("FROM", "TO"))
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm"))
    given = parser.parse_args()
    port, began = free_port(), time.monotonic()
    program = Path(__file__).parent.parent / "wire_servers.py"
    with (
        subprocess.Popen([sys.executable, str(program), str(port)]) as server,
        tempfile.TemporaryDirectory(dir=given.folder) as name,
    ):
        try:
            wait_for(lambda: listens(port), "the server")
            found = live(f"http://127.0.0.1:{port}", Path(name), given.pictures, given.kilobytes)
        finally:
            server.kill()
    print(json.dumps(found | {"took_s": round(time.monotonic() - began)}, indent=2))


if __name__ == "__main__":
    main()
