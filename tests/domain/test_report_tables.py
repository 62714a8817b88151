"""Periods, and a report's figures and tables."""

from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.entries import TENDERS
from parkhub.domain.ledger import Account, Kind
from parkhub.domain.local_time import Span
from parkhub.domain.quotes import Line, LineKind, Quote, changed_lines
from parkhub.domain.report_counts import Counts, Point
from parkhub.domain.report_money import Money, read_money
from parkhub.domain.report_periods import Against, Grain, Length, around, read_period
from parkhub.domain.report_spots import SpotSums, SpotTotal
from parkhub.domain.report_tables import figures, tables
from parkhub.domain.reports import HourSums, Measure
from parkhub.errors import InvalidInputError

TODAY = date(2026, 11, 18)


@pytest.mark.parametrize(
    ("length", "since", "last", "grain"),
    [
        (Length.DAY, date(2026, 11, 18), date(2026, 11, 18), Grain.HOUR),
        (Length.WEEK, date(2026, 11, 16), date(2026, 11, 22), Grain.DAY),
        (Length.MONTH, date(2026, 11, 1), date(2026, 11, 30), Grain.DAY),
        (Length.YEAR, date(2026, 1, 1), date(2026, 12, 31), Grain.MONTH),
    ],
)
def test_a_period_holds_its_day(length, since, last, grain):
    period = around(length, TODAY)
    assert (period.since, period.last, period.grain) == (since, last, grain)


@given(
    st.sampled_from([each for each in Length if each is not Length.OWN]), st.dates(date(2001, 1, 1), date(2080, 1, 1))
)
def test_periods_follow_each_other_without_a_gap(length, day):
    period = around(length, day)
    assert period.beside(-1).until == period.since
    assert period.beside(1).since == period.until
    assert period.beside(1).beside(-1) == period
    assert period.against(Against.BEFORE) == period.beside(-1)
    before = period.against(Against.YEAR_BEFORE)
    assert before is not None
    assert 364 <= (period.since - before.since).days <= 366


@pytest.mark.parametrize(
    ("given_period", "words"),
    [
        (around(Length.DAY, TODAY), "Wednesday, 18 November 2026"),
        (around(Length.WEEK, date(2026, 1, 1)), "29 Dec 2025 to 4 Jan 2026"),
        (around(Length.MONTH, TODAY), "November 2026"),
        (around(Length.YEAR, TODAY), "2026"),
    ],
)
def test_a_period_has_a_name(given_period, words):
    assert given_period.words == words


@pytest.mark.parametrize(
    "asked",
    [
        ("decade", "", "", ""),
        ("day", "18.11.2026", "", ""),
        ("own", "", "2026-11-02", "2026-11-01"),
        ("own", "", "2001-01-01", "2026-11-01"),
        ("year", "1066-10-14", "", ""),
        ("month", "9999-12-31", "", ""),
    ],
)
def test_what_is_no_period_is_refused_with_a_sentence(asked):
    with pytest.raises(InvalidInputError, match=r"\.$"):
        read_period(*asked, TODAY)


def test_nothing_given_is_this_month():
    assert read_period("", "", "", "", TODAY) == around(Length.MONTH, TODAY)


POSTED = st.dictionaries(
    st.tuples(st.sampled_from(Kind), st.sampled_from(Account)), st.integers(-(10**6), 10**6), max_size=30
)


@given(POSTED)
def test_money_by_account_is_what_was_posted(posted):
    facts = [(f"{kind}/{account}", "EUR", cents) for (kind, account), cents in posted.items()]
    money = read_money(facts).get("EUR", Money())
    assert sum(money.accounts.values()) == sum(posted.values())
    assert money.received == sum(posted.get((Kind.PAYMENT, account), 0) for account in TENDERS)
    assert money.owed == money.accounts.get("receivable", 0)


def counts(lines: dict[str, int], charged: int) -> Counts:
    money = {"EUR": Money({(Kind.CHARGE, Account.REVENUE): -charged, (Kind.CHARGE, Account.RECEIVABLE): charged})}
    facts = {(Measure.LINES, label, "EUR"): cents for label, cents in lines.items()}
    points = (Point("a", HourSums(1, 0, 12, 30, 90, 0), money), Point("b", HourSums(), {}))
    return Counts(around(Length.MONTH, TODAY), points, {}, facts, money, {}, "EUR")


def test_lines_of_a_price_come_to_all_that_was_charged_whatever_they_lack():
    for lines in ({"units/Day": 500, "discount/HOTEL": -50}, {}, {"units/Day": 900}):
        (table,) = [each for each in tables(counts(lines, 450), None) if each.id == "lines-EUR"]
        *told, (words, whole) = table.rows
        assert words == "Charged in all"
        assert sum(values[0] for _, values in told) == whole[0] == 450


def test_figures_stand_beside_those_of_the_other_period():
    found = {each.words: each for each in figures(counts({}, 450), counts({}, 300))}
    assert (found["Charged"].value, found["Charged"].before) == (450, 300)
    assert (found["Occupancy"].value, found["Mean stay"].value, found["Turnover"].value) == (0.75, None, None)


def test_places_stand_out_by_their_turnover_and_files_have_them_all():
    spots = [SpotTotal(f"A{at:02}", "", 2, SpotSums(at, 3600, 3600, 7200)) for at in range(25)]
    spots += [SpotTotal("B1", "", 2, SpotSums(unknown_s=14400))]  # nobody ever saw it
    found = replace(counts({}, 0), spots=tuple(spots))
    most, least = [each for each in tables(found, None) if each.id.startswith("places")]
    assert [name for name, _ in most.rows] == [f"A{at:02}" for at in range(24, 14, -1)]
    assert [name for name, _ in least.rows] == [f"A{at:02}" for at in range(10)]
    assert most.rows[0][1] == (12.0, 24, 0.5, 0.5, 2)
    (whole,) = [each for each in tables(found, None, whole=True) if each.id.startswith("places")]
    assert len(whole.rows) == 26


def test_places_of_several_zones_say_theirs():
    spots = (SpotTotal("A1", "Deck", 1, SpotSums(1, 9, 3)), SpotTotal("B1", "", 1, SpotSums(0, 9)))
    (table,) = [each for each in tables(replace(counts({}, 0), spots=spots), None) if each.id == "places"]
    assert table.rows == (("A1, Deck", (1.0, 1, 0.25, 0.0, 1)), ("B1, no zone", (0.0, 0, 0.0, 0.0, 1)))


def test_every_row_has_a_value_for_every_column():
    for other in (None, counts({}, 300)):
        for table in tables(counts({"units/": 450}, 450), other):
            assert {len(values) for _, values in table.rows} <= {len(table.columns)}, table.id


LINES = st.lists(
    st.builds(
        Line, st.sampled_from(LineKind), st.integers(-500, 900), st.just("EUR"), label=st.sampled_from(["", "Day"])
    ),
    max_size=5,
)


@given(st.lists(st.tuples(LINES, st.integers(0, 5000)), max_size=5))
def test_what_charges_changed_of_lines_comes_to_the_last_price(prices):
    known: dict[tuple[str, str], int] = {}
    for lines, gross in prices:
        span = Span(datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 17, tzinfo=UTC))
        quote = Quote("EUR", tuple(lines), gross, 0, gross, Fraction(0), span)
        for key, cents in changed_lines(quote, known).items():
            known[key] = known.get(key, 0) + cents
        assert sum(known.values()) == gross
        assert changed_lines(quote, known) == {}
