"""Addresses of stays' pages."""

import base64
from datetime import UTC, datetime

import pytest

from parkhub.domain.stay_tokens import LIFE, make_token, read_token

KEY = "k" * 40
NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def test_a_token_says_which_session_and_until_when() -> None:
    found = read_token(KEY, make_token(KEY, 4711, NOW))
    assert found is not None
    assert (found.session_id, found.ends_at) == (4711, NOW + LIFE)


def test_tokens_fit_an_address_as_they_are() -> None:
    for session_id in range(1, 200):
        token = make_token(KEY, session_id, NOW)
        assert token.replace("-", "").replace("_", "").isalnum()
        assert len(token) == 43


def _forged() -> dict[str, str]:
    token = make_token(KEY, 1, NOW)
    raw = bytearray(base64.urlsafe_b64decode(token + "="))
    raw[7] = 2  # another session
    other = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    raw = bytearray(base64.urlsafe_b64decode(token + "="))
    raw[12] ^= 1  # longer
    longer = base64.urlsafe_b64encode(raw).decode().rstrip("=")
    return {
        "another session": other,
        "a longer life": longer,
        "another key": make_token("x" * 40, 1, NOW),
        "cut off": token[:-1],
        "half": token[:21],
        "nothing": "",
        "a number": "1",
        "letters beyond": "ä" * 43,
        "much": "A" * 5000,
        "spaces": token[:10] + " " + token[10:],
    }


@pytest.mark.parametrize("text", _forged().values(), ids=_forged().keys())
def test_what_was_not_made_here_says_nothing(text: str) -> None:
    assert read_token(KEY, text) is None
