"""The patrol's page: a plate is typed, and large letters say whether the car may stand there."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Router, get, post
from litestar.params import FromQuery
from litestar.response import Template

from parkhub.domain.enforcement import Because, Verdict
from parkhub.domain.lots import Lot
from parkhub.domain.plates import normalise
from parkhub.domain.rights import Right
from parkhub.errors import BusyError, FieldsError, TooOftenError
from parkhub.languages import ENGLISH
from parkhub.services import enforcement
from parkhub.web.dependencies import GivenClients
from parkhub.web.guards import needs
from parkhub.web.our_lots import our_lots
from parkhub.web.templating import AnyRequest, page

ALLOWED: Final = {
    Because.PAID: "Paid",
    Because.FREE: "Free so far",
    Because.PERMIT: "Permit",
    Because.BOOKED: "Booked",
    Because.LISTED: "On the allow list",
    None: "May stand here",
}
RAN_OUT: Final = {
    Because.PAID: "Paid time is over",
    Because.PERMIT: "The permit's time is over",
    Because.BOOKED: "The booking is over",
    Because.LISTED: "Its time on the allow list is over",
    Because.INSIDE: "Came in, not paid yet",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the patrol reads: ``tone`` good, warn or bad, the large words, and what stands under them."""

    plate: str
    tone: str
    words: str
    small: str


@get("/console/patrol")
async def show_patrol(request: AnyRequest, lot: FromQuery[str] = "") -> Template:
    """Ask for a plate."""
    return await _page(request, lot)


@post("/console/patrol", status_code=200)
async def look_up(request: AnyRequest, clients: GivenClients) -> Template:
    """Say what speaks for it. Sent as a form: plates stand in no address. The service notes that somebody asked."""
    form, now = await request.form(), datetime.now(UTC)
    slug, text = str(form.get("lot", "")), str(form.get("plate", ""))
    lot = next((each for each in await our_lots(request.user, Right.SEE_PLATES) if each.slug == slug), None)
    if lot is None:
        return await _page(request, slug, 422, plate=text, errors={"lot": "Choose a car park from the list."})
    try:
        found = await enforcement.look_up(clients, request.user.id, lot, text, now, now)
    except FieldsError as error:
        wrong = {"plate": error.fields.get("registration_number", str(error))}
        return await _page(request, slug, 422, plate=text, errors=wrong)
    except (TooOftenError, BusyError) as error:
        return await _page(request, slug, error.status, plate=text, errors={"plate": str(error)})
    return await _page(request, slug, answer=_answer(found, normalise(text), lot, now))


def _answer(found: Verdict, plate: str, lot: Lot, now: datetime) -> Answer:
    zone = ZoneInfo(lot.time_zone)
    until = ENGLISH.when(found.until, zone, now) if found.until else ""
    if found.allowed:
        return Answer(plate, "good", ALLOWED[found.because], f"Until {until}" if until else "No end is known")
    alike = f"{found.look_alike} looks alike and may stand here. Read the plate again." if found.look_alike else ""
    if found.because is not None:
        ended = f"Since {until}. " if until else ""
        return Answer(plate, "warn" if until else "bad", RAN_OUT.get(found.because, "Not paid"), f"{ended}{alike}")
    nothing = "Nothing is known of this plate here: not paid, no permit, no booking."
    return Answer(plate, "warn" if alike else "bad", "Unknown", alike or nothing)


async def _page(request: AnyRequest, slug: str, status_code: int = 200, **given: Any) -> Template:
    lots = await our_lots(request.user, Right.SEE_PLATES)
    usual = {"plate": "", "answer": None}
    errors = defaultdict(str, given.pop("errors", {}))
    chosen = slug if any(each.slug == slug for each in lots) else lots[0].slug if lots else ""
    choices = [(each.slug, each.name) for each in lots]
    context = {"lots": choices, "chosen": chosen, "errors": errors, **usual, **given}
    return page(request, "patrol/patrol.html", status_code=status_code, **context)


routes = [Router("/", route_handlers=[show_patrol, look_up], guards=[needs(Right.SEE_PLATES)], include_in_schema=False)]
