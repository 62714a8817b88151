from fractions import Fraction

import pytest

from parkhub.domain.tariff_form import tariff_schema
from parkhub.domain.tariff_reader import parse_tariff, tariff_of
from parkhub.domain.tariff_writer import write_tariff
from parkhub.domain.tariffs import (
    Allowance,
    Band,
    Cap,
    Event,
    Flat,
    Hours,
    Overstay,
    Per,
    PerMinute,
    PerStarted,
    Rounding,
    RoundTo,
    Step,
    Steps,
    Tax,
)
from parkhub.errors import TariffError
from parkhub.services.tariff_examples import example_names, example_text

SIMPLE = "currency: EUR\nbands: [{rate: {type: flat, price: 5}}]\n"


def test_every_part_of_a_tariff_is_read():
    tariff = parse_tariff("""
        name: All of it
        currency: EUR
        holidays: DE-BY
        entry_grace_minutes: 5
        exit_grace_minutes: 20
        free_minutes: {minutes: 30, per: day}
        cap: {price: "12.50", per: day}
        stay_max: 99
        minimum: "0.50"
        lost_ticket: "35.00"
        overstay: {grace_minutes: 10, fee: 5, rate: {type: per_minute, price_per_hour: 3}}
        tax: {percent: "8.25", included: false}
        rounding: {to: "0.05", mode: up}
        bands:
          - {name: Night, days: [sun, holiday], from: 20:00, to: 06:00, cap: 4, rate: {type: flat, price: 3}}
          - name: Day
            rate:
              type: steps
              steps: [{up_to_minutes: 60, price: 2}, {up_to_minutes: 180, price: 5}]
              then: {type: per_started, minutes: 30, price: 1.5}
        events:
          - {name: Fair, from: 2026-06-12T16:00, to: 2026-06-13T02:00, rate: {type: flat, price: 12}}
    """)
    assert tariff.bands == (
        Band("Night", Flat(300), Hours(20 * 60, 6 * 60, frozenset({"sun", "holiday"})), 400),
        Band("Day", Steps((Step(60, 200), Step(180, 500)), PerStarted(30, 150))),
    )
    assert tariff.allowance == Allowance(30, Per.DAY)
    assert tariff.cap == Cap(1250, Per.DAY)
    assert (tariff.stay_max_cents, tariff.minimum_cents, tariff.lost_ticket_cents) == (9900, 50, 3500)
    assert tariff.overstay == Overstay(10, 500, PerMinute(300))
    assert tariff.tax == Tax(Fraction("8.25"), included=False)
    assert tariff.rounding == Rounding(5, RoundTo.UP)
    assert [(type(event), event.name, event.rate) for event in tariff.events] == [(Event, "Fair", Flat(1200))]
    assert (tariff.entry_grace_minutes, tariff.exit_grace_minutes, tariff.holidays) == (5, 20, "DE-BY")


def test_json_is_read_like_yaml():
    assert parse_tariff('{"currency": "EUR", "bands": [{"rate": {"type": "flat", "price": 5}}]}') == parse_tariff(
        SIMPLE
    )


def test_a_band_with_days_alone_holds_from_midnight_to_midnight():
    tariff = parse_tariff("currency: EUR\nbands: [{days: [sat], rate: {type: flat, price: 5}}]")
    assert tariff.bands[0].hours == Hours(0, 1440, frozenset({"sat"}))


@pytest.mark.parametrize("name", example_names())
def test_an_example_is_right_and_survives_being_written(name):
    tariff = parse_tariff(example_text(name))
    assert tariff.name
    assert parse_tariff(write_tariff(tariff)) == tariff


def test_there_are_ten_examples():
    assert len(example_names()) == 10


STEPS = "currency: EUR\nbands: [{{rate: {{type: steps, steps: [{}]}}}}]"
RATE = "rate: {type: flat, price: 5}"
BAND = f"bands: [{{{RATE}}}]"
WRONG = {
    "no text": ("", "", "expected names with values, got nothing"),
    "a list": ("- 1", "", "expected names with values, got a list"),
    "no YAML": ("a: [", "", "neither YAML nor JSON in line 1"),
    "a name given twice": (
        f"currency: EUR\ncurrency: USD\n{BAND}",
        "",
        "the name currency is given twice, again in line 2",
    ),
    "a name of two lines": (f'currency: EUR\nname: "a\\nb"\n{BAND}', "name", "one line"),
    "half a letter in a name": (
        f'currency: EUR\nbands: [{{name: "\\ud800", {RATE}}}]',
        "bands[0].name",
        "control characters",
    ),
    "a number for a name": (f"currency: EUR\n{BAND}\n1: 2", "", "a name is expected in line 3"),
    "a list for a name": ("? [a]\n: 1", "", "a name is expected in line 1"),
    "a tag of Python": ("!!python/object:os.system ls", "", "no tag with ! is taken in line 1"),
    "a tag that lies": ("currency: EUR\nbands: !!int two", "", "no tag with ! is taken in line 2"),
    "a reference": ("a: &x 1\nb: *x", "", "references"),
    "far too long": ("#" * 70_000, "", "64 KiB"),
    "no currency": (BAND, "", "currency"),
    "a currency in words": (f"currency: Euro\n{BAND}", "currency", "three capital letters"),
    "no bands": ("currency: EUR\nbands: []", "bands", "expected a list of length >= 1"),
    "an unknown name": (f"currency: EUR\ncaps: 5\n{BAND}", "", "caps"),
    "an unknown name inside": (
        "currency: EUR\nbands: [{rate: {type: flat, prise: 5}}]",
        "bands[0].rate",
        "an unknown field prise",
    ),
    "an unknown kind of rate": (
        "currency: EUR\nbands: [{rate: {type: hourly}}]",
        "bands[0].rate.type",
        "'hourly' is none of the words",
    ),
    "an amount in words": ("currency: EUR\nbands: [{rate: {type: flat, price: two}}]", "bands[0].rate.price", "two"),
    "too many digits": ("currency: EUR\nbands: [{rate: {type: flat, price: 1.234}}]", "bands[0].rate.price", "(2)"),
    "a yen with a point": ("currency: JPY\nbands: [{rate: {type: flat, price: 1.5}}]", "bands[0].rate.price", "(0)"),
    "an amount below zero": ("currency: EUR\nbands: [{rate: {type: flat, price: -1}}]", "bands[0].rate.price", "zero"),
    "no number": ("currency: EUR\nbands: [{rate: {type: flat, price: NaN}}]", "bands[0].rate.price", "no amount"),
    "a fortune": ("currency: EUR\nbands: [{rate: {type: flat, price: '1e15'}}]", "bands[0].rate.price", "no amount"),
    "a large fortune": (
        f"currency: EUR\nbands: [{{rate: {{type: flat, price: {10**15}}}}}]",
        "bands[0].rate.price",
        "too large",
    ),
    "a number of 5000 digits": (
        f"currency: EUR\nbands: [{{rate: {{type: flat, price: {'9' * 5000}}}}}]",
        "bands[0].rate.price",
        "no amount",
    ),
    "broken minutes": (f"currency: EUR\nentry_grace_minutes: 1.5\n{BAND}", "entry_grace_minutes", "a whole number"),
    "an amount of parts": (
        "currency: EUR\nbands: [{rate: {type: flat, price: [5]}}]",
        "bands[0].rate.price",
        "a whole number or a number or text, got a list",
    ),
    "a minimum above the most": (f"currency: EUR\nstay_max: 5\nminimum: 6\n{BAND}", "minimum", "stay_max"),
    "an event without a time": (
        f"currency: EUR\nevents: [{{from: 2026-06-12, to: 2026-06-12T15:00, {RATE}}}]\n{BAND}",
        "events[0].from",
        "2026-06-12T16:00",
    ),
    "no minutes": (
        "currency: EUR\nbands: [{rate: {type: per_started, minutes: 0, price: 1}}]",
        "bands[0].rate.minutes",
        ">= 1",
    ),
    "25 o'clock": (f"currency: EUR\nbands: [{{from: '25:00', to: '26:00', {RATE}}}]", "bands[0].from", '"08:00"'),
    "from without to": (f"currency: EUR\nbands: [{{from: '08:00', {RATE}}}]", "bands[0]", "both from and to"),
    "a day that begins at its end": (
        f"currency: EUR\nbands: [{{from: '24:00', to: '06:00', {RATE}}}]",
        "bands[0].from",
        "00:00",
    ),
    "an eighth day": (
        f"currency: EUR\nbands: [{{days: [noday], {RATE}}}]",
        "bands[0].days[0]",
        "'noday' is none of the words",
    ),
    "steps that do not grow": (
        STEPS.format("{up_to_minutes: 60, price: 2}, {up_to_minutes: 60, price: 3}"),
        "bands[0].rate.steps[1].up_to_minutes",
        "longer",
    ),
    "steps that get cheaper": (
        STEPS.format("{up_to_minutes: 60, price: 2}, {up_to_minutes: 90, price: 1}"),
        "bands[0].rate.steps[1].price",
        "cost less",
    ),
    "a cap a week": (f"currency: EUR\ncap: {{price: 5, per: week}}\n{BAND}", "cap.per", "'week' is none of the words"),
    "a tax of everything": (f"currency: EUR\ntax: {{percent: 100}}\n{BAND}", "tax.percent", "below 100"),
    "a coin of nothing": (f"currency: EUR\nrounding: {{to: 0}}\n{BAND}", "rounding.to", "coin"),
    "an event that ends first": (
        f"currency: EUR\nevents: [{{from: 2026-06-12T16:00, to: 2026-06-12T15:00, {RATE}}}]\n{BAND}",
        "events[0].to",
        "ends after",
    ),
    "an event in February 30": (
        f"currency: EUR\nevents: [{{from: 2026-02-30T16:00, to: 2026-06-12T15:00, {RATE}}}]\n{BAND}",
        "events[0].from",
        "day",
    ),
    "a holiday calendar of nowhere": (f"currency: EUR\nholidays: XX\n{BAND}", "holidays", "XX"),
}


@pytest.mark.parametrize(("text", "path", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_tariff_is_refused_with_its_place_and_reason(text, path, words):
    with pytest.raises(TariffError) as caught:
        parse_tariff(text)
    assert caught.value.path == path
    assert words in caught.value.reason


def test_the_clock_needs_no_quotes_and_norway_is_no_no():
    tariff = parse_tariff(f"currency: NOK\nholidays: NO\nbands: [{{from: 20:00, to: 23:30, {RATE}}}]")
    assert tariff.bands[0].hours == Hours(20 * 60, 23 * 60 + 30)
    assert tariff.holidays == "NO"


def test_plain_values_of_a_json_body_are_read():
    tariff = tariff_of({"currency": "KWD", "bands": [{"rate": {"type": "flat", "price": "1.250"}}]})
    assert tariff.bands[0].rate == Flat(1250)


def test_the_published_schema_names_every_part_and_refuses_others():
    schema = tariff_schema()
    form = schema["$defs"]["TariffForm"]
    assert schema["$ref"] == "#/$defs/TariffForm"
    assert form["required"] == ["currency", "bands"]
    assert form["additionalProperties"] is False
    assert {"free_minutes", "cap", "overstay", "events", "holidays", "lost_ticket"} <= set(form["properties"])
