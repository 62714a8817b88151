"""When a file was written, and when that is to be doubted."""

from datetime import UTC, datetime
from pathlib import Path

from node_machines import NOON_S, Machine

from camera_node.sources.file_times import FileTimes


def _times(machine: Machine, folder: Path) -> FileTimes:
    def clock() -> tuple[datetime, float]:
        return datetime.fromtimestamp(machine.wall_s, UTC), machine.up_s

    times = FileTimes(folder / "times.json", clock, machine.boot)
    times.look()
    return times


def test_a_file_of_a_clock_that_nobody_set_is_believed(tmp_path: Path) -> None:
    machine = Machine()
    found = _times(machine, tmp_path).of(NOON_S - 30)
    assert (found.captured_at.timestamp(), found.monotonic_s, found.doubtful) == (NOON_S - 30, 70, False)


def test_a_file_of_the_future_is_of_now_and_doubted_but_for_what_a_disk_rounds(tmp_path: Path) -> None:
    machine = Machine()
    times = _times(machine, tmp_path)
    for ahead, doubtful in ((1, False), (3600, True)):
        found = times.of(NOON_S + ahead)
        assert (found.captured_at.timestamp(), found.monotonic_s, found.doubtful) == (NOON_S, 100, doubtful)


def test_a_file_from_before_the_clock_was_set_is_doubted_also_after_a_restart_of_the_node(tmp_path: Path) -> None:
    machine = Machine(wall_s=NOON_S - 86_400)
    times = _times(machine, tmp_path)
    written_s = machine.wall_s
    machine.wait(10)
    machine.wall_s = NOON_S
    assert times.of(written_s).doubtful
    machine.wait(10)
    again = _times(machine, tmp_path)
    assert again.of(written_s).doubtful
    assert not again.of(NOON_S + 5).doubtful
    machine.restart("boot-2", NOON_S + 60)
    assert not _times(machine, tmp_path).of(NOON_S + 60).doubtful
