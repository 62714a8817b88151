"""The rules of lots."""

from parkhub.db.engine import fetch
from parkhub.domain.lot_rules import LotRules, TariffFollows


async def get_rules(lot_id: int) -> LotRules:
    """A lot's rules; the defaults when nobody has set any."""
    rows = await fetch("SELECT * FROM lot_rules WHERE lot = {}", lot_id)
    if not rows:
        return LotRules()
    row = rows[0]
    return LotRules(
        stay_max_minutes=row["stay_max_minutes"],
        anti_passback=bool(row["anti_passback"]),
        tariff_follows=TariffFollows(row["tariff_follows"]),
        picture_keep_days=row["picture_keep_days"],
        read_keep_days=row["read_keep_days"],
        paid_keep_days=row["paid_keep_days"],
        unpaid_keep_days=row["unpaid_keep_days"],
    )


async def save_rules(lot_id: int, rules: LotRules) -> None:
    """Set a lot's rules, all of them."""
    await fetch(
        "INSERT INTO lot_rules (lot, stay_max_minutes, anti_passback, tariff_follows, picture_keep_days, "
        "read_keep_days, paid_keep_days, unpaid_keep_days) VALUES ({}, {}, {}, {}, {}, {}, {}, {}) "
        "ON CONFLICT (lot) DO UPDATE SET stay_max_minutes = excluded.stay_max_minutes, "
        "anti_passback = excluded.anti_passback, tariff_follows = excluded.tariff_follows, "
        "picture_keep_days = excluded.picture_keep_days, read_keep_days = excluded.read_keep_days, "
        "paid_keep_days = excluded.paid_keep_days, unpaid_keep_days = excluded.unpaid_keep_days",
        lot_id,
        rules.stay_max_minutes,
        rules.anti_passback,
        rules.tariff_follows.value,
        rules.picture_keep_days,
        rules.read_keep_days,
        rules.paid_keep_days,
        rules.unpaid_keep_days,
    )
