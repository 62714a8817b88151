"""The ledger by pages, on both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from builders import save_lot

from parkhub.db import ledger as ledger_rows
from parkhub.db.engine import transaction
from parkhub.db.ledger_search import PostedFilter, list_first, list_latest
from parkhub.domain.ledger import Account, Kind, Posting, Transaction

pytestmark = pytest.mark.usefixtures("database")
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTES = (3, 1, 2, 2)
"""When they happened is not the order in which they were told."""


async def post(lot_id: int) -> None:
    for number, minutes in enumerate(MINUTES):
        kind, cents = (Kind.CHARGE, 100) if number % 2 == 0 else (Kind.CORRECTION, -50)
        postings = (Posting(Account.RECEIVABLE, cents), Posting(Account.REVENUE, -cents))
        at = NOW + timedelta(minutes=minutes)
        async with transaction():
            await ledger_rows.post(Transaction(f"{lot_id}:{number}", lot_id, None, kind, "EUR", at, postings))


async def test_the_latest_come_first_and_every_page_goes_on_after_the_one_before() -> None:
    lot, other = await save_lot(), await save_lot(slug="other")
    await post(lot.id)
    await post(other.id)
    first = await list_latest(PostedFilter(lot.id), None, 3)
    assert [each.sequence for each in first] == [1, 4, 3]
    assert first[0].transaction.postings == (Posting(Account.RECEIVABLE, 100), Posting(Account.REVENUE, -100))
    rest = await list_latest(PostedFilter(lot.id), first[-1].sequence, 3)
    assert [each.sequence for each in rest] == [2]
    assert await list_latest(PostedFilter(lot.id), 999, 3) == []


async def test_a_choice_is_read_from_the_first_on_page_by_page() -> None:
    lot, other = await save_lot(), await save_lot(slug="other")
    await post(lot.id)
    await post(other.id)
    first = await list_first(PostedFilter(lot.id), None, 3)
    assert [each.sequence for each in first] == [2, 3, 4]
    rest = await list_first(PostedFilter(lot.id), first[1], 3)
    assert [each.sequence for each in rest] == [4, 1]
    assert await list_first(PostedFilter(lot.id), rest[-1], 3) == []
    until = NOW + timedelta(minutes=3)
    assert [each.sequence for each in await list_first(PostedFilter(lot.id, Kind.CHARGE, None, until), None, 9)] == [3]


async def test_a_kind_and_a_time_leave_out_the_others() -> None:
    lot = await save_lot()
    await post(lot.id)
    since, until = NOW + timedelta(minutes=2), NOW + timedelta(minutes=3)
    assert [each.sequence for each in await list_latest(PostedFilter(lot.id, Kind.CHARGE), None, 9)] == [1, 3]
    assert [each.sequence for each in await list_latest(PostedFilter(lot.id, None, since, until), None, 9)] == [4, 3]
    both = PostedFilter(lot.id, Kind.CORRECTION, since, until)
    assert [each.sequence for each in await list_latest(both, None, 9)] == [4]
