"""A report on sheets of A4: a program of its own, which reads what stands on them as JSON and writes a PDF."""

import sys
from datetime import datetime
from typing import Final

import msgspec
from fpdf.enums import TableBordersLayout
from fpdf.fonts import FontFace

from parkhub.sheets.receipt import INK, Sheet

POINTS: Final = 9.0
SMALL_POINTS: Final = 7.5
"""Of tables with many columns."""
COLUMNS_MAX: Final = 5


class TableForm(msgspec.Struct):
    """A table in words."""

    title: str
    note: str
    heads: list[str]
    rows: list[list[str]]


class SheetForm(msgspec.Struct):
    """What stands on it, in words."""

    title: str
    lot: str
    address: str
    made_at: datetime
    made: str
    figures: list[tuple[str, str]]
    tables: list[TableForm]


def draw(form: SheetForm) -> bytes:
    """The report as PDF."""
    sheet = Sheet("en", form.title)
    sheet.set_creation_date(form.made_at)
    sheet.head(form.lot, form.address)
    sheet.ln(6)
    sheet.write_line(form.title, 20, bold=True)
    sheet.write_line(form.made, 9, soft=True)
    sheet.ln(4)
    for pair in form.figures:
        sheet.pair(*pair)
    for table in form.tables:
        _draw_table(sheet, table)
    return bytes(sheet.output())


def _draw_table(sheet: Sheet, form: TableForm) -> None:
    sheet.ln(8)
    if sheet.will_page_break(30):
        sheet.add_page()
    sheet.write_line(form.title, 13, bold=True)
    if form.note:
        sheet.write_line(form.note, 8.5, soft=True)
    sheet.ln(1)
    points = POINTS if len(form.heads) <= COLUMNS_MAX else SMALL_POINTS
    sheet.set_font("Roboto", "", points)
    sheet.set_text_color(*INK)
    sheet.set_fill_color(255, 255, 255)  # the sign's blue is set from above
    first = max(1.0, 3.0 - 0.25 * len(form.heads)) if len(form.heads) > 1 else 1.0
    with sheet.table(
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        col_widths=(first, *(1.0 for _ in form.heads[1:])),
        headings_style=FontFace(emphasis="BOLD"),
        line_height=points * 0.55,
        text_align=("LEFT", *("RIGHT" for _ in form.heads[1:])),
    ) as table:
        for row in (form.heads, *form.rows):
            table.row(row)


if __name__ == "__main__":
    sys.stdout.buffer.write(draw(msgspec.json.decode(sys.stdin.buffer.read(), type=SheetForm)))
