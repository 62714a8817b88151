"""Pictures that wait: kept over restarts and damage, dropped in the right order, counted on disk."""

import errno
import os
import subprocess
import sys
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from node_machines import NOON_S, Machine

from camera_node.picture import Kind
from camera_node.spool import Spool, SpoolError
from camera_node.spool_counts import PLACE_BYTES

MUCH = 10**9


@pytest.fixture
def machine() -> Machine:
    return Machine()


def open_spool(folder: Path, machine: Machine, bytes_max: int = MUCH, reserve_bytes: int = 0) -> Spool:
    return Spool(folder / "spool", bytes_max, clock=machine.clock(folder / "clock"), reserve_bytes=reserve_bytes)


def names(spool: Spool) -> list[str]:
    """What is in the spool, in the order in which it goes; the spool is empty afterwards."""
    found = []
    while (spooled := spool.next()) is not None:
        found.append(spooled.picture.name)
        spool.done(spooled.sequence)
    return found


def files(folder: Path) -> list[Path]:
    return sorted((folder / "spool").glob("*.picture"))


def test_what_was_put_comes_back_whole_also_after_a_restart(tmp_path: Path, machine: Machine) -> None:
    picture = machine.take("a\nb", Kind.GATE, 5000, 0.5)
    with open_spool(tmp_path, machine) as spool:
        sequence = spool.put(picture)
    with open_spool(tmp_path, machine) as spool:
        found = spool.next()
        assert found is not None
        assert (found.sequence, found.picture) == (sequence, picture)
        spool.done(found.sequence)
        assert spool.next() is None
        assert spool.state().pictures == 0
    assert files(tmp_path) == []


def test_the_order_holds_over_a_restart(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine) as spool:
        for name, kind in (("o1", Kind.OVERVIEW), ("g1", Kind.GATE), ("o2", Kind.OVERVIEW), ("g2", Kind.GATE)):
            spool.put(machine.take(name, kind))
    with open_spool(tmp_path, machine) as spool:
        spool.put(machine.take("o3"))
        spool.put(machine.take("live", Kind.GATE))
        assert names(spool) == ["live", "g1", "g2", "o3", "o2", "o1"]


def test_a_full_spool_drops_the_oldest_overview_first_and_counts_on_disk(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine, bytes_max=4 * 1600) as spool:
        for name in ("g1", "g2"):
            spool.put(machine.take(name, Kind.GATE))
        for name in ("o1", "o2", "o3", "o4"):
            assert spool.put(machine.take(name)) is not None
        assert spool.state().dropped_overview == 2
        assert spool.state().bytes <= 4 * 1600
    with open_spool(tmp_path, machine, bytes_max=4 * 1600) as spool:
        assert (spool.state().dropped_overview, spool.state().dropped_gate) == (2, 0)
        assert names(spool) == ["g1", "g2", "o4", "o3"]


def test_a_spool_full_of_gate_pictures_takes_no_overview_but_the_newest_gate_picture(
    tmp_path: Path, machine: Machine
) -> None:
    with open_spool(tmp_path, machine, bytes_max=2 * 1600) as spool:
        for name in ("g1", "g2"):
            spool.put(machine.take(name, Kind.GATE))
        assert spool.put(machine.take("o")) is None
        assert spool.put(machine.take("g3", Kind.GATE)) is not None
        assert (spool.state().dropped_overview, spool.state().dropped_gate) == (1, 1)
        assert sorted(names(spool)) == ["g2", "g3"]


def test_a_picture_larger_than_the_spool_is_dropped_and_costs_no_other(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine, bytes_max=3000) as spool:
        spool.put(machine.take("small", Kind.GATE))
        assert spool.put(machine.take("large", size=5000)) is None
        assert spool.state().dropped_overview == 1
        assert names(spool) == ["small"]


def test_what_is_being_sent_makes_no_room(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine, bytes_max=2 * 1600) as spool:
        spool.put(machine.take("sent"))
        sending = spool.next()
        for name in ("o1", "o2", "o3"):
            spool.put(machine.take(name))
        assert sending is not None
        spool.done(sending.sequence)
        assert names(spool) == ["o3"]
        assert spool.state().dropped_overview == 2


def test_a_reserve_of_the_disk_is_left_to_others(tmp_path: Path, machine: Machine) -> None:
    found = os.statvfs(tmp_path)
    more_than_free = found.f_bavail * found.f_frsize + 10**12
    with open_spool(tmp_path, machine) as spool:
        spool.put(machine.take("before", Kind.GATE))
        spool.put(machine.take("old"))
    with open_spool(tmp_path, machine, reserve_bytes=more_than_free) as spool:
        assert spool.put(machine.take("o")) is not None
        assert (spool.state().dropped_overview, spool.state().in_memory) == (0, 1)
        assert "is full" in spool.state().trouble
        assert len(files(tmp_path)) == 2
        assert names(spool) == ["before", "o", "old"]


@pytest.mark.parametrize("at", [3, 40, 200, -1], ids=["the mark", "the checksum", "the head", "the last byte"])
def test_one_wrong_bit_keeps_a_picture_from_being_sent(tmp_path: Path, machine: Machine, at: int) -> None:
    with open_spool(tmp_path, machine) as spool:
        spool.put(machine.take("good"))
        spool.put(machine.take("bad"))
    data = bytearray(files(tmp_path)[1].read_bytes())
    data[at] ^= 1
    files(tmp_path)[1].write_bytes(data)
    with open_spool(tmp_path, machine) as spool:
        assert names(spool) == ["good"]
        assert spool.state().damaged == 1
    assert len(list((tmp_path / "spool" / "damaged").iterdir())) == 1
    with open_spool(tmp_path, machine) as spool:
        assert (spool.state().damaged, spool.state().pictures) == (1, 0)


def test_every_cut_off_file_is_found_out(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine) as spool:
        spool.put(machine.take("cut", size=400))
    [file] = files(tmp_path)
    whole = file.read_bytes()
    for length in range(0, len(whole), 31):
        file.write_bytes(whole[:length])
        with open_spool(tmp_path, machine) as spool:
            assert spool.next() is None
    file.write_bytes(whole)
    with open_spool(tmp_path, machine) as spool:
        assert names(spool) == ["cut"]


def test_few_damaged_files_are_kept_to_look_at(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine) as spool:
        for number in range(20):
            spool.put(machine.take(str(number)))
        for file in files(tmp_path):
            file.write_bytes(b"")
        assert spool.next() is None
        assert spool.state().damaged == 20
    assert len(list((tmp_path / "spool" / "damaged").iterdir())) == 8


def test_a_half_written_file_is_cleared_away_and_others_files_are_left(tmp_path: Path, machine: Machine) -> None:
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool" / "incoming").write_bytes(b"half")
    (tmp_path / "spool" / "notes.txt").write_bytes(b"mine")
    with open_spool(tmp_path, machine) as spool:
        assert spool.next() is None
    assert not (tmp_path / "spool" / "incoming").exists()
    assert (tmp_path / "spool" / "notes.txt").exists()


def test_a_picture_that_somebody_took_away_is_counted_and_forgotten(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine) as spool:
        spool.put(machine.take("here"))
        spool.put(machine.take("gone"))
        files(tmp_path)[1].unlink()
        assert names(spool) == ["here"]
        assert spool.state().damaged == 1


def test_a_disk_that_is_off_its_bus_for_a_moment_costs_no_picture(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine) as spool:
        for name in ("a", "b"):
            spool.put(machine.take(name))
        kept = {file: file.read_bytes() for file in files(tmp_path)}
        for file in kept:
            file.unlink()
            file.symlink_to("/proc/self/mem")  # at whose beginning every reading is an EIO
        for _ in range(2):
            assert spool.next() is None
            machine.wait(61)
        assert (spool.state().damaged, spool.state().pictures) == (0, 2)
        for file in list(kept)[:1]:
            file.unlink()
            file.write_bytes(kept[file])
        assert names(spool) == ["a"]
        assert spool.state().damaged == 1


def test_refused_pictures_are_counted_by_reason_on_disk(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine) as spool:
        for name, why in (("a", "422"), ("b", "422"), ("c", "409")):
            sequence = spool.put(machine.take(name))
            assert sequence is not None
            spool.drop(sequence, why)
            spool.drop(sequence, why)
    with open_spool(tmp_path, machine) as spool:
        assert (spool.state().refused, spool.state().refused_why) == (3, {"422": 2, "409": 1})


def test_counts_are_whole_when_the_last_writing_of_them_was_torn(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine) as spool:
        for name in ("a", "b", "c"):
            spool.drop(spool.put(machine.take(name)) or 0, "422")
    file = tmp_path / "spool" / "counts"
    data = bytearray(file.read_bytes())
    assert len(data) == 2 * PLACE_BYTES
    data[PLACE_BYTES + 20] ^= 255  # the third was written to the second place
    file.write_bytes(data)
    with open_spool(tmp_path, machine) as spool:
        assert spool.state().refused == 2


def test_counts_that_another_version_wrote_are_begun_anew(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine) as spool:
        spool.drop(spool.put(machine.take("a")) or 0, "422")
    for text in (b'{"turn": 9, "stolen": 1}', b'{"turn": 9, "refused": {}', b"[9]"):
        data = b"%08x %b\n" % (zlib.crc32(text), text)
        (tmp_path / "spool" / "counts").write_bytes(data.ljust(2 * PLACE_BYTES, b"\0"))
        with open_spool(tmp_path, machine) as spool:
            assert spool.state().refused == 0


def test_a_picture_that_never_fits_drops_no_others(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine, bytes_max=20_000) as spool:
        assert spool.put(machine.take("small", size=5000)) is not None
        assert spool.put(machine.take("large", Kind.GATE, 30_000)) is None
        assert (spool.state().dropped_overview, spool.state().dropped_gate) == (0, 1)
        assert names(spool) == ["small"]


def test_two_processes_never_share_a_spool(tmp_path: Path, machine: Machine) -> None:
    with open_spool(tmp_path, machine), pytest.raises(SpoolError, match="Another parkhub-node"):
        open_spool(tmp_path, machine)
    open_spool(tmp_path, machine).close()


def test_a_capture_time_is_the_server_s_and_stays_the_same(tmp_path: Path) -> None:
    machine = Machine(wall_s=0.0)
    clock = machine.clock(tmp_path / "clock")
    with Spool(tmp_path / "spool", MUCH, clock=clock, reserve_bytes=0) as spool:
        clock.told(NOON_S, clock.asked(), 1.0)
        spool.put(machine.take("a"))
        first = spool.next()
        clock.told(NOON_S + 0.2, clock.asked())
        again = spool.next()
    assert first is not None
    assert first == again
    assert first.sure
    assert abs(first.picture.captured_at.timestamp() - NOON_S) <= 0.5


def test_pictures_taken_before_the_time_was_known_are_timed_when_it_is(tmp_path: Path) -> None:
    machine = Machine(wall_s=0.0)
    clock = machine.clock(tmp_path / "clock")
    with Spool(tmp_path / "spool", MUCH, clock=clock, reserve_bytes=0) as spool:
        spool.put(machine.take("a"))
        unsure = spool.next()
        assert unsure is not None
        assert not unsure.sure
        machine.wait(60)
        clock.told(NOON_S + 60, clock.asked())
        found = spool.next()
    assert found is not None
    assert found.sure
    assert found.picture.captured_at == datetime.fromtimestamp(NOON_S, UTC)


def test_a_boot_that_never_heard_the_server_leaves_unsure_pictures(tmp_path: Path) -> None:
    machine = Machine(wall_s=NOON_S + 86_400)
    with open_spool(tmp_path, machine) as spool:
        spool.put(machine.take("a"))
    machine.restart("boot-2", 0.0)
    clock = machine.clock(tmp_path / "clock")
    clock.told(NOON_S, clock.asked())
    with Spool(tmp_path / "spool", MUCH, clock=clock, reserve_bytes=0) as spool:
        found = spool.next()
    assert found is not None
    assert not found.sure
    assert found.picture.captured_at <= datetime.fromtimestamp(NOON_S, UTC)


def test_a_doubtful_time_stays_unsure_whatever_is_learnt_of_the_clock(tmp_path: Path, machine: Machine) -> None:
    clock = machine.clock(tmp_path / "clock")
    clock.told(NOON_S, clock.asked())
    for _ in range(2):
        with Spool(tmp_path / "spool", MUCH, clock=clock, reserve_bytes=0) as spool:
            if not spool.state().pictures:
                spool.put(replace(machine.take("a"), doubtful=True))
            found = spool.next()
        assert found is not None
        assert (found.sure, found.picture.doubtful) == (False, True)


def test_no_picture_is_taken_in_the_future(tmp_path: Path, machine: Machine) -> None:
    clock = machine.clock(tmp_path / "clock")
    clock.told(NOON_S, clock.asked())
    machine.wall_s += 86_400
    with Spool(tmp_path / "spool", MUCH, clock=clock, reserve_bytes=0) as spool:
        spool.put(machine.take("a", timed=False))
        found = spool.next()
    assert found is not None
    assert not found.sure
    assert found.picture.captured_at - datetime.fromtimestamp(NOON_S, UTC) < timedelta(seconds=3)


def test_a_folder_that_cannot_be_made_leaves_pictures_in_memory(tmp_path: Path, machine: Machine) -> None:
    (tmp_path / "spool").write_bytes(b"a file, no folder")
    with open_spool(tmp_path, machine) as spool:
        assert spool.put(machine.take("a")) is not None
        assert spool.state().in_memory == 1
        assert "New pictures wait in memory only." in spool.state().trouble
        assert names(spool) == ["a"]
        assert spool.state().in_memory == 0


LIMITED = """
import os, resource, signal, sys
from pathlib import Path
from node_machines import Machine
from camera_node.picture import Kind
from camera_node.spool import Spool
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
machine = Machine()
spool = Spool(Path(sys.argv[1]), 10**9, clock=machine.clock(), reserve_bytes=0)
assert spool.put(machine.take("before", size=1000)) is not None
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
assert spool.put(machine.take("large", size=9000)) is not None
print(spool.state().in_memory, spool.state().trouble)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert spool.put(machine.take("after", size=9000)) is not None
print(spool.state().in_memory, spool.state().trouble)
os._exit(9)
"""


def test_a_file_that_may_grow_no_further_leaves_nothing_half_behind(tmp_path: Path, machine: Machine) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(tmp_path / "spool")],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(["tests", "."])},
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 9, done.stderr
    full, good = done.stdout.splitlines()
    assert full.startswith("1 The disk of")
    assert os.strerror(errno.EFBIG) in full
    assert good == "1 "
    with open_spool(tmp_path, machine) as spool:
        assert names(spool) == ["after", "before"]
