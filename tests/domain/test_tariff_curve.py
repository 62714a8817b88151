"""A tariff's price over the length of a stay."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from tariffs import BERLIN, lengths, starts, tariffs

from parkhub.domain.local_time import MINUTE, Span
from parkhub.domain.pricing import price
from parkhub.domain.tariff_curve import POINTS_MAX, Step, curve
from parkhub.domain.tariff_reader import parse_tariff


def of(text: str, hours: float) -> list[Step]:
    from tariffs import stay

    return curve(parse_tariff(text), stay("2026-11-23T09:00", 0).start, timedelta(hours=hours), BERLIN)


def test_it_rises_where_an_hour_begins_and_stops_at_the_most():
    text = (
        "currency: EUR\nentry_grace_minutes: 10\ncap: {price: 4, per: day}\n"
        "bands: [{rate: {type: per_started, minutes: 60, price: 2}}]"
    )
    assert of(text, 6) == [Step(0, 0), Step(10, 200), Step(60, 400)]


def test_what_changes_every_minute_is_drawn_with_few_points():
    found = of("currency: EUR\nbands: [{rate: {type: per_minute, price_per_hour: 6}}]", 24)
    assert 60 < len(found) <= POINTS_MAX
    assert found[-1].cents > 14_000


@settings(max_examples=30, deadline=None)
@given(tariffs(), starts, lengths, st.integers(0, 100))
def test_where_it_changes_it_says_what_the_stay_costs(tariff, start, length, percent):
    steps = curve(tariff, start, length, BERLIN)
    for step in steps[:5]:
        at = timedelta(minutes=step.minutes) + timedelta(seconds=1)
        assert price(tariff, Span(start, start + at), BERLIN).gross_cents == step.cents
    assert [step.cents for step in steps] == sorted(step.cents for step in steps)
    assert all(step.minutes * MINUTE < length for step in steps)
