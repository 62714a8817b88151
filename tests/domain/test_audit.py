"""What an entry of the audit log may hold."""

from datetime import datetime

import pytest
from builders import NOW

from parkhub.domain.audit import NewEntry

NAIVE = datetime(2026, 11, 21)  # noqa: DTZ001

WRONG = {
    "a plate before": {"before": {"plate": "B-AB 123"}},
    "a plate after": {"after": {"folded": "8A8123"}},
    "plates of no lot": {"plates": ("", "B-AB 123"), "lot_id": None},
    "a session without an id": {"subject": "session:north"},
    "no action": {"action": ""},
    "no subject": {"subject": ""},
    "a time without a zone": {"at": NAIVE},
}


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG)
def test_an_entry_that_is_no_entry_is_refused(given):
    usual = {
        "action": "session.opened",
        "account_id": 1,
        "lot_id": 1,
        "subject": "session:1",
        "before": None,
        "after": {"state": "open"},
        "at": NOW,
    }
    assert NewEntry(**usual).undoes is None
    with pytest.raises(ValueError):
        NewEntry(**{**usual, **given})
