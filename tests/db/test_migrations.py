"""Migrations: from nothing, again, at once, and never behind the tables."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from builders import NOW, after, save_frame, save_lot, seen, stand_ins

from parkhub.db import cameras, counts, frames, lots, spots, sqlite_connection
from parkhub.db.engine import close_database, fetch, migrate, open_database, pending_migrations, transaction
from parkhub.db.receipts import get_receipt
from parkhub.db.sqlite import LockedError
from parkhub.domain.frames import FrameStatus
from parkhub.domain.receipts import Operator
from parkhub.domain.spots import SpotState
from parkhub.domain.trust import Trouble, TrustTrack
from parkhub.services.looks import Seen, save_look
from parkhub.services.troubles import Sight
from parkhub.settings import Settings, load_settings

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_settings(request: pytest.FixtureRequest) -> Settings:
    name = "settings" if request.param == "sqlite" else "empty_postgresql_settings"
    found = request.getfixturevalue(name)
    assert isinstance(found, Settings)
    return found


async def test_an_empty_database_is_migrated_and_a_second_time_does_nothing(
    empty_settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    applied = await migrate(empty_settings)
    assert len(applied) == len(list((ROOT / "migrations").glob("parkhub_*.py")))
    assert applied == sorted(applied)
    assert await migrate(empty_settings) == []
    assert capfd.readouterr().out == ""


async def test_migrating_an_open_database_leaves_it_open(empty_settings: Settings) -> None:
    await open_database(empty_settings)
    try:
        lacking = await pending_migrations()
        assert await migrate(empty_settings) == lacking
        assert await pending_migrations() == []
        await save_lot(slug="north")
        assert await migrate(empty_settings) == []
        assert await lots.find_lot("north") is not None
    finally:
        await close_database()


async def test_whoever_meets_another_that_migrates_waits_longer_than_a_statement_does(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_TIMEOUT_S", 0.01)
    await open_database(settings)
    other = sqlite3.connect(settings.data_dir / "parkhub.sqlite", isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LockedError):
            async with transaction():
                pass
        migrating = asyncio.create_task(migrate(settings))
        await asyncio.sleep(0.3)  # many times as long as a statement waits
        assert not migrating.done()
        other.execute("ROLLBACK")
        assert await migrating
    finally:
        other.close()
        await close_database()


async def test_a_migration_that_fails_leaves_nothing_behind(empty_settings: Settings) -> None:
    await open_database(empty_settings)
    try:
        await fetch("CREATE TABLE frame (id INTEGER)")  # in the way
        lacking = await pending_migrations()
        with pytest.raises(Exception, match=r"frame|column"):
            await migrate(empty_settings)
        assert await pending_migrations() == lacking
        await fetch("DROP TABLE frame")
        assert await migrate(empty_settings) == lacking
    finally:
        await close_database()


FIRST_STEP = "parkhub_2026_11_21t03_12_00_000000.py"
"""The last migration of the installations that only judged spots."""


async def test_rows_of_an_older_installation_are_there_after_the_update_and_the_next_picture_is_taken_in(
    empty_settings: Settings, tmp_path: Path
) -> None:
    _migrate_until(FIRST_STEP, empty_settings, tmp_path)
    await open_database(empty_settings)
    try:
        camera_id, old = await _rows_of_the_first_step()
        await migrate(empty_settings)
        camera = await cameras.get_camera(camera_id)
        assert (camera.last_frame_id, camera.trust, camera.shift) == (old, TrustTrack(), None)
        assert (camera.counts_vehicles, camera.reference, camera.head_id) == (False, 0, None)
        assert [each.state for each in await frames.load_observations(old)] == [SpotState.OCCUPIED]
        track = (await spots.load_tracks(camera.id))["A1"]
        assert (track.state, track.recent, track.vehicle, track.held_until) == (SpotState.OCCUPIED, "oo", None, None)
        (change,) = await spots.list_changes(camera.lot_id, 9)
        assert (change.after, change.by_hand, change.account_id) == (SpotState.OCCUPIED, False, None)
        frame = await save_frame(camera, 1_000_001, captured_at=after(10))
        saved = await save_look(
            stand_ins(), frame.id, Seen(seen(SpotState.FREE, "A1"), 5.0, (), Sight(0, Trouble.DARK))
        )
        assert saved.status is FrameStatus.READ
        assert (await cameras.get_camera(camera_id)).trust.suspect is Trouble.DARK
        assert await counts.latest_count(camera_id) is not None
    finally:
        await close_database()


def _migrate_until(last: str, settings: Settings, folder: Path) -> None:
    """As the program of that time did: with the migrations there were."""
    (folder / "migrations").mkdir()
    for file in [ROOT / "migrations" / "__init__.py", *(ROOT / "migrations").glob("parkhub_*.py")]:
        if file.name <= last:
            shutil.copy(file, folder / "migrations")
    program = (
        "import asyncio; from parkhub.settings import load_settings; from parkhub.db.engine import migrate; "
        "asyncio.run(migrate(load_settings()))"
    )
    env = {
        **os.environ,
        "PARKHUB_DATABASE_URL": settings.database_url,
        "PARKHUB_DATA_DIR": str(settings.data_dir),
        "PYTHONPATH": str(folder),
    }
    subprocess.run([sys.executable, "-c", program], env=env, cwd=folder, check=True, timeout=120)


PAYING = "parkhub_2026_11_21t18_01_00_000000.py"
"""The last migration of the installations whose receipts had the addresses of their payments."""


async def test_receipts_of_before_keep_their_addresses_and_are_numbered_in_the_order_they_were_paid(
    empty_settings: Settings, tmp_path: Path
) -> None:
    _migrate_until(PAYING, empty_settings, tmp_path)
    await open_database(empty_settings)
    try:
        for slug in ("north", "south"):
            lot = await insert(
                "lot", slug=slug, name=slug, address="", time_zone="UTC", plan_width=400.0, plan_height=200.0
            )
            for name, state, minutes in (("late", "paid", 20), ("open", "open", 5), ("soon", "paid", 10)):
                quote = await insert(
                    "quote", public_id=f"{slug}-{name}", lot=lot, session=1, ticket="T", currency="EUR", lines="[]",
                    net_cents=400, tax_cents=0, gross_cents=400, tax_percent="0", amount_cents=400, starts_at=NOW,
                    ends_at=NOW, created_at=NOW, email="",
                )  # fmt: skip
                await insert(
                    "payment", quote=quote, provider="sandbox", state=state, checkout=f"{slug}-{name}", url="",
                    intent=f"{slug}-{name}", expires_at=NOW, paid_at=after(60 * minutes) if state == "paid" else None,
                    paid_cents=400 if state == "paid" else 0, refunded_cents=0,
                )  # fmt: skip
        await migrate(empty_settings)
        rows = await fetch("SELECT public_id, number FROM receipt ORDER BY public_id")
        found = {row["public_id"]: row["number"] for row in rows}
        assert found == {"north-late": 2, "north-soon": 1, "south-late": 2, "south-soon": 1}
        receipt = await get_receipt("north-late")
        assert (receipt.paid_cents, receipt.operator, receipt.language) == (400, Operator(), "en")
    finally:
        await close_database()


async def insert(table: str, returning: str = "id", **row: Any) -> int:
    columns, values = ", ".join(f'"{name}"' for name in row), ", ".join(["{}"] * len(row))
    sql = f"INSERT INTO {table} ({columns}) VALUES ({values}) RETURNING {returning} AS id"
    return int((await fetch(sql, *row.values()))[0]["id"])


async def _rows_of_the_first_step() -> tuple[int, int]:
    """A lot that was looked at, written as it was then; answers ids of its camera and of the picture."""
    lot = await insert("lot", slug="old", name="Old", address="", time_zone="UTC", plan_width=400.0, plan_height=200.0)
    camera = await insert(
        "camera", public_id="pole", lot=lot, name="Pole", key_hash="0", engine="classifier", debounce_agree=2,
        debounce_window=3, stale_after_s=60.0, enabled=True, marked_width=0, marked_height=0,
    )  # fmt: skip
    frame = await insert(
        "frame", camera=camera, sequence=1, captured_at=NOW, received_at=NOW, sha256="0", byte_count=1, width=640,
        height=480, media_type="image/jpeg", picture_key="frames/1.jpg", status="read", error="", ms=4.5,
        observations='[["A1"],"o900"]',
    )  # fmt: skip
    await insert("camera_look", camera=camera, frame=frame, captured_at=NOW)
    spot = await insert(
        "spot", lot=lot, camera=camera, name="A1", kind="standard", zone="", position=0,
        polygon="[[0.1,0.1],[0.2,0.1],[0.2,0.2]]", plan='["up",0.0,0.0,22.0,46.0,[]]',
    )  # fmt: skip
    await insert("spot_track", "spot", spot=spot, state="occupied", confidence=0.9, since=NOW, seen_at=NOW, recent="oo")
    await insert(
        "spot_change", lot=lot, spot=spot, frame=frame, before="free", after="occupied", at=NOW, confidence=0.9
    )
    return camera, frame


def test_processes_that_start_at_once_on_postgresql_migrate_once(empty_postgresql_settings: Settings) -> None:
    program = (
        "import asyncio; from parkhub.settings import load_settings; from parkhub.db.engine import migrate; "
        "print(len(asyncio.run(migrate(load_settings()))))"
    )
    env = {
        **os.environ,
        "PARKHUB_DATABASE_URL": empty_postgresql_settings.database_url,
        "PARKHUB_DATA_DIR": str(empty_postgresql_settings.data_dir),
    }
    started = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", program], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    counts = [int(process.communicate(timeout=120)[0].split()[-1]) for process in started]  # after who waited
    assert sorted(counts)[:2] == [0, 0]
    assert max(counts) > 0


def test_the_tables_need_no_migration_that_is_not_written(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    env = {**os.environ, "PICCOLO_CONF": "parkhub.db.piccolo_conf", "PARKHUB_DATA_DIR": str(tmp_path / "data")}
    env["PYTHONPATH"] = str(tmp_path)  # so that nothing is written into the real folder
    command = [sys.executable, "-m", "piccolo.main", "migrations", "new", "parkhub", "--auto", "--desc=drift"]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "No changes detected" in done.stdout + done.stderr
    assert len(list((tmp_path / "migrations").glob("parkhub_*.py"))) == len(
        list((ROOT / "migrations").glob("parkhub_*.py"))
    )


def test_piccolos_own_command_applies_the_migrations(tmp_path: Path) -> None:
    env = {**os.environ, "PICCOLO_CONF": "parkhub.db.piccolo_conf", "PARKHUB_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "piccolo.main", "migrations", "forwards", "parkhub"]
    done = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert asyncio.run(_migrate_in(tmp_path)) == []


async def _migrate_in(folder: Path) -> list[str]:
    return await migrate(load_settings(data_dir=folder))
