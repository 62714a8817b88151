"""What an operator may set of a lot's sessions, and how long what they leave behind is kept."""

from dataclasses import dataclass
from enum import StrEnum


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
