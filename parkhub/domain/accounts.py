"""People who sign in."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

TRIES_AT_ONCE: Final = 10
PAUSE_FIRST_S: Final = 0.25
PAUSE_MAX_S: Final = 4.0


class Role(StrEnum):
    """What a person may do; later steps add more."""

    OWNER = "owner"
    ATTENDANT = "attendant"


@dataclass(frozen=True, slots=True)
class Account:
    """A person. ``password_hash`` is argon2id in PHC form."""

    id: int
    email: str
    name: str
    role: Role
    password_hash: str
    disabled: bool = False


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person signed in on one browser; ``token_hash`` is SHA-256 of the cookie's value, hex."""

    token_hash: str
    account: Account
    expires_at: datetime


def pause_s(tries: int) -> float:
    """How long the next try for one e-mail waits after so many from everywhere: nothing at first, then ever longer.

    Never for ever: strangers who try on purpose must not keep the account's owner out.
    """
    if tries <= TRIES_AT_ONCE:
        return 0.0
    return min(PAUSE_MAX_S, PAUSE_FIRST_S * 2.0 ** min(tries - TRIES_AT_ONCE - 1, 16))


def network(address: str) -> str:
    """Who is behind a network address: an IPv6 customer has a whole /64, so all of its addresses count as one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped is not None else str(ipaddress.ip_network((found.packed, 64), strict=False))
