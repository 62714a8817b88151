"""Reports as PDF (`parkhub.web.report_sheet`)."""

from datetime import datetime
from typing import Final

import msgspec

from parkhub.domain.report_tables import Table
from parkhub.web.report_view import ReportView, words
from parkhub.web.sheets import make_sheet
from parkhub.web.templating import local

SHEET: Final = "parkhub.web.report_sheet"


async def report_pdf(view: ReportView, now: datetime) -> bytes:
    """The report on sheets of A4. Raises BusyError when it takes far too long."""
    form = {
        "title": f"Report {view.period.words}",
        "lot": view.lot.name,
        "address": view.lot.address,
        "made_at": now,
        "made": f"Made on {local(now, view.lot.time_zone, '%d %B %Y, %H:%M')}",
        "figures": [
            (f"{each.words}, {each.small}" if each.small else each.words, " ".join(filter(None, (value, more))))
            for each, value, more in [(each, value, f"({more})" if more else "") for each, value, more in view.figures]
        ],
        "tables": [_table(table) for table in view.tables if not table.is_empty],
    }
    return await make_sheet(SHEET, msgspec.json.encode(form), "report")


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
