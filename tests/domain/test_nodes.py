"""What a node says of itself, and what of that somebody must see to."""

from dataclasses import replace
from datetime import timedelta

import msgspec
import pytest
from builders import NOW

from parkhub.domain.nodes import CaptureState, Heartbeat, Node, SpoolState, find_ails, read_heartbeat, silent_after
from parkhub.errors import InvalidInputError


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff",
        b'{"temperature_c": 1e999}',
        b'{"temperature_c": NaN}',
        b'{"temperature_c": 3000}',
        b'{"uptime_s": -1}',
        b'{"uptime_s": true}',
        b'{"disk_free_bytes": 99999999999999999999999999}',
        b'{"rate_per_s": "fast"}',
        b'{"spool": []}',
        b'{"spool": {"oldest_at": "2026-11-21T10:00:00"}}',
        b'{"throttled": ["' + b"x" * 41 + b'"]}',
        b'{"throttled": [' + b'"x",' * 16 + b'"x"]}',
        b'{"version": "\\ud800"}',
        b'{"x": ' + b"[" * 60_000,
    ],
)
def test_a_heartbeat_of_nonsense_is_refused(said: bytes) -> None:
    with pytest.raises(InvalidInputError):
        read_heartbeat(said)


def test_a_heartbeat_may_say_nothing_or_more_than_is_known() -> None:
    assert read_heartbeat(b"{}") == Heartbeat() == read_heartbeat(b'{"new": {"deep": [1]}, "spool": null}')


def test_its_texts_are_made_fit_to_be_shown() -> None:
    said = {
        "version": "1\u202e2" * 40,
        "last_error": "x" * 999,
        "capture": {"last_error": "a\nb"},
        "throttled": ["h\0t"],
    }
    found = read_heartbeat(msgspec.json.encode(said))
    assert found.version is not None
    assert (found.version[:3], len(found.version)) == ("1 2", 60)
    assert found.last_error == "x" * 300
    assert found.capture == CaptureState(last_error="a b")
    assert found.throttled == ["h t"]


def a_node(**said: object) -> Node:
    return Node(1, NOW, msgspec.structs.replace(Heartbeat(), **said))


def test_nothing_ails_a_node_that_is_well() -> None:
    well = a_node(
        temperature_c=55.0,
        throttled=[],
        disk_free_bytes=10**9,
        spool=SpoolState(pictures=2, oldest_at=NOW, dropped_overview=0, dropped_gate=0),
        capture=CaptureState(running=True),
        clock_offset_s=0.2,
    )
    assert list(find_ails(well, NOW, enabled=True)) == []


@pytest.mark.parametrize(
    ("said", "bad", "words"),
    [
        ({"throttled": ["under-voltage"]}, True, "power"),
        ({"throttled": ["was-under-voltage"]}, False, "power"),
        ({"throttled": ["throttled"]}, False, "hot"),
        ({"temperature_c": 80.0}, False, "hot"),
        ({"disk_free_bytes": 10**8}, True, "disk"),
        ({"capture": CaptureState(running=False)}, True, "takes no pictures"),
        ({"capture": CaptureState(running=True, last_error="no such device")}, True, "no such device"),
        ({"spool": SpoolState(dropped_gate=1)}, True, "1 pictures found no room"),
        ({"spool": SpoolState(dropped_overview=1200)}, False, "1,200 pictures found no room"),
        ({"spool": SpoolState(pictures=201)}, False, "201 pictures wait"),
        ({"spool": SpoolState(pictures=1, oldest_at=NOW - timedelta(minutes=11))}, False, "1 pictures wait"),
        ({"clock_offset_s": 86_400.0}, False, "86,400 s behind"),
        ({"last_error": "the server answers 500"}, False, "the server answers 500"),
    ],
)
def test_what_ails_a_node_is_told(said: dict[str, object], bad: bool, words: str) -> None:
    [ail] = find_ails(a_node(**said), NOW, enabled=True)
    assert ail.bad is bad
    assert words in ail.words


def test_a_node_that_has_just_begun_may_be_without_its_camera_for_a_minute() -> None:
    capture = CaptureState(running=False)
    assert list(find_ails(a_node(capture=capture, running_s=59.0), NOW, enabled=True)) == []
    for running_s, why in ((60.0, None), (1.0, "no such device")):
        said = msgspec.structs.replace(capture, last_error=why)
        [ail] = find_ails(a_node(capture=said, running_s=running_s), NOW, enabled=True)
        assert "takes no pictures" in ail.words


def test_two_nodes_with_one_key_ail_it_until_a_quarter_of_an_hour_after_the_last_turn() -> None:
    node = replace(a_node(), twin_at=NOW)
    [ail] = find_ails(node, NOW + timedelta(minutes=14), enabled=True)
    assert (ail.bad, "Two nodes use this camera's key" in ail.words) == (True, True)
    assert list(find_ails(node, NOW + timedelta(minutes=15), enabled=True)) == []


def test_what_it_says_twice_is_told_once() -> None:
    capture = CaptureState(running=True, last_error="no such device")
    [ail] = find_ails(a_node(capture=capture, last_error="no such device"), NOW, enabled=True)
    assert ail.words.endswith("It says: no such device")
    assert len(find_ails(a_node(capture=capture, last_error="the disk fails"), NOW, enabled=True)) == 2


@pytest.mark.parametrize(
    ("said", "advice", "never"),
    [
        ({"disk_free_bytes": 10**8}, "Take off its disk", "network"),
        ({"disk_free_bytes": 10**10, "waiting": 9}, "Mend its network, or raise megabytes_max", "disk"),
        ({"disk_free_bytes": 10**10}, "raise megabytes_max", "network"),
    ],
)
def test_the_advice_on_lost_pictures_is_one_that_helps(said: dict[str, int], advice: str, never: str) -> None:
    spool = SpoolState(dropped_overview=5, pictures=said.get("waiting", 0))
    node = a_node(disk_free_bytes=said["disk_free_bytes"], spool=spool)
    [ail] = [each for each in find_ails(node, NOW, enabled=True) if "found no room" in each.words]
    assert advice in ail.advice
    assert never not in ail.advice


def test_a_camera_that_is_switched_off_need_not_take_pictures() -> None:
    assert list(find_ails(a_node(capture=CaptureState(running=False)), NOW, enabled=False)) == []


def test_the_worst_comes_first() -> None:
    both = find_ails(a_node(last_error="small", disk_free_bytes=0), NOW, enabled=True)
    assert [ail.bad for ail in both] == [True, False]


def test_a_node_is_silent_after_its_camera_would_be_or_three_heartbeats() -> None:
    assert silent_after(60, 30) == timedelta(seconds=90)
    assert silent_after(600, 30) == timedelta(seconds=600)
