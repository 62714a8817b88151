"""The rules of lots, set by people."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime

from parkhub.db import lot_rules as rule_rows
from parkhub.db import sessions as session_rows
from parkhub.db.engine import transaction
from parkhub.domain.lot_rules import LotRules, change_rules
from parkhub.services import audit


async def set_rules(lot_id: int, given: Mapping[str, str], account_id: int | None, now: datetime) -> LotRules:
    """Change rules of a lot as a person writes them; noted in the audit log if any is another then.

    Raises FieldsError with a sentence for each that is wrong, and then changes none.
    """
    async with transaction():
        await session_rows.lock_lot(lot_id)
        before = await rule_rows.get_rules(lot_id)
        after = change_rules(before, given)
        if after == before:
            return after
        await rule_rows.save_rules(lot_id, after)
        old, new = asdict(before), asdict(after)
        changed = [name for name in new if new[name] != old[name]]
        await audit.note(
            "rules.set",
            account_id=account_id,
            lot_id=lot_id,
            subject=f"lot:{lot_id}",
            before={name: old[name] for name in changed},
            after={name: new[name] for name in changed},
            at=now,
        )
    return after
