"""A lot's prices in words, as they stand on its page: short, one thing a line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.db.tariffs import TariffVersion
from parkhub.domain.local_time import DAY_MINUTES
from parkhub.domain.tariffs import (
    DAYS,
    HOLIDAY,
    Band,
    Cap,
    Event,
    Flat,
    Hours,
    Per,
    PerMinute,
    PerStarted,
    Rate,
    Steps,
    Tariff,
)
from parkhub.domain.vehicles import VehicleKind
from parkhub.languages import Language, marked

HOUR: Final = 60
EVENTS_AHEAD: Final = timedelta(days=14)
KINDS: Final = {
    VehicleKind.CAR: marked("Cars"),
    VehicleKind.MOTORCYCLE: marked("Motorcycles"),
    VehicleKind.BUS: marked("Buses"),
    VehicleKind.TRUCK: marked("Lorries"),
}


@dataclass(frozen=True, slots=True)
class Prices:
    """One tariff in words: ``rates`` are pairs of when and how much, ``notes`` sentences. ``title`` may be empty."""

    title: str
    rates: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def prices(versions: Iterable[TariffVersion], now: datetime, zone: ZoneInfo, language: Language) -> list[Prices]:
    """The tariffs in force of a lot, the one for any vehicle first; nothing without one. A kind's name is told when
    it pays by a tariff of its own.
    """
    found: dict[VehicleKind | None, Tariff] = {}
    for version in sorted(versions, key=lambda each: each.valid_from):
        if version.valid_from <= now:
            found[version.kind] = version.tariff
    kinds = sorted(found, key=lambda kind: (kind is not None, kind or ""))
    return [_prices(found[kind], language.gettext(KINDS[kind]) if kind else "", now, zone, language) for kind in kinds]


def _prices(tariff: Tariff, title: str, now: datetime, zone: ZoneInfo, language: Language) -> Prices:
    words = _Words(tariff.currency, language)
    rates = [(words.time_of_event(each), words.rate(each.rate, each.cap_cents)) for each in _soon(tariff, now, zone)]
    rates += [(words.time_of(each, tariff.bands), words.rate(each.rate, each.cap_cents)) for each in tariff.bands]
    if not _covers_all(tariff):
        rates.append((language.gettext("All other times"), language.gettext("free")))
    return Prices(title, tuple(rates), tuple(words.notes(tariff)))


def _soon(tariff: Tariff, now: datetime, zone: ZoneInfo) -> list[Event]:
    here = now.astimezone(zone).replace(tzinfo=None)
    return [event for event in tariff.events if event.start < here + EVENTS_AHEAD and here < event.end]


def _covers_all(tariff: Tariff) -> bool:
    """Whether some band holds at every minute of every kind of day."""
    days = (*DAYS, HOLIDAY) if tariff.holidays else DAYS
    free = {day: set(range(DAY_MINUTES)) for day in days}
    for band in tariff.bands:
        if band.hours is None:
            return True
        start, end = band.hours.start, band.hours.end
        for place, day in enumerate(days):
            if band.hours.days and day not in band.hours.days:
                continue
            if end > start:
                free[day] -= set(range(start, end))
                continue
            free[day] -= set(range(start, DAY_MINUTES))
            after = DAYS[(place + 1) % len(DAYS)] if day != HOLIDAY else HOLIDAY
            free[after] -= set(range(end))
    return not any(free.values())


class _Words:
    def __init__(self, currency: str, language: Language) -> None:
        self._currency, self._language, self._ = currency, language, language.gettext

    def money(self, cents: int) -> str:
        return self._language.money(cents, self._currency)

    def rate(self, rate: Rate, cap_cents: int | None) -> str:
        gettext, language = self._, self._language
        match rate:
            case PerStarted(minutes, cents) if minutes == HOUR:
                told = gettext("%(price)s per started hour", price=self.money(cents))
            case PerStarted(minutes, cents):
                told = gettext(
                    "%(price)s per started %(span)s", price=self.money(cents), span=language.duration(minutes)
                )
            case PerMinute(cents):
                told = gettext("%(price)s an hour, by the minute", price=self.money(cents))
            case Flat(cents):
                told = gettext("%(price)s flat rate", price=self.money(cents)) if cents else gettext("free")
            case Steps(steps, then):
                told = ", ".join(
                    gettext(
                        "up to %(span)s %(price)s",
                        span=language.duration(each.up_to_minutes),
                        price=self.money(each.price_cents),
                    )
                    for each in steps
                )
                if then is not None:
                    told = gettext("%(steps)s, then %(rate)s", steps=told, rate=self.rate(then, None))
        if cap_cents is not None:
            told = gettext("%(rate)s, at most %(price)s", rate=told, price=self.money(cap_cents))
        return told

    def time_of(self, band: Band, bands: Sequence[Band]) -> str:
        if band.hours is None:
            alone = len(bands) == 1
            return self._("At any time") if alone else self._("All other times")
        return self._hours(band.hours)

    def time_of_event(self, event: Event) -> str:
        start, end = event.start, event.end
        utc = ZoneInfo("UTC")  # the times are local already
        days = [self._language.day(each.replace(tzinfo=utc), utc) for each in (start, end)]
        return f"{event.name}, {days[0]} {start:%H:%M} – {'' if days[0] == days[1] else days[1] + ' '}{end:%H:%M}"

    def _hours(self, hours: Hours) -> str:
        days = self._language.weekdays(hours.days - {HOLIDAY}) if hours.days else ""
        if HOLIDAY in hours.days:
            days = ", ".join(filter(None, [days, self._("public holidays")]))
        whole = hours.start == 0 and hours.end == DAY_MINUTES
        clock = "" if whole and days else f"{_clock(hours.start)}–{_clock(hours.end)}"
        return " ".join(filter(None, [days, clock]))

    def notes(self, tariff: Tariff) -> list[str]:
        gettext, duration = self._, self._language.duration
        told = []
        if tariff.entry_grace_minutes:
            told.append(gettext("Free if you leave within %(span)s.", span=duration(tariff.entry_grace_minutes)))
        if tariff.allowance and tariff.allowance.minutes:
            span = duration(tariff.allowance.minutes)
            per_day = tariff.allowance.per is Per.DAY
            told.append(
                gettext("%(span)s free every day.", span=span)
                if per_day
                else gettext("The first %(span)s free.", span=span)
            )
        if tariff.cap:
            told.append(self._cap(tariff.cap))
        if tariff.stay_max_cents is not None:
            told.append(gettext("At most %(price)s a stay.", price=self.money(tariff.stay_max_cents)))
        if tariff.minimum_cents:
            told.append(gettext("At least %(price)s once anything is charged.", price=self.money(tariff.minimum_cents)))
        if tariff.exit_grace_minutes:
            told.append(
                gettext("After paying you have %(span)s to drive out.", span=duration(tariff.exit_grace_minutes))
            )
        if tariff.lost_ticket_cents:
            told.append(gettext("Lost ticket: %(price)s.", price=self.money(tariff.lost_ticket_cents)))
        if tariff.tax.percent:
            percent = self._language.number(round(float(tariff.tax.percent), 3))
            included = tariff.tax.included
            told.append(
                gettext("Prices include %(percent)s%% tax.", percent=percent)
                if included
                else gettext("%(percent)s%% tax comes on top.", percent=percent)
            )
        return told

    def _cap(self, cap: Cap) -> str:
        if cap.per is Per.DAY:
            return self._("At most %(price)s a day.", price=self.money(cap.price_cents))
        return self._("At most %(price)s in 24 hours.", price=self.money(cap.price_cents))


def _clock(minute: int) -> str:
    return f"{minute // HOUR:02}:{minute % HOUR:02}"
