"""Permits and entries of the lists as forms and programs give them."""

from datetime import date, datetime
from typing import Annotated

import msgspec

from parkhub.domain.accounts import Account
from parkhub.domain.permits import Permit, PermitKind, normal_plates
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.domain.plates import normalise
from parkhub.domain.rights import Right
from parkhub.domain.weekly_times import parse_times
from parkhub.errors import FieldsError, sentence
from parkhub.web.api_answers import find_lot
from parkhub.web.guards import must

Text = Annotated[str, msgspec.Meta(max_length=2000)]


class PermitForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A permit, all of it. ``lots``: slugs. Days are the lot's own, both included; ``valid_until`` null is for good.

    ``times``: such as ``mon-fri 07:00-19:00; sat 08:00-12:00``, empty for always. ``cars_max``: inside at once.
    """

    lots: Annotated[list[str], msgspec.Meta(max_length=500)]
    holder: Text
    plates: list[Text]
    valid_from: date
    valid_until: date | None = None
    kind: PermitKind = PermitKind.PERMIT
    times: Text = ""
    cars_max: int = 1
    paused: bool = False
    note: Text = ""
    external_id: Text = ""


async def permit_of(data: PermitForm, permit_id: int, account: Account) -> Permit:
    """The permit it says. Raises FieldsError, NotFoundError, and ForbiddenError for a lot that is not theirs."""
    lot_ids = [(await find_lot(slug)).id for slug in data.lots]
    for lot_id in lot_ids:
        must(account, Right.SET_UP, lot_id)
    try:
        times = parse_times(data.times)
    except ValueError as error:
        raise FieldsError({"times": sentence(error)}) from None
    return Permit(
        id=permit_id,
        lot_ids=frozenset(lot_ids),
        kind=data.kind,
        holder=data.holder,
        plates=normal_plates(data.plates),
        valid_from=data.valid_from,
        valid_until=data.valid_until,
        times=times,
        cars_max=data.cars_max,
        paused=data.paused,
        note=data.note,
        external_id=data.external_id,
    )


async def listed_of(
    plate_list: PlateList, plate: str, slug: str | None, reason: str, until: datetime | None, account: Account
) -> ListedPlate:
    """The entry it says; ``slug`` None: for all lots. Raises NotFoundError, ForbiddenError."""
    lot = None if slug is None else await find_lot(slug)
    must(account, Right.SET_UP, lot.id if lot else None)
    return ListedPlate(plate_list, normalise(plate), lot.id if lot else None, reason.strip(), until)
