"""Who works here: inviting, roles and lots, shutting out, and links by which a password is chosen."""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog

from parkhub.clients import Clients
from parkhub.db import accounts as rows
from parkhub.db import lots as lot_rows
from parkhub.db.engine import transaction
from parkhub.domain.accounts import Account
from parkhub.domain.mail import read_address
from parkhub.domain.rights import PEOPLES, RIGHTS, Right, Role
from parkhub.domain.text import one_line
from parkhub.errors import ConflictError, FieldsError, NotFoundError
from parkhub.services import mail, second_factors
from parkhub.services.accounts import digest, hash_password, note_of
from parkhub.services.own_account import check_new_password
from parkhub.settings import Settings

log = structlog.get_logger(__name__)

INVITATION_LIFE: Final = timedelta(days=7)
RESET_LIFE: Final = timedelta(hours=24)
NAME_LENGTH_MAX: Final = 80
LAST_OWNER: Final = "Somebody must stay owner. Make somebody else an owner first."
LINK_OVER: Final = "This link is over, or was used already. Ask an owner for another."


@dataclass(frozen=True, slots=True)
class PersonForm:
    """A person as an owner describes them. ``lots``: slugs, if not ``every_lot``."""

    name: str
    role: str
    sees_plates: bool
    every_lot: bool
    lots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody and their link; ``mailed``: it was sent to them, so nobody else needs to see it."""

    account: Account
    link: str = field(repr=False)
    mailed: bool


async def invite(
    clients: Clients, settings: Settings, by: Account, email: str, form: PersonForm, now: datetime
) -> Invited:
    """Make an account and send its link, by which its password is chosen. Raises FieldsError."""
    wrong, given = await _read(form)
    address = read_address(email)
    if address is None:
        wrong["email"] = "This is no e-mail address."
    if wrong or address is None:
        raise FieldsError(wrong)
    try:
        async with transaction():
            account = await rows.add_account(
                address.lower(),
                given["name"],
                given["role"],
                "",
                sees_plates=given["sees_plates"],
                lot_ids=given["lot_ids"],
            )
            await note_of(account.id, "account.invited", by, now, after=_told(account))
            link = await _write_link(settings, account, "staff_invitation", INVITATION_LIFE, now)
    except ConflictError:
        raise FieldsError({"email": "This e-mail has an account already."}) from None
    await mail.ask(clients)
    log.info("person invited", account_id=account.id)
    return Invited(account, link, mailed=bool(settings.smtp_host))


async def send_link(clients: Clients, settings: Settings, by: Account, account_id: int, now: datetime) -> Invited:
    """Send somebody a link to choose a password anew. Raises NotFoundError, ConflictError for who is shut out."""
    async with transaction():
        account = await get_person(account_id)
        if account.disabled:
            raise ConflictError("Let this person in again first.")
        new = not account.password_hash
        life = INVITATION_LIFE if new else RESET_LIFE
        link = await _write_link(settings, account, "staff_invitation" if new else "staff_password", life, now)
        await note_of(account.id, "account.link_sent", by, now)
    await mail.ask(clients)
    return Invited(account, link, mailed=bool(settings.smtp_host))


async def _write_link(settings: Settings, account: Account, letter: str, life: timedelta, now: datetime) -> str:
    token = secrets.token_urlsafe(32)
    await rows.add_link(digest(token), account.id, now, now + life)
    link = f"{settings.address}/sign-in/choose/{token}"
    values = {"link": link, "name": account.name, "hours": life // timedelta(hours=1)}
    await mail.write(f"staff-link:{digest(token)[:32]}", account.email, "en", letter, values, now, now + life)
    return link


async def whose_link(token: str, now: datetime) -> Account:
    """Who may choose a password by a link; it stays good. Raises NotFoundError."""
    account_id = await rows.find_link(digest(token), now)
    if account_id is None:
        raise NotFoundError(LINK_OVER)
    return await rows.get_account(account_id)


async def choose_password(clients: Clients, token: str, new: str, now: datetime) -> Account:
    """Choose a password by a link, which then works no more; every browser is signed out.

    Raises NotFoundError and FieldsError.
    """
    account = await whose_link(token, now)
    check_new_password(account, new)
    hashed = await hash_password(new)
    async with transaction():
        if not await rows.delete_links_of(account.id):
            raise NotFoundError(LINK_OVER)
        await rows.set_password_hash(account.id, hashed)
        await rows.delete_sign_ins_of(account.id)
        await note_of(account.id, "account.password_chosen", account, now)
    await clients.limiter.clear_all(f"sign-in:{digest(account.email)}")
    await clients.live.announce(f"account:{account.id}")
    return account


async def change_person(clients: Clients, by: Account, account_id: int, form: PersonForm, now: datetime) -> Account:
    """Say what somebody is and where. Raises FieldsError, also for the last owner, and NotFoundError."""
    wrong, given = await _read(form)
    if wrong:
        raise FieldsError(wrong)
    async with transaction():
        owners = await rows.lock_owners()
        before = await get_person(account_id)
        after = replace(before, **given)
        if after.role is not Role.OWNER and owners == {account_id}:
            raise FieldsError({"role": LAST_OWNER})
        if after == before:
            return before
        await rows.save_rights(after)
        await note_of(account_id, "account.changed", by, now, _told(before), _told(after))
    await clients.live.announce(f"account:{account_id}")
    return after


async def shut_out(clients: Clients, by: Account, account_id: int, now: datetime) -> None:
    """Let somebody in no more, and end at once where they are signed in. Raises ConflictError for the last owner."""
    async with transaction():
        if await rows.lock_owners() == {account_id}:
            raise ConflictError(LAST_OWNER)
        account = await get_person(account_id)
        await rows.set_disabled(account_id, disabled=True)
        await rows.delete_sign_ins_of(account_id)
        await rows.delete_links_of(account_id)
        if not account.disabled:
            await note_of(account_id, "account.shut_out", by, now)
    await clients.live.announce(f"account:{account_id}")


async def let_in(by: Account, account_id: int, now: datetime) -> None:
    """Let somebody in again, as they were. Raises NotFoundError."""
    async with transaction():
        account = await get_person(account_id)
        await rows.set_disabled(account_id, disabled=False)
        if account.disabled:
            await note_of(account_id, "account.let_in", by, now)


async def forget_second_factor(by: Account, account_id: int, now: datetime) -> bool:
    """Ask somebody for no code any more, who has lost their authenticator. Raises NotFoundError."""
    await get_person(account_id)
    return await second_factors.switch_off(account_id, by.id, now)


async def get_person(account_id: int) -> Account:
    """A person, never a program. Raises NotFoundError."""
    account = await rows.get_account(account_id)
    if account.role is Role.KEY:
        raise NotFoundError("There is no such person.")
    return account


async def _read(form: PersonForm) -> tuple[dict[str, str], dict[str, Any]]:
    """What is wrong, and what was meant."""
    wrong: dict[str, str] = {}
    name = form.name.strip()
    if not name or len(name) > NAME_LENGTH_MAX or not one_line(name):
        wrong["name"] = f"Give a name of at most {NAME_LENGTH_MAX} letters."
    if form.role not in PEOPLES:
        wrong["role"] = "Choose a role from the list."
        return wrong, {}
    role, lot_ids = Role(form.role), None
    if not form.every_lot and role is not Role.OWNER:
        known = {lot.slug: lot.id for lot in await lot_rows.list_lots()}
        if not form.lots or not known.keys() >= set(form.lots):
            wrong["lots"] = "Choose at least one car park, or all."
        else:
            lot_ids = frozenset(known[slug] for slug in form.lots)
    sees = form.sees_plates or role is Role.OWNER
    return wrong, {"name": name, "role": role, "sees_plates": sees, "lot_ids": lot_ids}


def _told(account: Account) -> dict[str, Any]:
    lots = "all" if account.lot_ids is None else sorted(account.lot_ids)
    return {"role": account.role.value, "lots": lots, "sees_plates": account.sees_plates}


def usual_plates(role: Role) -> bool:
    """Whether a role usually sees plates."""
    return Right.SEE_PLATES in RIGHTS[role]
