"""Refunds of bookings that were refused or came back: staff ask for them once more."""

from datetime import UTC, datetime
from typing import Any

from litestar import Response, Router, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.domain.rights import Right
from parkhub.errors import BusyError, ConflictError, InvalidInputError, NotFoundError
from parkhub.services import booking_refunds
from parkhub.web.booking_desk import show_as_it_is
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest


@post("/console/bookings/{booking_id:int}/refunds", guards=[needs(Right.REFUND)])
async def ask_again(
    request: AnyRequest, clients: GivenClients, settings: GivenSettings, booking_id: FromPath[int]
) -> Response[Any] | Template:
    """Ask the payment provider once more for the refund that the form names."""
    public_id, now = str((await request.form()).get("refund", "")), datetime.now(UTC)
    try:
        await booking_refunds.retry(clients, settings, booking_id, public_id, request.user.id, now)
    except (BusyError, ConflictError, InvalidInputError, NotFoundError) as error:
        return await show_as_it_is(request, booking_id, str(error), error.status)
    return Redirect(f"/console/bookings/{booking_id}?done=asked", status_code=303)


routes = [Router("/", route_handlers=[ask_again], guards=[needs(Right.READ)], include_in_schema=False)]
