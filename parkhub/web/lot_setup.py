"""Lots in the console: all of them, a new one, and what may be set of one."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from parkhub.db import lot_ends as end_rows
from parkhub.db import lot_rules as rule_rows
from parkhub.domain.lot_rules import LotRules, SmallDues, TariffFollows
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, FieldsError
from parkhub.languages import ENGLISH
from parkhub.services import lot_ends, lot_rules, lots
from parkhub.web.api_answers import find_lot
from parkhub.web.dependencies import GivenClients, GivenSettings
from parkhub.web.guards import needs
from parkhub.web.lot_forms import lot_form, new_lot_fields, read_new_lot, take_new_lot, week_of
from parkhub.web.lot_view import LotView
from parkhub.web.templating import AnyRequest, page

DETAIL_FIELDS: Final = ("name", "address", "opening_hours", "country", "place")
SWITCHES: Final = ("anti_passback", "paid_ahead", "processing_leaves")
RULE_WORDS: Final = {
    "stay_max_minutes": "The longest stay",
    "picture_keep_days": "Pictures of gates",
    "read_keep_days": "What was read in them",
    "paid_keep_days": "Plates of paid stays",
    "unpaid_keep_days": "Plates of unpaid stays",
    "remind_minutes": "The reminder",
    "operator_name": "The name",
    "operator_address": "The address",
    "operator_tax_number": "The tax number",
    "tariff_follows": "The tariff",
    "small_dues": "Small amounts",
}
FOLLOWS: Final = [
    (TariffFollows.BEGAN.value, "The one it began under"),
    (TariffFollows.RUNNING.value, "The one in force when it is priced"),
]
DUES: Final = [
    (SmallDues.CARRIED.value, "Stay owed"),
    (SmallDues.MACHINE.value, "Are paid at the lot before leaving"),
    (SmallDues.LET_GO.value, "Are let go"),
]
SAID: Final = {
    "details": "The car park is saved.",
    "rules": "The rules are saved.",
    "closed": "The car park is closed: its page says so, and its cameras take no pictures.",
    "opened": "The car park is open again: its opening times and cameras are as they were.",
    "deleted": "The car park is deleted.",
}


@get("/console/lots")
async def list_lots(request: AnyRequest) -> Template:
    """Every lot that somebody may see."""
    now = datetime.now(UTC)
    views = [LotView(each, now) for each in await lots.list_statuses(now) if request.user.may(Right.READ, each.lot.id)]
    said = SAID.get(request.query_params.get("saved", ""), "")
    return page(request, "lot_setup/index.html", views=views, said=said)


@get("/console/lots/new", guards=[needs(Right.SET_UP, everywhere=True)])
async def show_new(request: AnyRequest) -> Template:
    """The form for a new lot."""
    return page(request, "lot_setup/new.html", **lot_form(await new_lot_fields(), {}))


@post("/console/lots/new", guards=[needs(Right.SET_UP, everywhere=True)])
async def add(request: AnyRequest) -> Response[Any] | Template:
    """Make the lot and go on to its first camera."""
    try:
        lot = await take_new_lot(request)
    except FieldsError as error:
        given = await read_new_lot(request)
        return page(request, "lot_setup/new.html", status_code=422, **lot_form(given, error.fields))
    return Redirect(f"/console/cameras/new?lot={lot.slug}", status_code=303)


@get("/console/opening-times", guards=[needs(Right.SET_UP)])
async def show_week(request: AnyRequest) -> Template:
    """The week of opening times that are being typed."""
    return page(request, "lot_setup/_week.html", **week_of(request.query_params))


async def _show(
    request: AnyRequest,
    lot: Lot,
    given: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    end_error: str = "",
    status_code: int = 200,
) -> Template:
    rules = await rule_rows.get_rules(lot.id)
    kept = {
        "name": lot.name,
        "address": lot.address,
        "opening_hours": lot.opening_hours,
        "country": lot.country,
        "place": "{:g},{:g}".format(*lot.place) if lot.place else "",
        **{name: _written(value) for name, value in asdict(rules).items()},
        **(given or {}),
    }
    now = datetime.now(UTC)
    return page(
        request,
        "lot_setup/lot.html",
        status_code=status_code,
        lot=lot,
        view=LotView(await lots.lot_status(lot.slug, now), now),
        given=kept,
        errors=defaultdict(str, errors or {}),
        follows=FOLLOWS,
        dues=DUES,
        ties=await end_rows.count_lot_ties(lot.id),
        tied=lot_ends.in_words,
        closed=lot.opening_hours == lot_ends.SHUT,
        end_error=end_error,
        said=SAID.get(request.query_params.get("saved", ""), ""),
        **week_of({**kept, "time_zone": lot.time_zone}),
    )


def _written(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


@get("/console/lots/{slug:str}", guards=[needs(Right.SET_UP)])
async def show(request: AnyRequest, slug: FromPath[str]) -> Template:
    """What may be set of a lot."""
    return await _show(request, await find_lot(slug))


@post("/console/lots/{slug:str}/details", guards=[needs(Right.SET_UP)])
async def save_details(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """Save the name, the address and the opening times."""
    lot, form = await find_lot(slug), await request.form()
    given = {name: str(form.get(name, "")) for name in DETAIL_FIELDS}
    try:
        await lots.set_details(lot.id, given, request.user.id, datetime.now(UTC))
    except FieldsError as error:
        return await _show(request, lot, given, error.fields, status_code=422)
    await clients.live.announce(f"lot:{lot.id}")
    return Redirect(f"/console/lots/{slug}?saved=details", status_code=303)


@post("/console/lots/{slug:str}/rules", guards=[needs(Right.SET_UP)])
async def save_rules(request: AnyRequest, slug: FromPath[str]) -> Response[Any] | Template:
    """Save the rules for stays, and how long what they leave behind is kept."""
    lot, form = await find_lot(slug), await request.form()
    given = {name: str(form.get(name, "")) for name in asdict(LotRules()) if name in form or name in SWITCHES}
    given |= {name: "yes" if form.get(name) else "no" for name in SWITCHES}
    try:
        await lot_rules.set_rules(lot.id, given, request.user.id, datetime.now(UTC))
    except FieldsError as error:
        told = {name: words.replace(name, RULE_WORDS.get(name, name), 1) for name, words in error.fields.items()}
        return await _show(request, lot, given, told, status_code=422)
    return Redirect(f"/console/lots/{slug}?saved=rules#rules", status_code=303)


@get("/console/lots/{slug:str}/sign.pdf", guards=[needs(Right.SET_UP)])
async def print_sign(request: AnyRequest, settings: GivenSettings, slug: FromPath[str]) -> Response[bytes]:
    """The lot's sign, A4, ready to print."""
    from parkhub.web.lot_sign import lay_out, sign_pdf  # fonts and codes: only who prints one waits for them

    lot = await find_lot(slug)
    address = f"{settings.public_url or str(request.base_url).rstrip('/')}/lots/{lot.slug}"
    sheet = await asyncio.to_thread(
        lambda: sign_pdf(lay_out(lot.name, address, ENGLISH), f"{lot.name}: {address}", ENGLISH.code)
    )
    headers = {"content-disposition": f'attachment; filename="sign-{lot.slug}.pdf"'}
    return Response(sheet, media_type="application/pdf", headers=headers)


@post("/console/lots/{slug:str}/close", guards=[needs(Right.SET_UP)])
async def close(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """Take the lot out of use."""
    lot = await find_lot(slug)
    try:
        await lot_ends.close_lot(clients, lot.id, request.user.id, datetime.now(UTC))
    except ConflictError as error:
        return await _show(request, lot, end_error=str(error), status_code=409)
    return Redirect(f"/console/lots/{slug}?saved=closed", status_code=303)


@post("/console/lots/{slug:str}/open", guards=[needs(Right.SET_UP)])
async def open_again(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """Take the lot into use again."""
    lot = await find_lot(slug)
    try:
        await lot_ends.open_lot(clients, lot.id, request.user.id, datetime.now(UTC))
    except ConflictError as error:
        return await _show(request, lot, end_error=str(error), status_code=409)
    return Redirect(f"/console/lots/{slug}?saved=opened", status_code=303)


@post("/console/lots/{slug:str}/delete", guards=[needs(Right.SET_UP, everywhere=True)])
async def delete(request: AnyRequest, clients: GivenClients, slug: FromPath[str]) -> Response[Any] | Template:
    """Delete a lot that was only tried out; its name must be typed."""
    lot, form = await find_lot(slug), await request.form()
    if str(form.get("typed", "")).strip() != lot.name:
        return await _show(request, lot, errors={"typed": f"Type {lot.name} to delete it."}, status_code=422)
    try:
        await lot_ends.delete_lot(clients, lot.id, request.user.id, datetime.now(UTC))
    except ConflictError as error:
        return await _show(request, lot, end_error=str(error), status_code=409)
    return Redirect("/console/lots?saved=deleted", status_code=303)


routes = [
    Router(
        "/",
        route_handlers=[
            list_lots,
            show_new,
            add,
            show_week,
            show,
            print_sign,
            save_details,
            save_rules,
            close,
            open_again,
            delete,
        ],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
