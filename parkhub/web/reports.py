"""The console's reports: on the page, as files, as a sheet, every month by letter; and closing a day."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, get, post
from litestar.response import Redirect, Template

from parkhub.db import day_closes as close_rows
from parkhub.db import lots as lot_rows
from parkhub.db import report_readers as reader_rows
from parkhub.domain.accounts import Account
from parkhub.domain.day_closes import money_of
from parkhub.domain.local_time import local_day
from parkhub.domain.lots import Lot
from parkhub.domain.report_periods import Against, Length, Period, around, read_period
from parkhub.domain.report_tables import figures, tables
from parkhub.domain.rights import Right
from parkhub.domain.text import row_number
from parkhub.errors import ConflictError, InvalidInputError, NotFoundError
from parkhub.services import day_closes, report_letters
from parkhub.services.forecasts import find_forecast
from parkhub.services.report_counts import counted_at, load_counts
from parkhub.services.report_pdf import report_pdf
from parkhub.services.report_words import words
from parkhub.web.forecast_view import ForecastView
from parkhub.web.guards import must, needs
from parkhub.web.report_files import as_csv, as_xlsx
from parkhub.web.report_view import ReportView, level, report_address
from parkhub.web.templating import AnyRequest, page

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LENGTHS: Final = tuple((each.value, "From … to" if each is Length.OWN else each.value.capitalize()) for each in Length)
AGAINST: Final = (
    (Against.NOTHING.value, "Nothing"),
    (Against.BEFORE.value, "The period before"),
    (Against.YEAR_BEFORE.value, "The year before"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for."""

    lots: list[Lot]
    lot: Lot
    period: Period
    against: Against
    wrong: str
    now: datetime

    @property
    def today(self) -> date:
        """By the lot's calendar."""
        return local_day(self.now, ZoneInfo(self.lot.time_zone))

    @property
    def title(self) -> str:
        """In words."""
        return f"{self.lot.name}, {self.period.words}"

    @property
    def file_name(self) -> str:
        """Without its ending."""
        return f"{self.lot.slug}-{self.period.since}-{self.period.last}"


async def _lots(account: Account) -> list[Lot]:
    return [lot for lot in await lot_rows.list_lots() if account.may(Right.MONEY, lot.id)]


def _choose(lots: list[Lot], slug: str) -> Lot:
    found = next((lot for lot in lots if lot.slug == slug), None) if slug else lots[0]
    if found is None:
        raise NotFoundError("There is no such lot.")
    return found


async def _asked(request: AnyRequest) -> Asked | None:
    """What is asked for; None: there is no lot whose money this account may see. Raises NotFoundError."""
    given, lots = request.query_params, await _lots(request.user)
    if not lots:
        return None
    lot, now = _choose(lots, given.get("lot", "")), datetime.now(UTC)
    today, wrong = local_day(now, ZoneInfo(lot.time_zone)), ""
    try:
        period = read_period(
            given.get("length", ""), given.get("at", ""), given.get("since", ""), given.get("until", ""), today
        )
        against = Against(given.get("against", Against.NOTHING.value))
    except (InvalidInputError, ValueError) as error:
        period, against = around(Length.MONTH, today), Against.NOTHING
        wrong = str(error) if isinstance(error, InvalidInputError) else "There is nothing of that kind to compare with."
    return Asked(lots, lot, period, against, wrong, now)


async def _view(asked: Asked) -> ReportView:
    compared = asked.period.against(asked.against)
    other = await load_counts(asked.lot, compared) if compared else None
    counts = await load_counts(asked.lot, asked.period, asked.today, by_spot=True)
    return ReportView(asked.lot, counts, other, asked.against)


@get("/")
async def show_report(request: AnyRequest) -> Template:
    """The report of a lot and a period, by the address."""
    asked = await _asked(request)
    if asked is None:
        return page(request, "reports/none.html")
    return await _show(request, asked)


async def _show(request: AnyRequest, asked: Asked, failed: str = "", status_code: int = 200) -> Template:
    view = await _view(asked)
    closes = await close_rows.list_closes(asked.lot.id, asked.period.since, asked.period.until)
    closed = [(close, money_of(close.totals), await day_closes.find_differences(asked.lot, close)) for close in closes]
    forecast = await find_forecast(asked.lot, asked.now)
    return page(
        request,
        "reports/report.html",
        status_code=422 if asked.wrong else status_code,
        view=view,
        asked=asked,
        lots=[(lot.slug, lot.name) for lot in asked.lots],
        lengths=LENGTHS,
        against=AGAINST,
        counted_at=await counted_at(asked.lot, asked.period),
        closed=closed,
        closable=asked.period.days == 1 and not closed and asked.period.last < asked.today,
        reads=await reader_rows.is_reader(asked.lot.id, request.user.id),
        readers=await report_letters.list_candidates(asked.lot) if request.user.may(Right.PEOPLE, asked.lot.id) else [],
        forecast=ForecastView(forecast, asked.lot.time_zone) if forecast else None,
        day_address=lambda day: report_address("/console/reports", asked.lot, around(Length.DAY, day)),
        done=_DONE.get(request.query_params.get("done", ""), ""),
        failed=failed,
        words=words,
        level=level,
        told=lambda money, currency: [(name, words(cents, currency)) for name, cents in money.told()],
    )


_DONE: Final = {
    "closed": "The day is closed.",
    "letters": "You get this car park's report by e-mail on the 1st of every month.",
    "readers": "The letters go to whom you chose.",
    "no-letters": "You no longer get this car park's report by e-mail.",
}


@get("/csv")
async def show_csv(request: AnyRequest) -> Response[str]:
    """The same as comma-separated values."""
    asked, view = await _file(request)
    body = as_csv(asked.title, figures(view.counts, view.other), tables(view.counts, view.other, whole=True))
    return Response("\ufeff" + body, media_type="text/csv", headers=_saved_as(asked, "csv"))


@get("/xlsx")
async def show_xlsx(request: AnyRequest) -> Response[bytes]:
    """The same as a workbook."""
    asked, view = await _file(request)
    found = figures(view.counts, view.other), tables(view.counts, view.other, whole=True)
    return Response(
        await asyncio.to_thread(as_xlsx, asked.title, *found), media_type=XLSX, headers=_saved_as(asked, "xlsx")
    )


@get("/pdf")
async def show_pdf(request: AnyRequest) -> Response[bytes]:
    """The same as a sheet to print."""
    asked, view = await _file(request)
    body = await report_pdf(view.lot, view.counts, view.other, asked.now)
    return Response(body, media_type="application/pdf", headers=_saved_as(asked, "pdf"))


async def _file(request: AnyRequest) -> tuple[Asked, ReportView]:
    asked = await _asked(request)
    if asked is None:
        raise NotFoundError("There is no report for you.")
    if asked.wrong:
        raise InvalidInputError(asked.wrong)
    return asked, await _view(asked)


def _saved_as(asked: Asked, ending: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{asked.file_name}.{ending}"'}


@post("/close")
async def close_day(request: AnyRequest) -> Response[Any] | Template:
    """Fix a day's totals."""
    lot, form = await _of_form(request)
    now = datetime.now(UTC)
    try:
        period = around(Length.DAY, date.fromisoformat(str(form.get("day", ""))))
    except ValueError:
        raise InvalidInputError("Write days as 2026-11-16.") from None
    try:
        await day_closes.close_day(lot, period.since, request.user, now)
    except ConflictError as error:
        asked = Asked(await _lots(request.user), lot, period, Against.NOTHING, "", now)
        return await _show(request, asked, str(error), 409)
    return Redirect(report_address("/console/reports", lot, period) + "&done=closed", status_code=303)


@post("/letters")
async def choose_letters(request: AnyRequest) -> Response[Any]:
    """Ask for the monthly report by e-mail, or for no more of it."""
    lot, form = await _of_form(request)
    wanted = form.get("wanted") == "1"
    await report_letters.choose_own(lot, request.user, datetime.now(UTC), wanted=wanted)
    done = "letters" if wanted else "no-letters"
    period = around(Length.MONTH, local_day(datetime.now(UTC), ZoneInfo(lot.time_zone)))
    return Redirect(report_address("/console/reports", lot, period) + f"&done={done}", status_code=303)


@post("/readers")
async def choose_readers(request: AnyRequest) -> Response[Any]:
    """Say who gets a car park's monthly report, for those who say who may do what."""
    lot, form = await _of_form(request)
    must(request.user, Right.PEOPLE, lot.id)
    chosen = {row_number(str(each)) for each in form.getall("reader", [])}
    ids = {each for each in chosen if each is not None}
    await report_letters.choose_readers(lot, ids, request.user, datetime.now(UTC))
    period = around(Length.MONTH, local_day(datetime.now(UTC), ZoneInfo(lot.time_zone)))
    return Redirect(report_address("/console/reports", lot, period) + "&done=readers", status_code=303)


async def _of_form(request: AnyRequest) -> tuple[Lot, Any]:
    form, lots = await request.form(), await _lots(request.user)
    if not lots:
        raise NotFoundError("There is no such lot.")
    return _choose(lots, str(form.get("lot", "")) or "?"), form


routes = [
    Router(
        "/console/reports",
        route_handlers=[show_report, show_csv, show_xlsx, show_pdf, close_day, choose_letters, choose_readers],
        guards=[needs(Right.MONEY)],
        include_in_schema=False,
    )
]
