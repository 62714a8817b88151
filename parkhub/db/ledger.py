"""The ledger's rows: posted once, never changed; balances are kept beside them and can be summed anew."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from parkhub.db.engine import Row, fetch, in_transaction, run_many
from parkhub.domain import booking_entries
from parkhub.domain.entries import Books
from parkhub.domain.ledger import GENESIS, Account, Kind, Posting, Sum, Transaction, seal
from parkhub.errors import ConflictError

Balances = Mapping[tuple[str, Account], int]
"""By currency and account; debits above zero."""

_SELECT = (
    "SELECT ledger_transaction.*, ledger_posting.account, ledger_posting.amount_cents FROM ledger_transaction "
    'JOIN ledger_posting ON ledger_posting."transaction" = ledger_transaction.id'
)
_read_refs = msgspec.json.Decoder(dict[str, str]).decode


@dataclass(frozen=True, slots=True)
class Posted:
    """A transaction as it stands in its lot's chain."""

    sequence: int
    seal: str
    transaction: Transaction


async def lock(lot_id: int) -> tuple[int, str]:
    """Number and seal of a lot's last transaction; whoever asks next waits until this transaction has ended."""
    if not in_transaction():
        raise RuntimeError("posting to the ledger needs a transaction")
    rows = await fetch(
        "INSERT INTO ledger_head (lot, sequence, seal) VALUES ({}, 0, {}) "
        "ON CONFLICT (lot) DO UPDATE SET sequence = ledger_head.sequence RETURNING sequence, seal",
        lot_id,
        GENESIS,
    )
    return rows[0]["sequence"], rows[0]["seal"]


async def post(transaction: Transaction) -> bool:
    """Append to the lot's chain; False when this very transaction is there already.

    Call it inside a transaction. Raises ConflictError when another transaction has the uid.
    """
    last, previous = await lock(transaction.lot_id)
    known = await find_transaction(transaction.uid)
    if known is not None:
        if _content(known.transaction) != _content(transaction):
            raise ConflictError("Another ledger transaction has this id.")
        return False
    sequence = last + 1
    link = seal(previous, sequence, transaction)
    rows = await fetch(
        "INSERT INTO ledger_transaction (uid, lot, sequence, session, booking, kind, currency, at, reason, refs, seal) "
        "VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}) RETURNING id",
        transaction.uid,
        transaction.lot_id,
        sequence,
        transaction.session_id,
        transaction.booking_id,
        transaction.kind.value,
        transaction.currency,
        transaction.at,
        transaction.reason,
        msgspec.json.encode(dict(transaction.references), order="sorted").decode(),
        link,
    )
    await _add_postings(rows[0]["id"], transaction)
    await _note_owed(transaction)
    await fetch("UPDATE ledger_head SET sequence = {}, seal = {} WHERE lot = {}", sequence, link, transaction.lot_id)
    return True


async def find_transaction(uid: str) -> Posted | None:
    """The transaction with that uid."""
    found = await load("ledger_transaction.uid = {}", uid)
    return found[0] if found else None


async def list_chain(lot_id: int, after: int, until: int) -> list[Posted]:
    """A lot's transactions in their order, with sequence numbers beyond ``after`` and up to ``until``."""
    return await load(
        "ledger_transaction.lot = {} AND ledger_transaction.sequence > {} AND ledger_transaction.sequence <= {}",
        lot_id,
        after,
        until,
    )


async def list_of_session(session_id: int) -> list[Posted]:
    """What was posted for one session, in its order."""
    return await load("ledger_transaction.session = {}", session_id)


async def list_of_booking(booking_id: int) -> list[Posted]:
    """What was posted for one booking, in its order; what its stay used of it too."""
    return await load("ledger_transaction.booking = {}", booking_id)


async def list_through(account: Account, since: datetime) -> list[Posted]:
    """What was posted in all lots to an account by transactions of ``since`` <= at, each with all its postings."""
    return await load(
        "ledger_transaction.at >= {} AND ledger_transaction.id IN "
        '(SELECT "transaction" FROM ledger_posting WHERE account = {})',
        since,
        account.value,
    )


async def get_books(session_id: int) -> Books:
    """A session's books, summed from its postings."""
    books = Books()
    for posted in await list_of_session(session_id):
        books = books.after(posted.transaction.kind, booking_entries.of_session(posted.transaction.postings))
    return books


async def get_booking_books(booking_id: int) -> Books:
    """A booking's books, as those of a session: what was paid in advance is its credit (`booking_entries`)."""
    books = Books()
    for posted in await list_of_booking(booking_id):
        postings = booking_entries.of_booking(
            posted.transaction.postings, moved=posted.transaction.session_id is not None
        )
        books = books.after(posted.transaction.kind, postings)
    return books


async def get_head(lot_id: int) -> tuple[int, str]:
    """Number and seal of a lot's last transaction."""
    rows = await fetch("SELECT sequence, seal FROM ledger_head WHERE lot = {}", lot_id)
    return (rows[0]["sequence"], rows[0]["seal"]) if rows else (0, GENESIS)


async def get_balances(lot_id: int) -> Balances:
    """A lot's balances as they are kept."""
    rows = await fetch("SELECT currency, account, amount_cents FROM ledger_balance WHERE lot = {}", lot_id)
    return {(row["currency"], Account(row["account"])): row["amount_cents"] for row in rows}


async def list_currencies(lot_ids: Collection[int]) -> dict[int, str]:
    """What the books of these lots are kept in; a lot in which nothing was posted yet is left out."""
    if not lot_ids:
        return {}
    marks = ", ".join("{}" for _ in lot_ids)
    rows = await fetch(f"SELECT DISTINCT lot, currency FROM ledger_balance WHERE lot IN ({marks})", *lot_ids)  # noqa: S608
    return {row["lot"]: row["currency"] for row in rows}


async def sum_postings(lot_id: int, since: datetime, until: datetime) -> list[Sum]:
    """What transactions of ``since`` <= at < ``until`` posted, by currency, kind and account."""
    rows = await fetch(
        "SELECT currency, kind, account, CAST(sum(amount_cents) AS BIGINT) AS cents, count(*) AS n "
        "FROM ledger_transaction "
        'JOIN ledger_posting ON ledger_posting."transaction" = ledger_transaction.id '
        "WHERE lot = {} AND at >= {} AND at < {} GROUP BY currency, kind, account ORDER BY currency, kind, account",
        lot_id,
        since,
        until,
    )
    return [
        Sum(row["currency"], Kind(row["kind"]), Account(row["account"]), row["cents"], int(row["n"])) for row in rows
    ]


async def compare_balances(lot_id: int) -> list[tuple[str, Account, int, int]]:
    """Currency and account, the balance as it is kept and as it is summed anew, all of one instant."""
    rows = await fetch(
        "SELECT currency, account, CAST(sum(kept) AS BIGINT) AS kept, CAST(sum(summed) AS BIGINT) AS summed FROM ("
        "SELECT currency, account, amount_cents AS kept, 0 AS summed FROM ledger_balance WHERE lot = {} "
        "UNION ALL SELECT currency, account, 0, amount_cents FROM ledger_posting "
        'JOIN ledger_transaction ON ledger_transaction.id = ledger_posting."transaction" '
        "WHERE ledger_transaction.lot = {}) AS both_ways GROUP BY currency, account ORDER BY currency, account",
        lot_id,
        lot_id,
    )
    return [(row["currency"], Account(row["account"]), row["kept"], row["summed"]) for row in rows]


async def _add_postings(transaction_id: int, transaction: Transaction) -> None:
    postings = transaction.postings
    await run_many(
        'INSERT INTO ledger_posting ("transaction", account, amount_cents) VALUES ({}, {}, {})',
        [(transaction_id, posting.account.value, posting.amount_cents) for posting in postings],
    )
    await run_many(
        "INSERT INTO ledger_balance (lot, currency, account, amount_cents) VALUES ({}, {}, {}, {}) "
        "ON CONFLICT (lot, currency, account) "
        "DO UPDATE SET amount_cents = ledger_balance.amount_cents + excluded.amount_cents",
        [
            (transaction.lot_id, transaction.currency, posting.account.value, posting.amount_cents)
            for posting in postings
        ],
    )


async def _note_owed(transaction: Transaction) -> None:
    """Keep with the session what it owes by now, so that those that owe are found without summing a million."""
    lines = booking_entries.of_session(transaction.postings)
    more = sum(posting.amount_cents for posting in lines if posting.account is Account.RECEIVABLE)
    if more and transaction.session_id is not None:
        await fetch(
            "UPDATE parking_session SET owed_cents = owed_cents + {} WHERE id = {}", more, transaction.session_id
        )


async def load(condition: str, *args: object) -> list[Posted]:
    """Transactions that a condition in SQL holds for, with their postings, in the order they were posted in."""
    rows = await fetch(f"{_SELECT} WHERE {condition} ORDER BY ledger_transaction.id, ledger_posting.id", *args)
    by_id: dict[int, list[Row]] = {}
    for row in rows:
        by_id.setdefault(row["id"], []).append(row)
    return [_posted(each) for each in by_id.values()]


def _posted(rows: list[Row]) -> Posted:
    row = rows[0]
    transaction = Transaction(
        uid=row["uid"],
        lot_id=row["lot"],
        session_id=row["session"],
        kind=Kind(row["kind"]),
        currency=row["currency"],
        at=row["at"],
        postings=tuple(Posting(Account(each["account"]), each["amount_cents"]) for each in rows),
        reason=row["reason"],
        references=_read_refs(row["refs"]),
        booking_id=row["booking"],
    )
    return Posted(row["sequence"], row["seal"], transaction)


def _content(transaction: Transaction) -> tuple[object, ...]:
    """What makes two askings the same; when they were asked does not."""
    return (
        transaction.lot_id,
        transaction.session_id,
        transaction.booking_id,
        transaction.kind,
        transaction.currency,
        frozenset((posting.account, posting.amount_cents) for posting in transaction.postings),
    )
