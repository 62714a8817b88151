"""What an operator may set of a lot's sessions, and how long what they leave behind is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Final

from parkhub.domain.receipts import Operator
from parkhub.domain.text import printable
from parkhub.errors import FieldsError

DAYS_MAX: Final = 36_500
TEXT_LENGTH_MAX: Final = 120


class TariffFollows(StrEnum):
    """Which version of a tariff prices a stay: the one it began under, or the one in force when it is priced."""

    BEGAN = "began"
    RUNNING = "running"


class SmallDues(StrEnum):
    """What becomes of less than a card payment takes: nobody asks for it, it is paid at the lot before leaving, or it
    stays owed.
    """

    LET_GO = "let_go"
    MACHINE = "machine"
    CARRIED = "carried"


@dataclass(frozen=True, slots=True)
class LotRules:
    """A lot's rules; these are the defaults.

    ``stay_max_minutes``: a session open for longer is closed, unpriced, and asked about; 0 is never.
    ``anti_passback``: a plate that is inside already does not enter a second time, but is asked about. The rest are
    days: of the pictures of entrances and exits, of what was read in them, of the plates of stays that are paid, and of
    stays that are not. ``paid_ahead``: drivers pay when they come, until when they choose, and no gate is at the exit;
    ``remind_minutes`` before that they get a letter, 0 is never. ``small_dues``: see `SmallDues`.
    ``processing_leaves``: a payment that a bank has in hand counts as one that has arrived. ``operator_…``: who takes
    the money, as receipts name it; without a name whoever the settings name.
    """

    stay_max_minutes: int = 3 * 24 * 60
    anti_passback: bool = False
    tariff_follows: TariffFollows = TariffFollows.BEGAN
    picture_keep_days: int = 7
    read_keep_days: int = 30
    paid_keep_days: int = 30
    unpaid_keep_days: int = 365
    paid_ahead: bool = False
    remind_minutes: int = 10
    small_dues: SmallDues = SmallDues.CARRIED
    processing_leaves: bool = True
    operator_name: str = ""
    operator_address: str = ""
    operator_tax_number: str = ""

    def operator(self, usual: Operator) -> Operator:
        """Who takes the money here: the lot's own if it names one, whole, else the usual one."""
        if not self.operator_name:
            return usual
        return Operator(self.operator_name, self.operator_address, self.operator_tax_number)


_LIMITS: Final = {
    "stay_max_minutes": (0, 366 * 24 * 60),
    "picture_keep_days": (0, DAYS_MAX),
    "read_keep_days": (0, DAYS_MAX),
    "paid_keep_days": (1, DAYS_MAX),  # a day, in which a car is known that comes again, and daily allowances are shared
    "unpaid_keep_days": (1, DAYS_MAX),
    "remind_minutes": (0, 24 * 60),
}
_SWITCHES: Final = frozenset(("anti_passback", "paid_ahead", "processing_leaves"))
_CHOICES: Final[Mapping[str, type[StrEnum]]] = {"tariff_follows": TariffFollows, "small_dues": SmallDues}
_TEXTS: Final = frozenset(("operator_name", "operator_address", "operator_tax_number"))
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
    if name in _TEXTS:
        if len(text) > TEXT_LENGTH_MAX or not printable(text):
            raise ValueError(f"{name} is one line of at most {TEXT_LENGTH_MAX} letters, or empty.")
        return text
    if name in _SWITCHES:
        if text.lower() not in _WORDS:
            raise ValueError(f"{name} is yes or no.")
        return _WORDS[text.lower()]
    if choice := _CHOICES.get(name):
        if text not in set(choice):
            raise ValueError(f"{name} is one of {', '.join(choice)}.")
        return choice(text)
    if name not in _LIMITS:
        raise ValueError(f"There is no rule {name}; there are {', '.join(each.name for each in fields(LotRules))}.")
    least, most = _LIMITS[name]
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and least <= int(text) <= most):
        raise ValueError(f"{name} is a whole number from {least} to {most}.")
    return int(text)
