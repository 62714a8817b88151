"""Plates as somebody may see them; whoever shows or sends one asks here."""

from typing import Final

from parkhub.domain.accounts import Account
from parkhub.domain.rights import Right

HIDDEN: Final = "•••"
"""In the place of a plate, whatever its length."""


def shown_plate(account: Account | None, plate: str, lot_id: int | None = None) -> str:
    """The plate, or that there is one, for who has no right to see those of the lot."""
    return plate if not plate or sees_plates(account, lot_id) else HIDDEN


def sees_plates(account: Account | None, lot_id: int | None = None) -> bool:
    """Whether somebody may see a lot's plates, and the pictures of its gates."""
    return account is not None and account.may(Right.SEE_PLATES, lot_id)
