"""The price of a stay: charges, caps, discounts, rounding and tax, explained line by line."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from parkhub.domain.charges import Charge, Walk, walk
from parkhub.domain.discounts import Discount
from parkhub.domain.local_time import MINUTE, Span
from parkhub.domain.money import rounded
from parkhub.domain.quotes import Line, LineKind, Quote
from parkhub.domain.tariffs import Band, Cap, Per, RoundTo, Tariff
from parkhub.errors import InvalidInputError

_CAP_LABELS = {Per.DAY: "Day", Per.HOURS_24: "24 h"}


def price(
    tariff: Tariff,
    span: Span,
    zone: ZoneInfo,
    *,
    discounts: Sequence[Discount] = (),
    free_used: Mapping[date, int] | None = None,
    booked: Span | None = None,
) -> Quote:
    """What staying for ``span`` costs.

    ``zone``: the lot's. ``free_used``: minutes of a daily allowance that the same vehicle's earlier stays have taken,
    by local day. ``booked``: a place was booked for this time, which is charged whole, with what was stayed around it.
    """
    sums = _Sums(tariff.currency)
    if booked is None:
        changes_at = _stay(sums, tariff, span, zone, discounts, free_used or {})
    else:
        changes_at = _booked_stay(sums, tariff, span, booked, zone, discounts, free_used or {})
    return _quote(sums, tariff, span, changes_at)


def price_lost_ticket(tariff: Tariff, at: datetime) -> Quote:
    """What a driver pays whose arrival nobody knows. Raises InvalidInputError when the tariff has no such fee."""
    if tariff.lost_ticket_cents is None:
        raise InvalidInputError("This tariff has no fee for a lost ticket.")
    sums = _Sums(tariff.currency)
    sums.add(LineKind.LOST_TICKET, Fraction(tariff.lost_ticket_cents))
    return _quote(sums, tariff, Span(at, at), None)


class _Sums:
    """Lines with a running total, each rounded so that they always add up to the rounded total."""

    def __init__(self, currency: str) -> None:
        self.lines: list[Line] = []
        self.exact = Fraction(0)
        self._currency = currency

    @property
    def cents(self) -> int:
        return rounded(self.exact)

    def add(
        self, kind: LineKind, amount: Fraction, count: int = 0, minutes: int = 0, unit_cents: int = 0, label: str = ""
    ) -> None:
        before = self.cents
        self.exact += amount
        self.lines.append(Line(kind, self.cents - before, self._currency, count, minutes, unit_cents, label))


@dataclass(frozen=True, slots=True)
class _Clipped:
    """What the caps took off: by band's label and cap, and by the cap over days."""

    by_band: Mapping[tuple[str, int], Fraction]
    by_cap: Fraction


def _stay(
    sums: _Sums,
    tariff: Tariff,
    span: Span,
    zone: ZoneInfo,
    discounts: Sequence[Discount],
    free_used: Mapping[date, int],
    *,
    grace: bool = True,
) -> datetime:
    """Add a stay's lines; answer the next instant at which it may cost more."""
    turning = tariff.entry_grace_minutes * MINUTE
    if grace and span.length <= turning:
        sums.add(LineKind.GRACE, Fraction(0))
        return span.start + turning
    code_minutes = sum(discount.minutes for discount in discounts)
    walked = walk(tariff, span, zone, code_minutes, dict(free_used))
    _explain(sums, walked, tariff)
    if tariff.stay_max_cents is not None and sums.exact > tariff.stay_max_cents:
        sums.add(LineKind.STAY_MAX, tariff.stay_max_cents - sums.exact, unit_cents=tariff.stay_max_cents)
    if 0 < sums.exact < tariff.minimum_cents:
        sums.add(LineKind.MINIMUM, tariff.minimum_cents - sums.exact, unit_cents=tariff.minimum_cents)
    for discount in sorted(discounts, key=lambda each: each.percent == 0):  # shares first, then amounts
        off = min(sums.exact, sums.exact * discount.percent / 100 + discount.amount_cents)
        if off:
            sums.add(LineKind.DISCOUNT, -off, label=discount.code)
    return walked.next_at


def _booked_stay(
    sums: _Sums,
    tariff: Tariff,
    span: Span,
    booked: Span,
    zone: ZoneInfo,
    discounts: Sequence[Discount],
    free_used: Mapping[date, int],
) -> datetime:
    """The booked time whole and what was stayed before it; what was stayed after it beyond the grace comes on top."""
    limit = booked.end + tariff.overstay.grace_minutes * MINUTE
    start = min(span.start, booked.start)
    late = span.end > limit
    own_rate = tariff.overstay.rate
    end = span.end if late and own_rate is None else booked.end
    _stay(sums, tariff, Span(start, max(start, end)), zone, discounts, free_used, grace=False)
    if not late:
        return limit
    if tariff.overstay.fee_cents:
        sums.add(LineKind.OVERSTAY, Fraction(tariff.overstay.fee_cents))
    if own_rate is None:
        return span.end
    beyond = replace(tariff, bands=(Band("Overstay", own_rate),), events=(), cap=None, allowance=None)
    walked = walk(beyond, Span(booked.end, span.end), zone, 0, {})
    _explain(sums, walked, beyond)
    return walked.next_at


def _explain(sums: _Sums, walked: Walk, tariff: Tariff) -> None:
    """A walk's lines: what was free, what was charged, what the caps took off."""
    if walked.free_minutes:
        sums.add(LineKind.FREE, Fraction(0), minutes=-(-walked.free_minutes // 1))
    for (kind, label, minutes, unit_cents), (amount, count) in _grouped(walked.charges).items():
        shown = count if kind is LineKind.MINUTES else minutes
        sums.add(kind, amount, count, shown, unit_cents, label)
    clipped = _clip(walked.charges, tariff.cap)
    for (label, cap_cents), off in clipped.by_band.items():
        sums.add(LineKind.BAND_CAP, -off, unit_cents=cap_cents, label=label)
    if clipped.by_cap and tariff.cap is not None:
        label = _CAP_LABELS[tariff.cap.per]
        sums.add(LineKind.CAP, -clipped.by_cap, unit_cents=tariff.cap.price_cents, label=label)


_Key = tuple[LineKind, str, int, int]


def _grouped(charges: Iterable[Charge]) -> dict[_Key, tuple[Fraction, int]]:
    """Amount and count of charges that read alike, in the order of their first; of a flight of steps the last one."""
    shown: list[Charge] = []
    flights: dict[tuple[tuple[int, datetime], datetime], int] = {}
    for charge in charges:
        flight = (charge.stretch, charge.anchor)
        if charge.kind is LineKind.STEP and flight in flights:
            place = flights[flight]
            shown[place] = replace(charge, amount=shown[place].amount + charge.amount)
            continue
        flights.setdefault(flight, len(shown))
        shown.append(charge)
    found: dict[_Key, tuple[Fraction, int]] = {}
    for charge in shown:
        key = (charge.kind, charge.label, charge.minutes, charge.unit_cents)
        amount, count = found.get(key, (Fraction(0), 0))
        found[key] = (amount + charge.amount, count + charge.count)
    return found


def _clip(charges: Iterable[Charge], cap: Cap | None) -> _Clipped:
    """What goes beyond a band's cap in one stretch of it, and beyond the cap in one of its windows, is taken off."""
    in_stretch: defaultdict[tuple[int, datetime], Fraction] = defaultdict(Fraction)
    in_window: defaultdict[datetime, Fraction] = defaultdict(Fraction)
    by_band: defaultdict[tuple[str, int], Fraction] = defaultdict(Fraction)
    by_cap = Fraction(0)
    for charge in charges:
        amount = charge.amount
        if charge.stretch_cap_cents is not None:
            room = max(Fraction(0), charge.stretch_cap_cents - in_stretch[charge.stretch])
            over = max(Fraction(0), amount - room)
            if over:
                by_band[charge.label, charge.stretch_cap_cents] += over
            amount -= over
            in_stretch[charge.stretch] += amount
        if cap is not None:
            over = max(Fraction(0), amount - max(Fraction(0), cap.price_cents - in_window[charge.window]))
            by_cap += over
            in_window[charge.window] += amount - over
    return _Clipped(by_band, by_cap)


def _quote(sums: _Sums, tariff: Tariff, span: Span, changes_at: datetime | None) -> Quote:
    coin, mode = tariff.rounding.to_cents, tariff.rounding.mode
    coins = Fraction(sums.cents, coin)
    whole = {RoundTo.UP: -(-coins // 1), RoundTo.DOWN: coins // 1, RoundTo.NEAREST: rounded(coins)}[mode] * coin
    if whole != sums.cents:
        sums.add(LineKind.ROUNDING, whole - sums.exact)
    percent = tariff.tax.percent
    if tariff.tax.included:
        gross = whole
        net = rounded(gross * 100 / (100 + percent))
    else:
        net = whole
        gross = net + rounded(net * percent / 100)
    return Quote(tariff.currency, tuple(sums.lines), net, gross - net, gross, percent, span, changes_at)


def due_again_at(tariff: Tariff, paid_at: datetime) -> datetime:
    """Until when a driver who has paid may leave; after that the whole stay is priced again, less what was paid."""
    return paid_at + timedelta(minutes=tariff.exit_grace_minutes)
