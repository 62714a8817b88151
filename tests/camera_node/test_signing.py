"""The signature, against the worked example of WIRE.md and against openssl."""

import re
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import camera_node
from camera_node.signing import format_time, frames_path, sign, sign_headers

WIRE = Path(camera_node.__file__).parent / "WIRE.md"


def _example() -> dict[str, str]:
    text = WIRE.read_text(encoding="utf-8").split("## A worked example")[1]
    return dict(re.findall(r"^\| ([^|]+?) \| `([^`]+)`", text, re.MULTILINE))


def test_the_worked_example_of_the_wire_page_comes_out() -> None:
    example = _example()
    signature = sign(
        example["key"],
        frames_path(example["camera"]),
        signed_at_s=int(example["time"]),
        sequence=int(example["sequence"]),
        captured_at=example["captured at"],
        body=example["body"].encode(),
    )
    assert signature == example["signature"]


def test_openssl_signs_the_same(tmp_path: Path) -> None:
    message = tmp_path / "message"
    body_hash = "d2a84f4b8b650937ec8f73cd8be2c74add5a911ba64df27458ed8229da804a26"
    message.write_bytes(f"v1\nPOST\n/api/v1/cameras/c/frames\n12\n7\n2026-01-02T03:04:05.006Z\n{body_hash}".encode())
    command = ["openssl", "dgst", "-sha256", "-hmac", "secret", "-r", str(message)]
    expected = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0]
    headers = sign_headers(
        "secret",
        frames_path("c"),
        signed_at_s=12,
        sequence=7,
        captured_at=datetime(2026, 1, 2, 3, 4, 5, 6000, UTC),
        body=b"Hello World\n",
    )
    assert headers["Parkhub-Signature"] == f"v1={expected}"


@pytest.mark.parametrize("changed", ["key", "path", "signed_at_s", "sequence", "captured_at", "body"])
def test_every_part_counts(changed: str) -> None:
    given = {"key": "k", "path": "/a", "signed_at_s": 1, "sequence": 2, "captured_at": "x", "body": b"b"}
    other = {"key": "K", "path": "/b", "signed_at_s": 3, "sequence": 4, "captured_at": "y", "body": b"c"}
    assert sign(**given) != sign(**{**given, changed: other[changed]})  # type: ignore[arg-type]


def test_capture_times_are_written_in_utc_with_milliseconds() -> None:
    moment = datetime(2026, 11, 21, 12, 0, 0, 123456, timezone(timedelta(hours=2)))
    assert format_time(moment) == "2026-11-21T10:00:00.123Z"


def test_a_capture_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        format_time(datetime(2026, 11, 21))  # noqa: DTZ001
