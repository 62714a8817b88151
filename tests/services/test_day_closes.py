"""A day is closed once, with the totals of the ledger; what is posted to it later shows as a difference."""

from datetime import UTC, date, datetime, timedelta
from itertools import count

import pytest
from builders import save_account, save_lot

from parkhub.db import day_closes as rows
from parkhub.db import ledger as ledger_rows
from parkhub.db.engine import fetch, transaction
from parkhub.domain.accounts import Account
from parkhub.domain.day_closes import Difference, money_of
from parkhub.domain.ledger import Account as LedgerAccount
from parkhub.domain.ledger import Kind, Posting, Transaction
from parkhub.domain.lots import Lot
from parkhub.errors import ConflictError
from parkhub.services.day_closes import close_day, find_differences, posted_by_day, posted_on
from parkhub.services.reports import keep_lot

DAY = date(2026, 11, 16)
AT = datetime(2026, 11, 16, 12, tzinfo=UTC)
AFTER = datetime(2026, 11, 16, 23, 30, tzinfo=UTC)  # half past midnight there
_numbers = count()


@pytest.fixture
async def lot(database: object) -> Lot:
    return await save_lot()


@pytest.fixture
async def account(database: object) -> Account:
    return await save_account("kim@example.org")


async def take_cash(lot: Lot, cents: int, at: datetime = AT) -> None:
    postings = (Posting(LedgerAccount.CASH, cents), Posting(LedgerAccount.RECEIVABLE, -cents))
    async with transaction():
        uid = f"taken:{next(_numbers)}"
        await ledger_rows.post(Transaction(uid, lot.id, None, Kind.PAYMENT, "EUR", at, postings))


async def test_a_day_keeps_the_totals_it_was_closed_with(lot, account):
    await take_cash(lot, 500)
    await take_cash(lot, 250)
    await take_cash(lot, 99, AT - timedelta(days=1))
    close = await close_day(lot, DAY, account, AFTER)
    assert money_of(close.totals)["EUR"].received == 750
    assert await rows.find_close(lot.id, DAY) == close
    assert (close.who, close.sequence) == ("kim@example.org", 3)
    assert await find_differences(lot, close) == []
    (noted,) = await fetch("SELECT account, subject FROM audit_entry WHERE action = 'day.closed'")
    assert noted["account"] == account.id


async def test_what_is_posted_to_a_closed_day_shows_and_changes_nothing_of_its_close(lot, account):
    await take_cash(lot, 500)
    close = await close_day(lot, DAY, account, AFTER)
    await take_cash(lot, 40)
    await take_cash(lot, 7, AFTER)
    assert await find_differences(lot, close) == [
        Difference("EUR", Kind.PAYMENT, LedgerAccount.CASH, 500, 540),
        Difference("EUR", Kind.PAYMENT, LedgerAccount.RECEIVABLE, -500, -540),
    ]
    assert await rows.find_close(lot.id, DAY) == close


async def test_a_day_is_closed_when_it_is_over_and_once(lot, account):
    with pytest.raises(ConflictError, match="not over"):
        await close_day(lot, DAY, account, AFTER - timedelta(minutes=31))
    await close_day(lot, DAY, account, AFTER)
    with pytest.raises(ConflictError, match="already"):
        await close_day(lot, DAY, account, AFTER)
    (entries,) = await fetch("SELECT count(*) AS n FROM audit_entry WHERE action = 'day.closed'")
    assert entries["n"] == 1


async def test_a_close_is_never_changed(lot, account):
    await close_day(lot, DAY, account, AFTER)
    for change in ("UPDATE day_close SET totals = '[]'", "DELETE FROM day_close"):
        with pytest.raises(ConflictError):
            await fetch(change)


async def test_days_are_told_as_they_were_counted_and_what_has_changed_since_anew(database, lot):
    since, until = DAY - timedelta(days=1), DAY + timedelta(days=2)
    for cents, at in ((99, AT - timedelta(days=1)), (500, AT), (7, AFTER)):
        await take_cash(lot, cents, at)
        await keep_lot(lot, database, AFTER)
    for _ in range(2):
        told = await posted_by_day(lot, since, until)
        assert list(told) == [since, DAY, DAY + timedelta(days=1)]
        for day, totals in told.items():
            assert totals == await posted_on(lot, day)
        await take_cash(lot, 40)
    assert money_of(told[DAY])["EUR"].received == 540
