"""The console's money: the ledger of a lot, and which of its days are closed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from litestar import Router, get
from litestar.response import Template

from parkhub.db import day_closes as close_rows
from parkhub.db import ledger as ledger_rows
from parkhub.db import ledger_search
from parkhub.db import lots as lot_rows
from parkhub.db.ledger_search import PostedFilter
from parkhub.domain.day_closes import differences, money_of
from parkhub.domain.ledger import ACCOUNT_WORDS, Kind
from parkhub.domain.ledger import Account as LedgerAccount
from parkhub.domain.local_time import day_span, local_day
from parkhub.domain.lots import Lot
from parkhub.domain.report_periods import Length, around
from parkhub.domain.rights import Right
from parkhub.errors import NotFoundError
from parkhub.languages import ENGLISH
from parkhub.services import day_closes
from parkhub.web.guards import ID_MAX, needs
from parkhub.web.report_view import report_address
from parkhub.web.templating import AnyRequest, page

PAGE: Final = 50
DAYS_SHOWN: Final = 31

KINDS: Final = {
    Kind.CHARGE: "Charge",
    Kind.CORRECTION: "Correction",
    Kind.PAYMENT: "Payment",
    Kind.REFUND: "Refund",
    Kind.WAIVER: "Waiver",
    Kind.DISPUTE: "Taken back by a bank",
    Kind.DISPUTE_WON: "Dispute won",
    Kind.DISPUTE_LOST: "Dispute lost",
    Kind.PAYOUT: "Payout",
    Kind.REVERSAL: "Reversal",
    Kind.TRANSFER: "Transfer",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for: a lot, and which of its transactions."""

    lots: list[Lot]
    lot: Lot
    given: Mapping[str, str]
    wanted: PostedFilter
    wrong: str

    @property
    def zone(self) -> ZoneInfo:
        """The lot's clock."""
        return ZoneInfo(self.lot.time_zone)

    def address(self, path: str = "/console/money", **more: str) -> str:
        """This choice at another path."""
        kept = {name: value for name, value in {**self.given, **more}.items() if value}
        return f"{path}?{urlencode({'lot': self.lot.slug, **kept})}"


async def read_asked(request: AnyRequest) -> Asked | None:
    """None: there is no lot whose money this account may see. Raises NotFoundError for a lot that is none of theirs."""
    lots = [lot for lot in await lot_rows.list_lots() if request.user.may(Right.MONEY, lot.id)]
    if not lots:
        return None
    asked = request.query_params
    lot = next((each for each in lots if each.slug == asked.get("lot")), None) if asked.get("lot") else lots[0]
    if lot is None:
        raise NotFoundError("There is no such lot.")
    given = {name: asked.get(name, "") for name in ("kind", "since", "until")}
    zone, wrong = ZoneInfo(lot.time_zone), ""
    try:
        kind = Kind(given["kind"]) if given["kind"] else None
        since, until = (date.fromisoformat(given[name]) if given[name] else None for name in ("since", "until"))
        wanted = PostedFilter(
            lot.id,
            kind,
            day_span(since, zone).start if since else None,
            day_span(until, zone).end if until else None,
        )
    except (ValueError, OverflowError):
        wanted, wrong = PostedFilter(lot.id), "Write days as 2026-11-16, and choose a kind from the list."
    return Asked(lots, lot, given, wanted, wrong)


def _choices(asked: Asked) -> dict[str, Any]:
    return {
        "asked": asked,
        "lots": [(lot.slug, lot.name) for lot in asked.lots],
        "kinds": KINDS,
        "accounts": ACCOUNT_WORDS,
        "money": ENGLISH.money,
    }


@get("/")
async def show_ledger(request: AnyRequest) -> Template:
    """A lot's transactions, the latest first, and its balances."""
    asked = await read_asked(request)
    if asked is None:
        return page(request, "reports/none.html")
    before = request.query_params.get("before", "")
    number = int(before) if before.isascii() and before.isdigit() and len(before) < 11 else None
    found = await ledger_search.list_latest(asked.wanted, min(number, ID_MAX) if number is not None else None, PAGE + 1)
    shown = found[:PAGE]
    balances = await ledger_rows.get_balances(asked.lot.id)
    return page(
        request,
        "ledger/ledger.html",
        status_code=422 if asked.wrong else 200,
        **_choices(asked),
        shown=shown,
        balances=sorted(balances.items(), key=lambda each: (each[0][0], list(LedgerAccount).index(each[0][1]))),
        older=asked.address(before=str(shown[-1].sequence)) if len(found) > PAGE else "",
        newest=asked.address() if before else "",
    )


@get("/days")
async def show_days(request: AnyRequest) -> Template:
    """Which of the last days are closed, and whether the ledger still says what it said then."""
    asked = await read_asked(request)
    if asked is None:
        return page(request, "reports/none.html")
    lot, today = asked.lot, local_day(datetime.now(UTC), asked.zone)
    closes = await close_rows.list_closes(lot.id, today - timedelta(days=DAYS_SHOWN), today)
    by_day = {close.day: close for close in closes}
    posted = await day_closes.posted_by_day(lot, today - timedelta(days=DAYS_SHOWN), today)
    days = []
    for back in range(1, DAYS_SHOWN + 1):
        day = today - timedelta(days=back)
        close = by_day.get(day)
        differing = bool(close and differences(close.totals, posted[day]))
        money = money_of(close.totals if close else posted[day])
        days.append((day, close, differing, money, report_address("/console/reports", lot, around(Length.DAY, day))))
    return page(request, "ledger/days.html", **_choices(asked), days=days)


routes = [
    Router(
        "/console/money",
        route_handlers=[show_ledger, show_days],
        guards=[needs(Right.MONEY)],
        include_in_schema=False,
    )
]
