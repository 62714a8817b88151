import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from builders import KEY, KEY_HASH, NOW, after
from hypothesis import given
from hypothesis import strategies as st

from parkhub.domain.signatures import (
    SEQUENCE_MAX,
    SignedHeaders,
    check_captured_at,
    check_key,
    check_signature,
    hash_key,
    read_headers,
    read_time,
    sign,
)
from parkhub.errors import InvalidInputError, ParkHubError, SignatureError

PATH = "/api/v1/cameras/gate/frames"
BODY = hashlib.sha256(b"picture").hexdigest()
CAPTURED = "2026-11-21T09:59:58.250Z"


def headers(**given: object) -> SignedHeaders:
    """Headers signed right at NOW, then changed."""
    plain = SignedHeaders(KEY, int(NOW.timestamp()), 7, read_time(CAPTURED), CAPTURED, "")
    return replace(plain, **{"signature": sign(KEY, "POST", PATH, plain, BODY), **given})


def test_the_signature_is_the_one_that_the_wire_describes() -> None:
    """Computed with openssl: printf 'v1\\nPOST\\n…' | openssl dgst -sha256 -hmac a-key-of-a-camera."""
    found = sign(KEY, "POST", PATH, headers(), BODY)
    assert re.fullmatch("[0-9a-f]{64}", found)
    assert found == "4ff7ee3b543fbe62dda3cf1600b678d42a0f38cbcdf97cbd87d9d22fbf4de7ad"


def test_what_was_signed_right_is_let_pass() -> None:
    check_signature("POST", PATH, headers(), BODY, NOW)


@pytest.mark.parametrize(
    ("given", "method", "path", "body"),
    [
        ({"sequence": 8}, "POST", PATH, BODY),
        ({"captured_at_text": "2026-11-21T09:59:58.251Z"}, "POST", PATH, BODY),
        ({"captured_at_text": "2026-11-21T09:59:58.250+00:00"}, "POST", PATH, BODY),
        ({"signed_at_s": int(NOW.timestamp()) + 1}, "POST", PATH, BODY),
        ({"key": KEY + "x"}, "POST", PATH, BODY),
        ({"signature": "0" * 64}, "POST", PATH, BODY),
        ({}, "PUT", PATH, BODY),
        ({}, "POST", PATH.replace("gate", "exit"), BODY),
        ({}, "POST", PATH, hashlib.sha256(b"another").hexdigest()),
    ],
    ids=["sequence", "capture time", "its writing", "signing time", "key", "signature", "method", "camera", "body"],
)
def test_a_signature_holds_for_exactly_what_it_was_made_for(
    given: dict[str, object], method: str, path: str, body: str
) -> None:
    with pytest.raises(SignatureError):
        check_signature(method, path, headers(**given), body, NOW)


@pytest.mark.parametrize("off_s", [-300, -1, 0, 299, 300])
def test_a_clock_may_be_five_minutes_off(off_s: int) -> None:
    check_signature("POST", PATH, headers(), BODY, after(off_s))


@pytest.mark.parametrize("off_s", [-301, 300.5, 301, 86_400])
def test_and_not_more(off_s: float) -> None:
    with pytest.raises(SignatureError, match="clock"):
        check_signature("POST", PATH, headers(), BODY, after(off_s))


def test_a_wrong_signature_is_named_before_a_wrong_clock() -> None:
    """Or whoever replays an old upload would learn that the rest of it holds."""
    with pytest.raises(SignatureError, match="does not fit"):
        check_signature("POST", PATH, headers(signature="0" * 64), BODY, after(1000))


def test_a_key_fits_its_own_hash_only() -> None:
    assert hash_key(KEY) == KEY_HASH
    check_key(KEY_HASH, KEY)
    sentences = set()
    for key_hash, key in [(KEY_HASH, "other"), (None, KEY), (KEY_HASH, KEY_HASH), ("", KEY), (None, "")]:
        with pytest.raises(SignatureError) as caught:
            check_key(key_hash, key)
        sentences.add(str(caught.value))
    assert len(sentences) == 1


def test_headers_never_show_their_key_or_signature() -> None:
    shown = repr(headers())
    assert KEY not in shown
    assert headers().signature not in shown


RIGHT = (KEY, "1795255200", "7", CAPTURED, "v1=" + "a" * 64)


def test_headers_are_read_as_sent() -> None:
    found = read_headers(*RIGHT)
    assert (found.signed_at_s, found.sequence, found.captured_at_text) == (1795255200, 7, CAPTURED)
    assert found.captured_at == datetime(2026, 11, 21, 9, 59, 58, 250_000, tzinfo=UTC)
    assert found.signature == "a" * 64


@pytest.mark.parametrize("missing", range(5))
@pytest.mark.parametrize("nothing", [None, ""])
def test_every_header_is_needed(missing: int, nothing: str | None) -> None:
    given = [nothing if at == missing else value for at, value in enumerate(RIGHT)]
    with pytest.raises(SignatureError, match="needs the headers"):
        read_headers(*given)


@pytest.mark.parametrize(
    ("at", "value", "error"),
    [
        (1, "1795255200.5", SignatureError),
        (1, "-1", SignatureError),
        (1, "soon", SignatureError),
        (1, "1" * 20, SignatureError),
        (2, "-1", InvalidInputError),
        (2, "1e3", InvalidInputError),
        (2, " 7", InvalidInputError),
        (2, "٣", InvalidInputError),
        (2, str(SEQUENCE_MAX + 1), InvalidInputError),
        (4, "a" * 64, SignatureError),
        (4, "v2=" + "a" * 64, SignatureError),
        (4, "v1=" + "A" * 64, SignatureError),
        (4, "v1=" + "a" * 63, SignatureError),
        (4, "v1=" + "a" * 64 + "\n", SignatureError),
    ],
)
def test_headers_that_are_written_wrong_are_refused(at: int, value: str, error: type[ParkHubError]) -> None:
    with pytest.raises(error):
        read_headers(*[value if at == place else right for place, right in enumerate(RIGHT)])


def test_the_largest_sequence_is_taken() -> None:
    assert read_headers(RIGHT[0], RIGHT[1], str(SEQUENCE_MAX), *RIGHT[3:]).sequence == SEQUENCE_MAX


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-11-21T10:00:00Z", 0),
        ("2026-11-21T10:00:00+00:00", 0),
        ("2026-11-21T10:00:00.1Z", 100_000),
        ("2026-11-21T10:00:00.123456Z", 123_456),
        ("2026-11-21T10:00:00.123456789Z", 123_456),
    ],
)
def test_a_capture_time_may_have_any_fraction(text: str, micros: int) -> None:
    assert read_time(text) == NOW.replace(microsecond=micros)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21",
        "2026-11-21T10:00:00",
        "2026-11-21 10:00:00Z",
        "2026-11-21T10:00:00+01:00",
        "2026-11-21T10:00Z",
        "2026-02-30T10:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T10:00:60Z",
        "0000-01-01T00:00:00Z",
        "2026-11-21T10:00:00.Z",
        "2026-11-21T10:00:00Z\n",
        "now",
        "1795255200",
        "٢٠٢٦-11-21T10:00:00Z",
    ],
)
def test_a_capture_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="RFC 3339"):
        read_time(text)


@given(st.datetimes(timezones=st.just(UTC)))
def test_every_moment_is_read_back_as_it_was_written(moment: datetime) -> None:
    assert read_time(moment.isoformat().replace("+00:00", "Z")) == moment


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_times(text: str) -> None:
    try:
        found = read_time(text)
    except InvalidInputError:
        return
    assert found.tzinfo is UTC


@given(st.lists(st.one_of(st.none(), st.text(max_size=90)), min_size=5, max_size=5))
def test_no_headers_break_the_reading_of_headers(values: list[str | None]) -> None:
    with pytest.raises((SignatureError, InvalidInputError)):
        read_headers(*values)


@pytest.mark.parametrize("off", [timedelta(seconds=300), timedelta(0), -timedelta(days=7)])
def test_a_picture_may_be_a_week_old_and_five_minutes_early(off: timedelta) -> None:
    check_captured_at(NOW + off, NOW)


@pytest.mark.parametrize(
    ("off", "word"),
    [(timedelta(seconds=300.001), "too early"), (-timedelta(days=7, microseconds=1), "too old")],
)
def test_and_no_more_than_that(off: timedelta, word: str) -> None:
    with pytest.raises(InvalidInputError, match=word):
        check_captured_at(NOW + off, NOW)


def test_zones_do_not_matter_to_moments() -> None:
    check_captured_at(NOW.astimezone(timezone(timedelta(hours=9))), NOW)
