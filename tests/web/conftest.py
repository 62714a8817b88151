"""The application on a real database and a real Redis, and somebody who asks it."""

from collections.abc import AsyncIterator

import builders
import pytest
from accounts_of_drivers import enter
from apps import running
from litestar import Litestar
from visitors import EMAIL, PASSWORD, Visitor, visit

from parkhub.domain.accounts import Account
from parkhub.domain.rights import Role
from parkhub.services import accounts
from parkhub.settings import Settings


@pytest.fixture
def web_settings(sqlite_settings: Settings, redis_url: str) -> Settings:
    """Settings of the application under test."""
    return sqlite_settings.model_copy(update={"redis_url": redis_url})


@pytest.fixture
async def app(web_settings: Settings) -> AsyncIterator[Litestar]:
    """The running application; its database is open for the test too."""
    async with running(web_settings) as application:
        yield application


@pytest.fixture
async def visitor(app: Litestar) -> AsyncIterator[Visitor]:
    """Somebody who is not signed in."""
    async with visit(app) as found:
        yield found


@pytest.fixture
async def program(app: Litestar) -> AsyncIterator[Visitor]:
    """A program that takes JSON."""
    async with visit(app, headers={"accept": "application/json"}) as found:
        yield found


@pytest.fixture(scope="session")
async def password_hash() -> str:
    """What is kept of `PASSWORD`; made once, because it is meant to take long."""
    return await accounts.hash_password(PASSWORD)


@pytest.fixture
async def account(app: Litestar, password_hash: str) -> Account:
    """An account whose password is `PASSWORD`."""
    return await builders.save_account(EMAIL, password_hash=password_hash)


@pytest.fixture
async def staff(app: Litestar, account: Account) -> AsyncIterator[Visitor]:
    """Somebody who has signed in."""
    async with visit(app) as found:
        answer = await found.send_form("/sign-in", email=EMAIL, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        yield found


@pytest.fixture
async def attendant(app: Litestar, password_hash: str) -> AsyncIterator[Visitor]:
    """Somebody who has signed in and owns nothing."""
    email = "sam@example.org"
    await builders.save_account(email, Role.ATTENDANT, password_hash)
    async with visit(app) as found:
        answer = await found.send_form("/sign-in", email=email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        yield found


@pytest.fixture
async def without_plates(app: Litestar, password_hash: str) -> AsyncIterator[Visitor]:
    """Somebody who has signed in and sets car parks up, but sees no plates."""
    email = "max@example.org"
    await builders.save_account(email, Role.OPERATOR, password_hash, sees_plates=False)
    async with visit(app) as found:
        answer = await found.send_form("/sign-in", email=email, password=PASSWORD)
        assert answer.status_code == 303, answer.text
        yield found


@pytest.fixture
async def driver(app: Litestar) -> AsyncIterator[Visitor]:
    """A driver who has signed in by a link."""
    async with visit(app) as found:
        await enter(found)
        yield found
