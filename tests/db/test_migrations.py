"""Migrations: from nothing, again, at once, and never behind the tables."""

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders import save_lot

from parkhub.db import lots
from parkhub.db.engine import close_database, fetch, migrate, open_database, pending_migrations
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
    counts = [int(process.communicate(timeout=120)[0]) for process in started]
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
