"""Signing in and out; the first account."""

import asyncio
import hashlib
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from parkhub.clients import Clients
from parkhub.clients.limiter import Limiter
from parkhub.db import accounts as account_rows
from parkhub.db.engine import transaction
from parkhub.domain.accounts import Account, network, pause_s
from parkhub.domain.rights import Role
from parkhub.domain.text import one_line
from parkhub.errors import BusyError, ConflictError, NotFoundError, SignInRequiredError
from parkhub.services import audit, second_factors

log = structlog.get_logger(__name__)

OWNER_EMAIL: Final = "owner@parkhub.local"
SIGN_IN_LIFE: Final = timedelta(hours=12)
TRY_WINDOW_S: Final = 15 * 60
TRIES_PER_EMAIL: Final = 5
"""From one network address."""
TRIES_PER_ADDRESS: Final = 20
"""For all e-mails."""
PASSWORD_LENGTH_MAX: Final = 1024
CODE_LIFE: Final = timedelta(minutes=10)
"""So long after the password the second factor can be given."""
AGENT_LENGTH_MAX: Final = 300

# argon2id with the OWASP minimum of memory (19 MiB): a web process stays small, and at most two run at once.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_hashing = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")
# What an unknown e-mail is checked against, so that it takes as long as a known one.
_nobody = _hasher.hash(secrets.token_urlsafe(16))


def digest(token: str) -> str:
    """What is kept of a secret, and of what must not stand in a key's name."""
    return hashlib.sha256(token.encode()).hexdigest()


def _normal(email: str) -> str:
    return email.strip().lower()


async def hash_password(password: str) -> str:
    """argon2id in PHC form; computed in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_hashing, _hasher.hash, password)


async def password_fits(password_hash: str, password: str) -> bool:
    """Whether it is the password; "" is nobody's, which takes as long to say."""
    if len(password) > PASSWORD_LENGTH_MAX:
        return False
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_hashing, _matches, password_hash or _nobody, password)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


async def ensure_owner(now: datetime) -> str | None:
    """Make the owner's account when there is no account at all; the password is returned this once, else None."""
    if await account_rows.count_accounts():
        return None
    password = secrets.token_urlsafe(12)
    password_hash = await hash_password(password)
    try:
        async with transaction():
            await account_rows.add_account(OWNER_EMAIL, "Owner", Role.OWNER, password_hash)
    except ConflictError:  # another process was quicker
        return None
    log.info("owner account made", at=now.isoformat())
    return password


async def reset_password(limiter: Limiter, email: str) -> str:
    """Give an account a fresh password, answered this once, and sign it out everywhere. Raises NotFoundError.

    The tries at its e-mail are forgotten, unless Redis is away: whoever is locked out needs the password even then.
    """
    password = secrets.token_urlsafe(12)
    password_hash = await hash_password(password)
    async with transaction():
        account = await account_rows.find_account(_normal(email))
        if account is None or account.role is Role.KEY:
            raise NotFoundError(f"There is no account with the e-mail {email}.")
        await account_rows.set_password_hash(account.id, password_hash)
        await account_rows.delete_sign_ins_of(account.id)
    with suppress(BusyError):
        await limiter.clear_all(f"sign-in:{digest(_normal(email))}")
    log.info("password reset", account_id=account.id)
    return password


async def forget_second_factor(email: str, now: datetime) -> bool:
    """Ask an account for no code any more, by a command; False when none was asked for. Raises NotFoundError."""
    account = await account_rows.find_account(_normal(email))
    if account is None:
        raise NotFoundError(f"There is no account with the e-mail {email}.")
    return await second_factors.switch_off(account.id, None, now)


async def sign_in(clients: Clients, email: str, password: str, address: str, now: datetime, agent: str = "") -> str:
    """Check a person's password; answer a fresh token for their browser, valid for twelve hours.

    Of a person with a second factor the token is good for ten minutes and for asking for its code only (`enter_code`).

    Raises SignInRequiredError with the tries left, the same for an unknown e-mail, and TooOftenError after five
    tries for one e-mail or twenty for any from one network ``address`` in fifteen minutes. Tries for one e-mail from
    many addresses are slowed down, not refused: else anybody could lock anybody out.
    """
    email, source = _normal(email), network(address)
    key = f"sign-in:{digest(email)}:{source}"
    await clients.limiter.hit(f"sign-in:from:{source}", TRIES_PER_ADDRESS, TRY_WINDOW_S)
    left = await clients.limiter.hit(key, TRIES_PER_EMAIL, TRY_WINDOW_S)
    await asyncio.sleep(pause_s(await clients.limiter.count(f"sign-in:{digest(email)}", TRY_WINDOW_S)))
    account = await account_rows.find_account(email) if one_line(email) else None
    good = await password_fits(account.password_hash if account is not None and not account.disabled else "", password)
    if not good or account is None or account.disabled:
        log.info("sign-in refused", tries_left=left)
        raise SignInRequiredError(_no_match(left))
    await clients.limiter.clear(key)
    fresh = await hash_password(password) if _hasher.check_needs_rehash(account.password_hash) else None
    token = secrets.token_urlsafe(32)
    async with transaction():
        if fresh is not None:
            await account_rows.set_password_hash(account.id, fresh)
        asked = await second_factors.is_on(account.id)
        await account_rows.add_sign_in(
            digest(token),
            account.id,
            now,
            now + (CODE_LIFE if asked else SIGN_IN_LIFE),
            agent=agent[:AGENT_LENGTH_MAX],
            needs_code=asked,
        )
    log.info("password right, code asked for" if asked else "signed in", account_id=account.id)
    return token


async def asks_for_code(token: str, now: datetime) -> bool:
    """Whether a token's password was right and its second factor is still to be given."""
    return await account_rows.find_half_sign_in(digest(token), now) is not None


async def enter_code(clients: Clients, key: str, token: str, code: str, now: datetime, agent: str = "") -> str:
    """Take the second factor; answer a fresh token in the place of ``token``. ``key`` is the installation's.

    Raises SignInRequiredError when the password was given too long ago, FieldsError for a wrong code, and
    TooOftenError after five tries for one account in fifteen minutes.
    """
    account_id = await account_rows.find_half_sign_in(digest(token), now)
    if account_id is None:
        raise SignInRequiredError("Type your password again: it has been a while.")
    await second_factors.check(clients, key, account_id, code, now)
    fresh = secrets.token_urlsafe(32)
    async with transaction():
        await account_rows.delete_sign_in(digest(token))
        await account_rows.add_sign_in(
            digest(fresh), account_id, now, now + SIGN_IN_LIFE, agent=agent[:AGENT_LENGTH_MAX]
        )
    log.info("signed in", account_id=account_id)
    return fresh


async def note_of(
    account_id: int,
    action: str,
    who: Account | None,
    now: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Note in the audit log what was done to an account, and by whom; None: by a command."""
    await audit.note(
        action,
        account_id=who.id if who else None,
        lot_id=None,
        subject=f"account:{account_id}",
        before=before,
        after=after,
        at=now,
    )


def _no_match(left: int) -> str:
    if left == 0:
        return f"E-mail and password do not match. That was the last try for {TRY_WINDOW_S // 60} minutes."
    return f"E-mail and password do not match. {left} {'try' if left == 1 else 'tries'} left."


async def who_is(token: str, now: datetime) -> Account | None:
    """The account that ``token`` was given to, while it is valid."""
    found = await account_rows.find_sign_in(digest(token), now)
    if found is None or found.account.disabled:
        return None
    return found.account


async def sign_out(clients: Clients, token: str) -> None:
    """Make a token worthless; nothing happens when it is already."""
    account_id = await account_rows.delete_sign_in(digest(token))
    if account_id is not None:
        await clients.live.announce(f"account:{account_id}")
