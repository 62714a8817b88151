"""Past stays by two tariffs."""

from fractions import Fraction

from tariffs import BERLIN, stay

from parkhub.domain.discounts import Discount
from parkhub.domain.tariff_reader import parse_tariff
from parkhub.domain.tariff_trial import Group, Stay, try_on

ONE = parse_tariff("currency: EUR\nbands: [{rate: {type: per_started, minutes: 60, price: 2}}]")
OTHER = parse_tariff(
    "currency: EUR\nentry_grace_minutes: 15\nbands: [{rate: {type: per_started, minutes: 60, price: 3}}]"
)


def test_stays_are_told_by_length_with_what_each_tariff_takes():
    spans = [stay("2026-11-16T09:00", minutes) for minutes in (10, 60, 100, 3000)]
    found = try_on([Stay(span) for span in spans], ONE, OTHER, BERLIN)
    assert found.groups == (
        Group(60, 2, 400, 300),
        Group(180, 1, 400, 600),
        Group(480, 0, 0, 0),
        Group(1440, 0, 0, 0),
        Group(None, 1, 10_000, 15_000),
    )
    assert (found.count, found.before_cents, found.after_cents) == (4, 10_800, 15_900)
    assert (found.dearer, found.cheaper) == (3, 1)


def test_a_code_counts_for_both_and_driving_out_after_paying_for_neither():
    span = stay("2026-11-16T09:00", 65)
    half = Stay(span, (Discount("HALF", percent=Fraction(50)),))
    paid_at_58 = Stay(span, (), stay("2026-11-16T09:00", 73).end)
    assert try_on([half], ONE, ONE, BERLIN).after_cents == 200
    assert try_on([paid_at_58], ONE, OTHER, BERLIN).before_cents == 200
    assert try_on([paid_at_58], ONE, OTHER, BERLIN).after_cents == 300
