"""A line that is slow, far, and loses packets, between two network namespaces.

Linux has netem for this, but not every kernel has netem. So each namespace has a TUN device, and between them this
process carries every IP packet: through a queue as slow as the line, after a delay, or not at all. TCP at both ends is
the kernel's own and meets what it would meet on such a line.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
QUEUE_S = 1.5
"""How long a packet waits in the line at most, as in a modem that buffers too much."""

NODE, SERVER = f"phnode{os.getpid()}", f"phserver{os.getpid()}"
SERVER_ADDRESS = "10.98.77.2"


@dataclass
class BadLine:
    """Its properties may be changed while it carries. ``cut``: nothing passes."""

    kbit_per_s: float
    delay_s: float
    loss: float
    cut: bool = False
    carried: int = 0
    lost: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def carry(self, ends: tuple[int, int], stop: int) -> None:
        """Carry packets from each end to the other until ``stop`` can be read."""
        free_at, due, order = [0.0, 0.0], list[tuple[float, int, int, bytes]](), count()
        while True:
            wait_s = max(0.0, due[0][0] - time.monotonic()) if due else 1.0
            ready, _, _ = select.select([*ends, stop], [], [], wait_s)
            if stop in ready:
                return
            now = time.monotonic()
            for side in (0, 1):
                if ends[side] in ready:
                    packet = os.read(ends[side], 65536)
                    leaves = max(now, free_at[side]) + len(packet) * 8 / (self.kbit_per_s * 1000)
                    if self.cut or leaves - now > QUEUE_S or self.chance.random() < self.loss:
                        self.lost += 1
                        continue
                    free_at[side] = leaves
                    late_s = self.delay_s * self.chance.uniform(1.0, 1.2)
                    heapq.heappush(due, (leaves + late_s, next(order), 1 - side, packet))
            while due and due[0][0] <= time.monotonic():
                _, _, side, packet = heapq.heappop(due)
                os.write(ends[side], packet)
                self.carried += 1


@contextmanager
def bad_line(kbit_per_s: float, delay_s: float, loss: float) -> Iterator[BadLine]:
    """The namespaces `NODE` and `SERVER` with such a line between them; gone afterwards. Skips where it may not."""
    line = BadLine(kbit_per_s, delay_s, loss)
    made: list[str] = []
    ends: list[int] = []
    stop_read, stop_write = os.pipe()
    try:
        for number, name in enumerate((NODE, SERVER), 1):
            device = f"ph{os.getpid()}n{number}"
            _run("ip", "netns", "add", name)
            made.append(name)
            ends.append(_device(device))
            _run("ip", "link", "set", device, "netns", name)
            inside = ("ip", "-n", name)
            _run(*inside, "address", "add", f"10.98.77.{number}/24", "dev", device)
            for each in ("lo", device):
                _run(*inside, "link", "set", each, "up")
        thread = threading.Thread(target=line.carry, args=((ends[0], ends[1]), stop_read))
        thread.start()
        try:
            yield line
        finally:
            os.write(stop_write, b"x")
            thread.join()
    finally:
        for handle in (*ends, stop_read, stop_write):
            os.close(handle)
        for name in made:
            subprocess.run(["ip", "netns", "delete", name], check=True)


def inside(namespace: str, *command: str) -> list[str]:
    """A command that runs in a namespace."""
    return ["ip", "netns", "exec", namespace, *command]


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip(f"{command[0]} is not installed (iproute2).")
    if done.returncode:
        pytest.skip(f"network namespaces cannot be made here: {done.stderr.strip()}")


def _device(name: str) -> int:
    try:
        handle = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(handle, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError as error:
        pytest.skip(f"TUN devices cannot be made here: {error}")
    return handle
