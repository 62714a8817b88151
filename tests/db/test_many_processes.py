"""Several processes on one SQLite file, as `parkhub up` runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from builders import save_camera

from parkhub.db import frames
from parkhub.db.engine import close_database, open_database
from parkhub.settings import Settings

TESTS = Path(__file__).parent.parent
SECONDS = 3.0


def run_together(folder: Path, camera_id: int, seconds: float) -> list[dict[str, Any]]:
    """Three processes at once; what each counted."""
    writers = [
        subprocess.Popen(
            [
                sys.executable,
                "-W",
                "error",
                TESTS / "db" / "write_for_a_while.py",
                folder,
                str(camera_id),
                str(seconds),
                str(number * 1_000_000),
            ],
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    if camera_id:  # none has written for long when another one begins: whoever writes first may keep it waiting
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("\n")
            writer.stdin.flush()
    found = []
    for writer in writers:
        output, errors = writer.communicate(timeout=120)
        assert writer.returncode == 0, errors
        assert errors == ""
        found.append(json.loads(output.splitlines()[-1]))  # after who waited
    return found


async def test_three_processes_write_at_once_and_nobody_meets_a_locked_database(sqlite_settings: Settings) -> None:
    await open_database(sqlite_settings)
    camera = await save_camera(spots_seen=20)
    await close_database()
    counts = [found["count"] for found in run_together(sqlite_settings.data_dir, camera.id, SECONDS)]
    assert min(counts) > 0
    await open_database(sqlite_settings)
    try:
        assert len(await frames.list_frames(camera.id, 1_000_000)) == sum(counts)
        assert await frames.count_waiting() == 0
    finally:
        await close_database()


def test_three_processes_that_start_on_an_empty_folder_migrate_it_once(tmp_path: Path) -> None:
    applied = [found["applied"] for found in run_together(tmp_path, 0, 0)]
    assert sorted(map(bool, applied)) == [False, False, True]
