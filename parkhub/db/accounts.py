"""Accounts and who is signed in."""

from datetime import datetime

from parkhub.db import tables
from parkhub.db.engine import Row, fetch
from parkhub.domain.accounts import Account, Role, SignIn
from parkhub.errors import ConflictError


def _account(row: Row) -> Account:
    return Account(row["id"], row["email"], row["name"], Role(row["role"]), row["password_hash"], row["disabled"])


async def add_account(email: str, name: str, role: Role, password_hash: str) -> Account:
    """Add a person; ConflictError when the e-mail has an account, in whatever case it was written."""
    rows = (
        await tables.Account.insert(
            tables.Account(email=email, name=name, role=role.value, password_hash=password_hash, disabled=False)
        )
        .on_conflict(action="DO NOTHING")
        .returning(tables.Account.id)
    )
    if not rows:
        raise ConflictError("This e-mail has an account already.")
    return Account(rows[0]["id"], email, name, role, password_hash)


async def find_account(email: str) -> Account | None:
    """The account of an e-mail, in whatever case it is written."""
    rows = await fetch("SELECT * FROM account WHERE lower(email) = lower({})", email)
    return _account(rows[0]) if rows else None


async def count_accounts() -> int:
    """How many accounts there are."""
    return int(await tables.Account.count())


async def set_password_hash(account_id: int, password_hash: str) -> None:
    """Give an account another password."""
    await tables.Account.update({tables.Account.password_hash: password_hash}).where(tables.Account.id == account_id)


async def add_sign_in(token_hash: str, account_id: int, created_at: datetime, expires_at: datetime) -> None:
    """Note that somebody signed in on one browser."""
    await tables.SignIn.insert(
        tables.SignIn(token_hash=token_hash, account=account_id, created_at=created_at, expires_at=expires_at)
    )


async def find_sign_in(token_hash: str, now: datetime) -> SignIn | None:
    """Who holds the token; None when it is unknown or over, or the account is disabled."""
    rows = await fetch(
        "SELECT account.*, sign_in.expires_at FROM sign_in JOIN account ON account.id = sign_in.account "
        "WHERE sign_in.token_hash = {} AND sign_in.expires_at > {} AND NOT account.disabled",
        token_hash,
        now,
    )
    return SignIn(token_hash, _account(rows[0]), rows[0]["expires_at"]) if rows else None


async def delete_sign_in(token_hash: str) -> None:
    """Forget a token; unknown ones are no error."""
    await tables.SignIn.delete().where(tables.SignIn.token_hash == token_hash)


async def delete_sign_ins_before(now: datetime) -> int:
    """Forget the tokens that are over; returns how many."""
    rows = await tables.SignIn.delete().where(tables.SignIn.expires_at <= now).returning(tables.SignIn.id)
    return len(rows)


async def delete_sign_ins_of(account_id: int) -> int:
    """Forget every token of an account, so that it is signed out everywhere; returns how many."""
    rows = await tables.SignIn.delete().where(tables.SignIn.account == account_id).returning(tables.SignIn.id)
    return len(rows)
