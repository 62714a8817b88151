"""Codes after the password; on both databases."""

import asyncio
from datetime import timedelta

import pyotp
import pytest
from builders import NOW, save_account, stand_ins

from parkhub.clients import Clients
from parkhub.db.engine import fetch
from parkhub.domain.accounts import Account
from parkhub.domain.rights import Role
from parkhub.errors import ConflictError, FieldsError, SignInRequiredError, TooOftenError
from parkhub.services import accounts, second_factors
from parkhub.settings import Settings

KEY = "the installation's key, of any length"
PASSWORD = "correct horse battery"
WHERE = "192.0.2.7"


@pytest.fixture
async def person(database: Settings) -> Account:
    return await save_account("sam@example.org", Role.ATTENDANT, await accounts.hash_password(PASSWORD))


async def switch_on(clients: Clients, person: Account) -> tuple[pyotp.TOTP, list[str]]:
    asked = await second_factors.begin(KEY, person, NOW)
    app = pyotp.TOTP(asked.secret)
    return app, await second_factors.confirm(clients, KEY, person, app.at(NOW), NOW)


async def test_a_code_is_asked_for_after_the_password(database, person):
    clients = stand_ins()
    app, _ = await switch_on(clients, person)
    later = NOW + timedelta(minutes=1)
    half = await accounts.sign_in(clients, person.email, PASSWORD, WHERE, later)
    assert await accounts.who_is(half, later) is None, "the password alone opens nothing"
    assert await accounts.asks_for_code(half, later)
    whole = await accounts.enter_code(clients, KEY, half, app.at(later), later)
    found = await accounts.who_is(whole, later)
    assert found is not None
    assert found.id == person.id
    with pytest.raises(SignInRequiredError):
        await accounts.enter_code(clients, KEY, half, app.at(later), later)


async def test_a_code_is_taken_once_and_none_before_it(database, person):
    clients = stand_ins()
    app, _ = await switch_on(clients, person)
    with pytest.raises(FieldsError):
        await second_factors.check(clients, KEY, person.id, app.at(NOW), NOW)  # took part in switching on
    later = NOW + timedelta(seconds=30)
    given = [second_factors.check(clients, KEY, person.id, app.at(later), later) for _ in range(2)]
    done = await asyncio.gather(*given, return_exceptions=True)
    assert sorted(isinstance(each, FieldsError) for each in done) == [False, True]
    with pytest.raises(FieldsError):
        await second_factors.check(clients, KEY, person.id, app.at(NOW), later)


@pytest.mark.parametrize("off_s", [-120, -61, 61, 120])
async def test_a_code_of_another_time_is_refused(database, person, off_s):
    clients = stand_ins()
    app, _ = await switch_on(clients, person)
    at = NOW + timedelta(hours=1)
    with pytest.raises(FieldsError):
        await second_factors.check(clients, KEY, person.id, app.at(at + timedelta(seconds=off_s)), at)


async def test_a_recovery_code_works_once_however_it_is_typed(database, person):
    clients = stand_ins()
    _, codes = await switch_on(clients, person)
    assert len(set(codes)) == 10
    await second_factors.check(clients, KEY, person.id, f" {codes[0].upper()} ", NOW)
    with pytest.raises(FieldsError):
        await second_factors.check(clients, KEY, person.id, codes[0], NOW)
    kept = [row["code_hash"] for row in await fetch("SELECT code_hash FROM recovery_code")]
    assert len(kept) == 9
    assert not {code.replace("-", "") for code in codes} & set(kept)
    fresh = await second_factors.renew_codes(person, NOW)
    with pytest.raises(FieldsError):
        await second_factors.check(clients, KEY, person.id, codes[1], NOW)
    await second_factors.check(clients, KEY, person.id, fresh[1], NOW)


async def test_guessing_ends_after_five_tries_from_wherever(database, person):
    clients = stand_ins()
    app, _ = await switch_on(clients, person)
    for _ in range(5):
        with pytest.raises(FieldsError):
            await second_factors.check(clients, KEY, person.id, "000000", NOW)
    with pytest.raises(TooOftenError):
        await second_factors.check(clients, KEY, person.id, app.at(NOW + timedelta(seconds=30)), NOW)


async def test_a_half_sign_in_ends_after_ten_minutes(database, person):
    clients = stand_ins()
    app, _ = await switch_on(clients, person)
    half = await accounts.sign_in(clients, person.email, PASSWORD, WHERE, NOW)
    late = NOW + timedelta(minutes=10)
    with pytest.raises(SignInRequiredError):
        await accounts.enter_code(clients, KEY, half, app.at(late), late)


async def test_another_secret_cannot_be_put_in_the_place_of_one_that_is_on(database, person):
    clients = stand_ins()
    app, _ = await switch_on(clients, person)
    with pytest.raises(ConflictError):
        await second_factors.begin(KEY, person, NOW)
    later = NOW + timedelta(minutes=2)
    await second_factors.check(clients, KEY, person.id, app.at(later), later)


async def test_a_secret_is_not_in_the_database_and_no_ones_elses(database, person):
    asked = await second_factors.begin(KEY, person, NOW)
    [row] = await fetch("SELECT * FROM second_factor")
    assert asked.secret not in repr(row)
    assert asked.secret not in repr(asked)
    with pytest.raises(FieldsError):
        await second_factors.confirm(
            stand_ins(), "another installation's key", person, pyotp.TOTP(asked.secret).now(), NOW
        )


async def test_a_lost_authenticator_is_forgotten_by_a_command(database, person):
    clients = stand_ins()
    await switch_on(clients, person)
    assert await accounts.forget_second_factor("SAM@example.org", NOW)
    assert not await accounts.forget_second_factor("SAM@example.org", NOW)
    cookie = await accounts.sign_in(clients, person.email, PASSWORD, WHERE, NOW)
    assert await accounts.who_is(cookie, NOW) is not None
