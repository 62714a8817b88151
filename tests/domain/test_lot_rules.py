"""A lot's rules as a person writes them."""

import pytest

from parkhub.domain.lot_rules import LotRules, TariffFollows, change_rules
from parkhub.errors import FieldsError

RIGHT = {
    "days": ({"paid_keep_days": "14"}, {"paid_keep_days": 14}),
    "spaces around": ({"read_keep_days": " 0 "}, {"read_keep_days": 0}),
    "yes": ({"anti_passback": "Yes"}, {"anti_passback": True}),
    "no": ({"anti_passback": "off"}, {"anti_passback": False}),
    "a choice": ({"tariff_follows": "running"}, {"tariff_follows": TariffFollows.RUNNING}),
    "text": ({"operator_name": " Quay GmbH "}, {"operator_name": "Quay GmbH"}),
    "never": ({"stay_max_minutes": "0"}, {"stay_max_minutes": 0}),
    "several": (
        {"unpaid_keep_days": "36500", "picture_keep_days": "1"},
        {"unpaid_keep_days": 36500, "picture_keep_days": 1},
    ),
    "nothing": ({}, {}),
}


@pytest.mark.parametrize(("given", "changed"), RIGHT.values(), ids=RIGHT)
def test_rules_are_changed_by(given, changed):
    assert change_rules(LotRules(), given) == LotRules(**changed)


WRONG = {
    "no such rule": ("keep_days", "3", "There is no rule keep_days; there are stay_max_minutes, "),
    "no number": ("paid_keep_days", "a month", "from 1 to 36500"),
    "a part": ("paid_keep_days", "1.5", "whole number"),
    "less than nothing": ("read_keep_days", "-1", "from 0"),
    "plates of no day": ("paid_keep_days", "0", "from 1"),
    "longer than a calendar": ("unpaid_keep_days", "999999999999", "to 36500"),
    "other digits": ("read_keep_days", "٣", "whole number"),
    "neither yes nor no": ("anti_passback", "perhaps", "yes or no"),
    "two lines": ("operator_address", "1 Quay\nPort", "one line"),
    "no choice": ("tariff_follows", "ended", "one of began, running"),
}


@pytest.mark.parametrize(("name", "text", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_one_is_said_in_a_sentence(name, text, words):
    with pytest.raises(FieldsError, match=words) as raised:
        change_rules(LotRules(), {name: text, "picture_keep_days": "3"})
    assert list(raised.value.fields) == [name]
