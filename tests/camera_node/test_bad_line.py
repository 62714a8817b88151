"""A far, slow line that loses packets, for real. The long run: `tests/bench/fault_bad_line.py`."""

import json
import subprocess
import sys
from pathlib import Path

from bad_lines import NODE, SERVER, SERVER_ADDRESS, bad_line, inside

TESTS = Path(__file__).parent.parent
PICTURES = 12


def test_everything_arrives_once_over_a_line_that_loses_every_twentieth_packet(tmp_path: Path) -> None:
    with bad_line(kbit_per_s=512, delay_s=0.03, loss=0.05) as line:
        serve = [sys.executable, str(TESTS / "wire_servers.py"), "8000", SERVER_ADDRESS]
        take = [sys.executable, str(TESTS / "camera_node" / "node_for_a_while.py"), str(tmp_path)]
        take += [f"http://{SERVER_ADDRESS}:8000", str(PICTURES), "10", "9000"]
        with subprocess.Popen(inside(SERVER, *serve)) as server:
            try:
                done = subprocess.run(inside(NODE, *take), stdout=subprocess.PIPE, text=True, check=True, timeout=120)
            finally:
                server.kill()
    found = json.loads(done.stdout)
    assert line.lost > 0
    assert (found["server"]["stored"], found["server"]["stored_twice"]) == (PICTURES, 0)
    assert found["server"]["in_order_of_capture"]
    assert (found["server"]["damaged"], found["server"]["conflicts"], found["dropped_or_refused"]) == (0, 0, 0)
