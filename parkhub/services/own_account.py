"""A person's own account: another password, and where they are signed in."""

from datetime import datetime
from typing import Final

from parkhub.clients import Clients
from parkhub.db import accounts as rows
from parkhub.db.engine import transaction
from parkhub.domain.accounts import Account
from parkhub.errors import FieldsError
from parkhub.services.accounts import (
    PASSWORD_LENGTH_MAX,
    TRIES_PER_EMAIL,
    TRY_WINDOW_S,
    digest,
    hash_password,
    note_of,
    password_fits,
)

PASSWORD_LENGTHS: Final = range(10, PASSWORD_LENGTH_MAX + 1)


async def confirm_password(clients: Clients, account: Account, password: str, field: str = "current") -> None:
    """Ask a person who is signed in for their password once more. Raises FieldsError, TooOftenError."""
    await clients.limiter.hit(f"password:{account.id}", TRIES_PER_EMAIL, TRY_WINDOW_S)
    if not await password_fits(account.password_hash, password):
        raise FieldsError({field: "This is not your password."})
    await clients.limiter.clear(f"password:{account.id}")


async def change_password(
    clients: Clients, account: Account, token: str, current: str, new: str, now: datetime
) -> None:
    """Give oneself another password; every other browser is signed out. Raises FieldsError, TooOftenError."""
    await confirm_password(clients, account, current)
    check_new_password(account, new)
    hashed = await hash_password(new)
    async with transaction():
        await rows.set_password_hash(account.id, hashed)
        await rows.delete_sign_ins_of(account.id, digest(token))
        await rows.delete_links_of(account.id)
        await note_of(account.id, "account.password_changed", account, now)
    await clients.live.announce(f"account:{account.id}")


async def sign_out_elsewhere(clients: Clients, account: Account, token: str, now: datetime) -> int:
    """End a person's other sign-ins; answers how many there were."""
    async with transaction():
        ended = await rows.delete_sign_ins_of(account.id, digest(token))
        if ended:
            await note_of(account.id, "account.signed_out_elsewhere", account, now, after={"ended": ended})
    await clients.live.announce(f"account:{account.id}")
    return ended


def check_new_password(account: Account, new: str) -> None:
    """Raises FieldsError for a password that is too short, too long, or the person's e-mail."""
    if len(new) not in PASSWORD_LENGTHS:
        raise FieldsError({"new": "Use at least ten letters; a few words in a row are easy to keep in mind."})
    if new.strip().lower() in {account.email, account.email.partition("@")[0]}:
        raise FieldsError({"new": "Use something else than your e-mail address."})
