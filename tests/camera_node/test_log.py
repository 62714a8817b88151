"""What a node says: for the journal, for people, in a bundle; never a secret."""

import io
import os
from pathlib import Path

import pytest

from camera_node.log import LINES_KEPT, Log, mask
from camera_node.log_bundle import BYTES_MAX, make_bundle
from camera_node.settings import Settings, SourceKind, SourceSettings

KEY = "Zx9" + "k" * 40


def test_the_journal_gets_priorities_and_people_get_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "journal").open("w") as stream:
        found = os.fstat(stream.fileno())
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        log = Log(stream)
        log.problem("Broken.")
        log.warning("Two\nlines.")
        log.info("Well.")
        shown = io.StringIO()
        Log(shown).info("Well.")
    assert (tmp_path / "journal").read_text() == "<3>Broken.\n<4>Two lines.\n<6>Well.\n"
    assert shown.getvalue().endswith("Z Well.\n")


def test_only_the_last_lines_are_kept_and_a_closed_stream_ends_nothing() -> None:
    stream = io.StringIO()
    log = Log(stream)
    stream.close()
    for number in range(LINES_KEPT + 5):
        log.info(f"line {number}")
    assert (len(log.lines()), log.lines()[-1].endswith(f"INFO line {LINES_KEPT + 4}")) == (LINES_KEPT, True)


SECRETS = {
    "a password in an address": ("rtsp://admin:p@s/s@cam/1 failed", "rtsp://***@cam/1 failed"),
    "a password in a query": ("http://cam/snap?user=a&pwd=b&size=1", "http://cam/snap?user=***&pwd=***&size=1"),
    "a known secret": ("the word is swordfish.", "the word is ***."),
    "what looks like a key": (f"key {KEY}!", "key ***!"),
}


@pytest.mark.parametrize(("said", "shown"), SECRETS.values(), ids=SECRETS)
def test_secrets_are_taken_out(said: str, shown: str) -> None:
    assert mask(said, ["swordfish", ""]) == shown


def test_a_hash_is_not_a_key() -> None:
    assert mask("sha256 " + "a" * 64) == "sha256 " + "a" * 64


def test_a_bundle_has_versions_settings_state_and_the_newest_lines_without_secrets() -> None:
    source = SourceSettings(SourceKind.RTSP, address="rtsp://admin:it's\"mine@cam/1")
    settings = Settings(server="https://parkhub.example", camera="north", source=source)
    lines = [f"line {number} {'x' * 300}" for number in range(2000)] + [f"the key was {KEY} and swordfish"]
    bundle = make_bundle(settings, {"spool": {"pictures": 3}, "boot": None}, lines, ["swordfish"])
    text = bundle.decode()
    assert len(bundle) <= BYTES_MAX
    assert "source.address = rtsp://***@cam/1" in text
    assert "mine" not in text
    assert "spool.pictures = 3" in text
    assert text.endswith("the key was *** and ***\n")
    assert "line 1999 " in text
    assert "line 0 " not in text
