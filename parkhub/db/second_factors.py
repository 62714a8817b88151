"""People's authenticators and the codes for when one is lost."""

from collections.abc import Iterable
from datetime import datetime

from parkhub.db.engine import fetch
from parkhub.domain.rights import Role


async def find_factor(account_id: int) -> tuple[str, bool] | None:
    """What a person's secret is made from, and whether a code of it was seen."""
    rows = await fetch("SELECT salt, confirmed_at FROM second_factor WHERE account = {}", account_id)
    return (rows[0]["salt"], rows[0]["confirmed_at"] is not None) if rows else None


async def begin(account_id: int, salt: str, now: datetime) -> None:
    """Ask for one, unless one is on; asked for before, it has another secret now."""
    await fetch(
        "INSERT INTO second_factor (account, salt, created_at, last_step) VALUES ({}, {}, {}, 0) "
        "ON CONFLICT (account) DO UPDATE SET salt = excluded.salt, created_at = excluded.created_at "
        "WHERE second_factor.confirmed_at IS NULL",
        account_id,
        salt,
        now,
    )


async def confirm(account_id: int, now: datetime) -> bool:
    """Switch it on; False when it was on already, or is not there."""
    rows = await fetch(
        "UPDATE second_factor SET confirmed_at = {} WHERE account = {} AND confirmed_at IS NULL RETURNING id",
        now,
        account_id,
    )
    return bool(rows)


async def take_step(account_id: int, salt: str, step: int) -> bool:
    """Take a half minute's code, and none of that time or before ever again; False when it was taken."""
    rows = await fetch(
        "UPDATE second_factor SET last_step = {} WHERE account = {} AND salt = {} AND last_step < {} RETURNING id",
        step,
        account_id,
        salt,
        step,
    )
    return bool(rows)


async def delete_factor(account_id: int) -> bool:
    """Switch it off, with its recovery codes; False when there was none."""
    await fetch("DELETE FROM recovery_code WHERE account = {}", account_id)
    rows = await fetch("DELETE FROM second_factor WHERE account = {} RETURNING confirmed_at", account_id)
    return bool(rows) and rows[0]["confirmed_at"] is not None


async def set_recovery_codes(account_id: int, hashes: Iterable[str]) -> None:
    """Keep these in the place of all before."""
    await fetch("DELETE FROM recovery_code WHERE account = {}", account_id)
    for each in hashes:
        await fetch("INSERT INTO recovery_code (account, code_hash) VALUES ({}, {})", account_id, each)


async def take_recovery_code(account_id: int, code_hash: str) -> bool:
    """Use one up; False when it is none, or was used."""
    rows = await fetch(
        "DELETE FROM recovery_code WHERE account = {} AND code_hash = {} RETURNING id", account_id, code_hash
    )
    return bool(rows)


async def count_recovery_codes(account_id: int) -> int:
    """How many are left."""
    rows = await fetch("SELECT count(*) AS number FROM recovery_code WHERE account = {}", account_id)
    return int(rows[0]["number"])


async def list_accounts_with() -> frozenset[int]:
    """Whose second factor is on."""
    rows = await fetch("SELECT account FROM second_factor WHERE confirmed_at IS NOT NULL")
    return frozenset(row["account"] for row in rows)


async def list_roles() -> frozenset[Role]:
    """The roles that nobody has without a second factor."""
    return frozenset(Role(row["role"]) for row in await fetch("SELECT role FROM factor_role"))


async def set_roles(roles: Iterable[Role], now: datetime) -> None:
    """Demand it of these roles and of no others; of whom it was demanded before it has been since then."""
    wanted, there = frozenset(roles), await list_roles()
    for role in there - wanted:
        await fetch("DELETE FROM factor_role WHERE role = {}", role.value)
    for role in wanted - there:
        await fetch(
            "INSERT INTO factor_role (role, since) VALUES ({}, {}) ON CONFLICT (role) DO NOTHING", role.value, now
        )


async def lacks_demanded(account_id: int, role: Role) -> bool:
    """Whether the role demands one and this person has none."""
    rows = await fetch(
        "SELECT 1 AS one FROM factor_role WHERE role = {} AND NOT EXISTS "
        "(SELECT 1 FROM second_factor WHERE account = {} AND confirmed_at IS NOT NULL)",
        role.value,
        account_id,
    )
    return bool(rows)
