"""What holds for every tariff and every stay, over all changes of the clock."""

import math
from dataclasses import replace
from datetime import date, datetime, timedelta
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
from parkhub.domain.tariffs import (
    Allowance,
    Band,
    Cap,
    Event,
    Hours,
    Per,
    PerMinute,
    PerStarted,
    Rounding,
    RoundTo,
    Tariff,
)

zones = st.sampled_from(ZONES)
discounts = st.lists(
    st.one_of(
        st.integers(1, 200).map(lambda n: Discount("FREE", minutes=n)),
        st.integers(1, 100).map(lambda n: Discount("SHARE", percent=Fraction(n))),
        st.integers(1, 3000).map(lambda n: Discount("LESS", amount_cents=n)),
    ),
    max_size=3,
)
bookings = st.none() | st.tuples(st.integers(-600, 600), st.integers(0, 3000))


def booked_from(start, booking):
    """A booking so many minutes before or after arrival, so many long."""
    if booking is None:
        return None
    begun = start + timedelta(minutes=booking[0])
    return Span(begun, begun + timedelta(minutes=booking[1]))


@given(tariffs(), starts, lengths, zones, discounts, bookings)
@settings(max_examples=120, deadline=None)
def test_a_price_is_never_below_zero_and_its_lines_its_tax_and_its_coin_add_up(
    tariff, start, length, zone, codes, booking
):
    quote = price(tariff, Span(start, start + length), zone, discounts=codes, booked=booked_from(start, booking))
    percent = tariff.tax.percent
    assert quote.net_cents >= 0
    assert quote.tax_cents >= 0
    assert quote.net_cents + quote.tax_cents == quote.gross_cents
    assert abs(quote.tax_cents - quote.gross_cents * percent / (100 + percent)) <= Fraction(1, 2)
    if tariff.rounding.to_cents == 1:
        assert abs(quote.tax_cents - quote.net_cents * percent / 100) <= Fraction(1, 2) * (1 + percent / 100)
    assert quote.gross_cents % tariff.rounding.to_cents == 0
    told_cents = quote.gross_cents if tariff.tax.included else quote.net_cents
    assert sum(line.amount_cents for line in quote.lines) == told_cents
    assert all(line.text for line in quote.lines)


@given(tariffs(), starts, lengths, zones, discounts)
@settings(max_examples=120, deadline=None)
def test_a_coin_goes_the_way_it_is_said_to_and_less_than_a_coin_far(tariff, start, length, zone, codes):
    span = Span(start, start + length)
    tariff = replace(tariff, tax=replace(tariff.tax, included=True), rounding=Rounding(1, RoundTo.DOWN))
    exact_at_least = price(tariff, span, zone, discounts=codes).gross_cents
    for coin in (1, 5, 50):
        up, down, nearest = (
            price(replace(tariff, rounding=Rounding(coin, mode)), span, zone, discounts=codes).gross_cents
            for mode in (RoundTo.UP, RoundTo.DOWN, RoundTo.NEAREST)
        )
        assert down <= exact_at_least < down + coin
        assert up in (down, down + coin)
        assert up >= exact_at_least
        assert nearest in (down, up)
        assert abs(2 * (nearest - exact_at_least)) <= coin + 1


@given(tariffs(), starts, lengths, lengths, zones, discounts, bookings)
@settings(max_examples=200, deadline=None)
def test_staying_longer_never_costs_less(tariff, start, length, more, zone, codes, booking):
    booked = booked_from(start, booking)
    shorter = price(tariff, Span(start, start + length), zone, discounts=codes, booked=booked)
    longer = price(tariff, Span(start, start + length + more), zone, discounts=codes, booked=booked)
    assert longer.gross_cents >= shorter.gross_cents


@given(tariffs(), starts, lengths, zones, discounts, bookings)
@settings(max_examples=120, deadline=None)
def test_no_code_makes_a_stay_dearer(tariff, start, length, zone, codes, booking):
    span, booked = Span(start, start + length), booked_from(start, booking)
    with_codes = price(tariff, span, zone, discounts=codes, booked=booked)
    assert with_codes.gross_cents <= price(tariff, span, zone, booked=booked).gross_cents


@given(starts, st.integers(1, 120), st.integers(0, 60), st.integers(1, 60), per_started, per_started, zones)
@settings(max_examples=120, deadline=None)
def test_not_even_free_minutes_before_a_dearer_hour(start, length, until_late, free, early, late, zone):
    clock = start.astimezone(zone)
    limit = (clock.hour * 60 + clock.minute + until_late) % 1440
    tariff = Tariff("EUR", (Band("Late", late, Hours(limit, (limit + 600) % 1440)), Band("Early", early)))
    span = Span(start, start + timedelta(minutes=length))
    with_code = price(tariff, span, zone, discounts=[Discount("FREE", minutes=free)])
    assert with_code.gross_cents <= price(tariff, span, zone).gross_cents


@given(tariffs(), starts, lengths, zones, discounts, bookings)
@settings(max_examples=120, deadline=None)
def test_until_the_told_instant_the_same_stay_costs_no_more(tariff, start, length, zone, codes, booking):
    booked = booked_from(start, booking)
    quote = price(tariff, Span(start, start + length), zone, discounts=codes, booked=booked)
    assert quote.changes_at is not None
    assert quote.changes_at >= start + length
    later = price(tariff, Span(start, quote.changes_at), zone, discounts=codes, booked=booked)
    assert later.gross_cents == quote.gross_cents


@given(tariffs(), starts, lengths, zones)
@settings(max_examples=120, deadline=None)
def test_no_day_and_no_stay_costs_more_than_its_cap(tariff, start, length, zone):
    tariff = replace(tariff, events=(), rounding=Rounding(), tax=replace(tariff.tax, included=True))
    gross_cents = price(tariff, Span(start, start + length), zone).gross_cents
    if tariff.stay_max_cents is not None:
        assert gross_cents <= tariff.stay_max_cents
    if tariff.cap is not None and length:
        first, last = local_day(start, zone), local_day(start + length - timedelta.resolution, zone)
        windows = (last - first).days + 1 if tariff.cap.per is Per.DAY else math.ceil(length / timedelta(hours=24))
        assert gross_cents <= max(windows * tariff.cap.price_cents, tariff.minimum_cents)


@given(starts, lengths, zones, per_started | per_minute, caps, cents, st.sampled_from([Per.DAY, Per.HOURS_24]))
@settings(max_examples=100, deadline=None)
def test_a_day_s_cap_takes_nothing_off_an_event(start, length, zone, rate, own_cap_cents, cap_cents, per):
    event = Event("Event", datetime(2026, 1, 1), datetime(2027, 1, 1), rate, own_cap_cents)  # noqa: DTZ001  (local)
    uncapped = Tariff("EUR", (Band("", PerMinute(100)),), events=(event,))
    capped = replace(uncapped, cap=Cap(cap_cents, per))
    span = Span(start, start + length)
    assert price(capped, span, zone).gross_cents == price(uncapped, span, zone).gross_cents


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


@given(starts, st.lists(st.integers(0, 3000), min_size=1, max_size=4), cents, zones, st.integers(0, 120))
@settings(max_examples=100, deadline=None)
def test_nor_with_free_minutes_a_day_when_each_part_is_told_what_the_others_took(start, parts, hour, zone, free):
    tariff = Tariff("EUR", (Band("", PerMinute(hour * 60), Hours(480, 1200)),), allowance=Allowance(free, Per.DAY))
    whole = price(tariff, Span(start, start + timedelta(minutes=sum(parts))), zone)
    begun, total, used = start, 0, dict[date, int]()
    for minutes in parts:
        ended = begun + timedelta(minutes=minutes)
        quote = price(tariff, Span(begun, ended), zone, free_used=used)
        total += quote.gross_cents
        used = {day: used.get(day, 0) + quote.free_by_day.get(day, 0) for day in {*used, *quote.free_by_day}}
        begun = ended
    assert total == whole.gross_cents
    assert {day: minutes for day, minutes in used.items() if minutes} == whole.free_by_day
    assert all(minutes <= free for minutes in used.values())


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
@settings(max_examples=120, deadline=None)
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
@settings(max_examples=120, deadline=None)
def test_a_tariff_that_was_written_reads_the_same(tariff):
    assert parse_tariff(write_tariff(tariff)) == tariff


@given(st.dates(min_value=date(2000, 1, 2), max_value=date(2037, 12, 30)), zones)
@settings(max_examples=120, deadline=None)
def test_local_days_follow_each_other_without_gap_or_overlap(day, zone):
    span = day_span(day, zone)
    assert timedelta(hours=22) < span.length < timedelta(hours=26)
    assert day_span(day + timedelta(days=1), zone).start == span.end
    assert local_day(span.start, zone) == day
    assert local_day(span.end - timedelta(seconds=1), zone) == day


@given(tariffs(), starts, st.integers(1, 60), st.fractions(0, 1), zones)
@settings(max_examples=100, deadline=None)
def test_a_place_left_within_the_grace_costs_nothing(tariff, start, grace, share, zone):
    tariff = replace(tariff, entry_grace_minutes=grace)
    length = timedelta(seconds=int(grace * 60 * share))
    quote = price(tariff, Span(start, start + length), zone)
    assert quote.gross_cents == 0
    assert [line.kind for line in quote.lines] == [LineKind.GRACE]
    assert quote.changes_at == start + timedelta(minutes=grace)
