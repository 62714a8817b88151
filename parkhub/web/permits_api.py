"""Permits and the lists of plates for programs: the JSON interface, for signed-in staff."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from parkhub.db import lots as lot_rows
from parkhub.db import permits as permit_rows
from parkhub.db import plate_lists as list_rows
from parkhub.domain.accounts import Account
from parkhub.domain.permits import Permit
from parkhub.domain.plate_lists import ListedPlate, PlateList
from parkhub.domain.plates import normalise
from parkhub.domain.rights import Right
from parkhub.domain.weekly_times import write_times
from parkhub.services import permits
from parkhub.web.api_answers import PAGE, after_of, aware, find_lot, page_of
from parkhub.web.guards import must, needs
from parkhub.web.permit_forms import PermitForm, Text, listed_of, permit_of
from parkhub.web.plates import shown_plate
from parkhub.web.templating import AnyRequest


class PermitItem(PermitForm, frozen=True, kw_only=True):
    """A permit that is kept."""

    id: int


class PermitPage(msgspec.Struct, frozen=True):
    """Permits by id; ``next``: what to ask ``after`` for the next ones, null at the end."""

    items: list[PermitItem]
    next: int | None


class ListedForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of the allow or the deny list. ``lot``: a slug, null for all lots. ``valid_until`` null is for good."""

    list: PlateList
    plate: Text
    reason: Text
    lot: str | None = None
    valid_until: datetime | None = None


class ListedItem(ListedForm, frozen=True, kw_only=True):
    """An entry that is kept."""

    id: int


class ListedPage(msgspec.Struct, frozen=True):
    """Entries by id; ``next``: what to ask ``after`` for the next ones, null at the end."""

    items: list[ListedItem]
    next: int | None


@get("/lots/{slug:str}/permits", tags=["Permits"])
async def list_permits(
    request: AnyRequest,
    slug: FromPath[str],
    plate: FromQuery[str] = "",
    after: FromQuery[int] = 0,
    limit: FromQuery[int] = PAGE,
) -> PermitPage:
    """A lot's permits, or those of a plate (look-alikes count as equal)."""
    lot, limit = await find_lot(slug), page_of(limit)
    if plate:
        must(request.user, Right.SEE_PLATES, lot.id)
        sought = normalise(plate)
        found = await permit_rows.list_of_plate(lot.id, sought) if sought else []
        return PermitPage(await _permit_items(found, request.user), None)
    found = await permit_rows.list_permits(lot.id, after_of(after), limit)
    return PermitPage(await _permit_items(found, request.user), found[-1].id if len(found) == limit else None)


@post("/permits", tags=["Permits"], guards=[needs(Right.SET_UP)])
async def add_permit(request: AnyRequest, data: JSONBody[PermitForm]) -> PermitItem:
    """Give a permit."""
    return await _save(data, 0, request.user)


@get("/permits/{permit_id:int}", tags=["Permits"])
async def show_permit(request: AnyRequest, permit_id: FromPath[int]) -> PermitItem:
    """One permit."""
    return (await _permit_items([await permit_rows.get_permit(permit_id)], request.user))[0]


@put("/permits/{permit_id:int}", tags=["Permits"], guards=[needs(Right.SET_UP)])
async def change_permit(request: AnyRequest, permit_id: FromPath[int], data: JSONBody[PermitForm]) -> PermitItem:
    """Change a permit; what is left out is as for a new one."""
    await permit_rows.get_permit(permit_id)
    return await _save(data, permit_id, request.user)


@delete("/permits/{permit_id:int}", tags=["Permits"], guards=[needs(Right.SET_UP)])
async def delete_permit(request: AnyRequest, permit_id: FromPath[int]) -> None:
    """Delete a permit on which nobody is inside."""
    await permits.delete_permit(permit_id, request.user.id, datetime.now(UTC))


@get("/lots/{slug:str}/listed-plates", tags=["Lists of plates"])
async def list_listed(
    request: AnyRequest, slug: FromPath[str], after: FromQuery[int] = 0, limit: FromQuery[int] = PAGE
) -> ListedPage:
    """Entries of both lists that are for a lot or for all."""
    lot, limit = await find_lot(slug), page_of(limit)
    found = await list_rows.list_listed(lot.id, after_of(after), limit)
    items = [_listed_item(each, lot.slug if each.lot_id else None, request.user) for each in found]
    return ListedPage(items, found[-1].id if len(found) == limit else None)


@post("/listed-plates", tags=["Lists of plates"], guards=[needs(Right.SET_UP)])
async def list_plate(request: AnyRequest, data: JSONBody[ListedForm]) -> ListedItem:
    """Put a plate on a list; one that is there gets the new reason and end."""
    until = None if data.valid_until is None else aware(data.valid_until)
    wanted = await listed_of(data.list, data.plate, data.lot, data.reason, until, request.user)
    return _listed_item(await permits.list_plate(wanted, request.user.id, datetime.now(UTC)), data.lot, request.user)


@delete("/listed-plates/{listed_id:int}", tags=["Lists of plates"], guards=[needs(Right.SET_UP)])
async def unlist_plate(request: AnyRequest, listed_id: FromPath[int]) -> None:
    """Take a plate off its list."""
    await permits.unlist_plate(listed_id, request.user.id, datetime.now(UTC))


async def _save(data: PermitForm, permit_id: int, account: Account) -> PermitItem:
    permit = await permit_of(data, permit_id, account)
    return (await _permit_items([await permits.save_permit(permit, account.id, datetime.now(UTC))], account))[0]


async def _permit_items(found: Sequence[Permit], account: Account) -> list[PermitItem]:
    slugs = {lot.id: lot.slug for lot in await lot_rows.list_lots()}
    return [
        PermitItem(
            id=permit.id,
            lots=sorted(slugs[lot_id] for lot_id in permit.lot_ids),
            kind=permit.kind,
            holder=permit.holder,
            plates=[shown_plate(account, plate) for plate in permit.plates],
            valid_from=permit.valid_from,
            valid_until=permit.valid_until,
            times=write_times(permit.times),
            cars_max=permit.cars_max,
            paused=permit.paused,
            note=permit.note,
            external_id=permit.external_id,
        )
        for permit in found
    ]


def _listed_item(listed: ListedPlate, slug: str | None, account: Account) -> ListedItem:
    return ListedItem(
        id=listed.id,
        list=listed.list,
        plate=shown_plate(account, listed.plate),
        reason=listed.reason,
        lot=slug,
        valid_until=listed.valid_until,
    )


routes = [
    Router(
        "/api/v1",
        route_handlers=[
            list_permits,
            add_permit,
            show_permit,
            change_permit,
            delete_permit,
            list_listed,
            list_plate,
            unlist_plate,
        ],
        guards=[needs(Right.READ)],
    )
]
