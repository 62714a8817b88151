"""What begins during a stay and what each beginning costs, before caps, discounts and tax.

The one rule everywhere: what has begun is charged in full at the price it began with, and what would begin at the very
end is not. So a fee never falls as a stay grows, and an hour that began at the day's price ends at it.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from parkhub.domain.local_time import MINUTE, Span, day_span, local_day
from parkhub.domain.quotes import LineKind
from parkhub.domain.tariffs import Flat, Per, PerMinute, PerStarted, Steps, Tariff
from parkhub.domain.timetable import Holding, Timetable

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Charge:
    """``count`` units of ``minutes`` that began in one stretch of one rule.

    ``window``: the beginning of the day or the 24 hours whose cap counts it, None for an event's, which no cap counts;
    ``anchor``: when the steps began that a step belongs to.
    """

    kind: LineKind
    amount: Fraction
    holding: Holding
    window: datetime | None
    anchor: datetime
    minutes: int = 0
    unit_cents: int = 0
    count: int = 1


@dataclass
class Walk:
    """All charges of a span in the order of time, and when the next one may begin.

    ``free``: time that cost nothing though it would have been charged; ``free_by_day``: what of it the daily allowance
    gave, by local day.
    """

    next_at: datetime
    charges: list[Charge] = field(default_factory=list)
    free: timedelta = timedelta()
    free_by_day: defaultdict[date, timedelta] = field(default_factory=lambda: defaultdict(timedelta))


def walk(tariff: Tariff, span: Span, zone: ZoneInfo, free_minutes: int, free_used: Mapping[date, int]) -> Walk:
    """Walk a stay from beginning to beginning.

    ``free_minutes``: of a code, free besides the tariff's allowance. ``free_used``: minutes of a daily allowance that
    earlier stays have taken, by local day.
    """
    return _Walker(tariff, span, zone, free_minutes, free_used).run()


class _Walker:
    def __init__(
        self, tariff: Tariff, span: Span, zone: ZoneInfo, free_minutes: int, free_used: Mapping[date, int]
    ) -> None:
        self._tariff, self._span, self._zone = tariff, span, zone
        self._timetable = Timetable(tariff, zone)
        allowance = tariff.allowance
        per_stay = allowance.minutes if allowance and allowance.per is Per.STAY else 0
        self._per_day = per_day = allowance.minutes if allowance and allowance.per is Per.DAY else 0
        self._free_stay = (per_stay + free_minutes) * MINUTE
        self._free_day: defaultdict[date, timedelta] = defaultdict(lambda: per_day * MINUTE)
        for day, minutes in free_used.items():
            self._free_day[day] = max(timedelta(), (per_day - minutes) * MINUTE)
        self._flats: set[Holding] = set()
        self._anchors: dict[tuple[Holding, datetime], datetime] = {}
        self._walk = Walk(span.start)

    def run(self) -> Walk:
        at = self._span.start
        while at < self._span.end:
            holding, until = self._timetable.at(at)
            window, until = self._window(at, until)
            if holding is None:
                at = until
                continue
            free = min(self._free_left(at), until - at)
            if free:
                at = self._take_free(at, free)
                continue
            at = self._charge(holding, at, until, window)
        self._walk.next_at = at
        return self._walk

    def _window(self, at: datetime, until: datetime) -> tuple[datetime, datetime]:
        """The beginning of the day or the 24 hours that a cap counts over, and no later end than theirs."""
        cap, start = self._tariff.cap, self._span.start
        day = day_span(local_day(at, self._zone), self._zone)
        if self._per_day:
            until = min(until, day.end)
        if cap is None:
            return start, until
        if cap.per is Per.DAY:
            return day.start, min(until, day.end)
        begun = start + (at - start) // DAY * DAY
        return begun, min(until, begun + DAY)

    def _free_left(self, at: datetime) -> timedelta:
        return self._free_stay or self._free_day[local_day(at, self._zone)]

    def _take_free(self, at: datetime, free: timedelta) -> datetime:
        seen = min(free, self._span.end - at)
        self._walk.free += seen
        if self._free_stay:
            self._free_stay -= free
        else:
            day = local_day(at, self._zone)
            self._free_day[day] -= free
            self._walk.free_by_day[day] += seen
        return at + free

    def _charge(self, holding: Holding, at: datetime, until: datetime, window: datetime) -> datetime:
        """Add what begins from ``at`` on; answer when the next thing begins."""
        match holding.rule.rate:
            case Flat(price):
                if holding not in self._flats:
                    self._flats.add(holding)
                    self._add(LineKind.FLAT, Fraction(price), holding, window, at, unit_cents=price)
                return until
            case Steps() as steps:
                return self._step(steps, holding, at, until, window)
            case PerStarted() | PerMinute() as rate:
                return self._units(rate, holding, at, until, window, at)

    def _step(self, rate: Steps, holding: Holding, at: datetime, until: datetime, window: datetime) -> datetime:
        anchor, before = self._anchors.setdefault((holding, window), at), 0
        for step in rate.steps:
            ends = anchor + step.up_to_minutes * MINUTE
            if at < ends:
                more = Fraction(step.price_cents - before)
                self._add(LineKind.STEP, more, holding, window, anchor, step.up_to_minutes, step.price_cents)
                return ends
            before = step.price_cents
        return until if rate.then is None else self._units(rate.then, holding, at, until, window, anchor)

    def _units(
        self,
        rate: PerStarted | PerMinute,
        holding: Holding,
        at: datetime,
        until: datetime,
        window: datetime,
        anchor: datetime,
    ) -> datetime:
        minutes = rate.minutes if isinstance(rate, PerStarted) else 1
        count = -((at - min(until, self._span.end)) // (minutes * MINUTE))  # rounded up
        if isinstance(rate, PerStarted):
            amount = Fraction(count * rate.price_cents)
            self._add(LineKind.UNITS, amount, holding, window, anchor, minutes, rate.price_cents, count)
        else:
            amount = Fraction(count * rate.hour_cents, 60)
            self._add(LineKind.MINUTES, amount, holding, window, anchor, minutes, rate.hour_cents, count)
        return at + count * minutes * MINUTE

    def _add(
        self,
        kind: LineKind,
        amount: Fraction,
        holding: Holding,
        window: datetime,
        anchor: datetime,
        minutes: int = 0,
        unit_cents: int = 0,
        count: int = 1,
    ) -> None:
        counted = window if holding.rule.once is None else None
        self._walk.charges.append(Charge(kind, amount, holding, counted, anchor, minutes, unit_cents, count))
