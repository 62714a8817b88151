"""What a report's tables and numbers are made of."""

from dataclasses import dataclass

COUNT, SHARE, MINUTES, RATE = "", "%", "min", "rate"
"""Units besides currencies: a number of things, a part of one, minutes, and a number with two decimals."""

Value = int | float | None


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column; ``unit`` is a currency for minor units, else `COUNT`, `SHARE`, `MINUTES` or `RATE`.

    ``compared``: of the period that this one is compared with.
    """

    words: str
    unit: str = COUNT
    compared: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of words and values. ``chart``: "lines" or "bars" where it is drawn, too; "heat" is a heat map."""

    id: str
    title: str
    first: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, tuple[Value, ...]], ...]
    chart: str = ""
    note: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not any(value for _, values in self.rows for value in values)


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a report, and the same of what it is compared with."""

    words: str
    value: Value
    unit: str = COUNT
    before: Value = None
    small: str = ""
