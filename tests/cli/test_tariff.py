import json

import pytest
from typer.testing import CliRunner

from parkhub.cli.main import app
from parkhub.services.tariff_examples import example_names, example_text

TARIFF = """
currency: EUR
bands: [{name: Day, rate: {type: per_started, minutes: 60, price: "2.00"}}]
tax: {percent: 19}
"""


@pytest.fixture
def tariff(tmp_path):
    file = tmp_path / "tariff.yaml"
    file.write_text(TARIFF)
    return str(file)


def run(*arguments, **kwargs):
    return CliRunner().invoke(app, ["tariff", *arguments], **kwargs)


def test_a_stay_is_priced_line_by_line(tariff):
    ended = run("price", tariff, "--from", "2026-06-12T16:00", "--to", "2026-06-12T18:30", "--zone", "Europe/Berlin")
    assert ended.exit_code == 0
    assert json.loads(ended.stdout) == {
        "minutes": 150.0,
        "lines": [{"text": "Day: 3 h at 2.00", "amount": "6.00"}],
        "currency": "EUR",
        "net": "5.04",
        "tax": "0.96",
        "gross": "6.00",
        "changes_at": "2026-06-12T17:00:00Z",
    }


def test_several_lengths_are_priced_one_by_one(tariff):
    ended = run("price", tariff, "--from", "2026-06-12T16:00", "--minutes", "60", "--minutes", "61")
    assert [json.loads(line)["gross"] for line in ended.stdout.splitlines()] == ["2.00", "4.00"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "2026-06-12T16:00"], "give --to, or --minutes"),
        (["--from", "x", "--minutes", "5"], "--from 'x' is no time"),
        (["--from", "2026-06-12T16:00", "--to", "2026-06-12T15:00"], "--to is before --from"),
        (["--from", "2026-06-12T16:00", "--minutes", "5", "--zone", "Nowhere"], "no time zone 'Nowhere'"),
    ],
    ids=["no end", "no time", "backwards", "no zone"],
)
def test_a_stay_that_cannot_be_is_wrong_usage(tariff, arguments, words):
    ended = run("price", tariff, *arguments)
    assert ended.exit_code == 2
    assert words in ended.stderr


def test_right_tariffs_are_listed_and_each_wrong_one_is_named_with_its_place(tariff, tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("currency: EUR\nbands: [{rate: {type: flat, price: two}}]")
    ended = run("check", tariff, str(wrong), str(tmp_path / "none.yaml"))
    assert ended.exit_code == 1
    assert [json.loads(line)["currency"] for line in ended.stdout.splitlines()] == ["EUR"]
    assert "bands[0].rate.price: 'two' is no amount" in ended.stderr
    assert "none.yaml: The file cannot be read" in ended.stderr


def test_a_tariff_comes_from_standard_input_too():
    assert run("check", "-", input=TARIFF).exit_code == 0


def test_examples_are_listed_and_printed():
    assert run("example").stdout.split() == example_names()
    assert run("example", "mall").stdout.strip() == example_text("mall").strip()


def test_the_schema_is_json():
    assert json.loads(run("schema").stdout)["title"] == "Tariff"
