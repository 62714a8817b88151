"""kill -9 of a node at moments that nobody chose, while it takes pictures as fast as its disk keeps them and sends.

The server is the tests' own instrument (`tests/wire_servers.py`): it checks every byte and every signature.

    python tests/bench/fault_spool_killed.py [--kills 200] [--seed 1] [--folder FOLDER]
"""

import argparse
import json
import random
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx
from processes import wait_for
from spool_killings import Killed, kill_again_and_again
from wire_servers import KEY, WireServer, receiving

from camera_node.configuration import Limits
from camera_node.node_clock import NodeClock
from camera_node.picture_line import PictureLine
from camera_node.sender import Sender
from camera_node.server_line import OneKey
from camera_node.spool import Spool, SpoolState


def drain(folder: Path, server: WireServer) -> SpoolState:
    """Send what is left, as the node does when it is let."""
    clock = NodeClock(folder / "clock")
    with Spool(folder / "spool", 10**9, clock=clock, reserve_bytes=0) as spool, httpx.Client() as client:
        line = PictureLine(client, server.url, "pole", OneKey(KEY), clock)
        sender = Sender(spool, line, lambda: Limits(pictures_per_s=1000), clock=clock)
        sender.start()
        wait_for(lambda: spool.state().pictures == 0, "the spool to empty", 3600)
        sender.stop()
        return spool.state()


def report(kills: int, said: Killed, server: WireServer, state: SpoolState, took_s: float) -> dict[str, object]:
    numbers = server.numbers()
    return {
        "fault": "spool killed",
        "kills": kills,
        "took_s": round(took_s, 1),
        "pictures_taken": len(said.taken),
        "pictures_accepted": len(numbers),
        "kept_but_never_accepted": len(said.kept - set(numbers)),
        "lost_while_being_taken": len(said.taken - set(numbers)),
        "accepted_twice": len(numbers) - len(set(numbers)),
        "sent_again_after_a_lost_answer": server.repeats,
        "numbers_used_twice": server.conflicts,
        "damaged_uploads": server.damaged,
        "badly_signed": server.badly_signed,
        "damaged_in_the_spool": state.damaged,
        "refused": state.refused,
    }


def main() -> None:
    """Kill, drain and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name, receiving() as server:
        began = time.monotonic()
        said = kill_again_and_again(Path(name), given.kills, random.Random(given.seed), server.url, 0.4)
        state = drain(Path(name), server)
        print(json.dumps(report(given.kills, said, server, state, time.monotonic() - began), indent=2))


if __name__ == "__main__":
    main()
