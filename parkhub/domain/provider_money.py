"""Amounts as Stripe counts them, which differs from ISO 4217 in a few currencies (docs.stripe.com/currencies).

Of three-decimal currencies the last digit must be 0. Ariary have no digits there; krónur and Ugandan shillings have
two, which must be 00.
"""

from typing import Final

from parkhub.domain.money import format_amount, minor_digits
from parkhub.errors import InvalidInputError

_DIGITS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
_THREE: Final = 3
_POWERS: Final = (1, 10, 100, 1000)


def to_provider(cents: int, currency: str) -> int:
    """Our minor units in Stripe's. Raises InvalidInputError for an amount that cannot be paid there."""
    ours, theirs = minor_digits(currency), _digits(currency)
    amount, rest = divmod(cents * _POWERS[theirs], _POWERS[ours])
    if rest or (theirs == _THREE and amount % 10):
        asked = f"{format_amount(cents, currency)} {currency}"
        raise InvalidInputError(f"{asked} cannot be paid by card; it must be round.")
    return amount


def from_provider(amount: int, currency: str) -> int:
    """Stripe's units in our minor units; ``currency`` in either case. Raises ValueError for parts of a unit."""
    currency = currency.upper()
    cents, rest = divmod(amount * _POWERS[minor_digits(currency)], _POWERS[_digits(currency)])
    if rest:
        raise ValueError(f"{amount} {currency} is not a whole number of minor units")
    return cents


def _digits(currency: str) -> int:
    return _DIGITS.get(currency, minor_digits(currency))
