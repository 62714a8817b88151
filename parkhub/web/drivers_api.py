"""Whose plates are, for programs: the JSON interface, for signed-in staff."""

from datetime import UTC, datetime

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from parkhub.db import driver_vehicles as rows
from parkhub.db import drivers as driver_rows
from parkhub.db import sessions as session_rows
from parkhub.domain.accounts import Account
from parkhub.domain.drivers import Claim, ProvenBy
from parkhub.domain.rights import Right
from parkhub.services import driver_vehicles
from parkhub.web.api_answers import PAGE, after_of, find_lot, page_of
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.plates import shown_plate
from parkhub.web.templating import AnyRequest


class ClaimItem(msgspec.Struct, frozen=True):
    """A plate that ``email`` has proven by ``session`` while ``holder`` holds it."""

    id: int
    plate: str
    email: str
    proven_by: ProvenBy
    session: int
    holder: str | None
    created_at: datetime
    decided_at: datetime | None
    decision: str


class ClaimPage(msgspec.Struct, frozen=True):
    """Open claims by id; ``next``: what to ask ``after`` for the next ones, null at the end."""

    items: list[ClaimItem]
    next: int | None


class DecisionForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose the plate is: the claimant's if granted. The reason is kept for good and names no plate."""

    grant: bool
    reason: str


class GiveForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Staff have seen the papers. ``lot``: a slug; by its rules the plate leaves the audit log."""

    lot: str
    email: str
    plate: str
    reason: str


class TakeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plate that its holder shall hold no more."""

    lot: str
    plate: str
    reason: str


class VehicleItem(msgspec.Struct, frozen=True):
    """A plate with its holder."""

    plate: str
    email: str
    proven_by: ProvenBy
    proven_at: datetime


@get("/driver-claims", tags=["Drivers"])
async def list_claims(request: AnyRequest, after: FromQuery[int] = 0, limit: FromQuery[int] = PAGE) -> ClaimPage:
    """Plates that two have proven, and nobody has decided."""
    limit = page_of(limit)
    found = await rows.list_claims(after_of(after), limit)
    items = [await _item(each, request.user) for each in found if await _ours(each, request.user)]
    return ClaimPage(items, found[-1].id if len(found) == limit else None)


@post("/driver-claims/{claim_id:int}/decision", status_code=200, tags=["Drivers"])
async def decide(
    request: AnyRequest, claim_id: FromPath[int], data: JSONBody[DecisionForm], clients: GivenClients
) -> ClaimItem:
    """Say whose a plate is; both accounts show only what began while they held it."""
    now = datetime.now(UTC)
    claim = await driver_vehicles.decide(clients, claim_id, data.grant, data.reason, request.user.id, now)
    return await _item(claim, request.user)


@post("/driver-vehicles", tags=["Drivers"], guards=[needs(Right.RUN, everywhere=True)])
async def give(request: AnyRequest, data: JSONBody[GiveForm], clients: GivenClients) -> VehicleItem:
    """Make the account of an address a plate's holder, whoever was before."""
    lot = await find_lot(data.lot)
    now = datetime.now(UTC)
    found = await driver_vehicles.give(clients, lot.id, data.email, data.plate, data.reason, request.user.id, now)
    driver = await driver_rows.get_driver(found.driver_id)
    return VehicleItem(shown_plate(request.user, found.plate), driver.email, found.proven_by, found.proven_at)


@post("/driver-vehicles/take", status_code=204, tags=["Drivers"], guards=[needs(Right.RUN, everywhere=True)])
async def take(request: AnyRequest, data: JSONBody[TakeForm], clients: GivenClients) -> None:
    """Take a plate from its holder."""
    lot = await find_lot(data.lot)
    await driver_vehicles.take(clients, lot.id, data.plate, data.reason, request.user.id, datetime.now(UTC))


async def _ours(claim: Claim, account: Account) -> bool:
    return account.everywhere or account.may(Right.RUN, (await session_rows.get_session(claim.session_id)).lot_id)


async def _item(claim: Claim, account: Account) -> ClaimItem:
    holder = await driver_rows.find_of_plate(claim.plate)
    return ClaimItem(
        id=claim.id,
        plate=shown_plate(account, claim.plate),
        email=(await driver_rows.get_driver(claim.driver_id)).email,
        proven_by=claim.proven_by,
        session=claim.session_id,
        holder=holder.email if holder else None,
        created_at=claim.created_at,
        decided_at=claim.decided_at,
        decision=claim.decision,
    )


routes = [Router("/api/v1", route_handlers=[list_claims, decide, give, take], guards=[needs(Right.RUN)])]
