"""Letters in words: each can be filled, in every language, with what it is written with."""

import pytest

from parkhub.languages import NAMES
from parkhub.letters import TEMPLATES, put_in_words

LINK = {"link": "https://park.example.org/account/enter/x", "minutes": 20}
PLATE = {"plate": "AB…3"}
LETTERS = [
    ("sign_in", LINK),
    ("change_email", LINK),
    ("email_changed", {}),
    ("password_changed", {}),
    ("plate_claimed", PLATE),
    ("plate_moved", PLATE),
    ("claim_decided", {**PLATE, "granted": True}),
    ("claim_decided", {**PLATE, "granted": False}),
]


@pytest.mark.parametrize("code", NAMES)
@pytest.mark.parametrize(("name", "values"), LETTERS)
def test_a_letter_says_the_same_in_text_and_html(name: str, values: dict[str, object], code: str) -> None:
    letter = put_in_words("uid", "kim@example.org", code, name, values)
    assert 0 < len(letter.subject) < 80
    assert f'<html lang="{code}">' in letter.html
    for value in values.values():
        if isinstance(value, str):
            assert value in letter.text
            assert value in letter.html


def test_every_letter_has_a_subject_and_a_text() -> None:
    for html in (TEMPLATES / "mail").glob("[!_]*.html"):
        lines = html.with_suffix(".txt").read_text().splitlines()
        assert lines[0].strip(), html
        assert any(line.strip() for line in lines[1:]), html
