"""A report in words, for the page."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from parkhub.domain.lots import Lot
from parkhub.domain.report_cells import Figure, Table, Value
from parkhub.domain.report_counts import Counts
from parkhub.domain.report_periods import Against, Length, Period
from parkhub.domain.report_tables import figures, tables
from parkhub.services.report_words import change, words

LEVELS = 10
"""Shades of a heat map."""


def level(value: Value) -> int | None:
    """Which shade of a heat map a share has, 0..9."""
    return None if value is None else min(LEVELS - 1, int(value * LEVELS))


@dataclass(frozen=True, slots=True)
class ReportView:
    """A lot's report of a period beside another."""

    lot: Lot
    counts: Counts
    other: Counts | None
    against: Against

    @property
    def period(self) -> Period:
        """The days."""
        return self.counts.period

    @property
    def figures(self) -> Iterable[tuple[Figure, str, str]]:
        """Each with its value and its change in words."""
        return [(each, words(each.value, each.unit), change(each)) for each in figures(self.counts, self.other)]

    @property
    def tables(self) -> tuple[Table, ...]:
        """In their order."""
        return tables(self.counts, self.other)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted."""
        return not self.counts.facts and not self.counts.hours.samples

    def address(self, path: str = "/console/reports", steps: int = 0) -> str:
        """Where the report of this period, or of one so many further on, is found."""
        return report_address(path, self.lot, self.period.beside(steps) if steps else self.period, self.against)


def report_address(path: str, lot: Lot, period: Period, against: Against = Against.NOTHING) -> str:
    """Where a report is found."""
    given = {"lot": lot.slug, "length": period.length.value}
    if period.length is Length.OWN:
        given |= {"since": period.since.isoformat(), "until": period.last.isoformat()}
    else:
        given["at"] = period.since.isoformat()
    if against is not Against.NOTHING:
        given["against"] = against.value
    return f"{path}?{urlencode(given)}"
