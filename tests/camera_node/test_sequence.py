"""Sequence numbers: none comes twice, whatever happens to process and clock."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from camera_node.sequence import BLOCK, Sequence, sequence_file


def test_numbers_rise_though_the_clock_stands_still(tmp_path: Path) -> None:
    sequence = Sequence(tmp_path / "s", clock=lambda: 1000)
    assert [sequence.take() for _ in range(5)] == [1000, 1001, 1002, 1003, 1004]


def test_a_restart_never_repeats_though_the_clock_went_back(tmp_path: Path) -> None:
    first = Sequence(tmp_path / "s", clock=lambda: 5_000_000)
    before = [first.take() for _ in range(3)]
    again = Sequence(tmp_path / "s", clock=lambda: 10)
    assert again.take() > max(before)


def test_numbers_follow_the_clock_over_many_blocks(tmp_path: Path) -> None:
    times = iter(range(0, 50 * BLOCK, BLOCK // 3))
    sequence = Sequence(tmp_path / "s", clock=lambda: next(times))
    taken = [sequence.take() for _ in range(100)]
    assert taken == sorted(set(taken))


def test_two_that_share_a_file_never_give_the_same_number(tmp_path: Path) -> None:
    pair = [Sequence(tmp_path / "s", clock=lambda: 77) for _ in range(2)]
    taken = [pair[n % 2].take() for n in range(200)]
    assert len(set(taken)) == 200


def test_threads_never_get_the_same_number(tmp_path: Path) -> None:
    sequence = Sequence(tmp_path / "s")
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: sequence.take(), range(2000)))
    assert len(set(taken)) == 2000


def test_processes_never_get_the_same_number(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from camera_node.sequence import Sequence;"
        "s = Sequence(Path(sys.argv[1])); print(*[s.take() for _ in range(50)])"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "s")]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    taken = [number for process in running for number in process.communicate()[0].split()]
    assert [process.returncode for process in running] == [0, 0, 0, 0]
    assert len(set(taken)) == len(taken) == 200


@pytest.mark.parametrize("damage", [b"", b"not a number", b"\x00" * 21], ids=["empty", "words", "zeros"])
def test_a_damaged_file_is_begun_anew_from_the_clock(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "s"
    file.write_bytes(damage)
    assert Sequence(file, clock=lambda: 9_000).take() == 9_000


def test_the_file_lies_in_the_state_folder_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert sequence_file("gate") == tmp_path / "parkhub-node" / "gate.sequence"
