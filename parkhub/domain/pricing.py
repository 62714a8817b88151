"""The price of a stay: charges, caps, discounts, rounding and tax, explained line by line."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from parkhub.domain.caps import clip
from parkhub.domain.charges import Charge, Walk, walk
from parkhub.domain.discounts import Discount
from parkhub.domain.local_time import MINUTE, Span
from parkhub.domain.money import rounded
from parkhub.domain.quotes import Line, LineKind, Quote
from parkhub.domain.tariffs import Band, Per, RoundTo, Tariff
from parkhub.domain.timetable import Holding
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

    In this order: the bands' and events' prices, their caps, the day's cap, the most and the least a stay costs, codes,
    the coin, and the tax. ``zone``: the lot's. ``free_used``: minutes of a daily allowance that the same vehicle's
    earlier stays have taken, by local day. ``booked``: a place was booked for this time, which is charged whole, with
    what was stayed around it.
    """
    used = free_used or {}
    quote = _price(tariff, span, zone, discounts, used, booked)
    untimed = [discount for discount in discounts if not discount.minutes]
    if len(untimed) == len(discounts):
        return quote
    # Free minutes first may put the beginning of what is charged into a dearer band; a code never makes a stay dearer.
    return min(quote, _price(tariff, span, zone, untimed, used, booked), key=lambda each: each.gross_cents)


def _price(
    tariff: Tariff,
    span: Span,
    zone: ZoneInfo,
    discounts: Sequence[Discount],
    free_used: Mapping[date, int],
    booked: Span | None,
) -> Quote:
    sums = _Sums(tariff.currency)
    if booked is None:
        walked = _stay(sums, tariff, span, zone, discounts, free_used)
    else:
        walked = _booked_stay(sums, tariff, span, booked, zone, discounts, free_used)
    free = {day: -(-taken // MINUTE) for day, taken in walked.free_by_day.items()}
    return _quote(sums, tariff, span, walked.next_at, free)


def price_lost_ticket(tariff: Tariff, at: datetime) -> Quote:
    """What a driver pays whose arrival nobody knows. Raises InvalidInputError when the tariff has no such fee."""
    if tariff.lost_ticket_cents is None:
        raise InvalidInputError("This tariff has no fee for a lost ticket.")
    sums = _Sums(tariff.currency)
    sums.add(LineKind.LOST_TICKET, Fraction(tariff.lost_ticket_cents))
    return _quote(sums, tariff, Span(at, at), None, {})


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


def _stay(
    sums: _Sums,
    tariff: Tariff,
    span: Span,
    zone: ZoneInfo,
    discounts: Sequence[Discount],
    free_used: Mapping[date, int],
    *,
    grace: bool = True,
) -> Walk:
    """Add a stay's lines."""
    turning = tariff.entry_grace_minutes * MINUTE
    if grace and turning and span.length <= turning:
        sums.add(LineKind.GRACE, Fraction(0))
        return Walk(span.start + turning)
    code_minutes = sum(discount.minutes for discount in discounts)
    walked = walk(tariff, span, zone, code_minutes, free_used)
    _explain(sums, walked, tariff)
    if tariff.stay_max_cents is not None and sums.exact > tariff.stay_max_cents:
        sums.add(LineKind.STAY_MAX, tariff.stay_max_cents - sums.exact, unit_cents=tariff.stay_max_cents)
    if 0 < sums.exact < tariff.minimum_cents:
        sums.add(LineKind.MINIMUM, tariff.minimum_cents - sums.exact, unit_cents=tariff.minimum_cents)
    for discount in sorted(discounts, key=lambda each: each.percent == 0):  # shares first, then amounts
        off = min(sums.exact, sums.exact * discount.percent / 100 + discount.amount_cents)
        if off:
            sums.add(LineKind.DISCOUNT, -off, label=discount.code)
    return walked


def _booked_stay(
    sums: _Sums,
    tariff: Tariff,
    span: Span,
    booked: Span,
    zone: ZoneInfo,
    discounts: Sequence[Discount],
    free_used: Mapping[date, int],
) -> Walk:
    """The booked time whole and what was stayed before it; what was stayed after it beyond the grace comes on top."""
    limit = booked.end + tariff.overstay.grace_minutes * MINUTE
    start = min(span.start, booked.start)
    late = span.end > limit
    own_rate = tariff.overstay.rate
    end = span.end if late and own_rate is None else max(start, booked.end)
    walked = _stay(sums, tariff, Span(start, end), zone, discounts, free_used, grace=False)
    if not late:
        return replace(walked, next_at=limit)
    if tariff.overstay.fee_cents:
        sums.add(LineKind.OVERSTAY, Fraction(tariff.overstay.fee_cents))
    if own_rate is None:
        return walked
    alone = Tariff(tariff.currency, (Band("Overstay", own_rate),))
    beyond = walk(alone, Span(booked.end, span.end), zone, 0, {})
    _explain(sums, beyond, alone)
    return replace(walked, next_at=beyond.next_at)


def _explain(sums: _Sums, walked: Walk, tariff: Tariff) -> None:
    """A walk's lines: what was free, what was charged, what the caps took off."""
    if walked.free:
        sums.add(LineKind.FREE, Fraction(0), minutes=-(-walked.free // MINUTE))
    for (kind, label, minutes, unit_cents), (amount, count) in _grouped(walked.charges).items():
        shown = count if kind is LineKind.MINUTES else minutes
        sums.add(kind, amount, count, shown, unit_cents, label)
    clipped = clip(walked.charges, tariff.cap)
    for (label, cap_cents), off in clipped.by_band.items():
        sums.add(LineKind.BAND_CAP, -off, unit_cents=cap_cents, label=label)
    if clipped.by_cap and tariff.cap is not None:
        label = _CAP_LABELS[tariff.cap.per]
        sums.add(LineKind.CAP, -clipped.by_cap, unit_cents=tariff.cap.price_cents, label=label)


_Key = tuple[LineKind, str, int, int]


def _grouped(charges: Iterable[Charge]) -> dict[_Key, tuple[Fraction, int]]:
    """Amount and count of charges that read alike, in the order of their first; of a flight of steps the last one."""
    shown: list[Charge] = []
    flights: dict[tuple[Holding, datetime], int] = {}
    for charge in charges:
        if charge.kind is LineKind.STEP:
            place = flights.setdefault((charge.holding, charge.anchor), len(shown))
            if place < len(shown):
                shown[place] = replace(charge, amount=shown[place].amount + charge.amount)
                continue
        shown.append(charge)
    found: dict[_Key, tuple[Fraction, int]] = {}
    for charge in shown:
        key = (charge.kind, charge.holding.rule.label, charge.minutes, charge.unit_cents)
        amount, count = found.get(key, (Fraction(0), 0))
        found[key] = (amount + charge.amount, count + charge.count)
    return found


def _quote(
    sums: _Sums, tariff: Tariff, span: Span, changes_at: datetime | None, free_by_day: Mapping[date, int]
) -> Quote:
    coin, mode, percent = tariff.rounding.to_cents, tariff.rounding.mode, tariff.tax.percent
    if tariff.tax.included:
        gross = _to_coin(sums.exact, coin, mode)
    else:
        before_tax = _to_coin(sums.exact, 1, mode)
        gross = _to_coin(before_tax + rounded(before_tax * percent / 100), coin, mode)
    net = rounded(gross * 100 / (100 + percent))
    told = gross if tariff.tax.included else net
    if told != sums.cents:
        sums.add(LineKind.ROUNDING, told - sums.exact)
    return Quote(tariff.currency, tuple(sums.lines), net, gross - net, gross, percent, span, changes_at, free_by_day)


def _to_coin(amount: Fraction | int, coin: int, mode: RoundTo) -> int:
    coins = Fraction(amount) / coin
    return {RoundTo.UP: -(-coins // 1), RoundTo.DOWN: coins // 1, RoundTo.NEAREST: rounded(coins)}[mode] * coin


def due_again_at(tariff: Tariff, paid_at: datetime) -> datetime:
    """Until when a driver who has paid may leave; after that the whole stay is priced again, less what was paid."""
    return paid_at + tariff.exit_grace_minutes * MINUTE


def charged_span(tariff: Tariff, span: Span, leave_by: datetime | None, paid_until: datetime | None = None) -> Span:
    """The part of a stay that is charged: when it ended by ``leave_by``, the time until it was paid; else all of it.

    ``leave_by``: what `due_again_at` answered when it was last paid in full, None when it was not. ``paid_until``: it
    was paid ahead, whole, until then, also where it ended sooner; who leaves within the exit grace after it owes no
    more.
    """
    grace = tariff.exit_grace_minutes * MINUTE
    ends = []
    if leave_by is not None and span.end <= leave_by:
        ends.append(min(span.end, leave_by - grace))
    if paid_until is not None and span.end <= paid_until + grace:
        ends.append(paid_until)
    return Span(span.start, max(span.start, *ends)) if ends else span
