"""A forecast in words."""

from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.forecasts import Expected, Forecast
from parkhub.languages import ENGLISH, Language

SHOWN_H: Final = (1, 2, 4, 8, 12)
"""Hours ahead that drivers are told of."""


@dataclass(frozen=True, slots=True)
class ForecastView:
    """The next hours on a lot's clock."""

    forecast: Forecast
    time_zone: str
    language: Language = ENGLISH

    def clock(self, hour: Expected) -> str:
        """When the hour begins, by the lot's clock."""
        return self.language.clock(hour.at, ZoneInfo(self.time_zone))

    @property
    def hours(self) -> list[tuple[str, Expected]]:
        """All of them."""
        return [(self.clock(hour), hour) for hour in self.forecast.hours]

    @property
    def few(self) -> list[tuple[str, str]]:
        """Some of them, as pairs of words."""
        hours = self.forecast.hours
        picked = [hours[ahead - 1] for ahead in SHOWN_H if ahead <= len(hours)]
        return [
            (self.clock(hour), self.language.gettext("about %(n)s free", n=self.language.number(hour.free)))
            for hour in picked
        ]

    @property
    def off_by(self) -> str:
        """How far it was off in the last weeks; "" where that is not known."""
        error = self.forecast.error
        if error is None:
            return ""
        n = max(1, round(error))
        return self.language.ngettext(
            "In the last weeks it was off by %(num)s place on average.",
            "In the last weeks it was off by %(num)s places on average.",
            n,
        )
