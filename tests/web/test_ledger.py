"""The console's money: the ledger, its files, its days and the reconciliation, and who may see them."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_lot
from reported import give_past
from visitors import EMAIL, Visitor

from parkhub.db import accounts as account_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db.engine import transaction
from parkhub.domain.ledger import Account as LedgerAccount
from parkhub.domain.ledger import Kind, Posting, Transaction
from parkhub.domain.lots import Lot
from parkhub.services import ledger
from parkhub.services.day_closes import close_day


@pytest.fixture
async def lot(app: Any, web_settings: Any) -> Lot:
    found = await save_lot(slug="harbour", name="Harbour", time_zone="UTC")
    await give_past(found, 12, datetime.now(UTC), web_settings, per_day=8)
    return found


def yesterday() -> datetime:
    return datetime.now(UTC) - timedelta(days=1)


def numbers(text: str) -> list[int]:
    return [int(each) for each in re.findall(r'<td data-label="Number">(\d+)</td>', text)]


async def test_the_ledger_is_leafed_through_from_the_latest_to_the_first(staff: Visitor, lot: Lot) -> None:
    seen: list[int] = []
    address = "/console/money?lot=harbour"
    while address:
        text = (await staff.get(address)).text
        seen += numbers(text)
        older = re.search(r'href="([^"]*before=\d+[^"]*)"[^>]*>Older', text)
        address = older[1].replace("&amp;", "&") if older else ""
    posted = [each async for each in ledger.chain(lot.id)]
    assert len(posted) > 50
    assert sorted(seen) == [each.sequence for each in posted]


async def test_a_kind_and_days_are_kept_in_the_address_and_in_the_file(staff: Visitor, lot: Lot) -> None:
    day = f"{yesterday():%Y-%m-%d}"
    asked = f"lot=harbour&kind=payment&since={day}&until={day}"
    wanted = [
        each.sequence
        async for each in ledger.chain(lot.id)
        if each.transaction.kind is Kind.PAYMENT and each.transaction.at.date() == yesterday().date()
    ]
    assert wanted
    text = (await staff.get(f"/console/money?{asked}")).text
    assert sorted(numbers(text)) == wanted
    answer = await staff.get(f"/console/money/ledger.csv?{asked}")
    assert f"harbour-ledger-payment-{day}-{day}.csv" in answer.headers["content-disposition"]
    heading, *rows = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")))
    assert heading[0] == "number"
    assert sorted({int(row[0]) for row in rows}) == wanted


async def test_beancount_gets_the_whole_ledger(staff: Visitor, lot: Lot) -> None:
    answer = await staff.get("/console/money/ledger.beancount?lot=harbour")
    assert answer.text.count("  seal: ") == len([each async for each in ledger.chain(lot.id)])
    assert " balance Income:Harbour:Parking" in answer.text


@pytest.mark.parametrize("asked", ["kind=luck", "since=yesterday", "until=9999-12-31"])
async def test_what_cannot_be_asked_for_is_told(staff: Visitor, lot: Lot, asked: str) -> None:
    answer = await staff.get(f"/console/money?lot=harbour&{asked}")
    assert answer.status_code == 422
    assert "Write days as 2026-11-16" in answer.text


async def test_days_tell_which_are_closed_and_which_have_changed_since(staff: Visitor, lot: Lot) -> None:
    owner = await account_rows.find_account(EMAIL)
    assert owner is not None
    await close_day(lot, yesterday().date(), owner, datetime.now(UTC))
    text = (await staff.get("/console/money/days?lot=harbour")).text
    assert text.count(">closed<") == 1
    assert text.count(">open<") == 30
    late = (Posting(LedgerAccount.RECEIVABLE, 50), Posting(LedgerAccount.REVENUE, -50))
    async with transaction():
        await ledger_rows.post(Transaction("late", lot.id, None, Kind.CHARGE, "EUR", yesterday(), late))
    assert "changed since" in (await staff.get("/console/money/days?lot=harbour")).text


async def test_the_providers_account_is_compared_when_somebody_asks(staff: Visitor, lot: Lot) -> None:
    assert "Both agree" not in (await staff.get("/console/money/reconciliation")).text
    answer = await staff.get(f"/console/money/reconciliation?since={yesterday():%Y-%m-%d}")
    assert answer.status_code == 200
    assert "The ledger has it, the provider" in answer.text  # the made-up past was paid nowhere
    for wrong in ("2001-01-01", "soon"):
        assert (await staff.get(f"/console/money/reconciliation?since={wrong}")).status_code == 422
