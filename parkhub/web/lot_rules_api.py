"""The rules of lots for programs: the JSON interface. Staff see them, owners set them."""

from datetime import UTC, datetime

import msgspec
from litestar import Router, get, patch
from litestar.params import FromPath, JSONBody

from parkhub.db import lot_rules as rule_rows
from parkhub.domain.lot_rules import LotRules, TariffFollows
from parkhub.services import lot_rules
from parkhub.web.api_answers import find_lot
from parkhub.web.guards import owner, signed_in
from parkhub.web.templating import AnyRequest


class RulesForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Rules to change; what is left out stays.

    ``stay_max_minutes``: how long a session may stay open, 0 for ever. The last four are days.
    """

    stay_max_minutes: int | None = None
    anti_passback: bool | None = None
    tariff_follows: TariffFollows | None = None
    picture_keep_days: int | None = None
    read_keep_days: int | None = None
    paid_keep_days: int | None = None
    unpaid_keep_days: int | None = None


@get("/lots/{slug:str}/rules", tags=["Rules"])
async def show_rules(slug: FromPath[str]) -> LotRules:
    """A lot's rules for sessions, and how many days what they leave behind is kept."""
    return await rule_rows.get_rules((await find_lot(slug)).id)


@patch("/lots/{slug:str}/rules", tags=["Rules"], guards=[owner])
async def set_rules(request: AnyRequest, slug: FromPath[str], data: JSONBody[RulesForm]) -> LotRules:
    """Change rules of a lot."""
    given = {name: str(value).lower() for name, value in msgspec.to_builtins(data).items() if value is not None}
    return await lot_rules.set_rules((await find_lot(slug)).id, given, request.user.id, datetime.now(UTC))


routes = [Router("/api/v1", route_handlers=[show_rules, set_rules], guards=[signed_in])]
