"""A page of the guide: what each of its parts is drawn from."""

import re
from collections import defaultdict
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.numbers import get_territory_currencies
from litestar.response import Template

from parkhub.clients import Clients
from parkhub.domain.lots import Lot
from parkhub.languages import ENGLISH
from parkhub.services.tariff_examples import example_names, example_text
from parkhub.settings import Settings
from parkhub.web.guide_view import load_progress
from parkhub.web.lot_forms import country_of
from parkhub.web.node_requests import server_of
from parkhub.web.tariff_words import prices
from parkhub.web.templating import AnyRequest, page
from parkhub.web.webhooks import PATH

FIRST_EXAMPLE: Final = "hospital"
_CURRENCY: Final = re.compile(r"^currency: [A-Z]{3}$", re.MULTILINE)


async def show_guide(
    request: AnyRequest,
    clients: Clients,
    settings: Settings,
    lot: Lot,
    *,
    step: str = "",
    errors: dict[str, str] | None = None,
    status_code: int = 200,
    **told: Any,
) -> Template:
    """A lot's guide at a part of it, or where it goes on; ``told`` takes the place of what is usual."""
    progress = await load_progress(clients, settings, lot)
    shown = step or request.query_params.get("step", "") or progress.current
    keys = [each.key for each in progress.steps] + ["end"]
    context: dict[str, Any] = {
        "lot": lot,
        "progress": progress,
        "shown": shown if shown in keys else progress.current,
        "following": dict(pairwise(keys)),
        "server": server_of(request, settings),
        "webhook_path": PATH,
        "errors": defaultdict(str, errors or {}),
        "key": "",
        "code": "",
        "trial": None,
        "checked": "",
        "check_error": "",
        "name": "",
        **_tariff_fields(request, lot),
        "prices": prices(progress.versions, datetime.now(UTC), ZoneInfo(lot.time_zone), ENGLISH),
        **told,
    }
    return page(request, "guide/guide.html", status_code=status_code, **context)


def _tariff_fields(request: AnyRequest, lot: Lot) -> dict[str, Any]:
    names = example_names()
    example = request.query_params.get("example", "")
    example = example if example in names else FIRST_EXAMPLE
    usual = get_territory_currencies(lot.country or country_of(lot.time_zone) or "DE")
    currency = request.query_params.get("currency", "").strip().upper() or (usual[0] if usual else "EUR")
    examples = [(name, _about(name)) for name in names]
    return {"example": example, "currency": currency, "examples": examples, "text": _in_currency(example, currency)}


def _about(name: str) -> str:
    """An example's own first words."""
    return example_text(name).partition("\n")[0].removeprefix("#").strip()


def _in_currency(example: str, currency: str) -> str:
    text = example_text(example).partition("\n")[2]
    return _CURRENCY.sub(f"currency: {currency}", text, count=1)
