"""The monthly report is written once, to those who want it and may see it, and forecasts are made from what was
counted, on both databases.
"""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from builders import save_account, save_lot, stand_ins
from reported import CAPACITY, give_past

from parkhub.db import report_readers
from parkhub.db.engine import fetch
from parkhub.domain.accounts import Account
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Role
from parkhub.letters import put_in_words
from parkhub.services import forecasts
from parkhub.services.report_letters import write_letters
from parkhub.settings import Settings

FIRST = datetime(2026, 11, 1, 4, 30, tzinfo=UTC)


@pytest.fixture
async def lot(database: Settings) -> Lot:
    found = await save_lot(name="Harbour")
    await give_past(found, 20, FIRST - timedelta(hours=5), database, per_day=4)
    return found


@pytest.fixture
async def reader(lot: Lot) -> Account:
    found = await save_account("kim@example.org")
    await report_readers.add_reader(lot.id, found.id)
    return found


async def letters() -> list[dict[str, object]]:
    return await fetch("SELECT address, name, facts, uid FROM letter ORDER BY id")


async def test_on_the_first_the_month_is_told_once(lot, reader, settings):
    clients = stand_ins()
    assert await write_letters(clients, settings, FIRST - timedelta(hours=2)) == 0
    assert await write_letters(clients, settings, FIRST) == 1
    assert await write_letters(clients, settings, FIRST + timedelta(days=1)) == 0
    (letter,) = await letters()
    assert letter["address"] == "kim@example.org"
    values = msgspec.json.decode(letter["facts"])
    words = put_in_words("uid", "kim@example.org", "en", "report", values)
    assert words.subject == "Report of October 2026: Harbour"
    (came,) = await fetch("SELECT count(*) AS n FROM parking_session WHERE lot = {}", lot.id)
    assert f"Entries: {came['n']} (0)" in words.text
    assert "at=2026-10-01" in words.text


async def test_who_may_see_it_no_more_gets_no_letter(lot, reader, settings):
    other = await save_account("sam@example.org", Role.ATTENDANT)
    await report_readers.add_reader(lot.id, other.id)
    assert await write_letters(stand_ins(), settings, FIRST) == 1
    assert [letter["address"] for letter in await letters()] == ["kim@example.org"]


async def test_nobody_is_written_to_in_the_middle_of_a_month(lot, reader, settings):
    assert await write_letters(stand_ins(), settings, FIRST + timedelta(days=10)) == 0


async def test_a_forecast_is_made_from_what_was_counted_and_grows_old(lot):
    now = FIRST - timedelta(hours=5)
    found = await forecasts.find_forecast(lot, now)
    assert found is not None
    assert found.capacity == CAPACITY
    assert len(found.hours) == 24
    assert await forecasts.find_forecast(lot, now + forecasts.FRESH + timedelta(minutes=1)) is None
    assert await forecasts.make_forecast(lot, now + timedelta(days=1)) is None
