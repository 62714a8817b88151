"""The monthly report is written once, to those who want it and may see it, and forecasts are made from what was
counted, on both databases.
"""

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO

import msgspec
import pytest
from builders import save_account, save_lot, stand_ins
from mail_servers import posting
from pypdf import PdfReader
from reported import CAPACITY, give_past

from parkhub.clients.mail import SmtpMailer
from parkhub.clients.pictures import FolderStore
from parkhub.db import audit, report_readers
from parkhub.db.engine import fetch
from parkhub.domain.accounts import Account
from parkhub.domain.audit import ALL
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Role
from parkhub.letters import put_in_words
from parkhub.services import forecasts, mail
from parkhub.services.report_letters import choose_readers, list_candidates, write_letters
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


async def test_the_report_comes_as_a_pdf_by_a_real_mail_server_and_nothing_of_it_stays(lot, reader, settings, tmp_path):
    other = await save_account("sam@example.org")
    await report_readers.add_reader(lot.id, other.id)
    with posting() as post:
        clients = replace(
            stand_ins(), pictures=FolderStore(tmp_path / "store"), mail=SmtpMailer(post.settings(settings))
        )
        assert await write_letters(clients, settings, FIRST) == 2
        kept = await clients.pictures.used_bytes(mail.ATTACHED)
        assert all(len(str(letter["facts"])) < 3000 for letter in await letters())
        post.hangs.set()
        sending = asyncio.create_task(mail.send_due(clients, lambda: FIRST))
        await asyncio.to_thread(post.reached.wait, 10)
        assert await mail.delete_unattached(clients) == 0
        post.hangs.clear()
        assert await sending == 2
        assert await mail.send_due(clients, lambda: FIRST + timedelta(hours=1)) == 0
    assert len(post.letters) == 2
    for letter in post.letters:
        [sheet] = letter.iter_attachments()
        assert (sheet.get_content_type(), sheet.get_filename()) == ("application/pdf", f"{lot.slug}-2026-10.pdf")
        pages = PdfReader(BytesIO(sheet.get_content())).pages
        text = " ".join(page.extract_text() for page in pages)
        assert "Harbour" in text
        assert "Report October 2026" in text
        assert "is attached as PDF" in letter.get_body(("plain",)).get_content()
        assert letter["subject"] == "Report of October 2026: Harbour"
    assert kept > 2 * 1000
    assert await clients.pictures.used_bytes(mail.ATTACHED) == 0
    assert [letter["facts"] for letter in await letters()] == ["", ""]


async def test_a_letter_whose_file_is_gone_goes_without_it_and_files_of_none_are_deleted(
    lot, reader, settings, tmp_path
):
    clients = replace(stand_ins(), pictures=FolderStore(tmp_path / "store"))
    await write_letters(clients, settings, FIRST)
    await clients.pictures.delete_folder(mail.ATTACHED)
    await mail.attach(clients, "of a letter that was never written", "a.pdf", "application/pdf", b"%PDF")
    lost = next((tmp_path / "store" / mail.ATTACHED).iterdir())
    os.utime(lost, (0, 0))
    assert await mail.delete_unattached(clients) == 1
    assert await mail.send_due(clients, lambda: FIRST) == 1
    [sent] = clients.mail.sent
    assert sent.attachments == ()
    assert "is attached" not in sent.text
    assert "/console/reports/pdf?" in sent.text


async def test_an_owner_says_who_gets_it(lot, reader):
    accountant = await save_account("ann@example.org", Role.ACCOUNTANT)
    attendant = await save_account("sam@example.org", Role.ATTENDANT)
    found = {account.email: gets for account, gets in await list_candidates(lot)}
    assert found == {"kim@example.org": True, "ann@example.org": False}
    for _ in range(2):
        await choose_readers(lot, {accountant.id, attendant.id, 10**6}, reader, FIRST)
        assert await report_readers.list_readers(lot.id) == [accountant.id]
    [noted] = await audit.list_entries(ALL, None, 9)
    assert (noted.action, noted.account_id, noted.lot_id) == ("report.readers_chosen", reader.id, lot.id)
    assert (noted.before, noted.after) == ({"readers": ["kim@example.org"]}, {"readers": ["ann@example.org"]})


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
