"""Forms of lots: what a new one is asked for, and opening times while they are typed."""

import zoneinfo
from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel.core import get_global

from parkhub.domain.lots import Lot
from parkhub.domain.opening_times import EXAMPLE, OpeningTimes, check_opening_hours, knows_holidays
from parkhub.errors import InvalidInputError
from parkhub.languages import ENGLISH
from parkhub.services import lots
from parkhub.web.opening_words import opening_week
from parkhub.web.templating import AnyRequest

USUAL_TIME_ZONE: Final = "Europe/Berlin"
NEW_FIELDS: Final = ("name", "address", "time_zone", "slug", "opening_hours", "country")


@cache
def time_zones() -> list[tuple[str, str]]:
    """Places to choose from, as (IANA name, words)."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return [(name, name.replace("_", " ")) for name in [*names, "UTC"]]


def country_of(time_zone: str) -> str:
    """The country (ISO 3166) whose clock this is; "" for a clock of none."""
    found = get_global("zone_territories").get(time_zone, "")
    return found if found.isalpha() else ""


def _guess(time_zone: str) -> str:
    """The country of a clock, if its public holidays are known: what nobody typed is nobody's mistake."""
    country = country_of(time_zone)
    return country if knows_holidays(country) else ""


async def new_lot_fields() -> dict[str, str]:
    """What the form for a new lot begins with."""
    known = await lots.list_statuses(datetime.now(UTC))
    zone = known[-1].lot.time_zone if known else USUAL_TIME_ZONE
    return {**dict.fromkeys(NEW_FIELDS, ""), "time_zone": zone, "guess": "" if known else "1"}


async def take_new_lot(request: AnyRequest) -> Lot:
    """Make the lot of a form. Raises FieldsError."""
    return await lots.add_lot(await read_new_lot(request), request.user.id, datetime.now(UTC))


async def read_new_lot(request: AnyRequest) -> dict[str, str]:
    """The form for a new lot as it was filled in; the country is that of the clock unless it says another."""
    form = await request.form()
    given = {name: str(form.get(name, "")).strip() for name in NEW_FIELDS}
    return {**given, "country": given["country"] or _guess(given["time_zone"])}


def lot_form(given: Mapping[str, str], errors: Mapping[str, str]) -> dict[str, Any]:
    """What the fields of a new lot are drawn from."""
    found = defaultdict(str, errors)
    return {"given": {"guess": "", **given}, "errors": found, "time_zones": time_zones(), **week_of(given)}


def week_of(given: Mapping[str, str]) -> dict[str, Any]:
    """The next seven days of opening times as somebody types them, or what is wrong with them."""
    text, zone, now = " ".join(given.get("opening_hours", "").split()), given.get("time_zone", ""), datetime.now(UTC)
    if not text:
        return {"week": None, "week_error": "", "opening_example": EXAMPLE}
    country = (given.get("country", "") or _guess(zone)).upper()
    try:
        check_opening_hours(text, country, now)
        known = zone if zone in zoneinfo.available_timezones() else "UTC"
        week = opening_week(OpeningTimes(text, ZoneInfo(known), country), now, ENGLISH)
    except InvalidInputError as error:
        return {"week": None, "week_error": str(error), "opening_example": EXAMPLE}
    return {"week": week, "week_error": "", "opening_example": EXAMPLE}
