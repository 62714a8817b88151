"""Two nodes and the simulator over a line that breaks. The long run: `tests/bench/fault_two_nodes.py`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[1] / "bench" / "fault_two_nodes.py"
SKIPPED = 77
SHORT = "--span=1500 --seconds=5 --cars=1 --cut=2 --every=4 --row-gap=1 --simulated-gap=1"

pytestmark = pytest.mark.slow


def test_the_ledger_and_the_places_are_what_they_were_on_a_perfect_line() -> None:
    done = subprocess.run([sys.executable, str(PROGRAM), *SHORT.split()], capture_output=True, text=True, check=False)
    if done.returncode == SKIPPED:
        pytest.skip(done.stderr)
    assert done.returncode in (0, 1), done.stderr
    told = json.loads(done.stdout[done.stdout.index("{\n") :])
    assert [name for name, same in told["equal"].items() if not same] == []
    assert (told["gate_pictures_lost"], told["gaps_in_numbers"], told["sessions"]) == (0, 0, 1)
    assert told["packets_lost"] > 0
