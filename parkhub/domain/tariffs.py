"""Tariffs: what a stay costs, as an operator says it. `parkhub.domain.pricing` applies them.

Amounts are minor units of the tariff's currency, times of day minutes after local midnight. A tariff carries no lot, no
vehicle kind and no version: those belong to where it is kept.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from functools import lru_cache
from typing import Final

import holidays

from parkhub.domain.local_time import DAY_MINUTES
from parkhub.domain.money import minor_digits

HOLIDAY: Final = "holiday"
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Per(StrEnum):
    """What a cap or an allowance counts over: a local calendar day, 24 hours from arrival on, or the stay."""

    DAY = "day"
    HOURS_24 = "24h"
    STAY = "stay"


class RoundTo(StrEnum):
    """Which way the sum is brought to a coin that exists."""

    UP = "up"
    DOWN = "down"
    NEAREST = "nearest"


@dataclass(frozen=True, slots=True)
class PerStarted:
    """``price_cents`` for every started ``minutes``; what has begun is charged at the price it began with."""

    minutes: int
    price_cents: int


@dataclass(frozen=True, slots=True)
class PerMinute:
    """Every started minute at a sixtieth of the hour's price."""

    hour_cents: int


@dataclass(frozen=True, slots=True)
class Flat:
    """One price for as long as the hours last; in hours without a beginning and an end, for the stay."""

    price_cents: int


@dataclass(frozen=True, slots=True)
class Step:
    """Staying at most ``up_to_minutes`` costs ``price_cents`` in all."""

    up_to_minutes: int
    price_cents: int


@dataclass(frozen=True, slots=True)
class Steps:
    """Prices as on a sign, "up to 1 h 2.00, up to 3 h 5.00"; beyond the last step ``then``, or nothing more.

    They begin again with every night or day their hours hold, and with every day or 24 hours the tariff's cap counts
    over. An event within holds them up, not their clock.
    """

    steps: tuple[Step, ...]
    then: PerStarted | PerMinute | None = None


Rate = PerStarted | PerMinute | Flat | Steps


@dataclass(frozen=True, slots=True)
class Hours:
    """When a band holds: local minutes ``start`` to ``end`` of the days in ``days``; over midnight when end <= start.

    ``days`` from `DAYS` and `HOLIDAY`; empty means every day. A public holiday is no weekday.
    """

    start: int = 0
    end: int = DAY_MINUTES
    days: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Band:
    """A rate and when it holds; ``hours`` None: always.

    ``cap_cents``: the most one night (or day) of it costs; without hours, the stay.
    """

    name: str
    rate: Rate
    hours: Hours | None = None
    cap_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A rate for an exceptional time, local naive ``start`` to ``end``; it goes before every band.

    Of caps only its own ``cap_cents`` and the stay's hold: a day's cap of 12.00 leaves a match at 20.00.
    """

    name: str
    start: datetime
    end: datetime
    rate: Rate
    cap_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Allowance:
    """Minutes that cost nothing, taken from time that would be charged, per local day or per stay."""

    minutes: int
    per: Per = Per.STAY

    def __post_init__(self) -> None:
        if self.per is Per.HOURS_24:
            raise ValueError("free minutes are given per day or per stay")


@dataclass(frozen=True, slots=True)
class Cap:
    """The most a local day, or 24 hours from arrival on, costs, events apart."""

    price_cents: int
    per: Per = Per.HOURS_24

    def __post_init__(self) -> None:
        if self.per is Per.STAY:
            raise ValueError("a cap over the whole stay is stay_max_cents")


@dataclass(frozen=True, slots=True)
class Overstay:
    """What staying longer than booked adds: a fee, and the time from the booking's end on.

    Caps and codes hold for the time where the bands price it, never for the fee or for ``rate``.
    """

    grace_minutes: int = 0
    fee_cents: int = 0
    rate: Rate | None = None  # None: as the bands say


@dataclass(frozen=True, slots=True)
class Tax:
    """``percent`` of the net; ``included`` when the tariff's prices contain it."""

    percent: Fraction = Fraction(0)
    included: bool = True


@dataclass(frozen=True, slots=True)
class Rounding:
    """What is to be paid, tax and all, is brought to a multiple of ``to_cents``; last, so also from a cap up."""

    to_cents: int = 1
    mode: RoundTo = RoundTo.NEAREST


@dataclass(frozen=True, slots=True)
class Tariff:
    """The price rules of a lot. Of the bands the first that holds counts; where none does, parking is free.

    ``entry_grace_minutes``: leaving within it costs nothing, staying longer costs from the beginning.
    ``exit_grace_minutes``: time to leave after paying. ``holidays``: a calendar such as ``DE`` or ``DE-BY``; empty, and
    no day is a public holiday. ``minimum_cents`` holds when anything is charged at all. Codes are taken off what
    ``minimum_cents`` and ``stay_max_cents`` leave.
    """

    currency: str
    bands: tuple[Band, ...]
    name: str = ""
    entry_grace_minutes: int = 0
    exit_grace_minutes: int = 15
    allowance: Allowance | None = None
    cap: Cap | None = None
    stay_max_cents: int | None = None
    minimum_cents: int = 0
    lost_ticket_cents: int | None = None
    overstay: Overstay = field(default_factory=Overstay)
    tax: Tax = field(default_factory=Tax)
    rounding: Rounding = field(default_factory=Rounding)
    events: tuple[Event, ...] = ()
    holidays: str = ""

    def __post_init__(self) -> None:
        minor_digits(self.currency)
        holiday_calendar(self.holidays)


@lru_cache(maxsize=64)
def holiday_calendar(name: str) -> holidays.HolidayBase:
    """The public holidays of ``DE`` or ``DE-BY``; none for an empty name. Raises ValueError for an unknown one."""
    if not name:
        return holidays.HolidayBase()
    country, _, part = name.partition("-")
    try:
        return holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        raise ValueError(f"{name!r} is no holiday calendar that is known; DE or US-CA would be") from None
