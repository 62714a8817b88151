"""The price over the length of a stay, drawn as SVG and told as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from parkhub.domain.quotes import duration
from parkhub.domain.tariff_curve import Step
from parkhub.languages import ENGLISH

WIDTH, HEIGHT, LEFT, FOOT, HEAD = 640, 260, 64, 30, 12
TICKS: Final = {360: 60, 720: 120, 1440: 240, 4320: 720, 10080: 1440}
"""How far the lines of the length are apart, by the longest length, in minutes."""
ROWS_MAX: Final = 60


@dataclass(frozen=True)
class Chart:
    """Two curves; ``before`` may be empty. ``longest`` in minutes, a key of `TICKS`."""

    after: Sequence[Step]
    before: Sequence[Step]
    longest: int
    currency: str

    @property
    def top_cents(self) -> int:
        """The money at the chart's head: a round amount above all that is drawn."""
        most = max([step.cents for step in (*self.after, *self.before)], default=0) or 100
        unit = int("1" + "0" * (len(str(most)) - 1))
        return next(
            each for each in (unit, 2 * unit, 3 * unit, 4 * unit, 5 * unit, 8 * unit, 10 * unit) if each >= most
        )

    def _x(self, minutes: float) -> float:
        return LEFT + (WIDTH - LEFT - 8) * minutes / self.longest

    def _y(self, cents: float) -> float:
        return HEAD + (HEIGHT - FOOT - HEAD) * (1 - cents / self.top_cents)

    def _path(self, steps: Sequence[Step]) -> str:
        parts = (f"H{self._x(step.minutes):.1f}V{self._y(step.cents):.1f}" for step in steps[1:])
        return f"M{self._x(0):.1f} {self._y(steps[0].cents):.1f}{''.join(parts)}H{self._x(self.longest):.1f}"

    @property
    def after_path(self) -> str:
        """The tariff that is edited."""
        return self._path(self.after)

    @property
    def before_path(self) -> str:
        """The one that runs; "" for none."""
        return self._path(self.before) if self.before else ""

    @property
    def lengths(self) -> list[tuple[float, str]]:
        """Where the lengths are written, and how."""
        apart = TICKS[self.longest]
        return [(self._x(at), duration(at) if at else "0") for at in range(0, self.longest + 1, apart)]

    @property
    def amounts(self) -> list[tuple[float, str]]:
        """Where the amounts are written, and how."""
        parts = 4 if self.top_cents % 4 == 0 else 5 if self.top_cents % 5 == 0 else 3
        found = [self.top_cents * part // parts for part in range(parts + 1)]
        return [(self._y(cents), ENGLISH.money(cents, self.currency)) for cents in found]

    @property
    def rows(self) -> list[tuple[str, str, str]]:
        """The same as a table: up to which length, what it costs, and what it costs now."""
        ends = sorted({step.minutes for step in (*self.after, *self.before) if step.minutes} | {float(self.longest)})
        return [
            (f"up to {_written(end)}", self._at(self.after, end), self._at(self.before, end)) for end in ends[:ROWS_MAX]
        ]

    def _at(self, steps: Sequence[Step], minutes: float) -> str:
        """What staying up to so long costs."""
        costs = [step.cents for step in steps if step.minutes < minutes]
        return ENGLISH.money(costs[-1], self.currency) if costs else ""


def _written(minutes: float) -> str:
    whole = int(minutes)
    return duration(whole) if whole == minutes else f"{duration(whole)} {round((minutes - whole) * 60)} s"
