"""A report's values in words."""

from parkhub.domain.report_cells import COUNT, MINUTES, RATE, SHARE, Figure, Value
from parkhub.languages import ENGLISH

NOTHING = "–"


def words(value: Value, unit: str) -> str:
    """A value as people read it."""
    if value is None:
        return NOTHING
    if unit == COUNT:
        return ENGLISH.number(int(value))
    if unit == SHARE:
        return f"{100 * value:.1f} %"
    if unit == MINUTES:
        return ENGLISH.duration(round(value))
    if unit == RATE:
        return f"{value:.2f}"
    return ENGLISH.money(int(value), unit)


def change(figure: Figure) -> str:
    """How much more or less than before, in words; "" where nothing can be said."""
    value, before = figure.value, figure.before
    if value is None or before is None:
        return ""
    if figure.unit == SHARE:
        return f"{100 * (value - before):+.1f} points"
    return f"{100 * (value - before) / abs(before):+.0f} %" if before else ""
