"""Where in a text what is wrong stands, and at which field of a form."""

import pytest

from parkhub.domain.tariff_places import field_of, line_of
from parkhub.domain.tariff_reader import parse_tariff
from parkhub.errors import TariffError

TEXT = """# a comment
currency: EUR
bands:
  - name: Day
    rate:
      type: per_started
      minutes: 60
      price: "2.00"
  - rate: {type: flat, price: "5.00"}
"""


def place(text: str) -> tuple[int | None, str]:
    with pytest.raises(TariffError) as caught:
        parse_tariff(text)
    return line_of(text, caught.value.path, caught.value.reason), caught.value.path


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('price: "2.00"', "price: two", 8),
        ("minutes: 60", "minutes: many", 7),
        ('price: "5.00"', 'price: "5.001"', 9),
        ("minutes: 60", "minuts: 60", 5),
        ("currency: EUR", "currency: EUR: x", 2),
        ("currency: EUR", "currency: EUR\ncurrency: USD", 3),
    ],
    ids=["an amount", "a number", "within one line", "a missing name: what it lies in", "no YAML", "twice"],
)
def test_what_is_wrong_is_found_in_its_line(old, new, line):
    assert place(TEXT.replace(old, new, 1))[0] == line


def test_a_fault_of_the_whole_has_no_line():
    assert place("- 1") == (None, "")


def test_a_path_is_found_at_the_nearest_field():
    names = {"currency", "bands[0].name", "bands[0].rate.price", "bands[0].rate.steps"}
    assert field_of("currency", names) == "currency"
    assert field_of("bands[0].rate.steps[3].price", names) == "bands[0].rate.steps"
    assert field_of("bands[0].rate", names) == "bands[0].rate.price"
    assert field_of("holidays", names) == ""
