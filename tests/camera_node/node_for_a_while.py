"""A node that takes so many pictures at a rate, sends them, and says how that went when all are sent.

python node_for_a_while.py FOLDER URL PICTURES A_SECOND BYTES
"""

import json
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import httpx
from wire_servers import KEY, numbered_picture

from camera_node.configuration import Limits
from camera_node.node_clock import NodeClock
from camera_node.picture import Kind, Picture, monotonic_s
from camera_node.picture_line import PictureLine
from camera_node.sender import Sender
from camera_node.server_line import OneKey
from camera_node.spool import Spool

GATE_EVERY = 10


class TimedSpool(Spool):
    """Remembers how long each picture took from its capture to its acceptance."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.taken: dict[int, tuple[float, Kind]] = {}
        self.took: dict[Kind, list[float]] = {kind: [] for kind in Kind}

    def done(self, sequence: int) -> None:
        """See `Spool`."""
        began, kind = self.taken.pop(sequence)
        self.took[kind].append(time.monotonic() - began)
        super().done(sequence)

    def take(self, number: int, size: int) -> None:
        """Take a picture now."""
        kind = Kind.GATE if number % GATE_EVERY == 0 else Kind.OVERVIEW
        began, data = time.monotonic(), numbered_picture(number, size)
        picture = Picture(str(number), data, "image/jpeg", datetime.now(UTC), kind, monotonic_s=monotonic_s())
        sequence = self.put(picture)
        assert sequence is not None
        self.taken[sequence] = (began, kind)


def seconds(took: list[float]) -> dict[str, float]:
    """Of each kind: half of them, and all but one in a hundred, were accepted after so many seconds."""
    at = statistics.quantiles(took, n=100, method="inclusive")
    return {"pictures": len(took), "p50_s": round(at[49], 2), "p99_s": round(at[98], 2), "max_s": round(max(took), 2)}


def main(folder: Path, url: str, pictures: int, rate: float, size: int) -> None:
    """Take, send, and print one JSON object."""
    clock = NodeClock(folder / "clock")
    with TimedSpool(folder / "spool", 10**9, clock=clock, reserve_bytes=0) as spool, httpx.Client() as client:
        sender = Sender(spool, PictureLine(client, url, "pole", OneKey(KEY), clock), Limits, clock=clock)
        sender.start()
        began = due = time.monotonic()
        for number in range(pictures):
            time.sleep(max(0.0, due - time.monotonic()))
            spool.take(number, size)
            due += 1 / rate
        while spool.state().pictures:
            time.sleep(0.05)
        took_s = time.monotonic() - began
        sender.stop()
        state, throughput = spool.state(), sender.state().throughput
        report = client.get(f"{url}/report", timeout=60).json()
    found = {
        "took_s": round(took_s, 1),
        "kbit_per_s": round(pictures * size * 8 / 1000 / took_s, 1),
        "bytes_per_s_measured": round(throughput.bytes_per_s or 0),
        "dropped_or_refused": state.dropped_overview + state.dropped_gate + state.refused + state.damaged,
        **{str(kind): seconds(took) for kind, took in spool.took.items() if len(took) > 1},
        "server": report,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
