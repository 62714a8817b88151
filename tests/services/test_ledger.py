"""Posting to the ledger, on both databases: once, in turn, for good."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from builders import save_lot

from parkhub.db import ledger as ledger_rows
from parkhub.db.engine import fetch, transaction
from parkhub.domain import entries
from parkhub.domain.ledger import Account, Kind, Posting, Transaction
from parkhub.errors import ConflictError, InvalidInputError
from parkhub.services.ledger import Event, post_event, verify

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
TESTS = Path(__file__).parent.parent

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
async def lot() -> int:
    return (await save_lot()).id


def event(uid: str, lot_id: int, kind: Kind = Kind.CHARGE, session_id: int = 1) -> Event:
    return Event(uid, lot_id, session_id, kind, "EUR", AT, references={"quote": "q-1"})


def owe(cents: int):
    """A charge without tax."""
    return lambda books: (Posting(Account.RECEIVABLE, cents), Posting(Account.REVENUE, -cents))


def pay(cents: int):
    return lambda books: entries.payment(books, cents, Account.CLEARING)


async def test_an_event_is_posted_with_its_balances(lot):
    assert await post_event(event("a", lot), owe(500))
    assert await post_event(event("b", lot, Kind.PAYMENT), pay(700))
    books = await ledger_rows.get_books(1)
    assert (books.open_cents, books.credit_cents) == (0, 200)
    assert await ledger_rows.get_balances(lot) == {
        ("EUR", Account.RECEIVABLE): 0,
        ("EUR", Account.REVENUE): -500,
        ("EUR", Account.CLEARING): 700,
        ("EUR", Account.CREDIT): -200,
    }
    assert await verify(lot) == []


async def test_an_event_told_twice_is_posted_once(lot):
    assert await post_event(event("a", lot), owe(500))
    assert not await post_event(event("a", lot), owe(500))
    assert (await ledger_rows.get_books(1)).open_cents == 500
    assert (await ledger_rows.get_head(lot))[0] == 1


async def test_twenty_payments_at_once_and_each_twice_are_each_taken_once(lot):
    await post_event(event("a", lot), owe(1500))
    uids = [f"p{number}" for number in range(20)] * 2
    posted = await asyncio.gather(*(post_event(event(uid, lot, Kind.PAYMENT), pay(100)) for uid in uids))
    assert sum(posted) == 20
    books = await ledger_rows.get_books(1)
    assert (books.open_cents, books.credit_cents) == (0, 500)
    assert await verify(lot) == []


async def test_what_cannot_be_decided_leaves_nothing_behind(lot):
    with pytest.raises(InvalidInputError):
        await post_event(event("a", lot, Kind.WAIVER), lambda books: entries.waiver(books, 5))
    assert await verify(lot) == []
    assert (await ledger_rows.get_head(lot))[0] == 0


async def test_an_event_that_changes_nothing_is_not_posted(lot):
    assert not await post_event(event("a", lot), lambda books: ())
    assert (await ledger_rows.get_head(lot))[0] == 0


async def test_another_transaction_cannot_take_a_uid(lot):
    await post_event(event("a", lot), owe(500))
    other = Transaction(
        "a", lot, 1, Kind.CHARGE, "EUR", AT, (Posting(Account.CASH, 5), Posting(Account.RECEIVABLE, -5))
    )
    with pytest.raises(ConflictError):
        async with transaction():
            await ledger_rows.post(other)


async def test_posting_needs_a_transaction(lot):
    with pytest.raises(RuntimeError):
        await ledger_rows.lock(lot)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_posting SET amount_cents = amount_cents + 1",
        "DELETE FROM ledger_posting",
        "UPDATE ledger_transaction SET reason = 'changed'",
        "DELETE FROM ledger_transaction",
        'INSERT INTO ledger_posting ("transaction", account, amount_cents) '
        "SELECT id, 'cash', 0 FROM ledger_transaction",
        "DELETE FROM lot",
    ],
)
async def test_the_database_refuses_to_change_what_was_posted(lot, statement):
    await post_event(event("a", lot), owe(500))
    with pytest.raises(ConflictError):
        await fetch(statement)
    assert await verify(lot) == []


@pytest.mark.parametrize("table", ["ledger_transaction", "ledger_posting"])
async def test_what_was_posted_is_not_replaced_either(lot, table, database):
    if database.database_url:
        pytest.skip("PostgreSQL has no REPLACE")
    await post_event(event("a", lot), owe(500))
    with pytest.raises(ConflictError):
        await fetch(f"REPLACE INTO {table} SELECT * FROM {table}")
    assert await verify(lot) == []


TAMPERED = {
    "an amount": (
        'UPDATE ledger_posting SET amount_cents = 2 * amount_cents WHERE "transaction" = '
        "(SELECT id FROM ledger_transaction WHERE sequence = 2)",
        ["Transaction 2 is not what was posted", "The balance of"],
    ),
    "one side of it": (
        "UPDATE ledger_posting SET amount_cents = amount_cents + 1 WHERE account = 'receivable'",
        ["After transaction 0 stands something", "The balance of receivable", "sum to 3, not to zero"],
    ),
    "a reason": ("UPDATE ledger_transaction SET reason = 'x' WHERE sequence = 2", ["Transaction 2 is not what"]),
    "a transaction removed": ("DELETE FROM ledger_transaction WHERE sequence = 2", ["Between transactions 1 and 3"]),
    "the last removed": ("DELETE FROM ledger_transaction WHERE sequence = 3", ["The chain ends after transaction 2"]),
    "a seal": ("UPDATE ledger_transaction SET seal = uid WHERE sequence = 3", ["Transaction 3 is not", "The seal of"]),
    "a kept balance": ("UPDATE ledger_balance SET amount_cents = 1 WHERE account = 'revenue'", ["of revenue in EUR"]),
}


@pytest.mark.parametrize(("statement", "words"), TAMPERED.values(), ids=TAMPERED)
async def test_verify_finds_what_was_changed_behind_the_triggers(lot, statement, words, unguarded):
    for number in range(3):
        await post_event(event(f"t{number}", lot), owe(500))
    await unguarded(statement)
    faults = await verify(lot)
    assert all(any(word in fault for fault in faults) for word in words), faults


@pytest.fixture
def unguarded(database):
    """Runs a statement as somebody would who has taken the triggers and foreign keys away."""

    async def run(statement: str) -> None:
        if database.database_url:
            async with transaction():
                await fetch("SET LOCAL session_replication_role = replica")
                if statement.startswith("DELETE FROM ledger_transaction"):
                    await fetch(_postings_of(statement))
                await fetch(statement)
            return
        for trigger in await fetch("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger%'"):
            await fetch(f"DROP TRIGGER {trigger['name']}")
        if statement.startswith("DELETE FROM ledger_transaction"):
            await fetch(_postings_of(statement))
        await fetch(statement)

    return run


def _postings_of(statement: str) -> str:
    condition = statement.partition(" WHERE ")[2]
    return f'DELETE FROM ledger_posting WHERE "transaction" IN (SELECT id FROM ledger_transaction WHERE {condition})'


@pytest.mark.slow
async def test_three_processes_post_at_once_and_nothing_is_lost(lot, database):
    """Each charges and pays sessions of its own and one that all share, as fast as it can."""
    program = [sys.executable, "-W", "error", TESTS / "services" / "post_for_a_while.py"]
    writers = [
        subprocess.Popen(
            [*program, database.data_dir, database.database_url, str(lot), str(number)],
            env={**os.environ, "PYTHONPATH": str(TESTS)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    told = [await asyncio.to_thread(writer.communicate) for writer in writers]
    assert [(writer.returncode, error) for writer, (_, error) in zip(writers, told, strict=True)] == [(0, "")] * 3
    paid = sum(int(out) for out, _ in told)
    assert paid > 30
    assert (await ledger_rows.get_balances(lot))["EUR", Account.CLEARING] == 100 * paid
    assert (await ledger_rows.get_head(lot))[0] == 2 * paid
    assert await verify(lot) == []
