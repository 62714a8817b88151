"""kill -9 while pictures are put on the disk. Two hundred times, and sending: `tests/bench/fault_spool_killed.py`."""

import random
from pathlib import Path

from spool_killings import kill_again_and_again
from wire_servers import read_number

from camera_node.node_clock import NodeClock
from camera_node.spool import Spool

KILLS = 4


def test_a_killed_node_loses_at_most_the_picture_that_it_was_taking(tmp_path: Path) -> None:
    said = kill_again_and_again(tmp_path, KILLS, random.Random(1))
    found: dict[int, int | None] = {}
    with Spool(tmp_path / "spool", 10**9, clock=NodeClock(tmp_path / "clock"), reserve_bytes=0) as spool:
        assert spool.state().pictures == len(list((tmp_path / "spool").glob("*.picture")))
        while (spooled := spool.next()) is not None:
            assert spooled.sequence not in found
            found[spooled.sequence] = read_number(spooled.picture.data)
            spool.done(spooled.sequence)
        assert spool.state().damaged == 0
    numbers = list(found.values())
    assert len(numbers) == len(set(numbers))
    assert None not in numbers
    assert said.kept <= set(numbers)
    assert len(said.kept) > KILLS
    assert len(said.taken - set(numbers)) <= KILLS
