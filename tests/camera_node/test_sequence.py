"""Sequence numbers: none comes twice, whatever happens to processes, clocks and disks."""

import itertools
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from camera_node.sequence import ROOM, SEQUENCE_MAX, Sequence

STARTS = 2000


def test_a_start_counts_on_by_one() -> None:
    sequence = Sequence()
    first = sequence.take()
    assert [sequence.take() for _ in range(4)] == [first + 1, first + 2, first + 3, first + 4]


def test_starts_lie_apart_over_all_numbers_though_nothing_is_kept() -> None:
    starts = sorted(Sequence().take() for _ in range(STARTS))
    assert starts[0] >= 0
    assert starts[-1] <= SEQUENCE_MAX - ROOM
    # Of 2,000 in 2^62, two within 2^26 of each other come once in 17,000 runs.
    assert min(after - before for before, after in itertools.pairwise(starts)) > 2**26
    assert starts[STARTS // 10] < SEQUENCE_MAX / 4
    assert starts[-STARTS // 10] > SEQUENCE_MAX / 4 * 3


def test_a_number_that_the_server_knew_is_left_behind() -> None:
    sequence = Sequence()
    before = sequence.take()
    sequence.begin_anew()
    assert abs(sequence.take() - before) > ROOM // 2**10


def test_threads_never_get_the_same_number() -> None:
    sequence = Sequence()
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: sequence.take(), range(2000)))
    assert len(set(taken)) == 2000


def test_processes_never_get_the_same_number() -> None:
    code = "from camera_node.sequence import Sequence; s = Sequence(); print(*[s.take() for _ in range(50)])"
    running = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    taken = [number for process in running for number in process.communicate()[0].split()]
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    assert len(set(taken)) == len(taken) == 200
