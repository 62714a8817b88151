"""One permit in the console: given, read, changed, ended."""

from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from parkhub.db import lots as lot_rows
from parkhub.db import permits as permit_rows
from parkhub.domain.accounts import Account
from parkhub.domain.local_time import local_day
from parkhub.domain.lots import Lot
from parkhub.domain.permits import Permit, PermitKind
from parkhub.domain.permits_file import SINCE_EVER
from parkhub.domain.rights import Right
from parkhub.domain.weekly_times import write_times
from parkhub.errors import ConflictError, FieldsError, NotFoundError
from parkhub.services import permits
from parkhub.web.api_answers import find_lot
from parkhub.web.guards import needs
from parkhub.web.our_lots import our_lots
from parkhub.web.permit_forms import PermitForm, permit_of
from parkhub.web.permit_view import KINDS, row_of
from parkhub.web.plates import sees_plates
from parkhub.web.templating import AnyRequest, page

DONE: Final = {
    "added": "The permit is given.",
    "changed": "The permit is changed.",
    "ended": "The permit holds to the end of today.",
    "paused": "The permit is paused. Cars inside keep the right they came with.",
    "resumed": "The permit holds again.",
}
FORM: Final = ("holder", "plates", "kind", "valid_from", "valid_until", "times", "cars_max", "note", "external_id")


@get("/console/lots/{slug:str}/permits/new", guards=[needs(Right.SET_UP)])
async def show_new(request: AnyRequest, slug: FromPath[str]) -> Template:
    """The form for a new permit."""
    lot = await find_lot(slug)
    today = local_day(datetime.now(UTC), ZoneInfo(lot.time_zone))
    given = {**dict.fromkeys(FORM, ""), "kind": "permit", "valid_from": today.isoformat(), "cars_max": "1"}
    return await _form(request, lot, None, given, [lot.slug], {})


@post("/console/lots/{slug:str}/permits/new", guards=[needs(Right.SET_UP)])
async def add(request: AnyRequest, slug: FromPath[str]) -> Response[Any] | Template:
    """Give it."""
    return await _save(request, await find_lot(slug), None)


@get("/console/permits/{permit_id:int}")
async def show_permit(request: AnyRequest, permit_id: FromPath[int], done: FromQuery[str] = "") -> Template:
    """One permit, to be read and changed."""
    permit = await permit_rows.get_permit(permit_id)
    lot = await _lot_of(permit, request.user)
    slugs = [each.slug for each in await lot_rows.list_lots() if each.id in permit.lot_ids]
    return await _form(request, lot, permit, _given(permit), slugs, {}, said=DONE.get(done, ""))


@post("/console/permits/{permit_id:int}", guards=[needs(Right.SET_UP)])
async def change(request: AnyRequest, permit_id: FromPath[int]) -> Response[Any] | Template:
    """Change it."""
    permit = await permit_rows.get_permit(permit_id)
    return await _save(request, await _lot_of(permit, request.user), permit)


@post("/console/permits/{permit_id:int}/end", guards=[needs(Right.SET_UP)])
async def end(request: AnyRequest, permit_id: FromPath[int]) -> Response[Any] | Template:
    """Let it end today, pause it, let it hold again, or delete it."""
    form, now = await request.form(), datetime.now(UTC)
    permit = await permit_rows.get_permit(permit_id)
    lot = await _lot_of(permit, request.user)
    do = str(form.get("do", ""))
    try:
        if do == "delete":
            await permits.delete_permit(permit_id, request.user.id, now)
            return Redirect(f"/console/lots/{lot.slug}/permits?done=deleted", status_code=303)
        today = local_day(now, ZoneInfo(lot.time_zone))
        changes = {
            "end": replace(permit, valid_until=today),
            "pause": replace(permit, paused=True),
            "resume": replace(permit, paused=False),
        }
        await permits.save_permit(changes.get(do, permit), request.user.id, now)
    except ConflictError as error:
        return await _refused(request, lot, permit, str(error), error.status)
    except FieldsError as error:
        said = "It has not begun yet. Delete it instead." if "valid_until" in error.fields else str(error)
        return await _refused(request, lot, permit, said, error.status)
    done = {"end": "ended", "pause": "paused", "resume": "resumed"}.get(do, "changed")
    return Redirect(f"/console/permits/{permit_id}?done={done}", status_code=303)


async def _refused(request: AnyRequest, lot: Lot, permit: Permit, why: str, status_code: int) -> Template:
    slugs = [each.slug for each in await lot_rows.list_lots() if each.id in permit.lot_ids]
    return await _form(request, lot, permit, _given(permit), slugs, {"": why}, status_code)


def _given(permit: Permit) -> dict[str, str]:
    """A permit as it stands in the form."""
    return {
        "holder": permit.holder,
        "plates": "\n".join(permit.plates),
        "kind": permit.kind.value,
        "valid_from": permit.valid_from.isoformat(),
        "valid_until": permit.valid_until.isoformat() if permit.valid_until else "",
        "times": write_times(permit.times),
        "cars_max": str(permit.cars_max),
        "note": permit.note,
        "external_id": permit.external_id,
    }


async def _save(request: AnyRequest, lot: Lot, before: Permit | None) -> Response[Any] | Template:
    sent = await request.form()
    given = {name: str(sent.get(name, "")).strip() for name in FORM}
    slugs = [str(each) for each in sent.getall("lots", [])]
    wrong: dict[str, str] = {}
    days: dict[str, date | None] = {"valid_from": None, "valid_until": None}
    for name in days:
        with suppress(ValueError):
            days[name] = date.fromisoformat(given[name])
        if days[name] is None and (given[name] or name == "valid_from"):
            wrong[name] = "Give a day, such as 2026-11-21."
    if not (given["cars_max"].isascii() and given["cars_max"].isdigit() and len(given["cars_max"]) < 6):
        wrong["cars_max"] = "Give a number of cars."
    plates = given["plates"].replace(",", "\n").replace(";", "\n").split("\n")
    if before is not None and not sees_plates(request.user, lot.id):
        plates = list(before.plates)
    if not wrong:
        try:
            form = PermitForm(
                lots=slugs,
                holder=given["holder"],
                plates=plates,
                valid_from=days["valid_from"] or SINCE_EVER,
                valid_until=days["valid_until"],
                kind=PermitKind(given["kind"]) if given["kind"] in list(PermitKind) else PermitKind.PERMIT,
                times=given["times"],
                cars_max=int(given["cars_max"]),
                paused=before.paused if before else False,
                note=given["note"],
                external_id=given["external_id"],
            )
            permit = await permit_of(form, before.id if before else 0, request.user)
            kept = await permits.save_permit(permit, request.user.id, datetime.now(UTC))
        except FieldsError as error:
            wrong = error.fields
        except ConflictError as error:
            wrong = {"external_id": str(error)}
        else:
            return Redirect(f"/console/permits/{kept.id}?done={'changed' if before else 'added'}", status_code=303)
    return await _form(request, lot, before, given, slugs, wrong, 422)


async def _form(
    request: AnyRequest,
    lot: Lot,
    permit: Permit | None,
    given: dict[str, str],
    slugs: list[str],
    errors: dict[str, str],
    status_code: int = 200,
    said: str = "",
) -> Template:
    today = local_day(datetime.now(UTC), ZoneInfo(lot.time_zone))
    sees = sees_plates(request.user, lot.id)
    return page(
        request,
        "permits/permit.html",
        status_code=status_code,
        lot=lot,
        permit=permit,
        row=row_of(permit, today, sees) if permit else None,
        inside=await permit_rows.count_inside(permit.id, 0, "") if permit else 0,
        given=given,
        slugs=slugs,
        lots=[(each.slug, each.name) for each in await our_lots(request.user, Right.SET_UP)],
        kinds=KINDS,
        errors=defaultdict(str, errors),
        sees=sees,
        said=said,
        may_change=request.user.may(Right.SET_UP, lot.id),
    )


async def _lot_of(permit: Permit, account: Account) -> Lot:
    """The first of a permit's lots that is theirs. Raises NotFoundError."""
    for lot in await our_lots(account):
        if lot.id in permit.lot_ids:
            return lot
    raise NotFoundError("There is no such permit.")


routes = [
    Router(
        "/",
        route_handlers=[show_new, add, show_permit, change, end],
        guards=[needs(Right.READ)],
        include_in_schema=False,
    )
]
