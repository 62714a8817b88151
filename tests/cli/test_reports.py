"""`parkhub reports rebuild`: one line a lot."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from builders import save_lot, save_session
from typer.testing import CliRunner

from parkhub.cli.main import app
from parkhub.db.engine import close_database, open_database
from parkhub.settings import Settings


@pytest.fixture
async def parked(sqlite_settings: Settings) -> Settings:
    await open_database(sqlite_settings)
    lot = await save_lot(slug="harbour")
    await save_lot(slug="quiet")
    await save_session(lot.id, entered_at=datetime.now(UTC))
    await close_database()
    return sqlite_settings


async def test_every_lot_is_counted_anew_and_told(parked: Settings) -> None:
    command = ["reports", "rebuild", "--jsonl", "--data-dir", str(parked.data_dir)]
    result = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert result.exit_code == 0, result.output
    told = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert sorted((line["lot"], line["days"]) for line in told) == [("harbour", 1), ("quiet", 0)]
