"""What past stays would have cost by two tariffs.

A trial is no forecast: people who pay otherwise come and stay otherwise.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from parkhub.domain.discounts import Discount
from parkhub.domain.local_time import MINUTE, Span
from parkhub.domain.pricing import charged_span, price
from parkhub.domain.tariffs import Tariff

LENGTHS: Final = (60, 180, 480, 1440)
"""In minutes: up to each, and beyond the last, the stays are told apart."""


@dataclass(frozen=True, slots=True)
class Stay:
    """A past stay, the codes it was given, and until when it could leave after it was last paid."""

    span: Span
    codes: tuple[Discount, ...] = ()
    leave_by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """Stays of a length: at most ``up_to_minutes`` (None: longer than all), how many, and what they come to by each."""

    up_to_minutes: int | None
    count: int
    before_cents: int
    after_cents: int


@dataclass(frozen=True, slots=True)
class Trial:
    """All stays by length, and for how many of them the second tariff is dearer or cheaper than the first."""

    groups: tuple[Group, ...]
    dearer: int
    cheaper: int

    @property
    def count(self) -> int:
        """How many stays were priced."""
        return sum(group.count for group in self.groups)

    @property
    def before_cents(self) -> int:
        """What they come to by the first."""
        return sum(group.before_cents for group in self.groups)

    @property
    def after_cents(self) -> int:
        """What they come to by the second."""
        return sum(group.after_cents for group in self.groups)


def try_on(stays: Iterable[Stay], before: Tariff, after: Tariff, zone: ZoneInfo) -> Trial:
    """Price each stay by both, alone: minutes that are free once a day count anew for each stay."""
    bounds: Sequence[int | None] = (*LENGTHS, None)
    sums = {bound: [0, 0, 0] for bound in bounds}
    dearer = cheaper = 0
    for stay in stays:
        span = charged_span(before, stay.span, stay.leave_by)  # when it paid is not the tariff's to say
        was, is_now = (price(tariff, span, zone, discounts=stay.codes).gross_cents for tariff in (before, after))
        length = stay.span.length / MINUTE
        group = sums[next((bound for bound in LENGTHS if length <= bound), None)]
        group[0] += 1
        group[1] += was
        group[2] += is_now
        dearer += is_now > was
        cheaper += is_now < was
    return Trial(tuple(Group(bound, *sums[bound]) for bound in bounds), dearer, cheaper)
