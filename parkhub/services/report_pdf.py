"""Reports as PDF (`parkhub.sheets.report`)."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from parkhub.clients.sheets import make_sheet
from parkhub.domain.lots import Lot
from parkhub.domain.report_cells import Figure, Table
from parkhub.domain.report_counts import Counts
from parkhub.domain.report_tables import figures, tables
from parkhub.services.report_words import change, words

SHEET: Final = "parkhub.sheets.report"


async def report_pdf(lot: Lot, counts: Counts, other: Counts | None, now: datetime) -> bytes:
    """A period's report, beside another one's if given, on sheets of A4. Raises BusyError if it takes far too long."""
    made = now.astimezone(ZoneInfo(lot.time_zone)).strftime("%d %B %Y, %H:%M")
    form = {
        "title": f"Report {counts.period.words}",
        "lot": lot.name,
        "address": lot.address,
        "made_at": now,
        "made": f"Made on {made}",
        "figures": [_figure(each) for each in figures(counts, other)],
        "tables": [_table(table) for table in tables(counts, other) if not table.is_empty],
    }
    return await make_sheet(SHEET, msgspec.json.encode(form), "report")


def _figure(figure: Figure) -> tuple[str, str]:
    more = change(figure)
    value = words(figure.value, figure.unit)
    return f"{figure.words}, {figure.small}" if figure.small else figure.words, f"{value} ({more})" if more else value


def _table(table: Table) -> dict[str, object]:
    return {
        "title": table.title,
        "note": table.note,
        "heads": [table.first, *(column.words for column in table.columns)],
        "rows": [
            [name, *(words(value, column.unit) for value, column in zip(values, table.columns, strict=True))]
            for name, values in table.rows
        ],
    }
