"""The lots of whoever asks."""

from parkhub.db import lots as lot_rows
from parkhub.domain.accounts import Account
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right


async def our_lots(account: Account, right: Right = Right.READ) -> list[Lot]:
    """Where an account may do something, by name."""
    return [lot for lot in await lot_rows.list_lots() if account.may(right, lot.id)]


def our_lot_ids(account: Account, right: Right = Right.READ) -> frozenset[int] | None:
    """The same by id; None: in all lots."""
    if not account.may(right):
        return frozenset()
    return None if account.everywhere else account.lot_ids or frozenset()
