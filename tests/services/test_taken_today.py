"""What was taken today, kept from one look to the next, is what a sum of everything finds; on both databases."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from builders import stand_ins
from drivers import save_paid_lot, save_stay

from parkhub.db import engine
from parkhub.db import overview as rows
from parkhub.domain.ledger import Account
from parkhub.domain.lots import Lot
from parkhub.services import payments
from parkhub.services.taken_today import TakenToday

NOW = datetime.now(UTC)
TODAY = NOW - timedelta(hours=9)
WHY = "the barrier was broken"
clients = stand_ins()

pytestmark = pytest.mark.usefixtures("database")


async def pay(lot: Lot, uid: str, cents: int = 200, at: datetime = NOW) -> int:
    """The session that paid."""
    session = await save_stay(lot, f"T{uid}", 90)
    await payments.pay(session.id, cents, Account.CASH, f"till-{uid}", at)
    return session.id


async def cents(till: TakenToday, *lots: Lot, since: datetime = TODAY) -> list[int | None]:
    """As it is told, and as all of it sums up."""
    ids = [lot.id for lot in lots]
    told, whole = await till.read(ids, since), await TakenToday().read(ids, since)
    assert told == whole
    return [told[id_].cents if id_ in told else None for id_ in ids]


async def test_only_what_came_since_is_added() -> None:
    harbour, mill, till = await save_paid_lot(name="Harbour"), await save_paid_lot(name="Mill"), TakenToday()
    assert await cents(till, harbour, mill) == [None, None]
    paid = await pay(harbour, "1")
    assert await cents(till, harbour, mill) == [200, None]
    await pay(mill, "2", 100)
    await pay(harbour, "3", at=TODAY - timedelta(minutes=1))  # yesterday's, told today
    await payments.refund(paid, 50, Account.CASH, WHY, "back-1", None, NOW)
    assert await cents(till, harbour, mill) == [150, 100]
    await payments.waive((await save_stay(harbour, "FREE1", 90)).id, None, WHY, "waived-1", None, NOW)
    assert await cents(till, harbour, mill) == [150, 100]


async def test_another_day_begins_with_what_is_its_own() -> None:
    lot, till = await save_paid_lot(), TakenToday()
    await pay(lot, "1")
    await pay(lot, "2", at=NOW + timedelta(hours=1))
    assert await cents(till, lot) == [400]
    assert await cents(till, lot, since=NOW + timedelta(minutes=30)) == [200]


async def test_books_that_were_put_back_from_a_copy_are_summed_anew() -> None:
    lot, till = await save_paid_lot(), TakenToday()
    await pay(lot, "1")
    known = await till.read([lot.id], TODAY)
    await pay(lot, "2")
    await till.read([lot.id], TODAY)
    await engine.fetch("UPDATE ledger_head SET sequence = {} WHERE lot = {}", known[lot.id].sequence, lot.id)
    assert (await till.read([lot.id], TODAY))[lot.id].sequence == known[lot.id].sequence


async def test_a_day_that_was_summed_once_is_not_summed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lot, till, asked = await save_paid_lot(), TakenToday(), list[int]()
    await pay(lot, "1")
    first = (await till.read([lot.id], TODAY))[lot.id]
    real = rows.sum_taken

    async def noted(lot_ids: list[int], since: datetime, after: int = 0) -> dict[int, rows.Taken]:
        asked.append(after)
        return await real(lot_ids, since, after)

    monkeypatch.setattr(rows, "sum_taken", noted)
    await till.read([lot.id], TODAY)
    assert asked == []
    await pay(lot, "2")
    assert (await till.read([lot.id], TODAY))[lot.id].cents == 400
    assert asked == [first.sequence]


async def test_nothing_is_missed_or_counted_twice_while_many_pay() -> None:
    lots, till = [await save_paid_lot(name=name) for name in ("Harbour", "Mill")], TakenToday()
    ids, done = [lot.id for lot in lots], asyncio.Event()

    async def look() -> int:
        looks = 0
        while not done.is_set():
            await till.read(ids, TODAY)
            looks += 1
        return looks

    looking = asyncio.create_task(look())
    await asyncio.gather(*(pay(lots[number % 2], str(number)) for number in range(24)))
    done.set()
    assert await looking > 1
    assert await cents(till, *lots) == [2400, 2400]
