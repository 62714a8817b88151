"""`parkhub ledger` against a real data folder, and what it exports against the real Beancount."""

import csv
import json
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import save_lot
from processes import completed

from parkhub.db.engine import close_database, migrate, open_database
from parkhub.domain import entries
from parkhub.domain.ledger import Account, Kind, Posting
from parkhub.services.ledger import Event, post_event
from parkhub.settings import Settings

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
async def books(settings: Settings) -> Path:
    """A data folder with a lot, a charge with tax, a payment of too much and a refund."""
    await migrate(settings)
    await open_database(settings)
    lot = (await save_lot(slug="north")).id
    charge = (Posting(Account.RECEIVABLE, 1190), Posting(Account.REVENUE, -1000), Posting(Account.TAX_PAYABLE, -190))
    for kind, decide in (
        (Kind.CHARGE, lambda books: charge),
        (Kind.PAYMENT, lambda books: entries.payment(books, 1500, Account.CLEARING)),
        (Kind.REFUND, lambda books: entries.refund(books, 500, Account.CLEARING)),
    ):
        assert await post_event(Event(kind.value, lot, 1, kind, "EUR", AT, 'as "agreed"\\'), decide)
    await close_database()
    return settings.data_dir


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parkhub.cli.main", "ledger", *map(str, arguments)]
    return completed(command)


def test_whole_books_verify(books):
    ended = run("verify", "--data-dir", books)
    (line,) = map(json.loads, ended.stdout.splitlines())
    assert ended.returncode == 0
    assert (line["lot"], line["transactions"], line["faults"]) == ("north", 3, [])


def test_changed_books_do_not(books):
    with sqlite3.connect(books / "parkhub.sqlite") as database:
        database.execute("DROP TRIGGER ledger_transaction_refuses_update")
        database.execute("UPDATE ledger_transaction SET reason = 'x' WHERE sequence = 2")
    database.close()
    ended = run("verify", "north", "--data-dir", books)
    assert ended.returncode == 1
    assert "Transaction 2" in json.loads(ended.stdout)["faults"][0]


def test_an_unknown_lot_and_a_folder_without_books_are_one_sentence_each(books, tmp_path):
    for arguments, words in (
        (("verify", "south", "--data-dir", books), "no lot 'south'"),
        (("export", "north", "--data-dir", tmp_path), "no database"),
    ):
        ended = run(*arguments)
        assert ended.returncode == 1
        assert words in ended.stderr
        assert ended.stderr.count("\n") == 1


def test_csv_sums_to_zero(books):
    rows = list(csv.DictReader(run("export", "north", "--data-dir", books).stdout.splitlines()))
    assert len(rows) == 10
    assert sum(round(float(row["amount"]) * 100) for row in rows) == 0


def test_beancount_finds_nothing_wrong_in_its_export(books, tmp_path):
    text = run("export", "north", "--format", "beancount", "--data-dir", books).stdout
    file = tmp_path / "north.beancount"
    file.write_text(text)
    check = [sys.executable, "-m", "beancount.scripts.check", str(file)]
    ended = subprocess.run(check, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout + ended.stderr) == (0, "")
    file.write_text(text.replace("Assets:North:Clearing  10.00", "Assets:North:Clearing  11.00"))
    assert text.count("Assets:North:Clearing  10.00") == 1  # the balance that is asserted at the end
    assert subprocess.run(check, capture_output=True, timeout=60).returncode != 0
