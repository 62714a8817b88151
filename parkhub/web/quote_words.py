"""A quote's lines in a driver's language."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from parkhub.domain.quotes import Line, LineKind
from parkhub.languages import Language

HOUR: Final = 60


@dataclass(frozen=True, slots=True)
class LineView:
    """One line: what for and how much, written out. ``off``: something is taken off."""

    words: str
    amount: str
    off: bool


def lines_of(lines: Iterable[Line], language: Language) -> list[LineView]:
    """A quote's lines as a driver reads them; a line of nothing is free."""
    return [
        LineView(
            line_words(line, language),
            language.money(line.amount_cents, line.currency) if line.amount_cents else language.gettext("free"),
            line.amount_cents < 0,
        )
        for line in lines
    ]


def line_words(line: Line, language: Language) -> str:
    """A line without its amount."""
    words = _words(line, language)
    named = line.label and line.kind in (LineKind.UNITS, LineKind.MINUTES, LineKind.FLAT, LineKind.STEP)
    return language.gettext("%(name)s: %(words)s", name=line.label, words=words) if named else words


def _words(line: Line, language: Language) -> str:
    gettext, ngettext = language.gettext, language.ngettext
    price, span = language.money(line.unit_cents, line.currency), language.duration(line.minutes)
    match line.kind:
        case LineKind.GRACE:
            return gettext("Left within the free time to turn around")
        case LineKind.FREE:
            return gettext("Free time, %(span)s", span=span)
        case LineKind.UNITS if line.minutes == HOUR:
            return ngettext(
                "%(num)s hour started at %(price)s", "%(num)s hours started at %(price)s", line.count, price=price
            )
        case LineKind.UNITS:
            return gettext("%(n)s × %(span)s started at %(price)s", n=line.count, span=span, price=price)
        case LineKind.MINUTES:
            return gettext("%(span)s at %(price)s an hour", span=span, price=price)
        case LineKind.FLAT:
            flat = gettext("flat rate %(price)s", price=price)
            return gettext("%(n)s × %(words)s", n=line.count, words=flat) if line.count > 1 else flat
        case LineKind.STEP:
            step = gettext("up to %(span)s", span=span)
            return gettext("%(n)s × %(words)s", n=line.count, words=step) if line.count > 1 else step
        case LineKind.BAND_CAP:
            return gettext("%(name)s: at most %(price)s", name=line.label, price=price)
        case LineKind.CAP if line.label == "Day":
            return gettext("At most %(price)s a day", price=price)
        case LineKind.CAP:
            return gettext("At most %(price)s in 24 hours", price=price)
        case LineKind.STAY_MAX:
            return gettext("At most %(price)s a stay", price=price)
        case LineKind.MINIMUM:
            return gettext("At least %(price)s", price=price)
        case LineKind.OVERSTAY:
            return gettext("Stayed longer than booked")
        case LineKind.LOST_TICKET:
            return gettext("Lost ticket")
        case LineKind.DISCOUNT:
            return gettext("Code %(code)s", code=line.label)
        case LineKind.ROUNDING:
            return gettext("Rounding")
        case LineKind.NOT_USED:
            return gettext("Fee for a booking cancelled late or not used")
        case LineKind.PART:
            return gettext("Paid towards the stay")
