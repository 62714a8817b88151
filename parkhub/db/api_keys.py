"""Programs' keys: each an account without a password, so that whatever it does is noted as its own."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Final

from parkhub.db.accounts import read_account
from parkhub.db.engine import fetch
from parkhub.domain.accounts import Account, ApiKey
from parkhub.domain.rights import Right

USED_EVERY: Final = timedelta(minutes=1)
"""When a key was used last is written down so often at most."""

_SELECT = (
    "SELECT account.*, account_lot.lot, api_key.rights, api_key.created_at, api_key.expires_at, api_key.used_at, "
    "maker.email AS made_by FROM api_key JOIN account ON account.id = api_key.account "
    "LEFT JOIN account_lot ON account_lot.account = account.id LEFT JOIN account AS maker ON maker.id = created_by"
)


async def add_key(
    account_id: int,
    token_hash: str,
    rights: Iterable[Right],
    created_by: int,
    now: datetime,
    expires_at: datetime | None,
) -> None:
    """Make an account a program's."""
    await fetch(
        "INSERT INTO api_key (account, token_hash, rights, created_by, created_at, expires_at) "
        "VALUES ({}, {}, {}, {}, {}, {})",
        account_id,
        token_hash,
        " ".join(sorted(rights)),
        created_by,
        now,
        expires_at,
    )


async def find_by_token(token_hash: str, now: datetime) -> Account | None:
    """Whose key it is, while it works."""
    rows = await fetch(
        f"{_SELECT} WHERE api_key.token_hash = {{}} AND NOT account.disabled "
        "AND (api_key.expires_at IS NULL OR api_key.expires_at > {})",
        token_hash,
        now,
    )
    return read_account(rows) if rows else None


async def note_used(account_id: int, now: datetime) -> None:
    """Write down that a key was used, unless that was done a moment ago."""
    await fetch(
        "UPDATE api_key SET used_at = {} WHERE account = {} AND (used_at IS NULL OR used_at < {})",
        now,
        account_id,
        now - USED_EVERY,
    )


async def list_keys() -> list[ApiKey]:
    """All keys, those that ended too, the newest first."""
    rows = await fetch(f"{_SELECT} ORDER BY account.id DESC")
    found = []
    for _, group in groupby(rows, key=itemgetter("id")):
        same = list(group)
        row = same[0]
        found.append(
            ApiKey(read_account(same), row["made_by"] or "", row["created_at"], row["expires_at"], row["used_at"])
        )
    return found
