"""Accounts and sign-ins in both databases."""

import pytest
from builders import NOW, after, save_account

from parkhub.db import accounts
from parkhub.domain.accounts import SignIn
from parkhub.domain.rights import Role
from parkhub.errors import ConflictError
from parkhub.settings import Settings


async def test_an_account_comes_back_as_it_was_added(database: Settings) -> None:
    saved = await accounts.add_account("kim@example.org", "Kim", Role.ATTENDANT, "$argon2id$x")
    assert await accounts.find_account("kim@example.org") == saved
    assert await accounts.count_accounts() == 1


@pytest.mark.parametrize("email", ["kim@example.org", "KIM@Example.org"], ids=["same letters", "other case"])
async def test_an_email_has_one_account(database: Settings, email: str) -> None:
    await save_account("Kim@example.org")
    with pytest.raises(ConflictError, match="e-mail"):
        await save_account(email)
    assert await accounts.count_accounts() == 1


async def test_an_account_is_found_in_whatever_case_its_email_is_written(database: Settings) -> None:
    saved = await save_account("Kim@Example.org")
    assert await accounts.find_account("kim@eXample.ORG") == saved
    assert await accounts.find_account("someone@example.org") is None


async def test_a_password_is_replaced_for_one_account_only(database: Settings) -> None:
    kim, lee = await save_account("kim@example.org"), await save_account("lee@example.org", password_hash="old")
    await accounts.set_password_hash(kim.id, "new")
    found = [await accounts.find_account(person.email) for person in (kim, lee)]
    assert [person and person.password_hash for person in found] == ["new", "old"]


async def test_a_token_tells_who_holds_it_until_it_is_over(database: Settings) -> None:
    kim = await save_account()
    await accounts.add_sign_in("token", kim.id, NOW, after(60))
    assert await accounts.find_sign_in("token", after(59)) == SignIn("token", kim, after(60))
    assert await accounts.find_sign_in("token", after(60)) is None
    assert await accounts.find_sign_in("other", NOW) is None


async def test_after_signing_out_the_token_is_nobodys(database: Settings) -> None:
    kim = await save_account()
    await accounts.add_sign_in("token", kim.id, NOW, after(60))
    await accounts.delete_sign_in("token")
    await accounts.delete_sign_in("token")
    assert await accounts.find_sign_in("token", NOW) is None


async def test_only_tokens_that_are_over_are_cleared_away(database: Settings) -> None:
    kim = await save_account()
    for seconds in (10, 20, 30):
        await accounts.add_sign_in(f"token-{seconds}", kim.id, NOW, after(seconds))
    assert await accounts.delete_sign_ins_before(after(20)) == 2
    assert await accounts.find_sign_in("token-30", NOW) is not None


async def test_a_token_is_given_once(database: Settings) -> None:
    kim = await save_account()
    await accounts.add_sign_in("token", kim.id, NOW, after(60))
    with pytest.raises(ConflictError):
        await accounts.add_sign_in("token", kim.id, NOW, after(60))


async def test_an_account_is_signed_out_everywhere_and_others_are_not(database: Settings) -> None:
    kim, lee = await save_account(), await save_account()
    for token, person in (("phone", kim), ("laptop", kim), ("tablet", lee)):
        await accounts.add_sign_in(token, person.id, NOW, after(60))
    assert await accounts.delete_sign_ins_of(kim.id) == 2
    assert await accounts.find_sign_in("phone", NOW) is None
    assert await accounts.find_sign_in("tablet", NOW) is not None
