"""When a lot is open, in words for drivers."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.opening_times import OpenDay, Opening, OpeningTimes
from parkhub.languages import Language

DAY: Final = timedelta(days=1)
UTC: Final = ZoneInfo("UTC")  # days of a calendar are in no zone


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from today as (name, hours) in words; `today` is the first. Without ``days`` it never closes."""

    days: tuple[tuple[str, str], ...]


def opening_sentence(times: OpeningTimes | None, now: datetime, language: Language) -> str:
    """Whether the lot is open now and until when; nothing where nobody has said."""
    if times is None:
        return ""
    gettext, found, here = language.gettext, times.at(now), now.astimezone(times.zone)
    if found.is_open is None:
        return ""
    if found.is_open:
        return _open(found, here, times.zone, language)
    if found.until is None:
        return gettext("Closed")
    return gettext("Closed, opens %(when)s", when=_moment(found.until, here, times.zone, language))


def _open(found: Opening, here: datetime, zone: ZoneInfo, language: Language) -> str:
    gettext = language.gettext
    if found.until is None:
        return gettext("Open all day, every day")
    midnight = found.until.time() == datetime.min.time()
    last = found.until - DAY if midnight else found.until
    clock = "24:00" if midnight else language.clock(found.until, zone)
    if last.date() != here.date():
        return gettext("Open until %(when)s", when=_moment(found.until, here, zone, language))
    if found.began is None:
        return gettext("Open until %(when)s", when=clock)
    return gettext("Open today %(start)s to %(end)s", start=language.clock(found.began, zone), end=clock)


def _moment(moment: datetime, here: datetime, zone: ZoneInfo, language: Language) -> str:
    clock = language.clock(moment, zone)
    if moment.date() == here.date():
        return language.gettext("at %(clock)s", clock=clock)
    if moment.date() == here.date() + DAY:
        return language.gettext("tomorrow %(clock)s", clock=clock)
    return language.when(moment, zone, here)


def opening_week(times: OpeningTimes | None, now: datetime, language: Language) -> Week | None:
    """The next seven days; None where nobody has said."""
    if times is None or times.at(now).is_open is None:
        return None
    days = times.week(now.astimezone(times.zone).date())
    if all(day.whole for day in days):
        return Week(())
    gettext = language.gettext
    names = [gettext("Today"), gettext("Tomorrow"), *(language.day(day.day, UTC) for day in days[2:])]
    return Week(tuple((name, _hours(day, language)) for name, day in zip(names, days, strict=True)))


def _hours(day: OpenDay, language: Language) -> str:
    if day.whole:
        return language.gettext("open all day")
    spans = [f"{start:%H:%M}–{'24:00' if _is_end(end, day) else f'{end:%H:%M}'}" for start, end in day.spans]
    return ", ".join(spans) or language.gettext("closed")


def _is_end(end: datetime, day: OpenDay) -> bool:
    return end == datetime.combine(day.day, datetime.min.time()) + DAY
