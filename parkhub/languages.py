"""The languages drivers read: translated texts, and money and time as people of each language write them.

Catalogues are `frontend/locales/<code>.po`; English is the text itself. They are read once, on first use.
"""

import gettext
import io
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import NumberPattern, format_decimal

from parkhub.domain.money import minor_digits
from parkhub.domain.tariffs import DAYS

CATALOGUES: Final = Path(__file__).resolve().parents[1] / "frontend" / "locales"

# Names in the language itself, and the place whose way of writing is used.
NAMES: Final = {"en": "English", "de": "Deutsch", "es": "Español", "fr": "Français", "pt": "Português"}
_LOCALES: Final = {"en": "en_GB", "de": "de", "es": "es", "fr": "fr", "pt": "pt_BR"}
_MINUTE_S: Final = 60
_HOUR_MINUTES: Final = 60
_DAY_MINUTES: Final = 24 * 60


def marked(message: str) -> str:
    """A text that is translated where it is shown: this only lets the catalogues know of it."""
    return message


@dataclass(frozen=True)
class Language:
    """One language. ``code`` is what pages say in ``lang``."""

    code: str
    locale: Locale = field(repr=False)
    _texts: gettext.NullTranslations = field(repr=False)

    @property
    def name(self) -> str:
        """What it calls itself."""
        return NAMES[self.code]

    def gettext(self, message: str, **values: Any) -> str:
        """The text in this language, with values put in where it says ``%(name)s``."""
        found = self._texts.gettext(message)
        return found % values if values else found

    def ngettext(self, one: str, many: str, number: int, **values: Any) -> str:
        """The same for a number of things, which is also put in as ``%(num)s``."""
        return self.plural(one, many, number) % {"num": self.number(number), **values}

    def plural(self, one: str, many: str, number: int) -> str:
        """The text that fits a number, with nothing put in."""
        return self._texts.ngettext(one, many, number)

    def number(self, number: float | Decimal) -> str:
        """With this language's points and commas."""
        return format_decimal(number, locale=self.locale)

    def money(self, cents: int, currency: str) -> str:
        """An amount of minor units with its sign: €5.40, 5,40 €."""
        digits = minor_digits(currency)  # not the locale's idea of them: books and cards count by ISO 4217
        pattern = _money_pattern(str(self.locale), digits)
        written: str = pattern.apply(Decimal(cents).scaleb(-digits), self.locale, currency, currency_digits=False)
        return written

    def clock(self, moment: datetime, zone: ZoneInfo) -> str:
        """The time of day on a lot's clock, to the minute."""
        return format_time(moment, "HH:mm", tzinfo=zone, locale=self.locale)

    def day(self, moment: datetime | date, zone: ZoneInfo) -> str:
        """A short day with its weekday: Tue 14 Apr."""
        return format_skeleton("MMMEd", moment, tzinfo=zone, locale=self.locale)

    def full_day(self, moment: datetime, zone: ZoneInfo) -> str:
        """A day with its year, as receipts have it."""
        return format_date(moment.astimezone(zone), "medium", locale=self.locale)

    def when(self, moment: datetime, zone: ZoneInfo, now: datetime) -> str:
        """A time of day, with the day unless that is today."""
        clock = self.clock(moment, zone)
        if moment.astimezone(zone).date() == now.astimezone(zone).date():
            return clock
        return self.gettext("%(day)s, %(clock)s", day=self.day(moment, zone), clock=clock)

    def duration(self, minutes: int) -> str:
        """``45 min``, ``2 h``, ``2 h 28 min``, ``3 days``."""
        if minutes >= 2 * _DAY_MINUTES and minutes % _DAY_MINUTES == 0:
            return self.ngettext("%(num)s day", "%(num)s days", minutes // _DAY_MINUTES)
        hours, rest = divmod(minutes, _HOUR_MINUTES)
        parts = [self.gettext("%(n)s h", n=hours)] * bool(hours)
        parts += [self.gettext("%(n)s min", n=rest)] * bool(rest or not hours)
        return " ".join(parts)

    def age(self, seconds: float) -> str:
        """How long something took or is ago, in one unit: 40 s, 4 min, 2 h, 3 days."""
        if seconds < _MINUTE_S:
            return self.gettext("%(n)s s", n=max(0, int(seconds)))
        minutes = int(seconds // _MINUTE_S)
        if minutes < _DAY_MINUTES:
            return self.duration(minutes if minutes < _HOUR_MINUTES else minutes // _HOUR_MINUTES * _HOUR_MINUTES)
        return self.ngettext("%(num)s day", "%(num)s days", minutes // _DAY_MINUTES)

    def weekdays(self, days: Iterable[str]) -> str:
        """Names of the days of the week, from `DAYS`: neighbours as Mon–Fri, the others listed."""
        names, runs = self.locale.days["format"]["abbreviated"], list[list[int]]()
        for number in sorted(DAYS.index(day) for day in days):
            if runs and runs[-1][-1] == number - 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        return ", ".join(names[run[0]] if len(run) == 1 else f"{names[run[0]]}–{names[run[-1]]}" for run in runs)

    def listed(self, parts: Iterable[str]) -> str:
        """``a, b and c``."""
        return format_list(list(parts), locale=self.locale)


@lru_cache(maxsize=4 * len(NAMES))
def _money_pattern(locale: str, digits: int) -> NumberPattern:
    pattern: NumberPattern = copy(Locale.parse(locale).currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    return pattern


def catalogue(code: str) -> Path:
    """The file of a language's texts."""
    return CATALOGUES / f"{code}.po"


@lru_cache(maxsize=len(NAMES))
def language(code: str) -> Language:
    """The language of a code in `NAMES`; English for any other."""
    if code not in NAMES or code == "en":
        return Language("en", Locale.parse(_LOCALES["en"]), gettext.NullTranslations())
    with catalogue(code).open("rb") as file:
        found = read_po(file, locale=code)
    compiled = io.BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    return Language(code, Locale.parse(_LOCALES[code]), gettext.GNUTranslations(compiled))


ENGLISH: Final = language("en")


def negotiate(accepted: str) -> str:
    """The code of the first language of an ``Accept-Language`` header that there is; English without any."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted[:500].split(",")):
        name, _, weight = part.strip().partition(";q=")
        code = name.strip().lower().split("-")[0]
        try:
            quality = float(weight or 1)
        except ValueError:
            continue
        if code in NAMES and quality > 0:
            wanted.append((-quality, place, code))
    return min(wanted)[2] if wanted else "en"
