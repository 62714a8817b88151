"""Amounts as Stripe counts them, which differs from ISO 4217 in a few currencies (docs.stripe.com/currencies).

Of three-decimal currencies the last digit must be 0. Ariary have no digits there; krónur and Ugandan shillings have
two, which must be 00.
"""

from typing import Final

from parkhub.domain.money import format_amount, minor_digits
from parkhub.errors import InvalidInputError

_DIGITS: Final = {"ISK": 2, "UGX": 2, "MGA": 0}
_LEAST: Final = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip
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


def least_cents(currency: str) -> int:
    """The least that a card payment takes, in our minor units (docs.stripe.com/currencies, minimum charge amounts).

    1 where Stripe names none: it then goes by what the amount is in the account's own currency.
    """
    return _LEAST.get(currency, 1)


def _digits(currency: str) -> int:
    return _DIGITS.get(currency, minor_digits(currency))
