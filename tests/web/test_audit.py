"""The audit log's page: filters in the address, the newest first, pages by id."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from builders import save_lot
from visitors import Visitor

from parkhub.db.engine import transaction
from parkhub.domain.accounts import Account
from parkhub.services import audit

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def _note(action: str, account: Account | None = None, lot_id: int | None = None, **given: Any) -> None:
    what = {"subject": "lot:1", "before": None, "after": None, "at": NOW, **given}
    async with transaction():
        await audit.note(action, account_id=account.id if account else None, lot_id=lot_id, **what)


def _shown(text: str) -> list[str]:
    return re.findall(r"<li><span><b>(.*?)</b>", text)


async def test_an_empty_log_says_so(staff: Visitor) -> None:
    assert "What people do is noted here" in (await staff.get("/console/system/audit")).text


async def test_an_entry_tells_who_did_what_and_what_is_another(staff: Visitor, account: Account) -> None:
    lot = await save_lot(name="Harbour")
    rules = {"before": {"stay_max_minutes": 60, "same": 1}, "after": {"stay_max_minutes": 90, "same": 1}}
    await _note("rules.set", account, lot.id, reason="people <stay> longer", **rules)
    text = (await staff.get("/console/system/audit")).text
    assert _shown(text) == ["rules: set"]
    assert "kim@example.org: people &lt;stay&gt; longer" in text
    assert "stay max minutes: 60 → 90" in text
    assert "same:" not in text
    assert "20 Nov 2026, 12:00:00" in text


async def test_values_are_written_as_people_read_them(staff: Visitor, account: Account) -> None:
    before = {"5": {"state": "open", "same": 1}}
    after = {"5": {"state": "closed", "same": 1}, "on": True, "lots": ["a", "b"], "at": "2026-11-22T04:17:38.5+01:00"}
    await _note("session.closed_by_hand", account, before=before, after=after)
    text = (await staff.get("/console/system/audit")).text
    for words in ("5, state: open → closed", "on: yes", "lots: a, b", "at: 22 Nov 2026, 03:17:38"):
        assert f"<br>{words}" in text
    assert "same" not in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("lot=harbour", ["c: one", "a: one"]),
        ("action=b.one", ["b: one"]),
        ("who=1", ["b: one"]),
        ("since=2026-11-21", ["c: one"]),
        ("until=2026-11-20", ["b: one", "a: one"]),
        ("since=never&who=²&lot=none", ["c: one", "b: one", "a: one"]),
        ("until=9999-12-31&action=", ["c: one", "b: one", "a: one"]),
    ],
)
async def test_filters_stand_in_the_address(staff: Visitor, account: Account, query: str, found: list[str]) -> None:
    lot = await save_lot(slug="harbour")
    await _note("a.one", None, lot.id)
    await _note("b.one", account)
    await _note("c.one", None, lot.id, at=NOW + timedelta(days=1))
    assert _shown((await staff.get(f"/console/system/audit?{query}")).text) == found


async def test_older_entries_are_a_page_away(staff: Visitor) -> None:
    for number in range(52):
        await _note(f"a.n{number}")
    first = (await staff.get("/console/system/audit")).text
    assert len(_shown(first)) == 50
    older = re.search(r'href="(/console/system/audit\?before=\d+)"', first)
    assert older is not None
    assert _shown((await staff.get(older[1])).text) == ["a: n1", "a: n0"]
