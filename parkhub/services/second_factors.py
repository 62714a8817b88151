"""Second factors: a code from an authenticator app (TOTP, RFC 6238), or a recovery code, after the password.

A secret is made from the installation's key and a salt, so that neither the database nor a copy of it holds one.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import pyotp
import structlog

from parkhub.clients import Clients
from parkhub.clients.live import RE_READ
from parkhub.db import second_factors as rows
from parkhub.db.engine import transaction
from parkhub.domain.accounts import Account
from parkhub.domain.rights import PEOPLES, Role
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import audit

log = structlog.get_logger(__name__)

STEP_S: Final = 30
LATE_STEPS: Final = 1
"""A code is taken so many half minutes before and after its own: clocks differ, and people type."""
TRIES: Final = 5
TRY_WINDOW_S: Final = 15 * 60
RECOVERY_CODES: Final = 10
WRONG: Final = "This code is not right, or was used already. Wait for the next one."


@dataclass(frozen=True, slots=True)
class Asked:
    """What an authenticator app is set up with: the secret in base32, and the same as an address for its camera."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


async def is_on(account_id: int) -> bool:
    """Whether a person is asked for a code."""
    found = await rows.find_factor(account_id)
    return found is not None and found[1]


async def begin(key: str, account: Account, now: datetime) -> Asked:
    """Make a secret for an authenticator; it counts once a code of it was given. Raises ConflictError: it is on."""
    async with transaction():
        await rows.begin(account.id, secrets.token_urlsafe(16), now)
    return await asked(key, account)


async def asked(key: str, account: Account) -> Asked:
    """The secret that was made and is not confirmed. Raises ConflictError when there is none."""
    found = await rows.find_factor(account.id)
    if found is None or found[1]:
        raise ConflictError("The second factor is on already, or was not asked for.")
    secret = _secret(key, account.id, found[0])
    return Asked(secret, pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name="ParkHub"))


async def confirm(clients: Clients, key: str, account: Account, code: str, now: datetime) -> list[str]:
    """Switch it on by a first code; answers the recovery codes, this once.

    Raises FieldsError for a wrong code, ConflictError, TooOftenError.
    """
    await asked(key, account)
    await _hit(clients, account.id)
    if not await _take(key, account.id, code, now):
        raise FieldsError({"code": WRONG})
    async with transaction():
        if not await rows.confirm(account.id, now):
            raise ConflictError("The second factor is on already.")
        codes = await _new_codes(account.id)
        await _note("account.second_factor_on", account.id, account.id, now)
    await _forget_tries(clients, account.id)
    return codes


async def renew_codes(account: Account, now: datetime) -> list[str]:
    """Other recovery codes in the place of all before, this once. Raises ConflictError when it is not on."""
    async with transaction():
        if not await is_on(account.id):
            raise ConflictError("There is no second factor.")
        codes = await _new_codes(account.id)
        await _note("account.recovery_codes_renewed", account.id, account.id, now)
    return codes


async def check(clients: Clients, key: str, account_id: int, code: str, now: datetime) -> None:
    """Take a code of the authenticator or a recovery code, each once.

    Raises FieldsError, and TooOftenError after five tries in fifteen minutes.
    """
    await _hit(clients, account_id)
    typed = "".join(code.split()).replace("-", "").lower()
    if not await _take(key, account_id, typed, now):
        async with transaction():
            if not await rows.take_recovery_code(account_id, _code_hash(typed)):
                log.info("second factor refused", account_id=account_id)
                raise FieldsError({"code": WRONG})
            await _note("account.recovery_code_used", account_id, account_id, now)
    await _forget_tries(clients, account_id)


async def is_missing(account: Account) -> bool:
    """Whether a person's role demands a second factor and they have none; a program with a key has no role to."""
    return account.role is not Role.KEY and await rows.lacks_demanded(account.id, account.role)


async def demand(clients: Clients, by: Account, roles: Iterable[Role], now: datetime) -> None:
    """Demand a second factor of whoever has one of these roles, and of nobody else.

    Who has none sets it up before anything else, so nobody is locked out; still an owner who demands it of owners has
    one first and so knows that it works. Raises ConflictError.
    """
    wanted = frozenset(roles) & frozenset(PEOPLES)
    async with transaction():
        before = await rows.list_roles()
        if by.role in wanted and not await is_on(by.id):
            raise ConflictError("Set up your own second factor first; then demand it of your role.")
        if wanted == before:
            return
        await rows.set_roles(wanted, now)
        told = [{"roles": sorted(role.value for role in each)} for each in (before, wanted)]
        await audit.note(
            "account.second_factor_demanded",
            account_id=by.id,
            lot_id=None,
            subject="roles",
            before=told[0],
            after=told[1],
            at=now,
        )
    await clients.live.announce(RE_READ)  # whoever watches is asked again whether they may


async def is_demanded_of(role: Role) -> bool:
    """Whether nobody has this role without a second factor."""
    return role in await rows.list_roles()


async def do_without(account: Account, now: datetime) -> bool:
    """A person switches their own off. Raises ConflictError where their role demands one."""
    if await is_demanded_of(account.role):
        raise ConflictError("Your role demands a second factor. An owner can set you up anew if your app is lost.")
    return await switch_off(account.id, account.id, now)


async def switch_off(account_id: int, by: int | None, now: datetime) -> bool:
    """Ask a person for no code any more; False when none was asked for. ``by`` None: a command's doing."""
    async with transaction():
        was_on = await rows.delete_factor(account_id)
        if was_on:
            await _note("account.second_factor_off", account_id, by, now)
    return was_on


def _secret(key: str, account_id: int, salt: str) -> str:
    made = hmac.digest(key.encode(), f"parkhub second factor\0{account_id}\0{salt}".encode(), "sha256")
    return base64.b32encode(made[:20]).decode()


async def _take(key: str, account_id: int, code: str, now: datetime) -> bool:
    found = await rows.find_factor(account_id)
    if found is None or not (code := "".join(code.split())).isascii():
        return False
    totp = pyotp.TOTP(_secret(key, account_id, found[0]))
    step = int(now.timestamp()) // STEP_S
    for each in range(step - LATE_STEPS, step + LATE_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(each), code):
            async with transaction():
                return await rows.take_step(account_id, found[0], each)
    return False


async def _new_codes(account_id: int) -> list[str]:
    """Each has 80 bits, so a plain hash keeps it."""
    codes = [base64.b32encode(secrets.token_bytes(10)).decode().lower() for _ in range(RECOVERY_CODES)]
    await rows.set_recovery_codes(account_id, [_code_hash(code) for code in codes])
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def _code_hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


async def _hit(clients: Clients, account_id: int) -> None:
    await clients.limiter.hit(f"second-factor:{account_id}", TRIES, TRY_WINDOW_S)


async def _forget_tries(clients: Clients, account_id: int) -> None:
    await clients.limiter.clear(f"second-factor:{account_id}")


async def _note(action: str, account_id: int, by: int | None, now: datetime) -> None:
    subject = f"account:{account_id}"
    await audit.note(action, account_id=by, lot_id=None, subject=subject, before=None, after=None, at=now)
