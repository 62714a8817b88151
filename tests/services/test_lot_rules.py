"""Setting the rules of lots, on both databases."""

import pytest
from builders import NOW, save_account, save_lot

from parkhub.db.lot_rules import get_rules
from parkhub.domain.lot_rules import LotRules
from parkhub.errors import FieldsError
from parkhub.services.audit import list_entries
from parkhub.services.lot_rules import set_rules

pytestmark = pytest.mark.usefixtures("database")


async def test_rules_are_set_and_the_audit_log_says_by_whom_and_what_they_were():
    lot, account = await save_lot(), await save_account()
    await set_rules(lot.id, {"paid_keep_days": "14"}, None, NOW)
    await set_rules(lot.id, {"paid_keep_days": "7", "anti_passback": "yes", "read_keep_days": "30"}, account.id, NOW)
    assert await get_rules(lot.id) == LotRules(paid_keep_days=7, anti_passback=True)
    second, first = await list_entries()
    assert (first.account_id, first.before, first.after) == (None, {"paid_keep_days": 30}, {"paid_keep_days": 14})
    assert (second.account_id, second.action, second.subject) == (account.id, "rules.set", f"lot:{lot.id}")
    assert second.before == {"paid_keep_days": 14, "anti_passback": False}
    assert second.after == {"paid_keep_days": 7, "anti_passback": True}


async def test_what_is_as_it_was_is_not_noted():
    lot = await save_lot()
    assert await set_rules(lot.id, {"paid_keep_days": "30"}, None, NOW) == LotRules()
    assert await list_entries() == []


async def test_of_rules_one_of_which_is_wrong_none_is_set():
    lot = await save_lot()
    with pytest.raises(FieldsError):
        await set_rules(lot.id, {"paid_keep_days": "14", "read_keep_days": "x"}, None, NOW)
    assert await get_rules(lot.id) == LotRules()
    assert await list_entries() == []
