"""Codes that enrol nodes, and keys that the server makes anew."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No I, L, O and U: the first three are taken for digits, and no word comes by chance."""

CODE_LENGTH: Final = 10
CODE_HOLDS: Final = timedelta(minutes=30)
OFFERED_FOR: Final = timedelta(days=7)
OLD_DIES_AFTER: Final = timedelta(seconds=60)
"""How long after the new key was first used the old one is still taken, for what was on its way."""

_MEANT: Final = str.maketrans("OIL", "011")


def make_code() -> str:
    """A code of 50 random bits, as it is shown."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    return f"{letters[:5]}-{letters[5:]}"


def hash_code(installation: str, typed: str) -> str | None:
    """What is kept of a code, keyed by the installation's key; None for what cannot be one."""
    code = "".join(typed.upper().split()).replace("-", "").translate(_MEANT)
    if len(code) != CODE_LENGTH or any(letter not in ALPHABET for letter in code):
        return None
    return hmac.new(installation.encode(), f"parkhub node code\0{code}".encode(), hashlib.sha256).hexdigest()


def key_of(installation: str, camera: str, uid: str) -> str:
    """The new key of a change. It is made, not kept, so that a lost answer can be given again."""
    text = f"parkhub camera key\0{camera}\0{uid}"
    digest = hmac.new(installation.encode(), text.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Way(StrEnum):
    """How a key is replaced: by one that its node is offered, at once by a code's, or at once by hand."""

    ROTATED = "rotated"
    ENROLLED = "enrolled"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class KeyChange:
    """A camera's key on its way out. ``uid`` is "" and ``used_at`` set once the new one holds."""

    camera_id: int
    uid: str
    new_hash: str
    old_hash: str
    account_id: int | None
    asked_at: datetime
    ends_at: datetime
    used_at: datetime | None = None
    way: Way = Way.ROTATED

    def offers(self, now: datetime) -> bool:
        """Whether the new key is told, and taken."""
        return self.used_at is None and now < self.ends_at

    def takes_old(self, now: datetime) -> bool:
        """Whether the old key is still taken although the new one was used."""
        return self.way is Way.ROTATED and self.used_at is not None and now < self.used_at + OLD_DIES_AFTER
