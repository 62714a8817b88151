"""When pictures were taken, on machines whose clocks are wrong, are set, and start again."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from node_machines import NOON_S, Machine

from camera_node.node_clock import NodeClock, boot_id

DAY_S = 86_400.0
NOON = datetime.fromtimestamp(NOON_S, UTC)


def tell(clock: NodeClock, machine: Machine, server_s: float, way_s: float = 0.0) -> None:
    """The server says its time, as it is on the middle of the way there and back."""
    asked = clock.asked()
    machine.wait(way_s)
    clock.told(server_s - way_s / 2, asked)


@pytest.mark.parametrize("wall_s", [0.0, NOON_S - DAY_S, NOON_S + DAY_S], ids=["1970", "a day behind", "a day ahead"])
def test_a_clock_that_is_wrong_at_the_start_makes_no_wrong_capture_times(wall_s: float) -> None:
    machine = Machine(wall_s=wall_s)
    clock = machine.clock()
    taken = machine.up_s
    machine.wait(30)
    assert clock.captured(taken, machine.boot)[1] is False
    tell(clock, machine, NOON_S + 30)
    assert clock.captured(taken, machine.boot) == (NOON, True)
    assert clock.now() == NOON_S + 30
    assert clock.offset_s == pytest.approx(NOON_S - wall_s)


def test_setting_the_machine_s_clock_changes_no_capture_time() -> None:
    machine = Machine()
    clock = machine.clock()
    tell(clock, machine, NOON_S)
    machine.wall_s -= DAY_S
    clock.note()
    machine.wait(10)
    assert clock.captured(machine.up_s, machine.boot) == (NOON + timedelta(seconds=10), True)
    assert clock.offset_s == pytest.approx(DAY_S)


def test_an_answer_that_came_quickly_is_believed_rather_than_one_that_took_long() -> None:
    machine = Machine()
    clock = machine.clock()
    tell(clock, machine, NOON_S, way_s=0.1)
    asked = clock.asked()
    machine.wait(4.0)
    clock.told(NOON_S + 0.1, asked)  # all of the four seconds on the way back
    assert clock.now() == pytest.approx(NOON_S + 4.0, abs=0.06)


@pytest.mark.parametrize("phase_s", [0.0, 0.3, 0.95])
def test_whole_seconds_that_are_told_late_are_good_to_a_second(phase_s: float) -> None:
    """A server renews the `Date` of its answers once a second: it is up to two seconds old."""
    machine = Machine(wall_s=NOON_S + phase_s)
    clock = machine.clock()
    for _ in range(60):
        machine.wait(1.37)
        renewed = machine.wall_s - (machine.up_s % 1.0)
        clock.told(float(int(renewed)), clock.asked(), 2.1)
        assert -2.1 <= clock.now() - machine.wall_s <= 0.001
    assert clock.now() == pytest.approx(machine.wall_s, abs=1.05)


def test_a_server_whose_clock_was_set_is_followed() -> None:
    machine = Machine()
    clock = machine.clock()
    tell(clock, machine, NOON_S, way_s=0.01)
    tell(clock, machine, NOON_S + 3600, way_s=0.5)
    assert clock.now() == pytest.approx(NOON_S + 3600, abs=0.5)
    tell(clock, machine, NOON_S, way_s=0.5)
    assert clock.now() == pytest.approx(NOON_S, abs=0.5)


@pytest.mark.parametrize("said", [float("nan"), float("inf"), 1e15, 0.0, -1.0])
def test_what_is_no_time_is_not_believed_and_not_kept(tmp_path: Path, said: float) -> None:
    machine = Machine()
    clock = machine.clock(tmp_path / "clock")
    tell(clock, machine, said)
    assert not clock.compared
    tell(clock, machine, NOON_S)
    tell(clock, machine, said)
    assert clock.now() == machine.clock(tmp_path / "clock").now() == NOON_S


@pytest.mark.parametrize(("off_s", "sure"), [(0.0, True), (3.0, True), (-3600.0, False), (3600.0, False)])
def test_a_file_from_before_the_start_is_sure_only_where_the_machine_s_clock_is_right(off_s: float, sure: bool) -> None:
    machine = Machine(up_s=100.0, wall_s=NOON_S + off_s)
    clock = machine.clock()
    tell(clock, machine, NOON_S)
    written_s = NOON_S - 7200  # by a clock that was right then
    age_s = machine.wall_s - written_s
    written = datetime.fromtimestamp(written_s, UTC)
    assert clock.captured(machine.up_s - age_s, machine.boot, written)[1] is sure
    assert clock.captured(machine.up_s - 50, machine.boot, datetime.fromtimestamp(machine.wall_s - 50, UTC))[1]


def test_pictures_keep_their_order_while_the_time_is_corrected_backwards() -> None:
    machine = Machine()
    clock = machine.clock()
    tell(clock, machine, NOON_S + 3)
    before = clock.captured(machine.up_s, machine.boot)[0]
    tell(clock, machine, NOON_S)
    times = [before]
    for _ in range(100):
        machine.wait(0.1)
        times.append(clock.captured(machine.up_s, machine.boot)[0])
    assert times == sorted(set(times))
    assert times[-1] == NOON + timedelta(seconds=10)


def test_pictures_of_a_boot_that_was_compared_are_sure_after_a_restart(tmp_path: Path) -> None:
    machine = Machine(wall_s=0.0)
    tell(machine.clock(tmp_path / "clock"), machine, NOON_S)
    taken, boot = machine.up_s, machine.boot
    machine.restart("boot-2", 0.0)
    assert machine.clock(tmp_path / "clock").captured(taken, boot) == (NOON, True)


def test_a_restarted_program_knows_what_this_boot_learnt(tmp_path: Path) -> None:
    machine = Machine(wall_s=0.0)
    tell(machine.clock(tmp_path / "clock"), machine, NOON_S)
    machine.wait(20)
    again = machine.clock(tmp_path / "clock")
    assert again.compared
    assert again.now() == NOON_S + 20
    tell(again, machine, NOON_S + 20, way_s=3.0)
    assert again.now() == pytest.approx(NOON_S + 23, abs=0.01)


@pytest.mark.parametrize("wall_s", [0.0, NOON_S + 30 * DAY_S], ids=["1970", "next month"])
def test_a_boot_that_was_never_compared_lies_between_its_neighbours(tmp_path: Path, wall_s: float) -> None:
    machine = Machine()
    tell(machine.clock(tmp_path / "clock"), machine, NOON_S)
    machine.restart("lonely", wall_s)
    lonely = machine.clock(tmp_path / "clock")
    machine.wait(600)
    lonely.note()
    taken = machine.up_s
    machine.restart("boot-3", 0.0)
    clock = machine.clock(tmp_path / "clock")
    tell(clock, machine, NOON_S + 7200)
    at, sure = clock.captured(taken, "lonely")
    assert not sure
    assert NOON <= at <= NOON + timedelta(seconds=7200)


def test_a_clock_that_was_set_while_a_boot_lasted_is_its_best_guess(tmp_path: Path) -> None:
    machine = Machine(wall_s=0.0, boot="lonely")
    lonely = machine.clock(tmp_path / "clock")
    taken = machine.up_s
    machine.wall_s = NOON_S
    lonely.note()
    machine.restart("boot-2", 0.0)
    clock = machine.clock(tmp_path / "clock")
    tell(clock, machine, NOON_S + 3600)
    assert clock.captured(taken, "lonely") == (NOON, False)


def test_a_boot_of_which_nothing_is_known_gets_what_its_picture_said_but_no_time_after_it(tmp_path: Path) -> None:
    machine = Machine()
    clock = machine.clock(tmp_path / "clock")
    tell(clock, machine, NOON_S)
    said = NOON - timedelta(hours=3)
    assert clock.captured(50.0, "forgotten", said) == (said, False)
    assert clock.captured(50.0, "forgotten", NOON + timedelta(days=9)) == (NOON - timedelta(seconds=100), False)


@pytest.mark.parametrize("damage", [b"", b"{", b'[{"id": 1}]', b"\x00" * 50], ids=["empty", "cut", "poor", "zeros"])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "clock").write_bytes(damage)
    machine = Machine()
    assert not machine.clock(tmp_path / "clock").compared
    tell(machine.clock(tmp_path / "clock"), machine, NOON_S)
    assert machine.clock(tmp_path / "clock").compared


def test_a_disk_that_refuses_costs_the_memory_of_earlier_boots_only(tmp_path: Path) -> None:
    machine = Machine()
    (tmp_path / "file").write_bytes(b"")
    clock = machine.clock(tmp_path / "file" / "clock")
    tell(clock, machine, NOON_S)
    assert clock.compared


def test_the_machine_is_asked_for_its_boot() -> None:
    assert boot_id() == boot_id()
    assert NodeClock().boot == boot_id()
