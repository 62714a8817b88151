"""Reports as files for spreadsheets. No cell of words can begin a formula there."""

import csv
import io
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

import xlsxwriter

from parkhub.domain.money import minor_digits
from parkhub.domain.report_cells import COUNT, MINUTES, RATE, SHARE, Column, Figure, Table, Value

_BEGINS: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
_NAME_MAX: Final = 31
_FORMATS: Final = {COUNT: "#,##0", SHARE: "0.0%", MINUTES: "#,##0", RATE: "0.00"}

Cell = str | int | float | Decimal | None


def safe(text: str) -> str:
    """Words that a spreadsheet takes for words, with an apostrophe before what it would work out (OWASP)."""
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS) or text.startswith(_BEGINS) else text


def as_csv(title: str, figures: Iterable[Figure], tables: Iterable[Table]) -> str:
    """All tables below each other, an empty line between them; money with its decimals, shares in per cent."""
    out = io.StringIO()
    write = csv.writer(out)
    write.writerow([safe(title)])
    write.writerow([])
    write.writerow(["Figure", "Unit", "Value", "Compared with"])
    for each in figures:
        write.writerow([safe(each.words), each.unit, _plain(each.value, each.unit), _plain(each.before, each.unit)])
    for table in tables:
        write.writerow([])
        write.writerow([safe(table.title)])
        write.writerow([safe(table.first), *(safe(_head(column)) for column in table.columns)])
        for words, values in table.rows:
            cells = [_plain(value, column.unit) for value, column in zip(values, table.columns, strict=True)]
            write.writerow([safe(words), *cells])
    return out.getvalue()


def as_xlsx(title: str, figures: Iterable[Figure], tables: Iterable[Table]) -> bytes:
    """One sheet for the figures and one for each table. It takes a moment: not on the event loop."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": title, "author": "ParkHub"})
    bold, formats = book.add_format({"bold": True}), dict[str, object]()

    def put(sheet: object, row: int, column: int, value: Value, unit: str) -> None:
        found = number(value, unit)
        if found is None:
            return
        if unit not in formats:
            formats[unit] = book.add_format({"num_format": _FORMATS.get(unit) or _money_format(unit)})
        sheet.write_number(row, column, float(found), formats[unit])  # type: ignore[attr-defined]

    sheet = book.add_worksheet("Figures")
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 3, 16)
    sheet.write_string(0, 0, safe(title), bold)
    for at, head in enumerate(("Figure", "Unit", "Value", "Compared with")):
        sheet.write_string(2, at, head, bold)
    for row, each in enumerate(figures, 3):
        sheet.write_string(row, 0, safe(each.words))
        sheet.write_string(row, 1, each.unit)
        put(sheet, row, 2, each.value, each.unit)
        put(sheet, row, 3, each.before, each.unit)
    for table in tables:
        sheet = book.add_worksheet(_sheet_name(table.title))
        sheet.set_column(0, 0, 28)
        sheet.set_column(1, len(table.columns), 16)
        sheet.write_string(0, 0, safe(table.first), bold)
        for at, column in enumerate(table.columns, 1):
            sheet.write_string(0, at, safe(_head(column)), bold)
        for row, (words, values) in enumerate(table.rows, 1):
            sheet.write_string(row, 0, safe(words))
            for at, (value, column) in enumerate(zip(values, table.columns, strict=True), 1):
                put(sheet, row, at, value, column.unit)
        sheet.freeze_panes(1, 1)
    book.close()
    return out.getvalue()


def _plain(value: Value, unit: str) -> Cell:
    """A value where no format of a cell makes per cent of a share, as its column is headed."""
    return round(value * 100, 2) if unit == SHARE and value is not None else number(value, unit)


def number(value: Value, unit: str) -> Cell:
    """A value as a number, a share in 0..1: money in whole units with its decimals, never through a binary fraction."""
    if value is None:
        return None
    if unit in _FORMATS:
        return round(value, 4) if isinstance(value, float) else value
    return Decimal(int(value)).scaleb(-minor_digits(unit))


def _head(column: Column) -> str:
    return f"{column.words} ({column.unit})" if column.unit else column.words


def _money_format(currency: str) -> str:
    digits = minor_digits(currency)
    return "#,##0" + ("." + "0" * digits if digits else "")


def _sheet_name(title: str) -> str:
    return "".join(letter for letter in title if letter not in "[]:*?/\\")[:_NAME_MAX]
