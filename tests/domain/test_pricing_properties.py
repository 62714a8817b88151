"""What holds for every tariff and every stay, over both changes of the clock."""

import math
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from tariffs import ZONES, caps, cents, lengths, per_minute, per_started, starts, tariffs

from parkhub.domain.discounts import Discount
from parkhub.domain.local_time import Span, day_span, instant, local_day
from parkhub.domain.money import rounded
from parkhub.domain.pricing import price
from parkhub.domain.quotes import LineKind
from parkhub.domain.tariff_reader import parse_tariff
from parkhub.domain.tariff_writer import write_tariff
from parkhub.domain.tariffs import Allowance, Band, Cap, Hours, Per, PerMinute, PerStarted, Tariff

zones = st.sampled_from(ZONES)
discounts = st.lists(
    st.one_of(
        st.integers(1, 200).map(lambda n: Discount("FREE", minutes=n)),
        st.integers(1, 100).map(lambda n: Discount("SHARE", percent=Fraction(n))),
        st.integers(1, 3000).map(lambda n: Discount("LESS", amount_cents=n)),
    ),
    max_size=3,
)


@given(tariffs(), starts, lengths, zones, discounts)
@settings(max_examples=300, deadline=None)
def test_a_price_is_never_below_zero_and_its_lines_and_its_tax_add_up(tariff, start, length, zone, codes):
    quote = price(tariff, Span(start, start + length), zone, discounts=codes)
    assert quote.gross_cents >= quote.net_cents >= 0
    assert quote.tax_cents == quote.gross_cents - quote.net_cents
    assert sum(line.amount_cents for line in quote.lines) == (
        quote.gross_cents if tariff.tax.included else quote.net_cents
    )
    assert (
        quote.tax_cents == rounded(quote.gross_cents - quote.gross_cents * 100 / (100 + tariff.tax.percent))
        or abs(quote.tax_cents - quote.net_cents * tariff.tax.percent / 100) <= 1
    )
    assert all(line.text for line in quote.lines)


@given(tariffs(), starts, lengths, lengths, zones, discounts)
@settings(max_examples=300, deadline=None)
def test_staying_longer_never_costs_less(tariff, start, length, more, zone, codes):
    shorter = price(tariff, Span(start, start + length), zone, discounts=codes)
    longer = price(tariff, Span(start, start + length + more), zone, discounts=codes)
    assert longer.gross_cents >= shorter.gross_cents


@given(tariffs(), starts, lengths, lengths, lengths, zones)
@settings(max_examples=200, deadline=None)
def test_staying_longer_than_booked_never_costs_less(tariff, start, booking, length, more, zone):
    booked = Span(start, start + booking)
    shorter = price(tariff, Span(start, start + length), zone, booked=booked)
    longer = price(tariff, Span(start, start + length + more), zone, booked=booked)
    assert longer.gross_cents >= shorter.gross_cents


@given(tariffs(), starts, lengths, zones)
@settings(max_examples=200, deadline=None)
def test_until_the_told_instant_the_same_stay_costs_no_more(tariff, start, length, zone):
    quote = price(tariff, Span(start, start + length), zone)
    assert quote.changes_at is not None
    assert quote.changes_at >= start + length
    assert price(tariff, Span(start, quote.changes_at), zone).gross_cents == quote.gross_cents


@given(tariffs(), starts, lengths, zones)
@settings(max_examples=200, deadline=None)
def test_no_day_and_no_stay_costs_more_than_its_cap(tariff, start, length, zone):
    quote = price(tariff, Span(start, start + length), zone)
    sum_cents = quote.gross_cents if tariff.tax.included else quote.net_cents
    coin = tariff.rounding.to_cents
    if tariff.stay_max_cents is not None:
        assert sum_cents <= max(tariff.stay_max_cents, tariff.minimum_cents) + coin
    if tariff.cap is not None and length:
        first, last = local_day(start, zone), local_day(start + length, zone)
        windows = (last - first).days + 1 if tariff.cap.per is Per.DAY else math.ceil(length / timedelta(hours=24))
        assert sum_cents <= max(windows * tariff.cap.price_cents, tariff.minimum_cents) + coin


@given(starts, st.lists(st.integers(0, 3000), min_size=1, max_size=4), cents, zones)
@settings(max_examples=100, deadline=None)
def test_by_the_minute_it_does_not_matter_how_a_stay_is_split(start, parts, hour, zone):
    tariff = Tariff("EUR", (Band("", PerMinute(hour * 60)),))
    whole = price(tariff, Span(start, start + timedelta(minutes=sum(parts))), zone)
    begun, total = start, 0
    for minutes in parts:
        ended = begun + timedelta(minutes=minutes)
        total += price(tariff, Span(begun, ended), zone).gross_cents
        begun = ended
    assert total == whole.gross_cents


@given(starts, st.lists(st.integers(0, 40), min_size=1, max_size=4), per_started, zones)
@settings(max_examples=100, deadline=None)
def test_split_where_a_unit_ends_the_parts_cost_what_the_whole_costs(start, parts, rate: PerStarted, zone):
    tariff = Tariff("EUR", (Band("", rate),))
    whole = price(tariff, Span(start, start + timedelta(minutes=sum(parts) * rate.minutes)), zone)
    begun, total = start, 0
    for units in parts:
        ended = begun + timedelta(minutes=units * rate.minutes)
        total += price(tariff, Span(begun, ended), zone).gross_cents
        begun = ended
    assert total == whole.gross_cents


@given(starts, lengths, zones, st.integers(0, 120), caps, per_started | per_minute)
@settings(max_examples=200, deadline=None)
def test_walking_minute_by_minute_gives_the_same_sum(start, length, zone, free, cap_cents, rate):
    """A second, slower way to the same price: a day rate from 08:15 to 20:30, another at night, a cap a day."""
    night = PerStarted(60, 50)
    day_hours = (8 * 60 + 15, 20 * 60 + 30)
    tariff = Tariff(
        "EUR",
        (Band("Day", rate, Hours(*day_hours)), Band("Night", night)),
        allowance=Allowance(free, Per.DAY),
        cap=None if cap_cents is None else Cap(cap_cents, Per.DAY),
    )
    by_day: dict[object, Fraction] = {}
    used: dict[object, int] = {}
    at, end = start, start + length
    while at < end:
        day = local_day(at, zone)
        if used.get(day, 0) < free:
            used[day] = used.get(day, 0) + 1
            at += timedelta(minutes=1)
            continue
        is_day = instant(day, day_hours[0], zone) <= at < instant(day, day_hours[1], zone)
        now = rate if is_day else night
        amount = Fraction(now.price_cents) if isinstance(now, PerStarted) else Fraction(now.hour_cents, 60)
        by_day[day] = by_day.get(day, Fraction(0)) + amount
        at += timedelta(minutes=now.minutes if isinstance(now, PerStarted) else 1)
    total = sum((min(amount, cap_cents) if cap_cents is not None else amount) for amount in by_day.values())
    assert price(tariff, Span(start, end), zone).gross_cents == rounded(Fraction(total))


@given(tariffs())
@settings(max_examples=200, deadline=None)
def test_a_tariff_that_was_written_reads_the_same(tariff):
    assert parse_tariff(write_tariff(tariff)) == tariff


@given(st.dates(min_value=date(2000, 1, 2), max_value=date(2037, 12, 30)), zones)
@settings(max_examples=300, deadline=None)
def test_local_days_follow_each_other_without_gap_or_overlap(day, zone):
    span = day_span(day, zone)
    assert timedelta(hours=22) < span.length < timedelta(hours=26)
    assert day_span(day + timedelta(days=1), zone).start == span.end
    assert local_day(span.start, zone) == day
    assert local_day(span.end - timedelta(seconds=1), zone) == day


@given(tariffs(), starts, lengths, zones)
@settings(max_examples=100, deadline=None)
def test_a_place_left_within_the_grace_costs_nothing(tariff, start, length, zone):
    quote = price(tariff, Span(start, start + length), zone)
    if length <= timedelta(minutes=tariff.entry_grace_minutes):
        assert quote.gross_cents == 0
        assert [line.kind for line in quote.lines] == [LineKind.GRACE]
