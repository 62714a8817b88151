"""What caps take off the charges of a stay: a band's own of every night or day of it, and the tariff's over days."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from parkhub.domain.charges import Charge
from parkhub.domain.tariffs import Cap
from parkhub.domain.timetable import Holding


@dataclass(frozen=True, slots=True)
class Clipped:
    """What the caps took off: by band's label and cap, and by the cap over days."""

    by_band: Mapping[tuple[str, int], Fraction]
    by_cap: Fraction


def clip(charges: Iterable[Charge], cap: Cap | None) -> Clipped:
    """What goes beyond a band's cap in one stretch of it, and beyond the cap in one of its windows, is taken off."""
    in_stretch: defaultdict[Holding, Fraction] = defaultdict(Fraction)
    in_window: defaultdict[datetime, Fraction] = defaultdict(Fraction)
    by_band: defaultdict[tuple[str, int], Fraction] = defaultdict(Fraction)
    by_cap = Fraction(0)
    for charge in charges:
        amount, rule = charge.amount, charge.holding.rule
        if rule.cap_cents is not None:
            over = max(Fraction(0), in_stretch[charge.holding] + amount - rule.cap_cents)
            if over:
                by_band[rule.label, rule.cap_cents] += over
            amount -= over
            in_stretch[charge.holding] += amount
        if cap is not None and charge.window is not None:
            over = max(Fraction(0), in_window[charge.window] + amount - cap.price_cents)
            by_cap += over
            in_window[charge.window] += amount - over
    return Clipped(by_band, by_cap)
