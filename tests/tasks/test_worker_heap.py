"""What threads leave behind in a worker's memory."""

import platform
import subprocess
import sys

import pytest

PROGRAM = """
import sys, threading
SIZE = int(sys.argv[2])
from tasks.worker import share_heap

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20

kept = []

def look():
    pieces = [bytearray(SIZE) for _ in range(30_000_000 // SIZE)]  # as of a picture and what a network makes of it
    kept.append(bytearray(60_000))  # and something small that stays, at the end

if sys.argv[1] == "shared":
    share_heap()
before = resident()
for _ in range(8):
    threads = [threading.Thread(target=look)]
    gate = threading.Event()
    threads += [threading.Thread(target=gate.wait) for _ in range(len(kept))]
    for thread in reversed(threads):
        thread.start()
    threads[0].join()
    gate.set()
    for thread in threads:
        thread.join()
print(resident() - before)
"""


def grown(how: str, size: int) -> float:
    """MB a process has grown by when eight looks of blocks of that size, on threads of their own, have ended."""
    command = [sys.executable, "-c", PROGRAM, how, str(size)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="heaps by thread are glibc's")
@pytest.mark.parametrize(("size", "most"), [(60_000, 60), (6_000_000, 15)], ids=["small blocks", "large blocks"])
def test_looks_on_many_threads_leave_no_more_behind_than_on_one(size: int, most: float) -> None:
    assert grown("shared", size) < most
