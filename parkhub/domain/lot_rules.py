"""What an operator may set of a lot's sessions, and how long what they leave behind is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final

from parkhub.errors import FieldsError

DAYS_MAX: Final = 36_500


class TariffFollows(StrEnum):
    """Which version of a tariff prices a stay: the one it began under, or the one in force when it is priced."""

    BEGAN = "began"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class LotRules:
    """A lot's rules; these are the defaults.

    ``stay_max_minutes``: a session open for longer is closed, unpriced, and asked about; 0 is never.
    ``anti_passback``: a plate that is inside already does not enter a second time, but is asked about. The rest are
    days: of the pictures of entrances and exits, of what was read in them, of the plates of stays that are paid, and of
    stays that are not.
    """

    stay_max_minutes: int = 3 * 24 * 60
    anti_passback: bool = False
    tariff_follows: TariffFollows = TariffFollows.BEGAN
    picture_keep_days: int = 7
    read_keep_days: int = 30
    paid_keep_days: int = 30
    unpaid_keep_days: int = 365


_LIMITS: Final = {
    "stay_max_minutes": (0, 366 * 24 * 60),
    "picture_keep_days": (0, DAYS_MAX),
    "read_keep_days": (0, DAYS_MAX),
    "paid_keep_days": (1, DAYS_MAX),  # a day, in which a car is known that comes again, and daily allowances are shared
    "unpaid_keep_days": (1, DAYS_MAX),
}
_WORDS: Final = {
    "yes": True,
    "true": True,
    "on": True,
    "1": True,
    "no": False,
    "false": False,
    "off": False,
    "0": False,
}


def change_rules(rules: LotRules, given: Mapping[str, str]) -> LotRules:
    """The rules with some changed, by name, as a person writes them. Raises FieldsError, a sentence for each that is
    wrong.
    """
    changed: dict[str, object] = {}
    wrong: dict[str, str] = {}
    for name, text in given.items():
        try:
            changed[name] = _read(name, text.strip())
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise FieldsError(wrong)
    return replace(rules, **changed)  # type: ignore[arg-type]


def _read(name: str, text: str) -> object:
    if name == "anti_passback":
        if text.lower() not in _WORDS:
            raise ValueError("anti_passback is yes or no.")
        return _WORDS[text.lower()]
    if name == "tariff_follows":
        if text not in set(TariffFollows):
            raise ValueError(f"tariff_follows is one of {', '.join(TariffFollows)}.")
        return TariffFollows(text)
    if name not in _LIMITS:
        raise ValueError(f"There is no rule {name}; there are {', '.join(each.name for each in fields(LotRules))}.")
    least, most = _LIMITS[name]
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise ValueError(f"{name} is a whole number from {least} to {most}.")
    return int(text)
