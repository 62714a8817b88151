"""Quotes: a priced stay at an instant, line by line, in words a driver understands."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Final

from parkhub.domain.local_time import Span
from parkhub.domain.money import format_amount


class LineKind(StrEnum):
    """Why a line is there; the words for each are in `Line.text` and, translated, in the templates."""

    GRACE = "grace"
    FREE = "free"
    UNITS = "units"
    MINUTES = "minutes"
    FLAT = "flat"
    STEP = "step"
    BAND_CAP = "band_cap"
    CAP = "cap"
    STAY_MAX = "stay_max"
    MINIMUM = "minimum"
    OVERSTAY = "overstay"
    LOST_TICKET = "lost_ticket"
    DISCOUNT = "discount"
    ROUNDING = "rounding"
    NOT_USED = "not_used"
    PART = "part"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a quote; ``amount_cents`` is below zero where something is taken off.

    ``count`` units of ``minutes`` at ``unit_cents`` each; ``label`` is the band's, event's or code's name.
    """

    kind: LineKind
    amount_cents: int
    currency: str
    count: int = 0
    minutes: int = 0
    unit_cents: int = 0
    label: str = ""

    @property
    def text(self) -> str:
        """The line in English, without its amount."""
        price = format_amount(self.unit_cents, self.currency)
        named = f"{self.label}: " if self.label else ""
        times = f"{self.count} × " if self.count > 1 else ""
        match self.kind:
            case LineKind.GRACE:
                return "Left within the free time to turn around"
            case LineKind.FREE:
                return f"{duration(self.minutes)} free"
            case LineKind.UNITS:
                if self.minutes == 60:
                    return f"{named}{self.count} h at {price}"
                return f"{named}{self.count} × {duration(self.minutes)} at {price}"
            case LineKind.MINUTES:
                return f"{named}{duration(self.minutes)} at {price} an hour"
            case LineKind.FLAT:
                return f"{named}{times}flat rate {price}"
            case LineKind.STEP:
                return f"{named}{times}up to {duration(self.minutes)}"
            case LineKind.BAND_CAP:
                return f"{self.label} cap {price}" if self.label else f"Cap {price}"
            case LineKind.CAP:
                return f"{self.label} cap {price}"
            case LineKind.STAY_MAX:
                return f"At most {price} a stay"
            case LineKind.MINIMUM:
                return f"At least {price}"
            case LineKind.OVERSTAY:
                return "Stayed longer than booked"
            case LineKind.LOST_TICKET:
                return "Lost ticket"
            case LineKind.DISCOUNT:
                return f"Code {self.label}"
            case LineKind.ROUNDING:
                return "Rounding"
            case LineKind.NOT_USED:
                return "Booking not used"
            case LineKind.PART:
                return "Paid towards the stay"


@dataclass(frozen=True, slots=True)
class Quote:
    """What a stay costs. The lines' sum is ``gross_cents``, or ``net_cents`` where tax comes on top.

    ``span`` is what was priced; until ``changes_at`` the same stay, going on, costs no more (None: it never changes).
    ``free_by_day``: minutes of a daily allowance that it took, by local day, for the vehicle's next stay.
    """

    currency: str
    lines: tuple[Line, ...]
    net_cents: int
    tax_cents: int
    gross_cents: int
    tax_percent: Fraction
    span: Span
    changes_at: datetime | None = None
    free_by_day: Mapping[date, int] = field(default_factory=dict)


TAX: Final = "tax"
"""The line of the tax, where it comes on top of the others."""


def changed_lines(quote: Quote, known: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """By how much each line differs from what it came to before, by kind and label; what does not is left out.

    With the tax that comes on top, all lines of a session so come to the gross price of its last quote.
    """
    wanted = Counter[tuple[str, str]]()
    for line in quote.lines:
        wanted[line.kind.value, line.label] += line.amount_cents
    wanted[TAX, ""] += quote.gross_cents - sum(wanted.values())
    changed = {key: wanted[key] - known.get(key, 0) for key in [*wanted, *(key for key in known if key not in wanted)]}
    return {key: cents for key, cents in changed.items() if cents}


def duration(minutes: int) -> str:
    """``45 min``, ``2 h``, ``2 h 15 min``, ``3 days``."""
    if minutes >= 2 * 24 * 60 and minutes % (24 * 60) == 0:
        return f"{minutes // (24 * 60)} days"
    hours, rest = divmod(minutes, 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{rest} min"] * bool(rest or not hours))
