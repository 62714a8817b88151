"""A lot's rules for bookings in the console, and its places that can be booked."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Any, Final

from litestar import Response, Router, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template

from parkhub.db import booking_rules as rule_rows
from parkhub.db.spots import load_lot_status
from parkhub.domain.bookings import BookingRules, PaymentRule
from parkhub.domain.lots import Lot
from parkhub.domain.rights import Right
from parkhub.errors import ConflictError, FieldsError
from parkhub.services import booking_rules
from parkhub.web.api_answers import find_lot
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

PAYMENTS: Final = [
    (PaymentRule.EITHER.value, "in advance or on site"),
    (PaymentRule.ADVANCE.value, "in advance only"),
    (PaymentRule.ON_SITE.value, "on site only"),
]
NUMBERS: Final = ("early_minutes", "no_show_minutes", "cancel_free_hours", "cancel_fee_percent", "any_places")


@get("/console/lots/{slug:str}/booking-rules", guards=[needs(Right.SET_UP)])
async def show_rules(request: AnyRequest, slug: FromPath[str], done: FromQuery[str] = "") -> Template:
    """A lot's rules for bookings, and its places that can be booked."""
    lot = await find_lot(slug)
    rules, places = await rule_rows.get_rules(lot.id), await rule_rows.list_places(lot.id)
    given = {name: str(getattr(rules, name)) for name in NUMBERS[:-1]}
    given |= {"any_places": str(sum(not place.spot for place in places)), "payment": rules.payment.value}
    given["spots"] = ", ".join(place.spot for place in places if place.spot)
    drawn = len((await load_lot_status(lot.id)).spots)
    warning = f"More places can be booked ({len(places)}) than are drawn ({drawn})." if 0 < drawn < len(places) else ""
    return _rules_page(request, lot, given, said="The rules are set." if done else "", warning=warning)


@post("/console/lots/{slug:str}/booking-rules", guards=[needs(Right.SET_UP)])
async def set_rules(request: AnyRequest, slug: FromPath[str]) -> Response[Any] | Template:
    """Set them."""
    lot, form = await find_lot(slug), await request.form()
    given = {name: str(form.get(name, "")).strip() for name in (*NUMBERS, "payment", "spots")}
    wrong = {
        name: "Give a whole number."
        for name in NUMBERS
        if not (given[name].isascii() and given[name].isdigit() and len(given[name]) < 8)
    }
    if wrong:
        return _rules_page(request, lot, given, wrong, 422)
    early, no_show, free_hours, fee, any_places = (int(given[name]) for name in NUMBERS)
    payment = PaymentRule(given["payment"]) if given["payment"] in list(PaymentRule) else PaymentRule.EITHER
    spots = [spot.strip() for spot in given["spots"].replace("\n", ",").split(",") if spot.strip()]
    rules = BookingRules(early, no_show, free_hours, fee, payment)
    try:
        await booking_rules.set_rules(lot.id, rules, any_places, spots, request.user.id, datetime.now(UTC))
    except FieldsError as error:
        return _rules_page(request, lot, given, error.fields, 422)
    except ConflictError as error:
        return _rules_page(request, lot, given, {"any_places": str(error)}, error.status)
    return Redirect(f"/console/lots/{lot.slug}/booking-rules?done=set", status_code=303)


def _rules_page(
    request: AnyRequest,
    lot: Lot,
    given: dict[str, str],
    errors: dict[str, str] | None = None,
    status_code: int = 200,
    said: str = "",
    warning: str = "",
) -> Template:
    context = {"given": given, "errors": defaultdict(str, errors or {}), "payments": PAYMENTS}
    return page(
        request, "booking_desk/rules.html", status_code=status_code, lot=lot, said=said, warning=warning, **context
    )


routes = [Router("/", route_handlers=[show_rules, set_rules], guards=[needs(Right.READ)], include_in_schema=False)]
