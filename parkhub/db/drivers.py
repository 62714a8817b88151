"""Drivers with an account, where they are signed in, and the links they were sent."""

from dataclasses import dataclass
from datetime import datetime

from parkhub.db.engine import Row, fetch, on_postgresql
from parkhub.domain.drivers import Driver, SignedIn
from parkhub.errors import ConflictError, NotFoundError


@dataclass(frozen=True, slots=True)
class Link:
    """What a link that was sent is good for: to sign in as ``email``, or to make that the address of a driver."""

    email: str
    driver_id: int | None
    language: str
    goal: str


async def ensure_driver(email: str, language: str, now: datetime) -> Driver:
    """The driver of an address; made when there is none."""
    await fetch(
        "INSERT INTO driver (email, language, password_hash, created_at) VALUES ({}, {}, '', {}) "
        "ON CONFLICT (email) DO NOTHING",
        email,
        language,
        now,
    )
    found = await find_by_email(email)
    assert found is not None
    return found


async def find_by_email(email: str) -> Driver | None:
    """The driver of an address."""
    rows = await fetch("SELECT * FROM driver WHERE email = {}", email)
    return _driver(rows[0]) if rows else None


async def get_driver(driver_id: int) -> Driver:
    """The driver. Raises NotFoundError."""
    rows = await fetch("SELECT * FROM driver WHERE id = {}", driver_id)
    if not rows:
        raise NotFoundError("There is no such account.")
    return _driver(rows[0])


async def lock_driver(driver_id: int) -> Driver:
    """The driver; whoever else asks for it so waits until this transaction has ended. Raises NotFoundError."""
    if on_postgresql():  # NO KEY: what refers to the driver need not wait
        await fetch("SELECT id FROM driver WHERE id = {} FOR NO KEY UPDATE", driver_id)
    return await get_driver(driver_id)


async def find_of_plate(plate: str) -> Driver | None:
    """Who holds a plate, as normalised."""
    rows = await fetch(
        "SELECT driver.* FROM driver JOIN driver_vehicle AS v ON v.driver = driver.id "
        "WHERE v.plate = {} AND v.released_at IS NULL",
        plate,
    )
    return _driver(rows[0]) if rows else None


async def set_password_hash(driver_id: int, password_hash: str) -> None:
    """Give a driver another password, or none."""
    await fetch("UPDATE driver SET password_hash = {} WHERE id = {}", password_hash, driver_id)


async def set_language(driver_id: int, language: str) -> None:
    """Note what a driver reads."""
    await fetch("UPDATE driver SET language = {} WHERE id = {}", language, driver_id)


async def set_email(driver_id: int, email: str) -> None:
    """Give a driver another address. Raises ConflictError when it is another's."""
    rows = await fetch(
        "UPDATE driver SET email = {} WHERE id = {} "
        "AND NOT EXISTS (SELECT 1 FROM driver AS other WHERE other.email = {} AND other.id <> {}) RETURNING id",
        email,
        driver_id,
        email,
        driver_id,
    )
    if not rows:
        raise ConflictError("This address has an account already.")


async def delete_driver(driver_id: int) -> None:
    """Delete an account with all that is in it."""
    await fetch("DELETE FROM driver WHERE id = {}", driver_id)


async def erase_email(email: str) -> int:
    """Forget an address where receipts were sent; returns of how many."""
    return len(await fetch("UPDATE quote SET email = '' WHERE lower(email) = {} RETURNING id", email))


async def add_sign_in(token_hash: str, driver_id: int, now: datetime, until: datetime) -> None:
    """Note that a driver signed in on one browser."""
    await fetch(
        "INSERT INTO driver_sign_in (token_hash, driver, created_at, expires_at) VALUES ({}, {}, {}, {})",
        token_hash,
        driver_id,
        now,
        until,
    )


async def find_sign_in(token_hash: str, now: datetime) -> SignedIn | None:
    """Who holds a token; None when it is unknown or over."""
    rows = await fetch(
        "SELECT driver.*, s.created_at AS since FROM driver_sign_in AS s JOIN driver ON driver.id = s.driver "
        "WHERE s.token_hash = {} AND s.expires_at > {}",
        token_hash,
        now,
    )
    return SignedIn(_driver(rows[0]), token_hash, rows[0]["since"]) if rows else None


async def list_sign_ins(driver_id: int) -> list[tuple[datetime, datetime]]:
    """Since when and until when a driver is signed in, by browser."""
    rows = await fetch("SELECT created_at, expires_at FROM driver_sign_in WHERE driver = {} ORDER BY id", driver_id)
    return [(row["created_at"], row["expires_at"]) for row in rows]


async def delete_sign_in(token_hash: str) -> None:
    """Forget a token; unknown ones are no error."""
    await fetch("DELETE FROM driver_sign_in WHERE token_hash = {}", token_hash)


async def delete_sign_ins_of(driver_id: int, but: str = "") -> None:
    """Forget every token of a driver, but for one."""
    await fetch("DELETE FROM driver_sign_in WHERE driver = {} AND token_hash <> {}", driver_id, but)


async def add_link(token_hash: str, link: Link, until: datetime) -> None:
    """Keep a link that is sent."""
    await fetch(
        "INSERT INTO driver_link (token_hash, email, driver, language, goal, expires_at) "
        "VALUES ({}, {}, {}, {}, {}, {})",
        token_hash,
        link.email,
        link.driver_id,
        link.language,
        link.goal,
        until,
    )


async def find_link(token_hash: str, now: datetime) -> Link | None:
    """What a link is good for, while it is good for anything."""
    rows = await fetch("SELECT * FROM driver_link WHERE token_hash = {} AND expires_at > {}", token_hash, now)
    return _link(rows[0]) if rows else None


async def use_link(token_hash: str, now: datetime) -> Link | None:
    """The same, once: whoever is second gets None."""
    rows = await fetch("DELETE FROM driver_link WHERE token_hash = {} AND expires_at > {} RETURNING *", token_hash, now)
    return _link(rows[0]) if rows else None


async def delete_links_of(driver_id: int, email: str) -> None:
    """Make every link worthless that leads into an account or changes it."""
    await fetch("DELETE FROM driver_link WHERE driver = {} OR (email = {} AND driver IS NULL)", driver_id, email)


async def delete_over(now: datetime) -> int:
    """Forget links and tokens that are over; returns how many."""
    links = await fetch("DELETE FROM driver_link WHERE expires_at <= {} RETURNING id", now)
    return len(links) + len(await fetch("DELETE FROM driver_sign_in WHERE expires_at <= {} RETURNING id", now))


def _driver(row: Row) -> Driver:
    return Driver(row["id"], row["email"], row["language"], row["password_hash"], row["created_at"])


def _link(row: Row) -> Link:
    return Link(row["email"], row["driver"], row["language"], row["goal"])
