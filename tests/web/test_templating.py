"""Words for numbers."""

from datetime import UTC, datetime, timedelta

import pytest

from parkhub.web.assets import ASSETS, asset
from parkhub.web.templating import ENVIRONMENT, ago, attributes, local, span

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (86399, "23 h"),
        (86400, "1 day"),
        (200_000, "2 days"),
    ],
)
def test_a_span_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_moments_are_told_from_now() -> None:
    assert ago(NOW, NOW) == "just now"
    assert ago(NOW - timedelta(minutes=5), NOW) == "5 min ago"


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC), "02:59:59"),
        (datetime(2026, 10, 25, 1, 0, 0, tzinfo=UTC), "02:00:00"),
    ],
    ids=["before the clock goes back", "after"],
)
def test_the_lots_clock_is_shown(moment: datetime, shown: str) -> None:
    assert local(moment, "Europe/Berlin") == shown


def test_attributes_are_written_as_html_has_them() -> None:
    given = {"required": True, "disabled": False, "value": None, "title": '"><b>', "maxlength": 3, "data-empty": ""}
    assert attributes(given) == ' required title="&#34;&gt;&lt;b&gt;" maxlength="3" data-empty=""'


def test_every_template_can_be_read() -> None:
    # Letters are read with filters of their own.
    names = [name for name in ENVIRONMENT.list_templates() if not name.startswith("mail/")]
    assert len(names) > 15
    for name in names:
        ENVIRONMENT.get_template(name)


def test_a_static_file_that_is_not_there_is_noticed() -> None:
    with pytest.raises(KeyError):
        asset("missing.css")


def test_what_others_wrote_comes_with_its_licence() -> None:
    assert "htmx-2.0.11.min.js" in ASSETS
    assert b"Zero-Clause BSD" in ASSETS["licences/htmx-2.0.11.txt"].body
