"""Tariffs in the console: the editor, what it says of a draft, publishing, and the versions."""

import re
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from parkhub.db import tariffs as tariff_rows
from parkhub.db.tariffs import TariffVersion
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.domain.vehicles import VehicleKind
from parkhub.errors import ConflictError, FieldsError, InvalidInputError, NotFoundError
from parkhub.languages import ENGLISH
from parkhub.services import tariffs
from parkhub.services.tariff_examples import example_names, example_text
from parkhub.web import tariff_document
from parkhub.web.api_answers import find_lot
from parkhub.web.guards import needs
from parkhub.web.our_lots import our_lots
from parkhub.web.session_forms import local_instant
from parkhub.web.tariff_versions import list_views, trial_of
from parkhub.web.tariff_view import HORIZONS, LENGTHS, VEHICLES, Checked, Draft, check, draft_of, new_draft
from parkhub.web.tariff_words import prices
from parkhub.web.templating import AnyRequest, page

DONE: Final = {
    "published": "The tariff is published.",
    "withdrawn": "The tariff was withdrawn before it began.",
}
USUAL_EXAMPLE: Final = "hospital"


@get("/console/prices")
async def show_prices(request: AnyRequest) -> Template:
    """The prices of every lot in words."""
    now, found = datetime.now(UTC), []
    for lot in await our_lots(request.user):
        versions = await tariff_rows.list_versions(lot.id)
        waiting = sum(each.valid_from > now for each in versions)
        found.append((lot, prices(versions, now, ZoneInfo(lot.time_zone), ENGLISH), waiting))
    return page(request, "tariffs/index.html", lots=found)


@get("/console/lots/{slug:str}/tariff")
async def show_editor(
    request: AnyRequest,
    slug: FromPath[str],
    kind: FromQuery[str] = "",
    version: FromQuery[int] = 0,
    example: FromQuery[str] = "",
    done: FromQuery[str] = "",
) -> Template:
    """The editor, beginning with what runs, another version or an example."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    kinds = {each.value: each for each in VehicleKind}
    known = await tariff_rows.list_versions(lot.id)
    chosen = kinds.get(kind)
    if version:
        found = next((each for each in known if each.id == version), None)
        if found is None:
            raise NotFoundError("There is no such tariff.")
        text, chosen = found.text, found.kind
    else:
        running = await tariff_rows.find_in_force(lot.id, chosen, now)
        begun = running.text if running and not example else example_text(example or USUAL_EXAMPLE)
        text = begun if running and not example else _in_currency(begun, known)
    return await _editor(request, new_draft(lot, text, chosen, now), now, said=DONE.get(done, ""))


@post("/console/lots/{slug:str}/tariff", status_code=200)
async def work(request: AnyRequest, slug: FromPath[str]) -> Template:
    """The editor after one of its buttons was pressed, for browsers without scripts."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    draft, form = await _sent(request, lot, now)
    return await _editor(request, draft, now, trial=form.get("do") == "trial", form=form)


@post("/console/lots/{slug:str}/tariff/check", status_code=200)
async def check_draft(request: AnyRequest, slug: FromPath[str]) -> Template:
    """What changes on the page while somebody types."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    draft, form = await _sent(request, lot, now)
    checked = await check(draft, _names(draft), now)
    return page(request, "tariffs/_checked.html", typed=form.get("do", ""), **_shown(checked, form))


@post("/console/lots/{slug:str}/tariff/trial", status_code=200)
async def show_trial(request: AnyRequest, slug: FromPath[str]) -> Template:
    """The draft on the stays of the last days, as a part of the page."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    draft, _ = await _sent(request, lot, now)
    return page(request, "tariffs/_trial.html", **await trial_of(draft, now))


@post("/console/lots/{slug:str}/tariff/publish", guards=[needs(Right.SET_UP)])
async def publish(request: AnyRequest, slug: FromPath[str]) -> Response[Any] | Template:
    """Let the draft hold, from now on or from a time on."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    draft, form = await _sent(request, lot, now)
    try:
        at = local_instant(form.get("valid_from", ""), draft.zone) if form.get("when") == "later" else now
        await tariffs.publish(lot.id, draft.kind, draft.text, at, request.user.id, now, form.get("note", ""))
    except FieldsError as error:
        return await _editor(request, draft, now, form=form, errors=error.fields, status_code=422)
    except (InvalidInputError, ConflictError) as error:
        return await _editor(
            request, draft, now, form=form, errors={"valid_from": str(error)}, status_code=error.status
        )
    return Redirect(f"/console/lots/{lot.slug}/tariff?done=published", status_code=303)


@post("/console/lots/{slug:str}/tariffs/{version_id:int}/withdraw", guards=[needs(Right.SET_UP)])
async def withdraw(request: AnyRequest, slug: FromPath[str], version_id: FromPath[int]) -> Template:
    """Take back a version that has not begun; its text is in the editor, so that nothing is lost."""
    lot, now = await find_lot(slug), datetime.now(UTC)
    version = await tariff_rows.get_version(version_id)
    if version.lot_id != lot.id:
        raise NotFoundError("There is no such tariff.")
    draft = new_draft(lot, version.text, version.kind, now)
    try:
        await tariffs.withdraw(version_id, request.user.id, now)
    except ConflictError as error:
        return await _editor(request, draft, now, errors={"version": str(error)}, status_code=error.status)
    return await _editor(request, draft, now, said=f"{DONE['withdrawn']} Its text stands below.")


async def _sent(request: AnyRequest, lot: Lot, now: datetime) -> tuple[Draft, dict[str, str]]:
    sent = await request.form()
    days: defaultdict[str, list[str]] = defaultdict(list)
    form: dict[str, str] = {}
    for name, value in sent.multi_items():
        if name.endswith(".days"):
            days[name].append(str(value))
        else:
            form[name] = str(value)
    return draft_of(lot, form, days, now), form


async def _editor(
    request: AnyRequest,
    draft: Draft,
    now: datetime,
    *,
    form: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    said: str = "",
    trial: bool = False,
    status_code: int = 200,
) -> Template:
    checked = await check(draft, _names(draft), now)
    known = await tariff_rows.list_versions(draft.lot.id)
    return page(
        request,
        "tariffs/editor.html",
        status_code=status_code,
        said=said,
        versions=await list_views(known, now),
        examples=[(name, name.replace("_", " ").capitalize()) for name in example_names()],
        may_publish=request.user.may(Right.SET_UP, draft.lot.id),
        errors=defaultdict(str, errors or {}),
        typed="",
        **_shown(checked, form or {}),
        **(await trial_of(draft, now) if trial else {"tried": None, "untried": ""}),
    )


def _shown(checked: Checked, form: dict[str, str]) -> dict[str, Any]:
    later = datetime.now(UTC) + timedelta(days=1)
    return {
        "checked": checked,
        "draft": checked.draft,
        "lot": checked.draft.lot,
        "fields": checked.draft.fields,
        "lengths": LENGTHS,
        "horizons": HORIZONS,
        "vehicles": VEHICLES,
        "rates": tariff_document.RATES,
        "thens": tariff_document.THENS,
        "all_days": tariff_document.ALL_DAYS,
        "given": {
            "valid_from": f"{later.astimezone(checked.draft.zone):%Y-%m-%dT00:00}",
            "when": "now",
            "note": "",
            "view": "form",
            **form,
        },
    }


def _names(draft: Draft) -> set[str]:
    """The form's fields as they stand on the page, under their names."""
    fields = draft.fields
    if fields is None:
        return set()
    names = {name for name, value in fields.items() if not isinstance(value, list)}
    for rows in ("bands", "events"):
        for at, row in enumerate(fields[rows]):
            kind = row["rate.type"]
            names |= {f"{rows}[{at}].{name}" for name in ("name", "from", "to", "cap", "rate.type")}
            names |= {f"{rows}[{at}].rate.{name}" for name in _FIELDS_OF.get(kind, ("price",))}
    return names


_FIELDS_OF: Final = {
    "per_started": ("minutes", "price"),
    "per_minute": ("price_per_hour",),
    "flat": ("price",),
    "steps": ("steps", "then.type", "then.minutes", "then.price"),
}


def _in_currency(text: str, known: list[TariffVersion]) -> str:
    """An example in the money that the lot's books are in."""
    if not known:
        return text
    return re.sub(r"^currency: \w{3}$", f"currency: {known[0].tariff.currency}", text, flags=re.MULTILINE)


routes = [
    Router(
        "/",
        route_handlers=[show_prices, show_editor, work, check_draft, show_trial, publish, withdraw],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
