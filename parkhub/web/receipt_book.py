"""A car park's receipts and credit notes of a month, to look at and as a table to take away."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from litestar import Response, Router, get
from litestar.params import FromPath
from litestar.response import Template

from parkhub.db import receipt_book as rows
from parkhub.db.receipt_book import BookEntry
from parkhub.domain.local_time import local_day
from parkhub.domain.lots import Lot
from parkhub.domain.money import format_amount
from parkhub.domain.receipts import credit_note_number, receipt_number
from parkhub.domain.rights import Right
from parkhub.languages import ENGLISH
from parkhub.web.api_answers import find_lot
from parkhub.web.guards import needs
from parkhub.web.templating import AnyRequest, page

SHOWN_MAX: Final = 500
WAYS: Final = {
    "cash": "Cash",
    "terminal": "Card terminal",
    "stripe": "Stripe",
    "sandbox": "Sandbox, no real money",
    "refund": "Given back",
    "dispute": "Lost dispute",
}
COLUMNS: Final = ("number", "issued_at", "kind", "corrects", "paid_by_or_why", "amount", "currency")


def way_words(way: str) -> str:
    """How something was paid, or why it was corrected."""
    return WAYS.get(way, way)


def number_of(lot: Lot, entry: BookEntry) -> str:
    """What a receipt or a credit note is called."""
    return (receipt_number if entry.corrects is None else credit_note_number)(lot.id, entry.number)


def path_of(entry: BookEntry) -> str:
    """Where its page is."""
    return f"/{'receipts' if entry.corrects is None else 'credit-notes'}/{entry.public_id}"


def _month(request: AnyRequest, lot: Lot) -> date:
    """The first day of the month that is asked for, else of this one."""
    today = local_day(datetime.now(UTC), ZoneInfo(lot.time_zone))
    try:
        asked = datetime.strptime(request.query_params.get("month", ""), "%Y-%m").date()  # noqa: DTZ007
    except ValueError:
        asked = today
    return min(max(asked, date(2000, 1, 1)), today).replace(day=1)


def _next(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)


def _span(lot: Lot, month: date) -> tuple[datetime, datetime]:
    since, until = (datetime(day.year, day.month, 1, tzinfo=ZoneInfo(lot.time_zone)) for day in (month, _next(month)))
    return since.astimezone(UTC), until.astimezone(UTC)


@get("/console/lots/{slug:str}/receipts")
async def show_book(request: AnyRequest, slug: FromPath[str]) -> Template:
    """A month of them."""
    lot = await find_lot(slug)
    month = _month(request, lot)
    entries = await rows.list_latest(lot.id, *_span(lot, month), SHOWN_MAX)
    whole = await rows.sum_entries(lot.id, *_span(lot, month))
    return page(
        request,
        "receipts/book.html",
        lot=lot,
        month=month,
        earlier=(month - timedelta(days=1)).replace(day=1),
        later=_next(month) if _next(month) <= local_day(datetime.now(UTC), ZoneInfo(lot.time_zone)) else None,
        entries=entries,
        left_out=whole.receipts + whole.notes - len(entries),
        whole=whole,
        currency=entries[0].currency if entries else "",
        money=ENGLISH.money,
        number_of=number_of,
        receipt_number=receipt_number,
        path_of=path_of,
        way_words=way_words,
    )


@get("/console/lots/{slug:str}/receipts.csv")
async def show_csv(request: AnyRequest, slug: FromPath[str]) -> Response[str]:
    """The same as comma-separated values, all of the month."""
    lot = await find_lot(slug)
    month = _month(request, lot)
    body = "".join(f"{line}\r\n" for line in _lines(lot, await rows.list_entries(lot.id, *_span(lot, month))))
    headers = {"content-disposition": f'attachment; filename="receipts-{lot.slug}-{month:%Y-%m}.csv"'}
    return Response("\ufeff" + body, media_type="text/csv", headers=headers)


def _lines(lot: Lot, entries: Sequence[BookEntry]) -> Iterator[str]:
    zone = ZoneInfo(lot.time_zone)
    yield ",".join(COLUMNS)
    for entry in entries:
        line = io.StringIO()
        note = entry.corrects is not None
        csv.writer(line, lineterminator="").writerow(
            (
                number_of(lot, entry),
                entry.issued_at.astimezone(zone).isoformat(timespec="seconds"),
                "credit note" if note else "receipt",
                receipt_number(lot.id, entry.corrects) if entry.corrects is not None else "",
                way_words(entry.way),
                format_amount(entry.amount_cents, entry.currency),
                entry.currency,
            )
        )
        yield line.getvalue()


routes = [Router("/", route_handlers=[show_book, show_csv], guards=[needs(Right.MONEY)], include_in_schema=False)]
