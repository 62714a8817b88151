"""Three processes let cars enter, pay and leave at once: none is lost, none waits in vain."""

import asyncio
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from builders import save_camera, save_lot

from parkhub.db import ledger as ledger_rows
from parkhub.db import reviews as review_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.ledger import Account
from parkhub.services import tariffs
from parkhub.services.ledger import verify
from parkhub.settings import Settings

AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
TARIFF = 'currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: "2.00"}}]\n'
TESTS = Path(__file__).parent.parent
SECONDS = 3


@pytest.mark.slow
async def test_three_processes_drive_and_the_books_are_right(database: Settings) -> None:
    lot = await save_lot()
    await tariffs.publish(lot.id, None, TARIFF, AT - timedelta(days=1), None, AT)
    camera = await save_camera(lot)
    program = [sys.executable, "-W", "error", TESTS / "services" / "drive_for_a_while.py"]
    drivers = [
        subprocess.Popen(
            [*map(str, (*program, database.data_dir, database.database_url, lot.id, camera.id, number, SECONDS))],
            env={**os.environ, "PYTHONPATH": str(TESTS), "PARKHUB_LOG_LEVEL": "warning"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    told = [await asyncio.to_thread(driver.communicate) for driver in drivers]
    assert [(d.returncode, error) for d, (_, error) in zip(drivers, told, strict=True)] == [(0, "")] * 3
    sums = [json.loads(out.splitlines()[-1]) for out, _ in told]
    entered, left, paid = (sum(each[name] for each in sums) for name in ("entered", "left", "paid"))
    assert left > 0
    assert await session_rows.count_open(lot.id) == entered - left
    assert (await ledger_rows.get_balances(lot.id))["EUR", Account.CASH] == paid
    assert (await ledger_rows.get_balances(lot.id))["EUR", Account.RECEIVABLE] == 0
    assert await review_rows.list_open(lot.id) == []
    assert await verify(lot.id) == []
