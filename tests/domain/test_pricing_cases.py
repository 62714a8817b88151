"""Prices worked out by hand from the tariffs' words: `pricing_cases/*.yaml`, a table for each kind of rule.

A group without a tariff is about the ready one of its name. A stay is
``[from, to, to pay, worked out by hand, {what else}]``; times are local to ``zone``, ``to`` may be ``+45`` minutes, or
``lost`` for a lost ticket.
What else there may be:
``lines``: the quote's lines as a driver reads them; ``net``; ``codes``: ``60 min``, ``50 %`` or an amount;
``used``: free minutes taken before, by day; ``booked``: from, to;
``paid``: when and how much was paid already, so that the rest is what is to pay.
"""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from parkhub.domain.discounts import CodeLimits, Discount, check_code
from parkhub.domain.local_time import Span
from parkhub.domain.money import format_amount, parse_amount
from parkhub.domain.pricing import charged_span, due_again_at, price, price_lost_ticket
from parkhub.domain.tariff_reader import parse_tariff
from parkhub.errors import InvalidInputError
from parkhub.services.tariff_examples import example_names, example_text

TABLES = sorted((Path(__file__).parent / "pricing_cases").glob("*.yaml"))
GROUPS = [(table.stem, group) for table in TABLES for group in yaml.load(table.read_text("utf-8"), yaml.BaseLoader)]
CASES = [
    pytest.param(group, *stay, *[{}] * (5 - len(stay)), id=f"{table} {group['name']}: {stay[0]} to {stay[1]}")
    for table, group in GROUPS
    for stay in group["stays"]
]


def instant(text, zone):
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def code(text, currency):
    if text.endswith("min"):
        return Discount("A", minutes=int(text.removesuffix("min")))
    if text.endswith("%"):
        return Discount("A", percent=Fraction(text.removesuffix("%").strip()))
    return Discount("A", amount_cents=parse_amount(text, currency))


def tariff_of(group):
    return parse_tariff(group["tariff"] if "tariff" in group else example_text(group["name"]))


def quote(tariff, start, end, zone, more):
    begun = instant(start, zone)
    if end == "lost":
        return price_lost_ticket(tariff, begun)
    ended = begun + timedelta(minutes=int(end)) if end.startswith("+") else instant(end, zone)
    leave_by = due_again_at(tariff, instant(more["paid"][0], zone)) if "paid" in more else None
    return price(
        tariff,
        charged_span(tariff, Span(begun, ended), leave_by),
        zone,
        discounts=[code(each, tariff.currency) for each in more.get("codes", [])],
        free_used={date.fromisoformat(day): int(minutes) for day, minutes in more.get("used", {}).items()},
        booked=Span(*(instant(each, zone) for each in more["booked"])) if "booked" in more else None,
    )


@pytest.mark.parametrize(("group", "start", "end", "to_pay", "by_hand", "more"), CASES)
def test_a_stay_costs_what_the_tariffs_words_say(group, start, end, to_pay, by_hand, more):
    tariff = tariff_of(group)
    found = quote(tariff, start, end, ZoneInfo(group["zone"]), more)

    def written(cents):
        return format_amount(cents, tariff.currency)

    paid_cents = parse_amount(more["paid"][1], tariff.currency) if "paid" in more else 0
    assert written(max(0, found.gross_cents - paid_cents)) == to_pay, by_hand
    if "net" in more:
        assert written(found.net_cents) == more["net"], by_hand
        assert found.tax_cents == found.gross_cents - found.net_cents
    if "lines" in more:
        assert [f"{line.text} = {written(line.amount_cents)}" for line in found.lines] == more["lines"]


def test_there_are_more_than_150_cases_and_every_example_has_some():
    assert len(CASES) >= 150
    assert [group["name"] for table, group in GROUPS if table == "examples"] == example_names()


NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("limits", "uses", "refused"),
    [
        (CodeLimits(), 1_000_000, None),
        (CodeLimits(starts_at=NOON), 0, None),
        (CodeLimits(starts_at=NOON + HOUR), 0, "not valid yet"),
        (CodeLimits(ends_at=NOON + HOUR), 0, None),
        (CodeLimits(ends_at=NOON), 0, "expired"),
        (CodeLimits(ends_at=NOON - HOUR), 0, "expired"),
        (CodeLimits(uses_max=3), 2, None),
        (CodeLimits(uses_max=3), 3, "used up"),
        (CodeLimits(uses_max=0), 0, "used up"),
        (CodeLimits(NOON - HOUR, NOON + HOUR, 1), 0, None),
    ],
    ids=[
        "without limits",
        "from now on",
        "from later on",
        "until later",
        "until now",
        "until before",
        "used twice of three times",
        "used three times of three",
        "never to be used",
        "within all limits",
    ],
)
def test_a_code_works_within_its_time_and_as_often_as_it_may(limits, uses, refused):
    if refused is None:
        check_code(limits, uses, NOON)
    else:
        with pytest.raises(InvalidInputError, match=refused):
            check_code(limits, uses, NOON)


def test_a_lost_ticket_without_a_fee_is_refused():
    tariff = parse_tariff("currency: EUR\nbands: [{rate: {type: flat, price: 5}}]")
    with pytest.raises(InvalidInputError, match="no fee for a lost ticket"):
        price_lost_ticket(tariff, NOON)
