"""Programs' keys; on both databases."""

from datetime import timedelta

import pytest
from builders import NOW, save_account, save_lot, stand_ins

from parkhub.db import accounts as account_rows
from parkhub.db import api_keys as rows
from parkhub.db.engine import fetch
from parkhub.domain.accounts import Account
from parkhub.domain.rights import Right, Role
from parkhub.errors import FieldsError, NotFoundError, SignInRequiredError, TooOftenError
from parkhub.services import accounts, api_keys
from parkhub.services.api_keys import KeyForm
from parkhub.settings import Settings

WHERE = "192.0.2.7"


@pytest.fixture
async def owner(database: Settings) -> Account:
    return await save_account("olga@example.org", Role.OWNER, "x")


def a_form(name: str = "till", *rights: str, **given: object) -> KeyForm:
    usual = {"rights": rights or ("run",), "every_lot": True, "days": 30}
    return KeyForm(name, **{**usual, **given})  # type: ignore[arg-type]


async def test_a_key_lets_in_with_its_rights_and_lots_until_it_ends(owner):
    ours, theirs = await save_lot(slug="ours"), await save_lot()
    made, key = await api_keys.create_key(owner, a_form(every_lot=False, lots=("ours",)), NOW)
    found = await api_keys.who_is(stand_ins(), key, WHERE, NOW)
    assert (found.id, found.rights, found.email) == (made.id, {Right.READ, Right.RUN}, "API key: till")
    assert found.may(Right.RUN, ours.id)
    assert not found.may(Right.RUN, theirs.id)
    assert not found.may_everywhere(Right.RUN)
    with pytest.raises(SignInRequiredError):
        await api_keys.who_is(stand_ins(), key, WHERE, NOW + timedelta(days=30))
    [told] = await rows.list_keys()
    assert (told.made_by, told.used_at, told.works(NOW)) == ("olga@example.org", NOW, True)


async def test_only_a_hash_of_a_key_is_kept(owner):
    _, key = await api_keys.create_key(owner, a_form(), NOW)
    for table in ("api_key", "account", "audit_entry"):
        assert key not in repr(await fetch(f"SELECT * FROM {table}"))
    with pytest.raises(SignInRequiredError):
        await api_keys.who_is(stand_ins(), accounts.digest(key), WHERE, NOW)


async def test_a_revoked_key_is_refused_at_once(owner):
    made, key = await api_keys.create_key(owner, a_form(), NOW)
    await api_keys.revoke(owner, made.id, NOW)
    with pytest.raises(SignInRequiredError):
        await api_keys.who_is(stand_ins(), key, WHERE, NOW)
    with pytest.raises(NotFoundError):
        await api_keys.revoke(owner, owner.id, NOW)
    assert not (await account_rows.get_account(owner.id)).disabled


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (a_form(" "), "name"),
        (a_form("x", "people"), "rights"),
        (a_form("x", "everything"), "rights"),
        (a_form("x", days=0), "days"),
        (a_form("x", every_lot=False), "lots"),
        (a_form("x", every_lot=False, lots=("nowhere",)), "lots"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_what_is_wrong_with_a_key_is_said(owner, form, field):
    with pytest.raises(FieldsError) as caught:
        await api_keys.create_key(owner, form, NOW)
    assert list(caught.value.fields) == [field]


async def test_a_name_is_one_keys_for_good(owner):
    made, _ = await api_keys.create_key(owner, a_form(), NOW)
    await api_keys.revoke(owner, made.id, NOW)
    with pytest.raises(FieldsError):
        await api_keys.create_key(owner, a_form("TILL"), NOW)


async def test_nobody_signs_in_as_a_key_nor_gives_it_a_password(owner):
    await api_keys.create_key(owner, a_form(), NOW)
    with pytest.raises(SignInRequiredError):
        await accounts.sign_in(stand_ins(), "API key: till", "", WHERE, NOW)
    with pytest.raises(NotFoundError):
        await accounts.reset_password(stand_ins().limiter, "API key: till")
    assert [each.email for each in await account_rows.list_people()] == ["olga@example.org"]


async def test_guessing_and_haste_are_slowed_down(owner):
    clients = stand_ins()
    _, key = await api_keys.create_key(owner, a_form(), NOW)
    for _ in range(api_keys.WRONG_PER_MINUTE):
        with pytest.raises(SignInRequiredError):
            await api_keys.who_is(clients, f"{key}x", WHERE, NOW)
    with pytest.raises(TooOftenError):
        await api_keys.who_is(clients, f"{key}x", WHERE, NOW)
    for _ in range(api_keys.PER_MINUTE):
        await api_keys.who_is(clients, key, WHERE, NOW)
    with pytest.raises(TooOftenError):
        await api_keys.who_is(clients, key, WHERE, NOW)
