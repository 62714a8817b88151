"""A node that takes pictures as fast as its disk keeps them, and sends them if it is told where, until it is killed.

    python spool_for_a_while.py FOLDER FIRST_NUMBER [URL]

Says `taking N` before and `kept N` after each.
"""

import os
import sys
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from wire_servers import KEY, numbered_picture

from camera_node.node_clock import NodeClock
from camera_node.picture import Kind, Picture, monotonic_s
from camera_node.spool import Spool


def say(words: str) -> None:
    """At once, so that it is known after a kill."""
    os.write(1, f"{words}\n".encode())


def start_sending(spool: Spool, clock: NodeClock, url: str) -> None:
    """In a thread of its own, as a node does."""
    import httpx

    from camera_node.configuration import Limits
    from camera_node.picture_line import PictureLine
    from camera_node.sender import Sender
    from camera_node.server_line import OneKey

    line = PictureLine(httpx.Client(verify=False), url, "pole", OneKey(KEY), clock)
    Sender(spool, line, lambda: Limits(pictures_per_s=1000), clock=clock).start()


def main(folder: Path, first: int, url: str) -> None:
    """Run until killed."""
    clock = NodeClock(folder / "clock")
    spool = Spool(folder / "spool", 10**9, clock=clock, reserve_bytes=0)
    if url:
        start_sending(spool, clock, url)
    say("open")
    for number in count(first):
        kind = Kind.GATE if number % 3 == 0 else Kind.OVERVIEW
        data = numbered_picture(number, 2_000 + number % 7 * 9_000)
        say(f"taking {number}")
        picture = Picture(str(number), data, "image/jpeg", datetime.now(UTC), kind, monotonic_s=monotonic_s())
        assert spool.put(picture) is not None
        say(f"kept {number}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "")
