"""What a letter about a charge says, in words."""

import pytest

from parkhub.letters import put_in_words
from parkhub.services.card_letters import LETTERS

VALUES = {
    "amount_cents": 540,
    "currency": "EUR",
    "lot": "Harbour & Sons",
    "zone": "Europe/Berlin",
    "left_at": "2026-11-16T10:30:00+00:00",
    "last4": "4242",
    "expired": False,
    "link": "https://park.example.org/pay/charges/abc",
    "card_link": "https://park.example.org/account/card",
}
SUBJECTS = {
    "card_declined": "Your parking at Harbour & Sons is still to pay: €5.40",
    "card_confirm": "Your bank wants you to confirm €5.40 for parking at Harbour & Sons",
    "card_over_cap": "Your parking at Harbour & Sons costs €5.40: please look at it",
}


@pytest.mark.parametrize("name", LETTERS.values())
def test_a_letter_says_what_is_to_pay_and_where(name: str):
    letter = put_in_words("card:abc", "kim@example.org", "en", name, VALUES)
    assert letter.subject == SUBJECTS[name]
    for text in (letter.text, letter.html):
        assert str(VALUES["link"]) in text
        assert str(VALUES["card_link"]) in text
        assert "11:30" in text
    assert "Harbour &amp; Sons" in letter.html


def test_a_letter_tells_an_expired_card_from_a_declined_one():
    words = put_in_words("card:abc", "kim@example.org", "en", "card_declined", {**VALUES, "expired": True})
    assert "has expired" in words.text
    assert "declined" not in words.text
