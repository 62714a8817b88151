"""Discount codes in the console: the list with its uses, making one or many, printing, ending."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from parkhub.db import discount_codes as code_rows
from parkhub.db.discount_codes import StoredCode
from parkhub.domain.lots import Lot
from parkhub.domain.quotes import duration
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, FieldsError
from parkhub.languages import ENGLISH
from parkhub.services import billing, discount_codes
from parkhub.services.discount_codes import CODES_MAX
from parkhub.web.api_answers import after_of, find_lot
from parkhub.web.code_forms import read_discount, read_limits
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

PAGE: Final = 100
TAKES: Final = [("minutes", "Minutes"), ("percent", "Percent"), ("amount", "An amount")]
FORM: Final = ("how", "number", "code", "takes", "value", "uses_max", "starts_at", "ends_at")
USUAL: Final = {**dict.fromkeys(FORM, ""), "how": "one", "number": "50", "takes": "minutes", "value": "60"}


@dataclass(frozen=True, slots=True)
class CodeView:
    """A code in words."""

    code: StoredCode
    uses: int
    zone: ZoneInfo
    currency: str
    now: datetime

    @property
    def takes_off(self) -> str:
        """What it takes off."""
        discount = self.code.discount
        if discount.minutes:
            return f"{duration(discount.minutes)} free"
        if discount.percent:
            return f"{ENGLISH.number(round(float(discount.percent), 2))} % off"
        return f"{ENGLISH.money(discount.amount_cents, self.currency or 'EUR')} off"

    @property
    def used(self) -> str:
        """How often it was used, and may be."""
        most = self.code.limits.uses_max
        return f"{self.uses} of {most}" if most is not None else str(self.uses)

    @property
    def badge(self) -> tuple[str, str]:
        """Whether it works now."""
        limits = self.code.limits
        if limits.ends_at is not None and self.now >= limits.ends_at:
            return "over", ""
        if limits.uses_max is not None and self.uses >= limits.uses_max:
            return "used up", ""
        waits = limits.starts_at is not None and self.now < limits.starts_at
        return ("begins later", "note") if waits else ("works", "good")

    @property
    def is_over(self) -> bool:
        """Whether there is nothing to end."""
        return self.badge[0] == "over"

    @property
    def ends(self) -> str:
        """Until when."""
        at = self.code.limits.ends_at
        return f"{at.astimezone(self.zone):%d %b %Y, %H:%M}" if at else "for good"


@get("/console/lots/{slug:str}/codes")
async def show_codes(
    request: AnyRequest, slug: FromPath[str], after: FromQuery[int] = 0, done: FromQuery[str] = ""
) -> Template:
    """A lot's codes."""
    said = {"ended": "The code works no longer. Stays it was given with keep it."}.get(done, "")
    return await _page(request, await find_lot(slug), after=after, said=said)


@post("/console/lots/{slug:str}/codes", guards=[needs(Right.SET_UP)])
async def make(request: AnyRequest, slug: FromPath[str]) -> Response[Any] | Template:
    """Make one of a text of one's own, or many that nobody can guess; then show them, ready to print."""
    lot, form, now = await find_lot(slug), await request.form(), datetime.now(UTC)
    given = {name: str(form.get(name, "")).strip() for name in FORM}
    try:
        discount = read_discount(given, await billing.get_currency(lot.id))
        limits = read_limits(given, ZoneInfo(lot.time_zone), now)
        if given["how"] == "many":
            text = given["number"]
            number = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
            made = await discount_codes.add_codes(lot.id, number, discount, limits, request.user.id, now)
        else:
            made = [await discount_codes.add_code(lot.id, discount, limits, request.user.id, now)]
    except FieldsError as error:
        return await _page(request, lot, given=given, errors=error.fields, status_code=422)
    except ConflictError as error:
        return await _page(request, lot, given=given, errors={"code": str(error)}, status_code=error.status)
    ids = [each.id for each in made]
    return Redirect(f"/console/lots/{lot.slug}/codes/print?first={min(ids)}&last={max(ids)}", status_code=303)


@get("/console/lots/{slug:str}/codes/print")
async def show_sheet(
    request: AnyRequest, slug: FromPath[str], first: FromQuery[int] = 0, last: FromQuery[int] = 0
) -> Template:
    """Codes as cards to be printed and cut out, at most `CODES_MAX`."""
    lot = await find_lot(slug)
    found = await code_rows.list_codes(lot.id, after_of(first - 1), CODES_MAX)
    views = await _views(lot, [each for each in found if each[0].id <= last])
    return page(request, "discount_codes/sheet.html", lot=lot, views=[view for view in views if not view.is_over])


@post("/console/discount-codes/{code_id:int}/end", guards=[needs(Right.SET_UP)])
async def end(request: AnyRequest, code_id: FromPath[int]) -> Response[Any]:
    """Let it work no longer."""
    lot = await find_lot(str((await request.form()).get("lot", "")))
    await discount_codes.end_code(code_id, request.user.id, datetime.now(UTC))
    return Redirect(f"/console/lots/{lot.slug}/codes?done=ended", status_code=303)


async def _views(lot: Lot, found: list[tuple[StoredCode, int]]) -> list[CodeView]:
    now, currency = datetime.now(UTC), await billing.get_currency(lot.id)
    return [CodeView(code, uses, ZoneInfo(lot.time_zone), currency, now) for code, uses in found]


async def _page(
    request: AnyRequest,
    lot: Lot,
    *,
    after: int = 0,
    said: str = "",
    given: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    status_code: int = 200,
) -> Template:
    found = await code_rows.list_codes(lot.id, after_of(after), PAGE + 1)
    return page(
        request,
        "discount_codes/index.html",
        status_code=status_code,
        lot=lot,
        views=await _views(lot, found[:PAGE]),
        more=found[PAGE - 1][0].id if len(found) > PAGE else 0,
        after=after,
        said=said,
        given=given or USUAL,
        errors=defaultdict(str, errors or {}),
        takes=TAKES,
        currency=await billing.get_currency(lot.id),
        may_change=request.user.may(Right.SET_UP, lot.id),
    )


routes = [
    Router("/", route_handlers=[show_codes, make, show_sheet, end], guards=[needs(Right.RUN)], include_in_schema=False)
]
