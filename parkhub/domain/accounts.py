"""People who sign in."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from parkhub.domain.rights import KEYS, RIGHTS, Right, Role

TRIES_AT_ONCE: Final = 10
PAUSE_FIRST_S: Final = 0.25
PAUSE_MAX_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Account:
    """A person, or a program with a key (`Role.KEY`), which has ``scopes`` and no password.

    ``password_hash`` is argon2id in PHC form, "" until one is chosen. ``lot_ids`` None: all lots, later ones too.
    """

    id: int
    email: str
    name: str
    role: Role
    password_hash: str
    disabled: bool = False
    sees_plates: bool = True
    lot_ids: frozenset[int] | None = None
    scopes: frozenset[Right] = frozenset()

    @property
    def rights(self) -> frozenset[Right]:
        """What they may do in their lots; an owner everything."""
        if self.role is Role.OWNER:
            return RIGHTS[Role.OWNER]
        if self.role is Role.KEY:
            return self.scopes & KEYS
        others = RIGHTS[self.role] - {Right.SEE_PLATES}
        return others | {Right.SEE_PLATES} if self.sees_plates else others

    @property
    def everywhere(self) -> bool:
        """Whether all lots are theirs: an owner's always are."""
        return self.lot_ids is None or self.role is Role.OWNER

    def may(self, right: Right, lot_id: int | None = None) -> bool:
        """Whether they may do that in a lot; without one, whether they may anywhere at all."""
        if self.disabled or right not in self.rights:
            return False
        return lot_id is None or self.everywhere or lot_id in (self.lot_ids or ())

    def may_everywhere(self, right: Right) -> bool:
        """Whether they may do that to what is of no lot, or of all."""
        return self.everywhere and self.may(right)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program's key: its account, who made it ("" when that is not known any more), and until when it works."""

    account: Account
    made_by: str
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None

    def works(self, now: datetime) -> bool:
        """Whether it lets a program in."""
        return not self.account.disabled and (self.expires_at is None or self.expires_at > now)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person signed in on one browser; ``token_hash`` is SHA-256 of the cookie's value, hex."""

    token_hash: str
    account: Account
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a person is signed in. ``agent``: what the browser says it is, "" for nothing."""

    id: int
    token_hash: str
    agent: str
    created_at: datetime

    @property
    def words(self) -> str:
        """The browser and its system by their names."""
        name = next((word for sign, word in _BROWSERS if sign in self.agent), "A program")
        system = next((word for sign, word in _SYSTEMS if sign in self.agent), "")
        return f"{name}, {system}" if system else name


# Each names itself and, to be let in, older ones; so the order matters.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)


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
