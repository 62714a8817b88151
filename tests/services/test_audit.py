"""The audit log, on both databases: noted with what was done, found again, never changed, undone once."""

import pytest
from builders import NOW, after, save_account, save_lot

from parkhub.db.engine import fetch, transaction
from parkhub.domain.audit import EntryFilter
from parkhub.errors import ConflictError, NotFoundError
from parkhub.services.audit import get_entry, list_entries, note

pytestmark = pytest.mark.usefixtures("database")


async def noted(**given) -> int:
    usual = {
        "action": "session.plate_changed",
        "account_id": None,
        "lot_id": 1,
        "subject": "session:12",
        "before": {"kind": "car", "cents": 500},
        "after": {"kind": "car", "cents": 300, "at": NOW},
        "reason": "The O was a zero.",
        "at": NOW,
        "plates": ("BAB12O", "BAB120"),
    }
    async with transaction():
        return await note(**{**usual, **given})


async def test_an_entry_gives_back_what_was_noted():
    entry = await get_entry(await noted(account_id=7))
    assert (entry.action, entry.account_id, entry.lot_id, entry.subject) == (
        "session.plate_changed",
        7,
        1,
        "session:12",
    )
    assert entry.before == {"kind": "car", "cents": 500}
    assert entry.after == {"kind": "car", "cents": 300, "at": "2026-11-21T10:00:00Z"}
    assert (entry.plates, entry.reason, entry.at) == (("BAB12O", "BAB120"), "The O was a zero.", NOW)
    assert (entry.undoes, entry.undone_by) == (None, None)


async def test_what_had_no_before_no_lot_and_no_plates_has_none():
    entry = await get_entry(await noted(before=None, after={}, lot_id=None, plates=None))
    assert (entry.before, entry.after, entry.lot_id, entry.plates) == (None, {}, None, None)


async def test_an_entry_that_is_not_there_is_not_found():
    with pytest.raises(NotFoundError):
        await get_entry(1)


async def test_an_entry_is_undone_once_and_both_say_so():
    first = await noted()
    undoing = await noted(action="session.plate_restored", undoes=first)
    assert (await get_entry(first)).undone_by == undoing
    assert (await get_entry(undoing)).undoes == first
    with pytest.raises(ConflictError):
        await noted(undoes=first)
    assert len(await list_entries()) == 2


async def test_what_was_undone_can_be_done_again_by_undoing_the_undoing():
    undoing = await noted(undoes=await noted())
    again = await noted(undoes=undoing)
    assert (await get_entry(undoing)).undone_by == again


async def test_what_is_not_there_cannot_be_undone():
    with pytest.raises(NotFoundError):
        await noted(undoes=99)


async def test_noting_needs_the_transaction_of_what_was_done():
    with pytest.raises(RuntimeError):
        await note("a", account_id=None, lot_id=None, subject="b", before=None, after=None, at=NOW)


async def test_an_entry_goes_with_what_was_not_done_after_all():
    async def fail() -> None:
        async with transaction():
            await noted()
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await fail()
    assert await list_entries() == []
    assert await fetch("SELECT * FROM audit_plate") == []


async def test_entries_outlive_the_lot_and_the_person_they_tell_of():
    lot, account = await save_lot(), await save_account()
    entry = await noted(lot_id=lot.id, account_id=account.id)
    await fetch("DELETE FROM lot")
    await fetch("DELETE FROM account")
    assert (await get_entry(entry)).account_id == account.id


FILTERS = {
    "all": (EntryFilter(), [4, 3, 2, 1]),
    "a lot": (EntryFilter(lot_id=2), [2]),
    "a subject": (EntryFilter(subject="session:13"), [3]),
    "an action": (EntryFilter(action="session.closed"), [4]),
    "a person": (EntryFilter(account_id=5), [2]),
    "since": (EntryFilter(since=after(20)), [4, 3]),
    "until": (EntryFilter(until=after(20)), [2, 1]),
    "two things at once": (EntryFilter(lot_id=1, until=after(20)), [1]),
}


@pytest.mark.parametrize(("wanted", "found"), FILTERS.values(), ids=FILTERS)
async def test_entries_are_found_by(wanted, found):
    numbers = {}
    for number, given in enumerate(
        ({}, {"lot_id": 2, "account_id": 5}, {"subject": "session:13"}, {"action": "session.closed"})
    ):
        numbers[await noted(at=after(10 * number), **given)] = number + 1
    assert [numbers[entry.id] for entry in await list_entries(wanted)] == found


async def test_pages_follow_each_other_without_a_gap():
    ids = [await noted() for _ in range(5)]
    pages, before_id = [], None
    while page := await list_entries(before_id=before_id, limit=2):
        pages += [entry.id for entry in page]
        before_id = page[-1].id
    assert pages == ids[::-1]


REFUSED = {
    "a change": "UPDATE audit_entry SET reason = 'changed'",
    "a change of plates": "UPDATE audit_plate SET after = 'X'",
    "a deletion": "DELETE FROM audit_entry WHERE plain",
    "an entry in the place of another": "INSERT INTO audit_entry (id, action, subject, reason, at) "
    "SELECT id, 'x', 'x', '', at FROM audit_entry",
}


@pytest.mark.parametrize("statement", REFUSED.values(), ids=REFUSED)
async def test_the_database_refuses(statement):
    entry = await noted()
    plain = await noted(plates=None)
    with pytest.raises(ConflictError):
        await fetch(statement.replace("plain", f"id = {plain}"))
    assert (await get_entry(entry)).reason == "The O was a zero."
    assert len(await list_entries()) == 2


async def test_no_statement_empties_the_log(database):
    await noted()
    if database.database_url:
        for statement in ("TRUNCATE audit_entry CASCADE", "TRUNCATE audit_entry, audit_plate"):
            with pytest.raises(ConflictError):
                await fetch(statement)
    else:
        for by in ("id", "undoes"):
            await noted(undoes=(await list_entries())[0].id)
            with pytest.raises(ConflictError):
                await fetch(
                    f"REPLACE INTO audit_entry ({by}, action, subject, reason, at) "
                    f"SELECT {by}, 'x', 'x', '', at FROM audit_entry WHERE {by} IS NOT NULL"
                )
    assert await list_entries()


async def test_plates_may_be_deleted_and_the_entry_stays():
    entry = await noted()
    await fetch("DELETE FROM audit_plate")
    assert (await get_entry(entry)).plates is None


async def test_an_entry_names_the_person_by_e_mail():
    account = await save_account("kim@example.org")
    assert (await get_entry(await noted(account_id=account.id))).email == "kim@example.org"
