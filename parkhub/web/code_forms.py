"""Discount codes as forms and programs give them."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.discounts import CodeLimits, Discount
from parkhub.domain.local_time import day_span
from parkhub.domain.money import parse_amount
from parkhub.errors import FieldsError, InvalidInputError, sentence

MINUTES_MAX: Final = 366 * 24 * 60
PERCENT: Final = "^(100|[0-9]{1,2}(\\.[0-9]{1,2})?)$"


def discount_of(code: str, minutes: int, percent: Fraction, amount_cents: int) -> Discount:
    """What a code takes off. Raises InvalidInputError."""
    try:
        return Discount(code.strip().upper(), minutes, percent, amount_cents)
    except ValueError:
        raise InvalidInputError("A code takes off minutes, or a percentage, or an amount.") from None


def read_discount(given: Mapping[str, str], currency: str) -> Discount:
    """The same of a form: ``takes`` (minutes, percent or amount) and ``value``. Raises FieldsError."""
    value, minutes, percent, cents = given["value"].strip(), 0, Fraction(0), 0
    if given["takes"] == "amount":
        if not currency:
            raise FieldsError({"value": "Publish a tariff first, so that it is known in which money."})
        try:
            cents = parse_amount(value, currency)
        except ValueError as error:
            raise FieldsError({"value": sentence(error)}) from None
    elif given["takes"] == "minutes" and _whole(value) is not None:
        minutes = min(_whole(value) or 0, MINUTES_MAX)
    elif given["takes"] == "percent" and re.fullmatch(PERCENT, value):
        percent = Fraction(value)
    else:
        raise FieldsError({"value": "Give a number, such as 60 minutes, 50 percent or 2.50."})
    try:
        return discount_of(given["code"], minutes, percent, cents)
    except InvalidInputError:
        raise FieldsError({"value": "Take off more than nothing."}) from None


def read_limits(given: Mapping[str, str], zone: ZoneInfo, now: datetime) -> CodeLimits:
    """From the first day to the end of the last by the lot's calendar, and how often. Raises FieldsError."""
    days = {}
    for name in ("starts_at", "ends_at"):
        try:
            days[name] = day_span(date.fromisoformat(given[name]), zone) if given[name] else None
        except (ValueError, OverflowError):
            raise FieldsError({name: "Give a day, such as 2026-11-21."}) from None
    uses = _whole(given["uses_max"]) if given["uses_max"] else None
    if given["uses_max"] and not uses:
        raise FieldsError({"uses_max": "Give a number of stays, or nothing for no limit."})
    first, last = days["starts_at"], days["ends_at"]
    if last and last.end <= now:
        raise FieldsError({"ends_at": "That day is over: the code would never work."})
    return CodeLimits(first.start if first else None, last.end if last else None, uses)


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
