"""The rules of lots."""

from dataclasses import asdict
from enum import StrEnum

from parkhub.db.engine import fetch
from parkhub.domain.lot_rules import LotRules


async def get_rules(lot_id: int) -> LotRules:
    """A lot's rules; the defaults when nobody has set any."""
    rows = await fetch("SELECT * FROM lot_rules WHERE lot = {}", lot_id)
    if not rows:
        return LotRules()
    return LotRules(**{name: type(usual)(rows[0][name]) for name, usual in asdict(LotRules()).items()})


async def save_rules(lot_id: int, rules: LotRules) -> None:
    """Set a lot's rules, all of them."""
    given = {name: str(rule) if isinstance(rule, StrEnum) else rule for name, rule in asdict(rules).items()}
    await fetch(
        f"INSERT INTO lot_rules (lot, {', '.join(given)}) VALUES ({{}}{', {}' * len(given)}) "  # noqa: S608
        f"ON CONFLICT (lot) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in given)}",
        lot_id,
        *given.values(),
    )
