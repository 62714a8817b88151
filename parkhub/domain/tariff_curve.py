"""A tariff's price over the length of a stay, from one arrival on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.local_time import MINUTE, Span
from parkhub.domain.pricing import price
from parkhub.domain.tariffs import Tariff

POINTS_MAX: Final = 120
_A_MOMENT: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Step:
    """Staying longer than ``minutes`` costs ``cents``, until the next step."""

    minutes: float
    cents: int


def curve(tariff: Tariff, arrival: datetime, longest: timedelta, zone: ZoneInfo) -> list[Step]:
    """What a stay costs that begins at ``arrival``, from its first moment to ``longest``: where it changes.

    At most `POINTS_MAX` looks are taken; of what changes more often, such as every minute, only each of those shows.
    """
    steps: list[Step] = []
    apart, at = longest / POINTS_MAX, timedelta()
    while at < longest:
        quote = price(tariff, Span(arrival, arrival + at + _A_MOMENT), zone)
        if not steps or steps[-1].cents != quote.gross_cents:
            steps.append(Step(at / MINUTE, quote.gross_cents))
        if quote.changes_at is None:
            break
        at = max(quote.changes_at - arrival, at + apart)
    return steps
