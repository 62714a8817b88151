"""Patrols ask whether a plate may stand somewhere."""

from datetime import UTC, datetime

import msgspec
from litestar import Router, post
from litestar.params import JSONBody

from parkhub.domain.pay_ahead import Standing
from parkhub.domain.rights import Right
from parkhub.services import enforcement
from parkhub.web.api_answers import aware, find_lot
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import must, needs
from parkhub.web.templating import AnyRequest


class LookUp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``location``: a lot's slug. ``time``: with its zone; now if left out, and at most a day back."""

    registration_number: str
    location: str
    time: datetime | None = None


class PermitArea(msgspec.Struct, frozen=True):
    """Where the answer holds."""

    permit_area: str


class LookedUp(msgspec.Struct, frozen=True):
    """``end_time``: the end of what is allowed, or of what ran out in the last 15 minutes; null when nobody can say.

    ``hint``: for staff, a plate that looks alike and may stand there; it gives no allowance. ``paid``: where drivers
    pay ahead, "paid", "expired" or "not_paid", else null; ``paid_until``: when that ends, or ended within a day.
    """

    allowed: bool
    end_time: datetime | None
    location: PermitArea
    time: datetime
    hint: str | None
    paid: Standing | None = None
    paid_until: datetime | None = None


@post("/lookup", status_code=200, tags=["Enforcement"])
async def look_up(request: AnyRequest, clients: GivenClients, data: JSONBody[LookUp]) -> LookedUp:
    """Whether a plate may stand in a lot, and until when."""
    lot, now = await find_lot(data.location), datetime.now(UTC)
    must(request.user, Right.SEE_PLATES, lot.id)
    at = now if data.time is None else aware(data.time)
    found = await enforcement.look_up(clients, request.user.id, lot, data.registration_number, at, now)
    hint = found.look_alike or None
    return LookedUp(found.allowed, found.until, PermitArea(lot.slug), at, hint, found.paid, found.paid_until)


routes = [Router("/api/v1/enforcement", route_handlers=[look_up], guards=[needs(Right.SEE_PLATES)])]
