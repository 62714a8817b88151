"""A node that is killed again and again while it takes pictures."""

import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = Path(__file__).parent / "camera_node" / "spool_for_a_while.py"


@dataclass
class Killed:
    """What the node said before it was killed: pictures that it began to take, and those that it had kept."""

    taken: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)


def kill_again_and_again(
    folder: Path, times: int, chance: random.Random, url: str = "", most_s: float = 0.25
) -> Killed:
    """Start a node, kill it at a moment that nobody chose, and so on; its folder stays as it was left."""
    said = Killed()
    for _ in range(times):
        first = max(said.taken, default=-1) + 1
        command = [sys.executable, str(PROGRAM), str(folder), str(first), *([url] if url else [])]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as node:
            assert node.stdout is not None
            assert node.stdout.readline() == "open\n"
            time.sleep(chance.uniform(0, most_s))
            node.send_signal(signal.SIGKILL)
            lines = node.stdout.read().splitlines()
        said.taken |= {int(line.split()[1]) for line in lines if line.startswith("taking")}
        said.kept |= {int(line.split()[1]) for line in lines if line.startswith("kept")}
    return said
