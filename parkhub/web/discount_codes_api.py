"""Discount codes for programs: the JSON interface. Staff see them, owners make and end them."""

from datetime import UTC, datetime
from fractions import Fraction
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from parkhub.db import discount_codes as code_rows
from parkhub.db.discount_codes import StoredCode
from parkhub.domain.discounts import CodeLimits
from parkhub.domain.money import AMOUNT_MAX
from parkhub.domain.rights import Right
from parkhub.services import discount_codes
from parkhub.web.api_answers import PAGE, after_of, aware, find_lot, page_of
from parkhub.web.code_forms import discount_of
from parkhub.web.guards import ID_MAX, needs
from parkhub.web.templating import AnyRequest

MINUTES_MAX = 366 * 24 * 60


class CodeForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code. It takes off minutes, or a share (``percent`` such as "12.5"), or an amount in minor units.

    It works from ``starts_at`` on, before ``ends_at``, for at most ``uses_max`` stays; null is no limit.
    """

    code: Annotated[str, msgspec.Meta(max_length=100)]
    minutes: Annotated[int, msgspec.Meta(ge=0, le=MINUTES_MAX)] = 0
    percent: Annotated[str, msgspec.Meta(pattern=r"^(100|[0-9]{1,2}(\.[0-9]{1,2})?)$")] = "0"
    amount_cents: Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)] = 0
    uses_max: Annotated[int, msgspec.Meta(ge=1, le=ID_MAX)] | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None


class CodeItem(msgspec.Struct, frozen=True):
    """A code that is kept, with the stays it was given with."""

    id: int
    code: str
    minutes: int
    percent: str
    amount_cents: int
    uses: int
    uses_max: int | None
    starts_at: datetime | None
    ends_at: datetime | None


class CodePage(msgspec.Struct, frozen=True):
    """Codes by id; ``next``: what to ask ``after`` for the next ones, null at the end."""

    items: list[CodeItem]
    next: int | None


@get("/lots/{slug:str}/discount-codes", tags=["Discount codes"])
async def list_codes(slug: FromPath[str], after: FromQuery[int] = 0, limit: FromQuery[int] = PAGE) -> CodePage:
    """A lot's codes."""
    lot, limit = await find_lot(slug), page_of(limit)
    found = await code_rows.list_codes(lot.id, after_of(after), limit)
    return CodePage([_item(code, uses) for code, uses in found], found[-1][0].id if len(found) == limit else None)


@post("/lots/{slug:str}/discount-codes", tags=["Discount codes"], guards=[needs(Right.SET_UP)])
async def add_code(request: AnyRequest, slug: FromPath[str], data: JSONBody[CodeForm]) -> CodeItem:
    """Make a code."""
    lot = await find_lot(slug)
    discount = discount_of(data.code, data.minutes, Fraction(data.percent), data.amount_cents)
    starts_at, ends_at = (None if at is None else aware(at) for at in (data.starts_at, data.ends_at))
    limits = CodeLimits(starts_at, ends_at, data.uses_max)
    return _item(await discount_codes.add_code(lot.id, discount, limits, request.user.id, datetime.now(UTC)), 0)


@post("/discount-codes/{code_id:int}/end", status_code=200, tags=["Discount codes"], guards=[needs(Right.SET_UP)])
async def end_code(request: AnyRequest, code_id: FromPath[int]) -> CodeItem:
    """Let a code work no longer; stays it was given with keep it."""
    ended = await discount_codes.end_code(code_id, request.user.id, datetime.now(UTC))
    return _item(ended, await code_rows.count_uses(code_id))


def _item(code: StoredCode, uses: int) -> CodeItem:
    discount, limits = code.discount, code.limits
    percent = f"{float(discount.percent):g}"
    return CodeItem(
        code.id,
        discount.code,
        discount.minutes,
        percent,
        discount.amount_cents,
        uses,
        limits.uses_max,
        limits.starts_at,
        limits.ends_at,
    )


routes = [Router("/api/v1", route_handlers=[list_codes, add_code, end_code], guards=[needs(Right.RUN)])]
