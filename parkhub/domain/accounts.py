"""People who sign in."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; later steps add more."""

    OWNER = "owner"
    OPERATOR = "operator"
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
