"""Drivers sign in: by a link in a letter, or by a password. An account is made by the first link that is used.

Both answer alike whether an address has an account or not.
"""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog

from parkhub.clients import Clients
from parkhub.db import drivers as rows
from parkhub.db.drivers import Link
from parkhub.db.engine import transaction
from parkhub.domain.accounts import network, pause_s
from parkhub.domain.drivers import LINK_LIFE, SIGN_IN_LIFE
from parkhub.domain.mail import read_address
from parkhub.errors import InvalidInputError, NotFoundError, SignInRequiredError
from parkhub.languages import marked
from parkhub.services import mail
from parkhub.services.accounts import password_fits
from parkhub.services.drivers import digest
from parkhub.settings import Settings

WINDOW_S: Final = 15 * 60
LINKS_PER_EMAIL: Final = 3
"""From one network address."""
LINKS_PER_EMAIL_IN_ALL: Final = 10
"""From everywhere: beyond it no letter is sent, and the answer is the same, so that nobody's mailbox is filled."""
TRIES_PER_EMAIL: Final = 5
TRIES_PER_ADDRESS: Final = 30
NO_ADDRESS: Final = marked("This is no e-mail address.")
NO_MATCH: Final = marked("E-mail and password do not match.")
LINK_OVER: Final = marked("This link is over, or was used already. Ask for another.")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Entered:
    """A fresh token for a browser, where it wanted to go, and whether the account has got its address by this."""

    token: str = field(repr=False)
    goal: str
    changed: bool


async def ask_for_link(
    clients: Clients, settings: Settings, email: str, language: str, goal: str, address: str, now: datetime
) -> None:
    """Send a link by which whoever reads the letters of ``email`` can sign in, and get an account.

    Raises InvalidInputError for what is no address, and TooOftenError by what was typed and from where only.
    """
    to = read_address(email)
    if to is None:
        raise InvalidInputError(NO_ADDRESS)
    source, name = network(address), _digest(to)
    await clients.limiter.hit(f"driver-sign-in:from:{source}", TRIES_PER_ADDRESS, WINDOW_S)
    await clients.limiter.hit(f"driver-link:{name}:{source}", LINKS_PER_EMAIL, WINDOW_S)
    if await clients.limiter.count(f"driver-link:{name}", WINDOW_S) > LINKS_PER_EMAIL_IN_ALL:
        log.warning("driver.too_many_links")
        return
    await send_link(clients, settings, Link(to, None, language, goal), "sign_in", now)


async def send_link(clients: Clients, settings: Settings, link: Link, letter: str, now: datetime) -> None:
    """Send a link that works once."""
    token = secrets.token_urlsafe(32)
    values = {"link": f"{settings.address}/account/enter/{token}", "minutes": LINK_LIFE // timedelta(minutes=1)}
    async with transaction():
        await rows.add_link(digest(token), link, now + LINK_LIFE)
        uid = f"driver-link:{digest(token)[:32]}"
        await mail.write(uid, link.email, link.language, letter, values, now, now + LINK_LIFE)
    await mail.ask(clients)


async def read_link(token: str, now: datetime) -> Link:
    """What a link is good for; it stays so: programs that look at letters open their links. Raises NotFoundError."""
    found = await rows.find_link(digest(token), now)
    if found is None:
        raise NotFoundError(LINK_OVER)
    return found


async def use_link(clients: Clients, token: str, language: str, now: datetime) -> Entered:
    """Sign in by a link, once; or make its address that of the account that asked.

    Raises NotFoundError when it is over, and ConflictError when its address has got an account meanwhile.
    """
    fresh = secrets.token_urlsafe(32)
    async with transaction():
        link = await rows.use_link(digest(token), now)
        if link is None:
            raise NotFoundError(LINK_OVER)
        if link.driver_id is None:
            driver = await rows.ensure_driver(link.email, language, now)
        else:
            driver = await rows.get_driver(link.driver_id)
            await rows.set_email(driver.id, link.email)
            await rows.delete_sign_ins_of(driver.id)
            await rows.delete_links_of(driver.id, driver.email)
            uid = f"driver-email-changed:{digest(token)[:32]}"
            await mail.write(uid, driver.email, driver.language, "email_changed", {}, now)
        await rows.set_language(driver.id, language)
        await rows.add_sign_in(digest(fresh), driver.id, now, now + SIGN_IN_LIFE)
    await mail.ask(clients)
    log.info("driver.signed_in", driver=driver.id, by="link")
    return Entered(fresh, link.goal, link.driver_id is not None)


async def sign_in(clients: Clients, email: str, password: str, address: str, now: datetime) -> str:
    """Sign in by password; answers a fresh token for the browser.

    Raises SignInRequiredError, the same for an unknown address, an account without a password and a wrong one, and
    TooOftenError. Tries for one address from many networks are slowed down, not refused.
    """
    to, source = read_address(email), network(address)
    name = _digest(to or email)
    key = f"driver-password:{name}:{source}"
    await clients.limiter.hit(f"driver-sign-in:from:{source}", TRIES_PER_ADDRESS, WINDOW_S)
    await clients.limiter.hit(key, TRIES_PER_EMAIL, WINDOW_S)
    await asyncio.sleep(pause_s(await clients.limiter.count(f"driver-password:{name}", WINDOW_S)))
    driver = await rows.find_by_email(to) if to else None
    if not await password_fits(driver.password_hash if driver else "", password) or driver is None:
        log.info("driver.sign_in_refused")
        raise SignInRequiredError(NO_MATCH)
    await clients.limiter.clear(key)
    token = secrets.token_urlsafe(32)
    async with transaction():
        await rows.add_sign_in(digest(token), driver.id, now, now + SIGN_IN_LIFE)
    log.info("driver.signed_in", driver=driver.id, by="password")
    return token


def _digest(email: str) -> str:
    """An address's name among the counters, which are kept for minutes."""
    return hashlib.sha256(email.encode(errors="replace")).hexdigest()[:32]
