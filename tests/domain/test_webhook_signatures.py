"""Signed webhooks: ours are Stripe's, checked against Stripe's own library."""

from datetime import UTC, datetime, timedelta

import pytest
import stripe

from parkhub.domain.webhook_signatures import check_signature, sign
from parkhub.errors import SignatureError

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
BODY = b'{"id": "evt_1"}'
SECRET = "whsec_12345678"


def test_stripes_own_library_takes_what_we_sign():
    now = datetime.now(UTC)
    assert stripe.WebhookSignature.verify_header(BODY.decode(), sign(BODY, SECRET, now), SECRET, tolerance=300)


def test_any_of_several_secrets_may_have_signed():
    check_signature(BODY, sign(BODY, SECRET, NOW), ["whsec_87654321", SECRET], NOW)


def test_any_of_several_signatures_may_fit():
    old, new = sign(BODY, "whsec_old_one", NOW), sign(BODY, SECRET, NOW)
    check_signature(BODY, f"{old},{new.partition(',')[2]},v0=abc", [SECRET], NOW)


WRONG = {
    "nothing": "",
    "another secret": sign(BODY, "whsec_87654321", NOW),
    "another body": sign(BODY + b" ", SECRET, NOW),
    "another scheme": sign(BODY, SECRET, NOW).replace("v1=", "v0="),
    "no time": sign(BODY, SECRET, NOW).partition(",")[2],
    "two times": "t=1," + sign(BODY, SECRET, NOW),
    "a time that is none": sign(BODY, SECRET, NOW).replace("t=", "t=x"),
    "letters that are none": "t=1763283600,v1=\u00e9",
    "too old": sign(BODY, SECRET, NOW - timedelta(seconds=301)),
    "of tomorrow": sign(BODY, SECRET, NOW + timedelta(seconds=301)),
}


@pytest.mark.parametrize("header", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_signature_is_refused(header: str):
    with pytest.raises(SignatureError):
        check_signature(BODY, header, [SECRET], NOW)


def test_within_five_minutes_a_clock_may_be_wrong():
    for seconds in (-300, 300):
        check_signature(BODY, sign(BODY, SECRET, NOW + timedelta(seconds=seconds)), [SECRET], NOW)


@pytest.mark.parametrize("secrets", [[], [""]])
def test_an_empty_secret_signs_nothing(secrets: list[str]):
    with pytest.raises(SignatureError):
        check_signature(BODY, sign(BODY, "", NOW), secrets, NOW)
