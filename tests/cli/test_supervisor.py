"""The supervisor with small programs: what dies comes back, everything stops in time, nothing stays behind."""

import json
import os
import signal
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import pytest
from processes import Program, hearing, running, runs, wait_for

STOP_S = 30.0  # it takes five seconds at most, but not on a machine that is busy with other tests
AGAIN = "process ended, starting it again"

SLEEPS = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)
DIES = "print('I give up', flush=True); raise SystemExit(7)"
HAS_CHILD = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(601)'])"


def spec(name: str, program: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "command": [sys.executable, "-c", program], **fields}


def supervise(folder: Path, *specs: dict[str, Any]) -> AbstractContextManager[Program]:
    here = Path(__file__).with_name("supervised.py")
    return running([*hearing("HUP"), sys.executable, str(here), json.dumps(specs)], folder)


def has_started(program: Program, count: int) -> bool:
    """All children have become the programs they shall be."""
    found = program.family()
    return "started" in program.stdout and len(found) == count and not any(_is_leash(member) for member in found)


def _is_leash(process: psutil.Process) -> bool:
    try:
        return any("leash.py" in word for word in process.cmdline())
    except psutil.Error:
        return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=["TERM", "INT", "HUP"])
def test_a_signal_stops_all_programs(tmp_path: Path, number: int) -> None:
    with supervise(tmp_path, spec("one", SLEEPS), spec("two", SLEEPS)) as program:
        wait_for(lambda: has_started(program, 2), "two programs")
        program.signal(number)
        assert program.end(STOP_S) == 0
        assert program.survivors() == []
        assert program.log_lines(AGAIN) == []


def test_a_program_deaf_to_the_stop_signal_is_killed(tmp_path: Path) -> None:
    base = spec("base", STUBBORN, relay=True, last=True)
    with supervise(tmp_path, spec("deaf", STUBBORN, relay=True), base) as program:
        wait_for(lambda: len(program.log_lines("deaf")) == 2, "both programs to be deaf")
        program.signal(signal.SIGTERM)
        assert program.end(STOP_S) == 0
        assert program.survivors() == []
        assert {line["name"] for line in program.log_lines("killed: did not stop in time")} == {"deaf", "base"}


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    with supervise(tmp_path, spec("deaf", STUBBORN, relay=True)) as program:
        wait_for(lambda: program.log_lines("deaf"), "the program to be deaf")
        program.signal(signal.SIGINT)
        time.sleep(0.2)  # two signals at once are one
        program.signal(signal.SIGINT)
        assert program.end(STOP_S) == 0
        assert program.survivors() == []


def test_programs_others_depend_on_are_stopped_after_them(tmp_path: Path) -> None:
    with supervise(tmp_path, spec("base", SLEEPS, last=True), spec("user", SLEEPS)) as program:
        wait_for(lambda: has_started(program, 2), "two programs")
        program.signal(signal.SIGTERM)
        assert program.end(STOP_S) == 0
        assert [line["name"] for line in program.log_lines("ended")] == ["user", "base"]


def test_kill_minus_nine_of_the_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    with supervise(tmp_path, spec("one", SLEEPS), spec("deaf", STUBBORN, relay=True)) as program:
        wait_for(lambda: has_started(program, 2), "two programs")
        program.signal(signal.SIGKILL)
        program.end()
        wait_for(lambda: not program.survivors(), "the orphans to end")


def test_a_killed_program_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    with supervise(tmp_path, spec("one", SLEEPS)) as program:
        wait_for(lambda: has_started(program, 1), "the program")
        (first,) = program.family()
        first.kill()
        (line,) = wait_for(lambda: program.log_lines(AGAIN), "the log line")
        assert (line["name"], line["pid"], line["reason"]) == ("one", first.pid, "killed by SIGKILL")
        wait_for(lambda: has_started(program, 1) and not runs(first), "the program to come back")
        (second,) = program.family()
        assert second.pid != first.pid


def test_a_program_that_keeps_dying_waits_longer_each_time_and_its_last_words_are_told(tmp_path: Path) -> None:
    with supervise(tmp_path, spec("one", DIES, relay=True)) as program:
        lines = wait_for(lambda: found if len(found := program.log_lines(AGAIN)) >= 4 else None, "four deaths")
        assert [line["delay_s"] for line in lines[:4]] == [0.2, 0.4, 0.8, 1.6]
        assert lines[0]["reason"] == "exit status 7"
        assert lines[0]["said"] == ["I give up"]


def test_a_program_that_cannot_be_started_says_so(tmp_path: Path) -> None:
    missing = {"name": "one", "command": ["/there/is/no/such/program"], "relay": True}
    with supervise(tmp_path, missing) as program:
        lines = wait_for(lambda: program.log_lines(AGAIN), "the log line")
        words = "parkhub: /there/is/no/such/program cannot be started: No such file or directory."
        assert lines[0]["said"] == [words]


def test_what_a_program_started_itself_stops_with_it(tmp_path: Path) -> None:
    with supervise(tmp_path, spec("one", HAS_CHILD)) as program:
        wait_for(lambda: has_started(program, 2), "the program and its own child")
        program.signal(signal.SIGTERM)
        assert program.end(STOP_S) == 0
        wait_for(lambda: not program.survivors(), "the grandchild to end")


def test_programs_are_out_of_reach_of_the_terminals_ctrl_c(tmp_path: Path) -> None:
    with supervise(tmp_path, spec("one", SLEEPS), spec("two", SLEEPS)) as program:
        wait_for(lambda: has_started(program, 2), "two programs")
        own = os.getpgid(program.process.pid)
        assert own not in {os.getpgid(member.pid) for member in program.family()}
