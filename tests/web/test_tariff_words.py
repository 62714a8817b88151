"""Prices in words on a lot's page."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from builders import NOW, save_camera, save_lot
from tariffs import BERLIN
from visitors import Visitor

from parkhub.db import tariffs as tariff_rows
from parkhub.db.tariffs import TariffVersion
from parkhub.domain.vehicles import VehicleKind
from parkhub.languages import ENGLISH, language
from parkhub.services.tariff_examples import example_text
from parkhub.web.tariff_words import Prices, prices

DAY = timedelta(days=1)


def a_version(text: str, **given: Any) -> TariffVersion:
    usual: dict[str, Any] = {"id": 1, "lot_id": 1, "kind": None, "created_by": None}
    return TariffVersion(**{**usual, "valid_from": NOW - DAY, "created_at": NOW - DAY, **given, "text": text})


def told(*versions: TariffVersion, now: datetime = NOW, code: str = "en") -> list[Prices]:
    return prices(versions, now, BERLIN, language(code))


def one_band(rate: str, **given: str) -> str:
    return f"currency: EUR\nbands: [{{name: Day, rate: {rate}}}]\n" + "".join(f"{k}: {v}\n" for k, v in given.items())


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        ('{type: per_started, minutes: 60, price: "1.80"}', "€1.80 per started hour"),
        ('{type: per_started, minutes: 15, price: "0.75"}', "€0.75 per started 15 min"),
        ('{type: per_minute, price_per_hour: "3.00"}', "€3.00 an hour, by the minute"),
        ('{type: flat, price: "15.00"}', "€15.00 flat rate"),
        ('{type: flat, price: "0"}', "free"),
        (
            '{type: steps, steps: [{up_to_minutes: 30, price: "5"}, {up_to_minutes: 60, price: "9"}], '
            'then: {type: per_started, minutes: 60, price: "2"}}',
            "up to 30 min €5.00, up to 1 h €9.00, then €2.00 per started hour",
        ),
    ],
)
def test_every_kind_of_rate_has_words(rate: str, words: str) -> None:
    [found] = told(a_version(one_band(rate)))
    assert found.rates == (("At any time", words),)


def test_hours_that_no_band_holds_are_free() -> None:
    [found] = told(a_version(example_text("street")))
    assert found.rates == (("Mon–Sat 08:00–20:00", "€0.75 per started 15 min"), ("All other times", "free"))


def test_what_holds_for_the_whole_stay_stands_below() -> None:
    [found] = told(a_version(example_text("airport")))
    assert found.notes == (
        "Free if you leave within 10 min.",
        "At most €28.00 in 24 hours.",
        "After paying you have 20 min to drive out.",
        "Lost ticket: €140.00.",
        "Prices include 19% tax.",
    )


def test_a_kind_with_a_tariff_of_its_own_is_told_apart() -> None:
    own = a_version(example_text("motorcycle"), kind=VehicleKind.MOTORCYCLE)
    assert [each.title for each in told(own, a_version(example_text("street")))] == ["", "Motorcycles"]


def test_only_what_is_in_force_is_told() -> None:
    old, new = a_version(example_text("street")), a_version(example_text("hospital"), valid_from=NOW + DAY)
    assert told(new) == []
    assert told(old, new)[0].rates[0][1] == "€0.75 per started 15 min"
    assert told(old, new, now=NOW + DAY)[0].rates[0][1] == "£1.20 per started hour"
    assert told() == []


def test_an_event_is_told_two_weeks_before_and_until_it_is_over() -> None:
    event = "[{name: Match, from: 2026-12-01T16:00, to: 2026-12-01T23:00, rate: {type: flat, price: '20'}}]"
    text = one_band('{type: per_started, minutes: 60, price: "1"}', events=event)
    version = a_version(text)
    assert told(version)[0].rates[0] == ("Match, Tue 1 Dec 16:00 – 23:00", "€20.00 flat rate")
    assert len(told(replace(version, valid_from=NOW - 30 * DAY), now=NOW - 10 * DAY)[0].rates) == 1
    assert len(told(version, now=NOW + 11 * DAY)[0].rates) == 1


def test_prices_are_told_in_the_drivers_language() -> None:
    [found] = told(a_version(example_text("overnight")), code="de")
    assert found.rates[0] == ("Fr.–Sa. 18:00–06:00", "2,50\xa0€ je angefangene Stunde, höchstens 12,00\xa0€")
    assert found.rates[-1][0] == "Sonst"


async def test_the_lots_page_shows_prices_and_the_way_to_pay(visitor: Visitor) -> None:
    lot = await save_lot(slug="harbour")
    await save_camera(lot, 2)
    bare = (await visitor.get("/lots/harbour")).text
    assert "Prices" not in bare
    assert "/pay/" not in bare
    await tariff_rows.add_version(lot.id, None, example_text("street"), NOW - 400 * DAY, None, NOW - 400 * DAY)
    german = await visitor.get("/lots/harbour", headers={"accept-language": "de-AT"})
    assert (
        '<a class="btn btn-primary btn-big btn-block" href="/pay/harbour">Parken bezahlen oder ansehen</a>'
        in german.text
    )
    assert "0,75\xa0€ je angefangene 15 min" in german.text
    assert '<html lang="de">' in german.text
    assert german.headers["vary"].startswith("accept-language, cookie")


async def test_a_language_that_was_chosen_goes_before_the_browsers(visitor: Visitor) -> None:
    await save_camera(await save_lot(slug="harbour"), 2)
    answer = await visitor.post("/language", data={"code": "fr", "next": "/lots/harbour"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/lots/harbour")
    assert '<html lang="fr">' in (await visitor.get("/lots/harbour", headers={"accept-language": "de"})).text
    away = await visitor.post("/language", data={"code": "xx", "next": "//evil.example"})
    assert away.headers["location"] == "/"
    assert "set-cookie" not in away.headers


def test_english_needs_no_catalogue() -> None:
    assert language("xx") is not None
    assert ENGLISH.gettext("Prices") == "Prices"
