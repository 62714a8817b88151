"""A node and its server with a line of 64 kbit/s between them that is far, loses packets and breaks every two minutes.

The line is `tests/bad_lines.py` (two network namespaces, TUN devices, root only), the server the tests' own instrument.
Every tenth picture is one of a gate.

    python tests/bench/fault_bad_line.py [--pictures 200] [--rate 0.5] [--bytes 12000] [--kbit 64] [--delay 0.15]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bad_lines import NODE, SERVER, SERVER_ADDRESS, BadLine, bad_line, inside

TESTS = Path(__file__).parent.parent
BREAK_EVERY_S, BROKEN_S = 120.0, 20.0


def break_often(line: BadLine, ended: threading.Event) -> None:
    """Let nothing pass for a while, every two minutes."""
    while not ended.wait(BREAK_EVERY_S):
        line.cut = True
        ended.wait(BROKEN_S)
        line.cut = False


def run(given: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Take and send; what the node, the server and the line say."""
    ended = threading.Event()
    with bad_line(given.kbit, given.delay, given.loss) as line:
        breaking = threading.Thread(target=break_often, args=(line, ended))
        serve = [sys.executable, str(TESTS / "wire_servers.py"), "8000", SERVER_ADDRESS]
        take = [sys.executable, str(TESTS / "camera_node" / "node_for_a_while.py"), str(folder)]
        take += [f"http://{SERVER_ADDRESS}:8000", str(given.pictures), str(given.rate), str(given.bytes)]
        with subprocess.Popen(inside(SERVER, *serve)) as server:
            try:
                breaking.start()
                done = subprocess.run(inside(NODE, *take), stdout=subprocess.PIPE, text=True, check=True)
            finally:
                ended.set()
                breaking.join()
                server.kill()
        packets = {"packets_carried": line.carried, "packets_lost": line.lost}
    return {"fault": "bad line", **vars(given), **packets, **json.loads(done.stdout)}


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--rate", type=float, default=0.5)
    parser.add_argument("--bytes", type=int, default=12_000)
    parser.add_argument("--kbit", type=float, default=64.0)
    parser.add_argument("--delay", type=float, default=0.15)
    parser.add_argument("--loss", type=float, default=0.03)
    with tempfile.TemporaryDirectory() as name:
        print(json.dumps(run(parser.parse_args(), Path(name)), indent=2))


if __name__ == "__main__":
    main()
