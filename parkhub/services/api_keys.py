"""Keys of programs: made and shown once, kept as a hash, with rights and lots of their own."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import accounts as account_rows
from parkhub.db import api_keys as rows
from parkhub.db import lots as lot_rows
from parkhub.db.engine import transaction
from parkhub.domain.accounts import Account, network
from parkhub.domain.rights import KEYS, Right, Role
from parkhub.domain.text import one_line
from parkhub.errors import ConflictError, FieldsError, NotFoundError, SignInRequiredError
from parkhub.services.accounts import digest, note_of

log = structlog.get_logger(__name__)

PREFIX: Final = "parkhub_"
"""Of every key, so that those who look for lost secrets find it."""
PER_MINUTE: Final = 600
WRONG_PER_MINUTE: Final = 60
"""From one network address."""
NAME_LENGTH_MAX: Final = 60
DAYS: Final = (30, 90, 365)


@dataclass(frozen=True, slots=True)
class KeyForm:
    """A key as an owner describes it. ``days`` None: for good. ``lots``: slugs, if not ``every_lot``."""

    name: str
    rights: Sequence[str]
    every_lot: bool
    lots: Sequence[str] = ()
    days: int | None = 365


async def create_key(by: Account, form: KeyForm, now: datetime) -> tuple[Account, str]:
    """Make a key; answers its account and the key itself, this once. Raises FieldsError.

    No key has more than whoever makes it has, and every key can read.
    """
    wrong: dict[str, str] = {}
    name = form.name.strip()
    if not name or len(name) > NAME_LENGTH_MAX or not one_line(name):
        wrong["name"] = f"Give a name of at most {NAME_LENGTH_MAX} letters."
    if not {*form.rights} <= KEYS & by.rights:
        wrong["rights"] = "Choose rights from the list."
    if form.days is not None and form.days not in DAYS:
        wrong["days"] = "Choose a time from the list."
    known = {lot.slug: lot.id for lot in await lot_rows.list_lots()}
    if not form.every_lot and (not form.lots or not known.keys() >= set(form.lots)):
        wrong["lots"] = "Choose at least one car park, or all."
    if wrong:
        raise FieldsError(wrong)
    rights = frozenset(Right(each) for each in form.rights) | {Right.READ}
    lot_ids = None if form.every_lot else frozenset(known[slug] for slug in form.lots)
    token = PREFIX + secrets.token_urlsafe(32)
    try:
        async with transaction():
            account = await account_rows.add_account(f"API key: {name}", name, Role.KEY, "", lot_ids=lot_ids)
            expires_at = None if form.days is None else now + timedelta(days=form.days)
            await rows.add_key(account.id, digest(token), rights, by.id, now, expires_at)
            after = {"rights": sorted(rights), "lots": "all" if lot_ids is None else sorted(lot_ids), "days": form.days}
            await note_of(account.id, "api_key.created", by, now, after=after)
    except ConflictError:
        raise FieldsError({"name": "A key had this name before; the audit log knows it by that."}) from None
    log.info("api key made", account_id=account.id)
    return account, token


async def revoke(by: Account, account_id: int, now: datetime) -> None:
    """Let a key work no more, at once and for good. Raises NotFoundError."""
    async with transaction():
        account = await account_rows.get_account(account_id)
        if account.role is not Role.KEY:
            raise NotFoundError("There is no such key.")
        await account_rows.set_disabled(account_id, disabled=True)
        if not account.disabled:
            await note_of(account_id, "api_key.revoked", by, now)


async def who_is(clients: Clients, token: str, address: str, now: datetime) -> Account:
    """The account of a key that works. Raises SignInRequiredError, and TooOftenError beyond what a minute allows."""
    account = await rows.find_by_token(digest(token), now) if token.startswith(PREFIX) else None
    if account is None:
        await clients.limiter.hit(f"api-key:from:{network(address)}", WRONG_PER_MINUTE, 60)
        raise SignInRequiredError("This key does not work: it is wrong, has ended, or was revoked.")
    await clients.limiter.hit(f"api-key:{account.id}", PER_MINUTE, 60)
    async with transaction():
        await rows.note_used(account.id, now)
    return account
