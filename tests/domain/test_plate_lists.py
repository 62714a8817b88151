import pytest

from parkhub.domain.plate_lists import ListedPlate, PlateList, faults


def test_a_good_entry_has_no_faults():
    assert faults(ListedPlate(PlateList.DENY, "AB123", None, "unpaid")) == {}


@pytest.mark.parametrize(
    ("plate", "reason", "field"),
    [("ab 123", "x", "plate"), ("A", "x", "plate"), ("AB123", " ", "reason"), ("AB123", "x" * 201, "reason"),
     ("AB123", "a\tb", "reason")],
)  # fmt: skip
def test_what_is_wrong_with_an_entry_is_told_by_field(plate, reason, field):
    assert list(faults(ListedPlate(PlateList.ALLOW, plate, 1, reason))) == [field]
