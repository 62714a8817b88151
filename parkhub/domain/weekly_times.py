"""Times of the week as people write them: ``mon-fri 07:00-19:00; sat 08:00-12:00``, in a lot's local time.

Several are separated by semicolons. Without days they hold every day; an end that is not after the beginning lies on
the next day (``22:00-06:00``). Days wrap (``fri-mon``) and may be listed (``mon,wed``). Nothing at all means always.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.local_time import DAY_MINUTES, Span, instant, local_day
from parkhub.domain.tariffs import DAYS, Hours

TIMES_MAX: Final = 20
_WRITTEN: Final = re.compile(r"(?:([a-z,\- ]+) )?(\d\d?):(\d\d) ?- ?(\d\d?):(\d\d)")


def parse_times(text: str) -> tuple[Hours, ...]:
    """Read them. Raises ValueError with a sentence's end that says what is wrong."""
    parts = [" ".join(part.lower().split()) for part in text.replace("\u2013", "-").split(";")]
    found = tuple(_hours(part) for part in parts if part)
    if len(found) > TIMES_MAX:
        raise ValueError(f"there are more than {TIMES_MAX} times")
    return found


def write_times(times: Iterable[Hours]) -> str:
    """The same in one way of writing, which `parse_times` reads back."""
    return "; ".join(f"{_write_days(each.days)}{_write_clock(each.start)}-{_write_clock(each.end)}" for each in times)


def stretches(times: Sequence[Hours], within: Span, zone: ZoneInfo) -> list[Span]:
    """When they hold inside ``within``: in order, none touching another. Without any times: all of it."""
    if not times or not within.length:
        return [within] if within.length else []
    found: list[Span] = []
    day, last = local_day(within.start, zone) - timedelta(days=1), local_day(within.end, zone)
    while day <= last:
        found += [_span(hours, day, zone) for hours in times if not hours.days or DAYS[day.weekday()] in hours.days]
        day += timedelta(days=1)
    return _joined(
        Span(max(each.start, within.start), min(each.end, within.end))
        for each in found
        if each.length and each.start < within.end and within.start < each.end
    )


def _joined(spans: Iterable[Span]) -> list[Span]:
    joined: list[Span] = []
    for each in sorted(spans, key=lambda span: span.start):
        if joined and each.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, each.end))
        else:
            joined.append(each)
    return joined


def _span(hours: Hours, day: date, zone: ZoneInfo) -> Span:
    end = hours.end if hours.end > hours.start else hours.end + DAY_MINUTES
    return Span(instant(day, hours.start, zone), instant(day, end, zone))


def _hours(text: str) -> Hours:
    match = _WRITTEN.fullmatch(text)
    if match is None:
        raise ValueError(f'"{text[:40]}" is no time of the week such as "mon-fri 07:00-19:00"')
    days, *clock = match.groups()
    start, end = _minute(clock[0], clock[1]), _minute(clock[2], clock[3])
    if start == DAY_MINUTES:
        raise ValueError("a day begins at 00:00")
    return Hours(start, end, _days(days) if days else frozenset())


def _minute(hour: str, minute: str) -> int:
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > DAY_MINUTES:
        raise ValueError(f'"{hour}:{minute}" is no time of day')
    return found


def _days(text: str) -> frozenset[str]:
    found: set[str] = set()
    for part in text.split(","):
        first, dash, last = (each.strip() for each in part.partition("-"))
        begin, end = _day(first), _day(last if dash else first)
        found.update(DAYS[(begin + offset) % 7] for offset in range((end - begin) % 7 + 1))
    return frozenset() if len(found) == len(DAYS) else frozenset(found)


def _day(name: str) -> int:
    if name not in DAYS:
        raise ValueError(f'"{name[:20]}" is none of {", ".join(DAYS)}')
    return DAYS.index(name)


def _write_days(days: frozenset[str]) -> str:
    """Neighbours as ``mon-fri``, the others listed."""
    runs: list[list[int]] = []
    for number in sorted(DAYS.index(day) for day in days):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs]
    return f"{','.join(words)} " if words else ""


def _write_clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
