"""A tariff as a form and as text."""

import pytest

from parkhub.domain.tariff_reader import parse_tariff
from parkhub.services.tariff_examples import example_names, example_text
from parkhub.web.tariff_document import fields_of, read_document, reordered, written


def sent(text: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    """A form as a browser sends it that was shown this text."""
    fields = fields_of(read_document(text) or {})
    form = {name: value for name, value in fields.items() if isinstance(value, str)}
    days: dict[str, list[str]] = {}
    for rows in ("bands", "events"):
        form[rows] = str(len(fields[rows]))
        for at, row in enumerate(fields[rows]):
            days[f"{rows}[{at}].days"] = row["days"]
            form |= {f"{rows}[{at}].{name}": value for name, value in row.items() if name != "days"}
    return form, days


@pytest.mark.parametrize("name", example_names())
def test_a_form_that_nobody_changed_says_what_the_text_says(name):
    text = example_text(name)
    assert parse_tariff(written(*sent(text), text)) == parse_tariff(text)


def test_what_the_form_has_no_field_for_stays_and_so_do_the_comments_above():
    text = (
        "# ours\ncurrency: EUR\noverstay: {fee: 5, rate: {type: flat, price: 9}}\n"
        "bands: [{rate: {type: flat, price: 3}}]\n"
    )
    form, days = sent(text)
    changed = written(form | {"bands[0].rate.price": "4"}, days, text)
    assert changed.startswith("# ours\n")
    assert parse_tariff(changed).overstay == parse_tariff(text).overstay
    assert "price: '4'" in changed


def test_a_rate_of_another_kind_begins_with_what_it_needs():
    text = "currency: EUR\nbands: [{rate: {type: flat, price: 3}}]\n"
    form, days = sent(text)
    for kind, _ in (("per_started", 0), ("per_minute", 0), ("steps", 0)):
        assert parse_tariff(written(form | {"bands[0].rate.type": kind}, days, text))


def test_rows_are_added_moved_and_taken_away():
    text = "currency: EUR\nbands:\n- {name: A, rate: {type: flat, price: 3}}\n"
    two = reordered(text, "add-bands")
    assert [band.name for band in parse_tariff(two).bands] == ["A", "New"]
    assert [band.name for band in parse_tariff(reordered(two, "up-bands-1")).bands] == ["New", "A"]
    assert [band.name for band in parse_tariff(reordered(two, "remove-bands-0")).bands] == ["New"]
    assert reordered(text, "remove-bands-900") == reordered(text, "remove-bands-9")
    assert reordered("- no document", "add-bands") == "- no document"
    assert len(parse_tariff(reordered(text, "add-events")).events) == 1
