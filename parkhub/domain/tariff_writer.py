"""Writes a tariff as YAML."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import yaml
from msgspec import UNSET

from parkhub.domain import tariffs
from parkhub.domain.money import format_amount
from parkhub.domain.tariff_form import (
    AllowanceForm,
    BandForm,
    CapForm,
    EventForm,
    FlatForm,
    OverstayForm,
    PerMinuteForm,
    PerStartedForm,
    RateForm,
    RoundingForm,
    StepForm,
    StepsForm,
    TariffForm,
    TaxForm,
)
from parkhub.domain.tariffs import Tariff


def write_tariff(tariff: Tariff) -> str:
    """The tariff as YAML, such that reading it gives the same tariff."""
    plain: dict[str, Any] = msgspec.to_builtins(_Writer(tariff.currency).tariff(tariff))
    text: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return text


class _Writer:
    """Turns a tariff into its form."""

    def __init__(self, currency: str) -> None:
        self._currency = currency

    def tariff(self, tariff: Tariff) -> TariffForm:
        """The whole of it."""
        allowance, cap = tariff.allowance, tariff.cap
        return TariffForm(
            currency=tariff.currency,
            bands=[self._band(band) for band in tariff.bands],
            name=tariff.name,
            entry_grace_minutes=tariff.entry_grace_minutes,
            exit_grace_minutes=tariff.exit_grace_minutes,
            free_minutes=None if allowance is None else AllowanceForm(allowance.minutes, allowance.per.value),  # type: ignore[arg-type]
            cap=None if cap is None else CapForm(self._amount(cap.price_cents), cap.per.value),  # type: ignore[arg-type]
            stay_max=self._amount_or_none(tariff.stay_max_cents),
            minimum=self._amount(tariff.minimum_cents) if tariff.minimum_cents else 0,
            lost_ticket=self._amount_or_none(tariff.lost_ticket_cents),
            overstay=self._overstay(tariff.overstay),
            tax=None if tariff.tax == tariffs.Tax() else TaxForm(_percent(tariff.tax.percent), tariff.tax.included),
            rounding=None
            if tariff.rounding == tariffs.Rounding()
            else RoundingForm(self._amount(tariff.rounding.to_cents), tariff.rounding.mode.value),
            events=[self._event(event) for event in tariff.events],
            holidays=tariff.holidays,
        )

    def _amount(self, cents: int) -> str:
        return format_amount(cents, self._currency)

    def _amount_or_none(self, cents: int | None) -> str | None:
        return None if cents is None else self._amount(cents)

    def _band(self, band: tariffs.Band) -> BandForm:
        hours = band.hours
        return BandForm(
            rate=self._rate(band.rate),
            name=band.name,
            days=[day for day in (*tariffs.DAYS, tariffs.HOLIDAY) if day in hours.days]
            if hours is not None and hours.days
            else UNSET,
            start=_clock(hours.start) if hours is not None else UNSET,
            end=_clock(hours.end) if hours is not None else UNSET,
            cap=self._amount_or_none(band.cap_cents),
        )

    def _event(self, event: tariffs.Event) -> EventForm:
        start, end = (at.isoformat(timespec="minutes") for at in (event.start, event.end))
        return EventForm(self._rate(event.rate), start, end, event.name, self._amount_or_none(event.cap_cents))

    def _rate(self, rate: tariffs.Rate) -> RateForm:
        match rate:
            case tariffs.PerStarted():
                return PerStartedForm(rate.minutes, self._amount(rate.price_cents))
            case tariffs.PerMinute():
                return PerMinuteForm(self._amount(rate.hour_cents))
            case tariffs.Flat():
                return FlatForm(self._amount(rate.price_cents))
            case tariffs.Steps():
                steps = [StepForm(step.up_to_minutes, self._amount(step.price_cents)) for step in rate.steps]
                then = None if rate.then is None else self._rate(rate.then)
                assert then is None or isinstance(then, PerStartedForm | PerMinuteForm)  # by the rate's type
                return StepsForm(steps, then)

    def _overstay(self, overstay: tariffs.Overstay) -> OverstayForm | None:
        if overstay == tariffs.Overstay():
            return None
        rate = None if overstay.rate is None else self._rate(overstay.rate)
        return OverstayForm(overstay.grace_minutes, self._amount(overstay.fee_cents) if overstay.fee_cents else 0, rate)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _percent(percent: Fraction) -> str:
    return f"{Decimal(percent.numerator) / Decimal(percent.denominator):f}"
