"""Accounts and who is signed in."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import itemgetter

from parkhub.db import tables
from parkhub.db.engine import Row, fetch
from parkhub.domain.accounts import Account, Browser, SignIn
from parkhub.domain.rights import RIGHTS, Right, Role
from parkhub.errors import ConflictError, NotFoundError

# An account with its lots, a row each.
_SELECT = (
    "SELECT account.*, account_lot.lot, api_key.rights FROM account "
    "LEFT JOIN account_lot ON account_lot.account = account.id LEFT JOIN api_key ON api_key.account = account.id"
)


def read_account(rows: Sequence[Row]) -> Account:
    """One account from all rows of it."""
    row = rows[0]
    return Account(
        row["id"],
        row["email"],
        row["name"],
        Role(row["role"]),
        row["password_hash"],
        bool(row["disabled"]),
        bool(row["sees_plates"]),
        None if row["every_lot"] else frozenset(each["lot"] for each in rows if each["lot"] is not None),
        frozenset(Right(name) for name in (row["rights"] or "").split()),
    )


async def add_account(
    email: str,
    name: str,
    role: Role,
    password_hash: str,
    *,
    sees_plates: bool | None = None,
    lot_ids: frozenset[int] | None = None,
) -> Account:
    """Add a person or a program; ConflictError when the e-mail has an account, in whatever case it was written.

    ``sees_plates`` None: as is usual for the role.
    """
    seen = Right.SEE_PLATES in RIGHTS[role] if sees_plates is None else sees_plates
    rows = (
        await tables.Account.insert(
            tables.Account(
                email=email,
                name=name,
                role=role.value,
                password_hash=password_hash,
                disabled=False,
                sees_plates=seen,
                every_lot=lot_ids is None,
            )
        )
        .on_conflict(action="DO NOTHING")
        .returning(tables.Account.id)
    )
    if not rows:
        raise ConflictError("This e-mail has an account already.")
    account_id: int = rows[0]["id"]
    await _set_lots(account_id, lot_ids or frozenset())
    return Account(account_id, email, name, role, password_hash, sees_plates=seen, lot_ids=lot_ids)


async def _set_lots(account_id: int, lot_ids: frozenset[int]) -> None:
    await fetch("DELETE FROM account_lot WHERE account = {}", account_id)
    for lot_id in sorted(lot_ids):
        await fetch("INSERT INTO account_lot (account, lot) VALUES ({}, {})", account_id, lot_id)


async def find_account(email: str) -> Account | None:
    """The account of an e-mail, in whatever case it is written."""
    rows = await fetch(f"{_SELECT} WHERE lower(account.email) = lower({{}})", email)
    return read_account(rows) if rows else None


async def get_account(account_id: int) -> Account:
    """The account. Raises NotFoundError."""
    rows = await fetch(f"{_SELECT} WHERE account.id = {{}}", account_id)
    if not rows:
        raise NotFoundError("There is no such person.")
    return read_account(rows)


async def list_people() -> list[Account]:
    """Everybody who can sign in or could, by name."""
    rows = await fetch(f"{_SELECT} WHERE account.role <> {{}} ORDER BY lower(account.name), account.id", Role.KEY.value)
    return [read_account(list(group)) for _, group in groupby(rows, key=itemgetter("id"))]


async def save_rights(account: Account) -> None:
    """Keep a person's name, role, lots, and whether they see plates."""
    await fetch(
        "UPDATE account SET name = {}, role = {}, sees_plates = {}, every_lot = {} WHERE id = {}",
        account.name,
        account.role.value,
        account.sees_plates,
        account.lot_ids is None,
        account.id,
    )
    await _set_lots(account.id, account.lot_ids or frozenset())


async def set_disabled(account_id: int, *, disabled: bool) -> None:
    """Keep whether somebody is shut out."""
    await fetch("UPDATE account SET disabled = {} WHERE id = {}", disabled, account_id)


async def lock_owners() -> frozenset[int]:
    """The owners who can sign in; whoever else takes one away waits until this transaction has ended."""
    rows = await fetch(
        "UPDATE account SET role = role WHERE role = {} AND NOT disabled AND password_hash <> '' RETURNING id",
        Role.OWNER.value,
    )
    return frozenset(row["id"] for row in rows)


async def count_accounts() -> int:
    """How many accounts there are."""
    return int(await tables.Account.count())


async def set_password_hash(account_id: int, password_hash: str) -> None:
    """Give an account another password."""
    await tables.Account.update({tables.Account.password_hash: password_hash}).where(tables.Account.id == account_id)


async def add_sign_in(
    token_hash: str,
    account_id: int,
    created_at: datetime,
    expires_at: datetime,
    *,
    agent: str = "",
    needs_code: bool = False,
) -> None:
    """Note that somebody signed in on one browser; ``needs_code``: only the second factor opens it."""
    await tables.SignIn.insert(
        tables.SignIn(
            token_hash=token_hash,
            account=account_id,
            created_at=created_at,
            expires_at=expires_at,
            agent=agent,
            needs_code=needs_code,
        )
    )


async def find_half_sign_in(token_hash: str, now: datetime) -> int | None:
    """Whose right password it was that still needs a code; None when there is no such."""
    rows = await fetch(
        "SELECT sign_in.account FROM sign_in JOIN account ON account.id = sign_in.account "
        "WHERE token_hash = {} AND expires_at > {} AND needs_code AND NOT account.disabled",
        token_hash,
        now,
    )
    return rows[0]["account"] if rows else None


async def list_sign_ins(account_id: int, now: datetime) -> list[Browser]:
    """Where somebody is signed in, the newest first."""
    rows = await fetch(
        "SELECT * FROM sign_in WHERE account = {} AND expires_at > {} AND NOT needs_code ORDER BY id DESC",
        account_id,
        now,
    )
    return [Browser(row["id"], row["token_hash"], row["agent"], row["created_at"]) for row in rows]


async def find_sign_in(token_hash: str, now: datetime) -> SignIn | None:
    """Who holds the token; None when it is unknown or over, or the account is disabled."""
    rows = await fetch(
        "SELECT account.*, account_lot.lot, '' AS rights, sign_in.expires_at FROM sign_in "
        "JOIN account ON account.id = sign_in.account LEFT JOIN account_lot ON account_lot.account = account.id "
        "WHERE sign_in.token_hash = {} AND sign_in.expires_at > {} AND NOT account.disabled "
        "AND NOT sign_in.needs_code",
        token_hash,
        now,
    )
    return SignIn(token_hash, read_account(rows), rows[0]["expires_at"]) if rows else None


async def delete_sign_in(token_hash: str) -> int | None:
    """Forget a token; answers whose it was, None for an unknown one."""
    rows = await fetch("DELETE FROM sign_in WHERE token_hash = {} RETURNING account", token_hash)
    return rows[0]["account"] if rows else None


async def delete_sign_ins_before(now: datetime) -> int:
    """Forget the tokens that are over; returns how many."""
    rows = await tables.SignIn.delete().where(tables.SignIn.expires_at <= now).returning(tables.SignIn.id)
    return len(rows)


async def delete_sign_ins_of(account_id: int, but: str = "") -> int:
    """Forget every token of an account, or every other, so that it is signed out there; returns how many."""
    rows = await fetch("DELETE FROM sign_in WHERE account = {} AND token_hash <> {} RETURNING id", account_id, but)
    return len(rows)


async def add_link(token_hash: str, account_id: int, now: datetime, expires_at: datetime) -> None:
    """Keep a link by which somebody chooses a password; those before work no more."""
    await fetch("DELETE FROM account_link WHERE account = {} OR expires_at <= {}", account_id, now)
    await fetch(
        "INSERT INTO account_link (token_hash, account, created_at, expires_at) VALUES ({}, {}, {}, {})",
        token_hash,
        account_id,
        now,
        expires_at,
    )


async def find_link(token_hash: str, now: datetime) -> int | None:
    """Whose link it is, while it works."""
    rows = await fetch(
        "SELECT account FROM account_link JOIN account ON account.id = account_link.account "
        "WHERE token_hash = {} AND expires_at > {} AND NOT account.disabled",
        token_hash,
        now,
    )
    return rows[0]["account"] if rows else None


async def delete_links_of(account_id: int) -> int:
    """Let no link to an account work any more; returns how many there were."""
    return len(await fetch("DELETE FROM account_link WHERE account = {} RETURNING id", account_id))
