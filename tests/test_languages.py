"""The languages of drivers: complete catalogues, and money, days and times as each language writes them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from parkhub.languages import CATALOGUES, ENGLISH, NAMES, catalogue, language, negotiate

ROOT = Path(__file__).parents[1]
KEYWORDS = {"gettext": None, "ngettext": (1, 2), "_": None, "marked": None}
OTHERS = [code for code in NAMES if code != "en"]
BERLIN = ZoneInfo("Europe/Berlin")
AT = datetime(2026, 4, 14, 12, 35, tzinfo=UTC)

Message = str | tuple[str, ...]


@pytest.fixture(scope="module")
def written() -> set[Message]:
    """Every text for drivers in code and templates."""
    with (CATALOGUES / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS, directory_filter=_is_ours)
    return {message for _, _, message, _, _ in found}


def _is_ours(folder: str) -> bool:
    return not Path(folder).name.startswith((".", "tests", "node_modules"))


def _placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%\((\w+)\)s|(?<!%)(\{\w+\})", text))


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_is_translated_and_none_is_fuzzy(code: str, written: set[Message]) -> None:
    with catalogue(code).open("rb") as file:
        found = {message.id: message for message in read_po(file, locale=code) if message.id}
    assert set(found) == written, "run make texts"
    for key, message in found.items():
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(texts), key
        assert not message.fuzzy, key


def _pairs(code: str) -> Iterator[tuple[str, str]]:
    with catalogue(code).open("rb") as file:
        for message in read_po(file, locale=code):
            if not message.id:
                continue
            ids = message.id if isinstance(message.id, tuple) else (message.id,)
            texts = message.string if isinstance(message.string, tuple) else (message.string,)
            for text in texts:
                yield ids[-1], text


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_values_of_its_text(code: str) -> None:
    for original, text in _pairs(code):
        missing = set(_placeholders(original)) - set(_placeholders(text))
        assert set(_placeholders(text)) <= set(_placeholders(original)), text
        assert missing <= {("num", "")}, text
        assert original.count("|") == text.count("|"), text


@pytest.mark.parametrize(
    ("code", "money", "day"),
    [
        ("en", "€1,234.50", "Tue 14 Apr"),
        ("de", "1.234,50 €", "Di., 14. Apr."),
        ("es", "1.234,50 €", "mar, 14 abr"),
        ("fr", "1 234,50 €", "mar. 14 avr."),
        ("pt", "€ 1.234,50", "ter., 14 de abr."),
    ],
)
def test_money_and_days_are_written_as_the_language_does(code: str, money: str, day: str) -> None:
    words = language(code)
    assert re.sub(r"[\u202f\xa0]", " ", words.money(123_450, "EUR")) == money
    assert words.day(AT, BERLIN) == day
    assert words.clock(AT, BERLIN) == "14:35"


@pytest.mark.parametrize(("cents", "currency", "told"), [(800, "JPY", "JP¥800"), (5400, "KWD", "KWD5.400")])
def test_currencies_have_their_own_digits(cents: int, currency: str, told: str) -> None:
    assert ENGLISH.money(cents, currency).replace("\xa0", "") == told


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("de", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("nl, pt-BR;q=0.5, en;q=0.7", "en"),
        ("de;q=0, es;q=0.1", "es"),
        ("xx, *;q=0.5", "en"),
        ("de;q=much", "en"),
        ("de;q=nan, fr", "fr"),
    ],
)
def test_the_browsers_first_language_that_there_is_is_taken(accepted: str, code: str) -> None:
    assert negotiate(accepted) == code


@pytest.mark.parametrize(
    ("minutes", "told"),
    [(0, "0 min"), (45, "45 min"), (60, "1 h"), (148, "2 h 28 min"), (1440, "24 h"), (2880, "2 days")],
)
def test_durations_are_short(minutes: int, told: str) -> None:
    assert ENGLISH.duration(minutes) == told


@pytest.mark.parametrize(("seconds", "told"), [(7.9, "7 s"), (90, "1 min"), (7300, "2 h"), (86_400, "1 Tag")])
def test_ages_have_one_unit(seconds: float, told: str) -> None:
    assert language("de").age(seconds) == told


def test_neighbouring_days_are_written_as_one() -> None:
    assert ENGLISH.weekdays({"mon", "tue", "wed", "sat"}) == "Mon–Wed, Sat"
    assert ENGLISH.weekdays({"sun"}) == "Sun"
