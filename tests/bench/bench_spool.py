"""How long a node's spool takes to open with many pictures in it, and what it writes to the disk for each byte of one.

The writing is counted by the kernel on an ext4 of its own in a file in memory (root only), for the spool and, as peers,
SQLite with synchronous=FULL, with a write-ahead log and without.

    python tests/bench/bench_spool.py [--pictures 100000] [--folder /dev/shm] [--taken 300] [--bytes 60000]
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import psutil

from camera_node.node_clock import NodeClock
from camera_node.picture import Kind, Picture, monotonic_s
from camera_node.spool import Spool
from camera_node.spool_files import Entry, Stored, encode

SECTOR_BYTES = 512
WRITTEN_OUT_S = 6.0


def measure_opening(folder: Path, pictures: int) -> dict[str, object]:
    """With that many waiting, every tenth of a gate."""
    waiting = folder / "spool"
    waiting.mkdir()
    at = datetime.now(UTC)
    for number in range(pictures):
        kind = Kind.GATE if number % 10 == 0 else Kind.OVERVIEW
        data = encode(Stored(number, Picture(str(number), b"x" * 100, "image/jpeg", at, kind), "boot", True))
        (waiting / Entry(number, kind, int(at.timestamp() * 1000), len(data), number).name).write_bytes(data)
    process = psutil.Process()
    before, began, cpu = process.memory_info().rss, time.monotonic(), time.process_time()
    with Spool(waiting, 10**12, clock=NodeClock(), reserve_bytes=0) as spool:
        opened, cpu = time.monotonic() - began, time.process_time() - cpu
        first = spool.next()
        assert first is not None
        return {
            "bench": "opening a spool",
            "pictures": spool.state().pictures,
            "open_s": round(opened, 2),
            "open_cpu_s": round(cpu, 2),
            "megabytes": round((process.memory_info().rss - before) / 1e6, 1),
            "handles": process.num_fds(),
        }


def by_spool(folder: Path, taken: int, size: int) -> None:
    with Spool(folder / "spool", 10**12, clock=NodeClock(folder / "clock"), reserve_bytes=0) as spool:
        for number in range(taken):
            at = datetime.now(UTC)
            spool.put(Picture(str(number), os.urandom(size), "image/jpeg", at, monotonic_s=monotonic_s()))
            found = spool.next()
            assert found is not None
            spool.done(found.sequence)


def by_sqlite(journal: str) -> Callable[[Path, int, int], None]:
    def put_and_delete(folder: Path, taken: int, size: int) -> None:
        database = sqlite3.connect(folder / "database")
        database.execute(f"PRAGMA journal_mode = {journal}")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("CREATE TABLE picture (id INTEGER PRIMARY KEY, data BLOB)")
        for number in range(taken):
            database.execute("INSERT INTO picture VALUES (?, ?)", (number, os.urandom(size)))
            database.commit()
            database.execute("DELETE FROM picture WHERE id = ?", (number,))
            database.commit()
        database.close()

    return put_and_delete


def count_writing(folder: Path, way: Callable[[Path, int, int], None], taken: int, size: int) -> float:
    """Bytes that the disk was given for each byte of a picture."""
    disk, place = folder / "disk", folder / "mounted"
    place.mkdir(exist_ok=True)
    with disk.open("wb") as file:
        file.truncate(200_000_000)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(disk)], check=True)
    command = ["losetup", "--find", "--show", str(disk)]
    loop = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    written = Path(f"/sys/block/{Path(loop).name}/stat")
    try:
        subprocess.run(["mount", loop, str(place)], check=True)
        try:
            os.sync()
            before = int(written.read_text().split()[6])
            way(place, taken, size)
            os.sync()
            time.sleep(WRITTEN_OUT_S)  # the journal's own end comes after five seconds
            os.sync()
            return round((int(written.read_text().split()[6]) - before) * SECTOR_BYTES / (taken * size), 2)
        finally:
            subprocess.run(["umount", str(place)], check=True)
    finally:
        subprocess.run(["losetup", "--detach", loop], check=True)


def main() -> None:
    """Measure and print one JSON object each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=Path("/dev/shm"))
    parser.add_argument("--taken", type=int, default=300)
    parser.add_argument("--bytes", type=int, default=60_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        print(json.dumps(measure_opening(Path(name), given.pictures)), flush=True)
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        print("What is written is counted by root with mkfs.ext4 only.", file=sys.stderr)
        return
    ways = {"spool": by_spool, "sqlite_wal": by_sqlite("WAL"), "sqlite_rollback": by_sqlite("DELETE")}
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        found = {title: count_writing(Path(name), way, given.taken, given.bytes) for title, way in ways.items()}
    print(json.dumps({"bench": "bytes written for a byte of a picture", "bytes": given.bytes, **found}))


if __name__ == "__main__":
    main()
