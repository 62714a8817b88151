"""What the server wants of a node: taken as a whole or refused as a whole, and kept for the next start."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import camera_node
from camera_node.configuration import Configuration, ConfigurationError, Kept, Mode, read_configuration


def a_document(**changed: Any) -> bytes:
    return json.dumps({"version": 7, **changed}).encode()


def test_what_the_wire_says_comes_of_itself_is_what_comes_of_itself() -> None:
    wire = (Path(camera_node.__file__).parent / "WIRE.md").read_text()
    found = re.search(r"```json\n(\{.*?\n\})\n```", wire, re.DOTALL)
    assert found is not None
    whole = read_configuration(found[1].encode())
    assert whole == read_configuration(b'{"version": 1, "timezone": "Europe/Berlin"}')


def test_fields_of_a_newer_server_are_left_aside() -> None:
    assert read_configuration(a_document(later={"a": 1}, gate={"keep": 2, "later": 3})).gate.keep == 2


WRONG = {
    "no JSON": (b"{", "not JSON"),
    "no object": (b"[]", "fields with names"),
    "deeper than anybody needs": (b"[" * 100_000, "not JSON"),
    "a word for a number": (a_document(interval_s="10"), "interval_s"),
    "true for a number": (a_document(interval_s=True), "interval_s"),
    "no number at all": (b'{"version": 2, "interval_s": NaN}', "interval_s"),
    "too small": (a_document(upload={"pictures_per_s": 0}), "upload.pictures_per_s"),
    "an unknown mode": (a_document(mode="sometimes"), "mode must be one of interval, change, gate"),
    "more kept than taken": (a_document(gate={"keep": 9}), "gate.keep"),
    "an area outside": (a_document(gate={"area": [0.5, 0.5, 0.6, 0.1]}), "gate.area"),
    "an area of words": (a_document(change={"area": "left"}), "change.area"),
    "a zone that is none": (a_document(timezone="../etc/passwd"), "timezone"),
    "a span without an end": (a_document(schedule=[{"days": ["mo"], "from": "22:00"}]), "schedule [0]"),
    "an unknown day": (
        a_document(schedule=[{"days": ["xx"], "from": "22:00", "to": "23:00"}]),
        "schedule [0].days",
    ),
}


@pytest.mark.parametrize(("document", "named"), WRONG.values(), ids=WRONG)
def test_one_wrong_field_refuses_all_of_it_by_its_name(document: bytes, named: str) -> None:
    with pytest.raises(ConfigurationError, match=re.escape(named)):
        read_configuration(document)


def test_a_span_over_midnight_belongs_to_the_day_it_begins_on_by_the_lot_s_clock() -> None:
    night = {"days": ["fr"], "from": "22:00", "to": "06:00", "mode": "change", "interval_s": 60}
    found = read_configuration(a_document(schedule=[night], timezone="Europe/Berlin"))
    friday_23, saturday_5, saturday_23 = (datetime(2026, 11, *at, tzinfo=UTC) for at in ((20, 22), (21, 4), (21, 22)))
    assert found.at(friday_23) == found.at(saturday_5) == (Mode.CHANGE, 60.0)
    assert found.at(saturday_23) == (Mode.INTERVAL, 10.0)


def test_the_last_good_one_is_there_after_a_restart_also_when_the_newest_is_damaged(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    assert kept.read() == Configuration()
    kept.keep(a_document(version=3))
    kept.keep(a_document(version=4))
    with pytest.raises(ConfigurationError):
        kept.keep(a_document(version=5, mode=0))
    assert Kept(tmp_path).read().version == 4
    (tmp_path / "configuration.json").write_bytes(b"\0\0\0")
    said: list[str] = []
    assert Kept(tmp_path, said.append).read().version == 3
    assert len(said) == 1
    kept.keep(a_document(version=6))  # what is damaged never takes the place of the good one before
    (tmp_path / "configuration.json").unlink()
    assert Kept(tmp_path).read().version == 3
