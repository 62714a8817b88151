"""`parkhub retention` against real databases and a real picture store, killed with SIGKILL in between too."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from builders import save_lot
from processes import completed

from parkhub.db.engine import fetch
from parkhub.domain.retention import hash_plate, plate_key
from parkhub.secret_key import secret_key
from parkhub.settings import Settings


def words_of(*arguments: str, command: str) -> list[str]:
    return [sys.executable, "-m", "parkhub.cli.main", "retention", command, *arguments]


def environment(settings: Settings) -> dict[str, str]:
    given = {"PARKHUB_DATA_DIR": str(settings.data_dir), "PARKHUB_DATABASE_URL": settings.database_url}
    return {**os.environ, **given}


def start(settings: Settings, *arguments: str, command: str = "run") -> subprocess.Popen[str]:
    words = words_of(*arguments, command=command)
    return subprocess.Popen(words, env=environment(settings), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def run(settings: Settings, *arguments: str, command: str = "run") -> list[dict[str, object]]:
    done = await asyncio.to_thread(
        completed, words_of(*arguments, command=command), environment(settings), timeout_s=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


async def fill(number: int, slug: str = "north") -> int:
    """A lot with so many free stays that ended forty days ago; answers its id."""
    lot, now = await save_lot(slug=slug), datetime.now(UTC)
    await fetch(
        "INSERT INTO parking_session (ticket, lot, plate, folded, plate_hash, kind, state, ending, entered_at, "
        'exited_at, "right") WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) '
        "SELECT {} || i, {}, 'P' || i, 'P' || i, '', '', 'closed', 'exit', {}, {}, '' FROM n",
        *(number, slug, lot.id, now - timedelta(days=41), now - timedelta(days=40)),
    )
    return lot.id


async def with_plate() -> int:
    return int((await fetch("SELECT count(*) AS n FROM parking_session WHERE plate <> ''"))[0]["n"])


async def test_a_line_by_lot_and_kind_says_how_many_went(database):
    lot_id = await fill(3)
    await save_lot(slug="south")
    planned = await run(database, "--dry-run")
    assert await with_plate() == 3
    done = await run(database)
    assert await with_plate() == 0
    assert [(line["lot"], line["kind"], line["deleted"]) for line in done if line["deleted"]] == [
        ("north", "paid_plates", 3)
    ]
    assert {(line["lot"], line["kind"]) for line in done} == {(line["lot"], line["kind"]) for line in planned}
    assert [line["deleted"] for line in planned] == [line["deleted"] for line in done]
    assert [{line["dry_run"] for line in lines} for lines in (planned, done)] == [{True}, {False}]
    assert sum(line["deleted"] for line in await run(database)) == 0
    hashed = hash_plate(plate_key(secret_key(database), lot_id), "P1")
    assert await fetch("SELECT id FROM parking_session WHERE plate_hash = {}", hashed)
    (logged,) = await run(database, command="log")
    assert (logged["who"], logged["lot"], logged["kind"], logged["deleted"]) == ("command", "north", "paid_plates", 3)
    assert await run(database, "--lot", "south", command="log") == []


async def test_one_lot_is_done_alone(database):
    await fill(2, "north")
    await fill(3, "south")
    assert {line["lot"] for line in await run(database, "--lot", "south")} == {"south"}
    assert await with_plate() == 2


@pytest.mark.slow
async def test_a_run_that_is_killed_has_done_whole_batches_and_the_next_does_the_rest(database):
    number = 50_000
    await fill(number)
    killed = start(database)
    while not (rows := await fetch("SELECT deleted FROM deletion_log")):
        assert killed.poll() is None
        await asyncio.sleep(0.005)
    killed.kill()
    await asyncio.to_thread(killed.communicate, timeout=60)
    assert killed.returncode == -9
    assert rows[0]["deleted"] > 0
    with_plates = "SELECT count(*) FROM parking_session WHERE plate <> ''"
    (now,) = await fetch(f"SELECT deleted, ({with_plates}) AS kept FROM deletion_log")
    assert 0 < now["kept"] == number - now["deleted"]
    await run(database)
    assert await with_plate() == 0
    assert [row["n"] for row in await fetch("SELECT CAST(sum(deleted) AS BIGINT) AS n FROM deletion_log")] == [number]
    assert not await fetch("SELECT id FROM parking_session WHERE plate_hash = ''")
