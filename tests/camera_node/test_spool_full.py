"""A disk of a megabyte that is full, has room again, and is read-only."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from node_machines import Machine

from camera_node.picture import Kind
from camera_node.spool import Spool
from camera_node.spool_store import MEMORY_BYTES

MUCH = 10**9


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of a megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place))
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def open_spool(disk: Path, machine: Machine, reserve_bytes: int = 0) -> Spool:
    return Spool(disk / "spool", MUCH, clock=machine.clock(), reserve_bytes=reserve_bytes)


def fill(disk: Path) -> Path:
    """Somebody else takes all that is left."""
    file = disk / "others"
    with file.open("wb", buffering=0) as opened:
        try:
            while True:
                opened.write(bytes(4096))
        except OSError:
            return file


def names(spool: Spool) -> list[str]:
    found = []
    while (spooled := spool.next()) is not None:
        found.append(spooled.picture.name)
        spool.done(spooled.sequence)
    return found


def test_a_disk_that_fills_by_pictures_drops_the_oldest_and_goes_on(disk: Path) -> None:
    machine = Machine()
    with open_spool(disk, machine) as spool:
        assert spool.put(machine.take("gate", Kind.GATE, 10_000)) is not None
        for number in range(300):
            assert spool.put(machine.take(str(number), size=10_000)) is not None
        state = spool.state()
        assert state.pictures + state.dropped_overview == 301
        assert state.dropped_gate == 0
        assert 50 < state.pictures < 110
        assert state.in_memory == 0
        assert names(spool)[:2] == ["gate", "299"]
        assert spool.state().damaged == 0


def test_a_reserve_is_left_on_the_disk(disk: Path) -> None:
    machine = Machine()
    with open_spool(disk, machine, reserve_bytes=500_000) as spool:
        for number in range(100):
            spool.put(machine.take(str(number), size=10_000))
        assert spool.state().in_memory == 0
    (disk / "room").write_bytes(bytes(450_000))


def test_a_disk_that_others_filled_is_told_and_pictures_wait_in_memory_until_there_is_room(disk: Path) -> None:
    machine = Machine()
    with open_spool(disk, machine) as spool:
        assert spool.put(machine.take("kept", Kind.GATE, 10_000)) is not None
        others = fill(disk)
        for name in ("m1", "m2"):
            assert spool.put(machine.take(name, size=10_000)) is not None
        assert spool.state().in_memory == 2
        said = spool.state().trouble
        assert said.startswith(f"The disk of {disk / 'spool'} is full (")
        assert "Take off it what is not needed" in said
        others.unlink()
        assert spool.put(machine.take("disk", size=10_000)) is not None
        assert (spool.state().in_memory, spool.state().trouble) == (2, "")
        spool.write_down()
        assert (spool.state().in_memory, spool.state().trouble) == (0, "")
        assert list((disk / "spool").glob("incoming*")) == []
    with open_spool(disk, machine) as spool:
        assert names(spool) == ["kept", "disk", "m2", "m1"]


def test_what_waits_in_memory_is_written_at_the_end_but_for_a_reserve(disk: Path) -> None:
    machine = Machine()
    with open_spool(disk, machine, reserve_bytes=500_000) as spool:
        others = fill(disk)
        for name in ("m1", "m2"):
            spool.put(machine.take(name, size=10_000))
        spool.write_down()
        assert spool.state().in_memory == 2
        others.unlink()
    with open_spool(disk, machine) as spool:
        assert names(spool) == ["m2", "m1"]


@pytest.mark.parametrize("kind", list(Kind))
def test_nothing_is_thrown_away_for_a_reserve_that_others_have_taken(disk: Path, kind: Kind) -> None:
    machine = Machine()
    with open_spool(disk, machine, reserve_bytes=500_000) as spool:
        for number in range(20):
            assert spool.put(machine.take(f"{number:03}", kind, 10_000)) is not None
        fill(disk)
        for _ in range(5):
            assert spool.put(machine.take("new", kind, 10_000)) is not None
        state = spool.state()
        assert (state.pictures, state.in_memory) == (25, 5)
        assert state.dropped_overview + state.dropped_gate == 0


def test_a_full_memory_drops_the_oldest_overview(disk: Path) -> None:
    machine = Machine()
    size = MEMORY_BYTES // 4
    with open_spool(disk, machine) as spool:
        fill(disk)
        for number in range(10):
            assert spool.put(machine.take(str(number), size=size)) is not None
        assert spool.state().dropped_overview == 7
        assert names(spool) == ["9", "8", "7"]


def test_counts_are_kept_on_a_full_disk(disk: Path) -> None:
    machine = Machine()
    with open_spool(disk, machine) as spool:
        sequence = spool.put(machine.take("a", size=10_000))
        fill(disk)
        spool.drop(sequence or 0, "422")
    with open_spool(disk, machine) as spool:
        assert spool.state().refused == 1


def test_a_disk_that_became_read_only_is_sent_from_once_and_new_pictures_go_on_from_memory(disk: Path) -> None:
    machine = Machine()
    with open_spool(disk, machine) as spool:
        spool.put(machine.take("before", size=10_000))
    run("mount", "-o", "remount,ro", str(disk))
    with open_spool(disk, machine) as spool:
        assert spool.put(machine.take("after", size=10_000)) is not None
        assert "read-only" in spool.state().trouble
        assert names(spool) == ["after", "before"]
        assert spool.next() is None
