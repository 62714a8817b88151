"""The rules of lots for programs: the JSON interface. Staff see them, owners set them."""

from datetime import UTC, datetime

import msgspec
from litestar import Router, get, patch
from litestar.params import FromPath, JSONBody

from parkhub.db import lot_rules as rule_rows
from parkhub.domain.lot_rules import LotRules, SmallDues, TariffFollows
from parkhub.domain.rights import Right
from parkhub.services import lot_rules
from parkhub.web.api_answers import find_lot
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest


class RulesForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Rules to change; what is left out stays.

    ``stay_max_minutes``: how long a session may stay open, 0 for ever. ``…_days`` are days. ``paid_ahead``:
    drivers pay when they come, until when they choose; ``remind_minutes`` before that they get a letter, 0 is never.
    ``small_dues``: what becomes of less than a card payment takes. ``processing_leaves``: who has a payment on its way
    may leave. ``operator_…``: who takes
    the money, as receipts name it; without a name whoever the installation's settings name.
    """

    stay_max_minutes: int | None = None
    anti_passback: bool | None = None
    tariff_follows: TariffFollows | None = None
    picture_keep_days: int | None = None
    read_keep_days: int | None = None
    paid_keep_days: int | None = None
    unpaid_keep_days: int | None = None
    paid_ahead: bool | None = None
    remind_minutes: int | None = None
    small_dues: SmallDues | None = None
    processing_leaves: bool | None = None
    operator_name: str | None = None
    operator_address: str | None = None
    operator_tax_number: str | None = None


@get("/lots/{slug:str}/rules", tags=["Rules"])
async def show_rules(slug: FromPath[str]) -> LotRules:
    """A lot's rules for sessions, and how many days what they leave behind is kept."""
    return await rule_rows.get_rules((await find_lot(slug)).id)


@patch("/lots/{slug:str}/rules", tags=["Rules"], guards=[needs(Right.SET_UP)])
async def set_rules(request: AnyRequest, slug: FromPath[str], data: JSONBody[RulesForm]) -> LotRules:
    """Change rules of a lot."""
    given = {name: _written(value) for name, value in msgspec.to_builtins(data).items() if value is not None}
    return await lot_rules.set_rules((await find_lot(slug)).id, given, request.user.id, datetime.now(UTC))


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


routes = [Router("/api/v1", route_handlers=[show_rules, set_rules], guards=[needs(Right.READ)])]
