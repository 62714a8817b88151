"""Inviting, changing and shutting out people; on both databases."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from builders import NOW, save_account, save_lot, stand_ins

from parkhub.db import accounts as rows
from parkhub.db.engine import fetch
from parkhub.domain.accounts import Account
from parkhub.domain.audit import EntryFilter
from parkhub.domain.rights import Role
from parkhub.errors import ConflictError, FieldsError, NotFoundError, SignInRequiredError
from parkhub.letters import put_in_words
from parkhub.services import accounts, audit, people
from parkhub.services.people import PersonForm
from parkhub.settings import Settings

PASSWORD = "correct horse battery"


@pytest.fixture
async def owner(database: Settings) -> Account:
    return await save_account("olga@example.org", Role.OWNER, await accounts.hash_password(PASSWORD))


def a_form(role: str = "attendant", **given: object) -> PersonForm:
    usual = {"name": "Sam", "role": role, "sees_plates": True, "every_lot": True}
    return PersonForm(**{**usual, **given})  # type: ignore[arg-type]


async def invite(
    settings: Settings, owner: Account, email: str = "sam@example.org", **given: object
) -> tuple[int, str]:
    found = await people.invite(stand_ins(), settings, owner, email, a_form(**given), NOW)  # type: ignore[arg-type]
    return found.account.id, found.link.rpartition("/")[2]


async def test_who_is_invited_chooses_a_password_once_and_signs_in(database, owner):
    lot = await save_lot(slug="ours")
    person, token = await invite(database, owner, every_lot=False, lots=("ours",), sees_plates=False)
    with pytest.raises(SignInRequiredError):
        await accounts.sign_in(stand_ins(), "sam@example.org", "", "192.0.2.7", NOW)
    assert (await people.whose_link(token, NOW)).id == person
    with pytest.raises(FieldsError):
        await people.choose_password(stand_ins(), token, "short", NOW)
    await people.choose_password(stand_ins(), token, PASSWORD, NOW)
    with pytest.raises(NotFoundError):
        await people.choose_password(stand_ins(), token, "another password", NOW)
    cookie = await accounts.sign_in(stand_ins(), "Sam@Example.org", PASSWORD, "192.0.2.7", NOW)
    found = await accounts.who_is(cookie, NOW)
    assert found is not None
    assert (found.role, found.lot_ids, found.sees_plates) == (Role.ATTENDANT, {lot.id}, False)
    entries = await audit.list_entries(EntryFilter(subject=f"account:{person}"))
    assert [entry.action for entry in entries] == ["account.password_chosen", "account.invited"]
    assert entries[1].after == {"role": "attendant", "lots": [lot.id], "sees_plates": False}


@pytest.mark.parametrize("host", ["", "smtp.example.org"])
async def test_a_link_goes_by_letter_and_is_shown_only_where_no_letter_goes(database, owner, host):
    settings = database.model_copy(update={"smtp_host": host})
    invited = await people.invite(stand_ins(), settings, owner, "sam@example.org", a_form(), NOW)
    assert invited.mailed is bool(host)
    assert invited.link not in repr(invited)
    [row] = await fetch("SELECT * FROM letter")
    given = msgspec.json.decode(row["facts"])
    letter = put_in_words("uid", "sam@example.org", "en", "staff_invitation", given)
    assert (invited.link in letter.text, "Hello Sam" in letter.text) == (True, True)
    reset = put_in_words("uid", "sam@example.org", "en", "staff_password", given)
    assert invited.link in reset.text


async def test_a_link_ends_and_a_later_one_takes_its_place(database, owner):
    person, first = await invite(database, owner)
    second = (await people.send_link(stand_ins(), database, owner, person, NOW)).link.rpartition("/")[2]
    with pytest.raises(NotFoundError):
        await people.whose_link(first, NOW)
    assert (await people.whose_link(second, NOW)).id == person
    with pytest.raises(NotFoundError):
        await people.whose_link(second, NOW + timedelta(days=7))
    assert await fetch("SELECT id FROM account_link WHERE token_hash = {}", second) == [], "only its hash is kept"


@pytest.mark.parametrize(
    ("email", "given", "field"),
    [
        ("nobody", {}, "email"),
        ("olga@example.org", {}, "email"),
        ("OLGA@example.org", {}, "email"),
        ("x@example.org", {"name": " "}, "name"),
        ("x@example.org", {"role": "key"}, "role"),
        ("x@example.org", {"role": "god"}, "role"),
        ("x@example.org", {"every_lot": False}, "lots"),
        ("x@example.org", {"every_lot": False, "lots": ("nowhere",)}, "lots"),
    ],
)
async def test_what_is_wrong_with_an_invitation_is_said(database, owner, email, given, field):
    with pytest.raises(FieldsError) as caught:
        await invite(database, owner, email, **given)
    assert list(caught.value.fields) == [field]
    assert len(await rows.list_people()) == 1


async def test_the_last_owner_stays(database, owner):
    await invite(database, owner, "new@example.org", role="owner")  # has no password yet, so is nobody's way in
    with pytest.raises(FieldsError):
        await people.change_person(stand_ins(), owner, owner.id, a_form("operator"), NOW)
    with pytest.raises(ConflictError):
        await people.shut_out(stand_ins(), owner, owner.id, NOW)
    assert (await rows.get_account(owner.id)).role is Role.OWNER


async def test_two_owners_cannot_remove_each_other_at_once(database, owner):
    other = await save_account("otto@example.org", Role.OWNER, await accounts.hash_password(PASSWORD))
    done = await asyncio.gather(
        people.shut_out(stand_ins(), owner, other.id, NOW),
        people.change_person(stand_ins(), other, owner.id, a_form("read_only"), NOW),
        return_exceptions=True,
    )
    assert sum(isinstance(each, (ConflictError, FieldsError)) for each in done) == 1
    left = [each for each in await rows.list_people() if each.role is Role.OWNER and not each.disabled]
    assert len(left) == 1


async def test_who_is_shut_out_is_signed_out_at_once_and_their_links_end(database, owner):
    person, token = await invite(database, owner)
    await people.choose_password(stand_ins(), token, PASSWORD, NOW)
    cookie = await accounts.sign_in(stand_ins(), "sam@example.org", PASSWORD, "192.0.2.7", NOW)
    link = (await people.send_link(stand_ins(), database, owner, person, NOW)).link.rpartition("/")[2]
    clients = stand_ins()
    await people.shut_out(clients, owner, person, NOW)
    assert await accounts.who_is(cookie, NOW) is None
    with pytest.raises(NotFoundError):
        await people.whose_link(link, NOW)
    with pytest.raises(ConflictError):
        await people.send_link(clients, database, owner, person, NOW)
    with pytest.raises(SignInRequiredError):
        await accounts.sign_in(clients, "sam@example.org", PASSWORD, "192.0.2.7", NOW)
    await people.let_in(owner, person, NOW)
    assert await accounts.who_is(cookie, NOW) is None, "what was ended stays so"
    await accounts.sign_in(clients, "sam@example.org", PASSWORD, "192.0.2.7", NOW)


async def test_a_deleted_lot_leaves_nobody_with_all_lots(database, owner):
    lot = await save_lot(slug="gone")
    person, _ = await invite(database, owner, every_lot=False, lots=("gone",))
    await fetch("DELETE FROM lot WHERE id = {}", lot.id)
    found = await rows.get_account(person)
    assert found.lot_ids == frozenset()
    assert not found.everywhere
