"""Money: whole minor units with a currency, and the one rounding function.

An amount is an ``int`` of minor units, named ``…_cents`` whatever the currency; its currency is an ISO 4217 code.
"""

import re
from decimal import Decimal
from fractions import Fraction
from typing import Final

_NO_DIGITS: Final = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THREE_DIGITS: Final = frozenset(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"])
_CODE: Final = re.compile(r"[A-Z]{3}")
_AMOUNT: Final = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?")
AMOUNT_MAX: Final = 10**12  # minor units; far below what a database's BIGINT and a browser's numbers hold exactly


def minor_digits(currency: str) -> int:
    """Digits after the point of an amount in this currency (ISO 4217). Raises ValueError for what is no code."""
    if not _CODE.fullmatch(currency):
        raise ValueError(f"{currency!r} is no currency code of three capital letters, such as EUR")
    return 0 if currency in _NO_DIGITS else 3 if currency in _THREE_DIGITS else 2


def parse_amount(text: str, currency: str) -> int:
    """Minor units of a written amount such as ``2.50``. Raises ValueError with a sentence: never rounds."""
    digits = minor_digits(currency)
    if not _AMOUNT.fullmatch(text):
        raise ValueError(f"{text[:20]!r} is no amount, such as 2.50")
    cents = Fraction(text) * 10**digits
    if abs(cents) > AMOUNT_MAX:
        raise ValueError("the amount is too large")
    if cents.denominator != 1:
        raise ValueError(f"{text} has more digits after the point than {currency} has ({digits})")
    return int(cents)


def format_amount(cents: int, currency: str) -> str:
    """The amount with a point and no currency sign, such as ``2.50``; a template writes it in the reader's language."""
    digits = minor_digits(currency)
    return f"{Decimal(cents).scaleb(-digits):.{digits}f}"


def rounded(amount: Fraction) -> int:
    """Half away from zero, as cash registers round: the only rounding of money there is."""
    whole, rest = divmod(abs(amount.numerator), amount.denominator)
    whole += 2 * rest >= amount.denominator
    return whole if amount >= 0 else -whole
