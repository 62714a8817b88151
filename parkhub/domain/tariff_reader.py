"""Reads a tariff from YAML or JSON, with an error that names the place and says what is wrong there."""

import re
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Final, TypeVar

import msgspec
from msgspec import UNSET

from parkhub.domain import tariffs
from parkhub.domain.local_time import DAY_MINUTES
from parkhub.domain.money import parse_amount
from parkhub.domain.tariff_form import (
    CLOCK,
    CURRENCY,
    MOMENT,
    AllowanceForm,
    Amount,
    BandForm,
    EventForm,
    FlatForm,
    OverstayForm,
    PerMinuteForm,
    PerStartedForm,
    RateForm,
    RoundingForm,
    StepsForm,
    TariffForm,
    TaxForm,
)
from parkhub.domain.tariff_yaml import load_yaml
from parkhub.domain.tariffs import Per, RoundTo, Tariff
from parkhub.domain.text import printable
from parkhub.errors import TariffError

TEXT_BYTES_MAX: Final = 64 * 1024
_T = TypeVar("_T")
_PATTERNS: Final = {
    CURRENCY: "a currency is three capital letters, such as EUR",
    CLOCK: 'a time of day is written as "08:00", at most "24:00"',
    MOMENT: "a local date and time is written as 2026-06-12T16:00",
}
_TYPES: Final = {
    "object": "names with values",
    "array": "a list",
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "null": "nothing",
}


def parse_tariff(text: str) -> Tariff:
    """Read YAML or JSON. Raises TariffError that names the place (``bands[0].rate.price``) and what is wrong there."""
    if len(text.encode(errors="surrogatepass")) > TEXT_BYTES_MAX:
        raise TariffError("", f"a tariff is at most {TEXT_BYTES_MAX // 1024} KiB long")
    return tariff_of(load_yaml(text))


def tariff_of(found: object) -> Tariff:
    """The tariff of plain values, as a JSON body has them. Raises TariffError."""
    try:
        form = msgspec.convert(found, TariffForm)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        raise TariffError(path.strip("`").removeprefix("$").removeprefix("."), _plain(reason)) from None
    return _Reader(form.currency).tariff(form)


def _plain(reason: str) -> str:
    """msgspec's words, as somebody says them who does not program."""
    if "matching regex" in reason:
        return next(words for pattern, words in _PATTERNS.items() if repr(pattern) in reason)
    words = re.sub(r"^Invalid (?:enum )?value (.*)$", r"\1 is none of the words that can stand here", reason)
    words = words.replace("Object contains", "there is an").replace("Object missing", "there is no")
    words = re.sub(
        r"`([^`]*)`", lambda found: " or ".join(_TYPES.get(each, each) for each in found[1].split(" | ")), words
    )
    return words[:1].lower() + words[1:]


def _at(path: str, make: Callable[[], _T]) -> _T:
    """What ``make`` answers; its ValueError becomes a TariffError at that place."""
    try:
        return make()
    except ValueError as error:
        raise TariffError(path, str(error)) from None


class _Reader:
    """Turns a checked form into a tariff."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def tariff(self, form: TariffForm) -> Tariff:
        """The whole of it."""
        _at("holidays", lambda: tariffs.holiday_calendar(form.holidays))
        stay_max_cents = self._amount_or_none(form.stay_max, "stay_max")
        minimum_cents = self._amount(form.minimum, "minimum")
        if stay_max_cents is not None and minimum_cents > stay_max_cents:
            raise TariffError("minimum", "the least a stay costs is more than stay_max, the most")
        return Tariff(
            currency=form.currency,
            bands=tuple(self._band(band, f"bands[{index}]") for index, band in enumerate(form.bands)),
            name=_name(form.name, "name"),
            entry_grace_minutes=form.entry_grace_minutes,
            exit_grace_minutes=form.exit_grace_minutes,
            allowance=_allowance(form.free_minutes),
            cap=None if form.cap is None else tariffs.Cap(self._amount(form.cap.price, "cap.price"), Per(form.cap.per)),
            stay_max_cents=stay_max_cents,
            minimum_cents=minimum_cents,
            lost_ticket_cents=self._amount_or_none(form.lost_ticket, "lost_ticket"),
            overstay=self._overstay(form.overstay or OverstayForm()),
            tax=_tax(form.tax),
            rounding=self._rounding(form.rounding),
            events=tuple(self._event(event, f"events[{index}]") for index, event in enumerate(form.events)),
            holidays=form.holidays,
        )

    def _amount(self, amount: Amount, path: str) -> int:
        cents = _at(path, lambda: parse_amount(str(amount), self._currency))
        if cents < 0:
            raise TariffError(path, "an amount cannot be below zero")
        return cents

    def _amount_or_none(self, amount: Amount | None, path: str) -> int | None:
        return None if amount is None else self._amount(amount, path)

    def _band(self, form: BandForm, path: str) -> tariffs.Band:
        hours = None
        if form.start is not UNSET or form.end is not UNSET or form.days is not UNSET:
            if (form.start is UNSET) != (form.end is UNSET):
                raise TariffError(path, "give both from and to, or neither")
            start, end = (
                (0, DAY_MINUTES)
                if form.start is UNSET or form.end is UNSET
                else (_minute(form.start), _minute(form.end))
            )
            if start == DAY_MINUTES:
                raise TariffError(f"{path}.from", "a day begins at 00:00")
            days = frozenset[str]() if form.days is UNSET else frozenset(form.days)
            hours = tariffs.Hours(start, end, days)
        rate = self._rate(form.rate, f"{path}.rate")
        return tariffs.Band(
            _name(form.name, f"{path}.name"), rate, hours, self._amount_or_none(form.cap, f"{path}.cap")
        )

    def _event(self, form: EventForm, path: str) -> tariffs.Event:
        start = _at(f"{path}.from", lambda: datetime.fromisoformat(form.start))
        end = _at(f"{path}.to", lambda: datetime.fromisoformat(form.end))
        if end <= start:
            raise TariffError(f"{path}.to", "an event ends after it begins")
        rate = self._rate(form.rate, f"{path}.rate")
        name = _name(form.name, f"{path}.name")
        return tariffs.Event(name, start, end, rate, self._amount_or_none(form.cap, f"{path}.cap"))

    def _rate(self, form: RateForm, path: str) -> tariffs.Rate:
        match form:
            case PerStartedForm():
                return tariffs.PerStarted(form.minutes, self._amount(form.price, f"{path}.price"))
            case PerMinuteForm():
                return tariffs.PerMinute(self._amount(form.price_per_hour, f"{path}.price_per_hour"))
            case FlatForm():
                return tariffs.Flat(self._amount(form.price, f"{path}.price"))
            case StepsForm():
                return self._steps(form, path)

    def _steps(self, form: StepsForm, path: str) -> tariffs.Steps:
        steps: list[tariffs.Step] = []
        for index, each in enumerate(form.steps):
            step = tariffs.Step(each.up_to_minutes, self._amount(each.price, f"{path}.steps[{index}].price"))
            if steps and step.up_to_minutes <= steps[-1].up_to_minutes:
                raise TariffError(f"{path}.steps[{index}].up_to_minutes", "each step lasts longer than the one before")
            if steps and step.price_cents < steps[-1].price_cents:
                raise TariffError(f"{path}.steps[{index}].price", "a longer stay cannot cost less than a shorter one")
            steps.append(step)
        then = None if form.then is None else self._rate(form.then, f"{path}.then")
        assert then is None or isinstance(then, tariffs.PerStarted | tariffs.PerMinute)  # by the form's type
        return tariffs.Steps(tuple(steps), then)

    def _overstay(self, form: OverstayForm) -> tariffs.Overstay:
        rate = None if form.rate is None else self._rate(form.rate, "overstay.rate")
        return tariffs.Overstay(form.grace_minutes, self._amount(form.fee, "overstay.fee"), rate)

    def _rounding(self, form: RoundingForm | None) -> tariffs.Rounding:
        if form is None:
            return tariffs.Rounding()
        cents = self._amount(form.to, "rounding.to")
        if cents == 0:
            raise TariffError("rounding.to", "a coin is worth more than nothing")
        return tariffs.Rounding(cents, RoundTo(form.mode))


def _name(name: str, path: str) -> str:
    if not printable(name):
        raise TariffError(path, "a name is one line without control characters")
    return name


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _allowance(form: AllowanceForm | None) -> tariffs.Allowance | None:
    return None if form is None else tariffs.Allowance(form.minutes, Per(form.per))


def _tax(form: TaxForm | None) -> tariffs.Tax:
    if form is None:
        return tariffs.Tax()
    if not re.fullmatch(r"\d{1,2}(\.\d{1,3})?", str(form.percent)):
        raise TariffError("tax.percent", "a tax is a percentage from 0 to below 100, such as 19 or 8.25")
    return tariffs.Tax(Fraction(str(form.percent)), form.included)
