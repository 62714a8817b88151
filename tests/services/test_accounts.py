"""Signing in, on both databases."""

from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from builders import NOW, after, save_account

from parkhub.clients import Clients
from parkhub.clients.limiter import MemoryLimiter, RedisLimiter
from parkhub.clients.live import MemoryLive
from parkhub.clients.pictures import MemoryStore
from parkhub.clients.queue import MemoryQueue
from parkhub.clients.redis import open_redis
from parkhub.db import accounts as account_rows
from parkhub.domain.rights import Role
from parkhub.errors import NotFoundError, SignInRequiredError, TooOftenError
from parkhub.services import accounts
from parkhub.settings import Settings

PASSWORD = "correct horse battery"


@pytest.fixture
def clients() -> Clients:
    return Clients(MemoryStore(), MemoryQueue(), MemoryLive(), MemoryLimiter())


async def test_the_owner_is_made_once(database: Settings, clients: Clients) -> None:
    password = await accounts.ensure_owner(NOW)
    assert password is not None
    assert await accounts.ensure_owner(NOW) is None
    owner = await account_rows.find_account(accounts.OWNER_EMAIL)
    assert owner is not None
    assert owner.role is Role.OWNER
    assert owner.password_hash.startswith("$argon2id$")
    assert await accounts.sign_in(clients, accounts.OWNER_EMAIL, password, "here", NOW)


async def test_who_has_an_account_gets_no_other_owner(database: Settings) -> None:
    await save_account()
    assert await accounts.ensure_owner(NOW) is None
    assert await account_rows.count_accounts() == 1


async def test_a_token_says_who_it_is_for_twelve_hours(database: Settings, clients: Clients) -> None:
    kim = await save_account("kim@example.org", password_hash=await accounts.hash_password(PASSWORD))
    token = await accounts.sign_in(clients, " Kim@Example.org ", PASSWORD, "here", NOW)
    assert await accounts.who_is(token, NOW) == kim
    assert await accounts.who_is(token, after(12 * 3600 - 1)) == kim
    assert await accounts.who_is(token, NOW + timedelta(hours=12)) is None
    assert await accounts.who_is(token + "x", NOW) is None


async def test_the_token_itself_is_not_stored(database: Settings, clients: Clients) -> None:
    await save_account("kim@example.org", password_hash=await accounts.hash_password(PASSWORD))
    token = await accounts.sign_in(clients, "kim@example.org", PASSWORD, "here", NOW)
    assert await account_rows.find_sign_in(token, NOW) is None


async def test_signing_out_ends_this_token_only(database: Settings, clients: Clients) -> None:
    await save_account("kim@example.org", password_hash=await accounts.hash_password(PASSWORD))
    phone, desk = [await accounts.sign_in(clients, "kim@example.org", PASSWORD, "here", NOW) for _ in range(2)]
    await accounts.sign_out(clients, phone)
    await accounts.sign_out(clients, phone)
    assert await accounts.who_is(phone, NOW) is None
    assert await accounts.who_is(desk, NOW) is not None


async def test_a_hash_of_older_strength_is_renewed_at_the_next_sign_in(database: Settings, clients: Clients) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    await save_account("kim@example.org", password_hash=weak)
    await accounts.sign_in(clients, "kim@example.org", PASSWORD, "here", NOW)
    kim = await account_rows.find_account("kim@example.org")
    assert kim is not None
    assert kim.password_hash != weak
    await accounts.sign_in(clients, "kim@example.org", PASSWORD, "here", NOW)


@pytest.mark.parametrize("stored", ["", "not a hash", "$argon2id$broken"])
async def test_an_account_without_a_good_hash_lets_nobody_in(database: Settings, clients: Clients, stored: str) -> None:
    await save_account("kim@example.org", password_hash=stored)
    with pytest.raises(SignInRequiredError):
        await accounts.sign_in(clients, "kim@example.org", stored, "here", NOW)


async def test_a_new_password_ends_old_sign_ins_and_the_wait_of_who_tried_too_often(
    database: Settings, clients: Clients
) -> None:
    await save_account("kim@example.org", password_hash=await accounts.hash_password(PASSWORD))
    token = await accounts.sign_in(clients, "kim@example.org", PASSWORD, "there", NOW)
    for _ in range(5):
        with pytest.raises(SignInRequiredError):
            await accounts.sign_in(clients, "kim@example.org", "wrong", "here", NOW)
    with pytest.raises(TooOftenError):
        await accounts.sign_in(clients, "kim@example.org", PASSWORD, "here", NOW)
    fresh = await accounts.reset_password(clients.limiter, " Kim@Example.org")
    assert await accounts.who_is(token, NOW) is None
    assert await accounts.sign_in(clients, "kim@example.org", fresh, "here", NOW)
    with pytest.raises(NotFoundError, match=r"nobody@example\.org"):
        await accounts.reset_password(clients.limiter, "nobody@example.org")


async def test_a_new_password_is_given_while_redis_is_away(sqlite_open: Settings, clients: Clients) -> None:
    await save_account("kim@example.org", password_hash=await accounts.hash_password(PASSWORD))
    redis = open_redis(sqlite_open)  # no server at that socket
    try:
        fresh = await accounts.reset_password(RedisLimiter(redis), "kim@example.org")
    finally:
        await redis.aclose(close_connection_pool=True)
    assert await accounts.sign_in(clients, "kim@example.org", fresh, "here", NOW)


async def test_one_network_address_has_twenty_tries_for_all_e_mails(database: Settings, clients: Clients) -> None:
    for number in range(20):
        with pytest.raises(SignInRequiredError, match="4 tries left"):
            await accounts.sign_in(clients, f"guess{number}@example.org", "wrong", "one address", NOW)
    with pytest.raises(TooOftenError) as refused:
        await accounts.sign_in(clients, "another@example.org", "wrong", "one address", NOW)
    assert refused.value.retry_after_s is not None
    with pytest.raises(SignInRequiredError):
        await accounts.sign_in(clients, "another@example.org", "wrong", "other address", NOW)


async def test_an_e_mail_that_nobody_can_have_is_one_that_nobody_has(database: Settings, clients: Clients) -> None:
    with pytest.raises(SignInRequiredError, match="do not match"):
        await accounts.sign_in(clients, "kim\0@example.org", PASSWORD, "here", NOW)


async def test_strangers_who_try_on_purpose_do_not_lock_anybody_out(database: Settings, clients: Clients) -> None:
    await save_account("kim@example.org", password_hash=await accounts.hash_password(PASSWORD))
    for number in range(11):
        with pytest.raises(SignInRequiredError, match="4 tries left"):
            await accounts.sign_in(clients, "kim@example.org", "wrong", f"192.0.2.{number}", NOW)
    assert await accounts.sign_in(clients, "kim@example.org", PASSWORD, "198.51.100.1", NOW)


async def test_one_address_has_five_tries_for_one_e_mail(database: Settings, clients: Clients) -> None:
    await save_account("kim@example.org", password_hash=await accounts.hash_password(PASSWORD))
    for number in range(5):
        with pytest.raises(SignInRequiredError):
            await accounts.sign_in(clients, "kim@example.org", "wrong", f"2001:db8::{number}", NOW)
    with pytest.raises(TooOftenError):
        await accounts.sign_in(clients, "kim@example.org", PASSWORD, "2001:db8::77", NOW)
