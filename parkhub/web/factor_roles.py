"""Of which roles a second factor is demanded, for owners."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from litestar import Response, Router, get, post
from litestar.response import Redirect, Template

from parkhub.db import accounts as account_rows
from parkhub.db import second_factors as factor_rows
from parkhub.domain.rights import PEOPLES, Right, Role
from parkhub.errors import ConflictError
from parkhub.services import second_factors
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.people import ROLES
from parkhub.web.templating import AnyRequest, page

PAGE = "/console/people/second-factor"


async def _page(
    request: AnyRequest, chosen: frozenset[Role] | None = None, error: str = "", status_code: int = 200
) -> Template:
    with_code = await factor_rows.list_accounts_with()
    people = [person for person in await account_rows.list_people() if not person.disabled]
    without = Counter(person.role for person in people if person.id not in with_code)
    demanded = await factor_rows.list_roles() if chosen is None else chosen
    return page(
        request,
        "people/second_factor.html",
        status_code=status_code,
        roles=[(role.value, ROLES[role][0], role in demanded, without[role]) for role in PEOPLES],
        own_missing=request.user.id not in with_code,
        error=error,
        saved=request.query_params.get("saved") == "1",
    )


@get("/")
async def show_roles(request: AnyRequest) -> Template:
    """The page for it."""
    return await _page(request)


@post("/")
async def save_roles(request: AnyRequest, clients: GivenClients) -> Response[Any] | Template:
    """Demand it of the ticked roles and no others."""
    given = frozenset(str(each) for each in (await request.form()).getall("roles", []))
    chosen = frozenset(role for role in PEOPLES if role.value in given)
    try:
        await second_factors.demand(clients, request.user, chosen, datetime.now(UTC))
    except ConflictError as error:
        return await _page(request, chosen, str(error), error.status)
    return Redirect(f"{PAGE}?saved=1", status_code=303)


routes = [
    Router(
        PAGE,
        route_handlers=[show_roles, save_roles],
        guards=[needs(Right.PEOPLE, everywhere=True)],
        include_in_schema=False,
    )
]
