"""What people may do, by their role."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Right(StrEnum):
    """One thing that a person, or a program with a key, may do."""

    READ = "read"
    """See places, cameras and how they are, sessions and permits without their plates."""
    SEE_PLATES = "see_plates"
    """See plates, and pictures of gates."""
    RUN = "run"
    """Correct sessions, answer questions, open barriers by hand, take cash."""
    REFUND = "refund"
    """Give back and waive."""
    SET_UP = "set_up"
    """Change lots, cameras, spots, tariffs, permits, bookings and barriers."""
    MONEY = "money"
    """Read the books, reports and exports."""
    PEOPLE = "people"
    """Say who may do what; read the audit log."""


class Role(StrEnum):
    """What a person is to a car park. ``KEY``: no person, but a program with a key, which has rights of its own."""

    OWNER = "owner"
    OPERATOR = "operator"
    ATTENDANT = "attendant"
    PATROL = "patrol"
    ACCOUNTANT = "accountant"
    READ_ONLY = "read_only"
    KEY = "key"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset(Right),
    Role.OPERATOR: frozenset(Right) - {Right.PEOPLE},
    Role.ATTENDANT: frozenset({Right.READ, Right.SEE_PLATES, Right.RUN, Right.REFUND}),
    Role.PATROL: frozenset({Right.READ, Right.SEE_PLATES}),
    Role.ACCOUNTANT: frozenset({Right.READ, Right.MONEY}),
    Role.READ_ONLY: frozenset({Right.READ}),
    Role.KEY: frozenset(),
}
"""Whether a person sees plates is said for each (`Account.sees_plates`); what stands here is what is usual."""

PEOPLES: Final = tuple(role for role in Role if role is not Role.KEY)
"""What a person can be."""

KEYS: Final = frozenset(Right) - {Right.PEOPLE}
"""What a key can be given: no program says who may do what."""
