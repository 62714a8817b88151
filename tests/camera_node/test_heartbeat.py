"""What a node does with the answers to its heartbeats, over real HTTP, from a server that says what the test wants."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from scripted import Server

from camera_node.capture_state import CaptureState
from camera_node.configuration import Kept
from camera_node.heartbeat import Heartbeat, describe
from camera_node.keys import Keys
from camera_node.node_clock import NodeClock
from camera_node.server_line import ServerLine
from camera_node.spool import SpoolState
from camera_node.vitals import Vitals

AT = 1_795_255_200.0


class Beating:
    """A heartbeat, and what it brought about."""

    def __init__(self, server: Server, folder: Path, key_file: Path) -> None:
        self.wall_s = AT
        self.clock = NodeClock(boot="b", monotonic=lambda: 50.0, wall=lambda: self.wall_s)
        self.keys = Keys(key_file)
        self.versions: list[int] = []
        self.said: list[str] = []
        self.reached = 0
        self.client = httpx.Client(verify=False)
        line = ServerLine(self.client, server.url, "north", self.keys, self.clock)
        self.heart = Heartbeat(
            line,
            self.keys,
            Kept(folder),
            dict,
            lambda found: self.versions.append(found.version),
            self.said.append,
            reached=self.count_reached,
        )

    def count_reached(self) -> None:
        self.reached += 1


class Beats(threading.Event):
    """Ends after so many beats, without waiting."""

    def __init__(self, server: Server, beats: int) -> None:
        super().__init__()
        self._server, self._beats = server, beats

    def wait(self, timeout: float | None = None) -> bool:
        if len(self._server.said("heartbeat")) == self._beats:
            self.set()
        return self.is_set()


@pytest.fixture
def beating(server: Server, tmp_path: Path, key_file: Path) -> Iterator[Beating]:
    found = Beating(server, tmp_path, key_file)
    yield found
    found.client.close()


def answer(version: int = 0, **more: Any) -> tuple[int, dict[str, Any]]:
    return 200, {"time": AT + 100, "configuration_version": version, "key": None, **more}


def test_the_server_s_time_is_learnt(beating: Beating, server: Server) -> None:
    server.answers["heartbeat"] = [answer()]
    beating.heart.beat()
    assert beating.clock.offset_s == pytest.approx(100)


def test_another_configuration_is_fetched_kept_and_answered_once(beating: Beating, server: Server) -> None:
    server.answers["heartbeat"] = [answer(3), answer(3)]
    server.answers["configuration"] = [(200, {"version": 3, "mode": "change"})]
    beating.heart.beat()
    beating.heart.beat()
    assert beating.versions == [3]
    assert server.said("configuration/3") == [{"outcome": "taken", "why": ""}]
    assert [said["configuration_version"] for said in server.said("heartbeat")] == [0, 3]


def test_another_document_of_the_same_number_is_found_once_the_node_has_started_anew(
    server: Server, tmp_path: Path, key_file: Path
) -> None:
    Kept(tmp_path).keep(b'{"version": 3, "mode": "change"}')
    beating = Beating(server, tmp_path, key_file)
    server.answers["heartbeat"] = [answer(3), answer(3)]
    server.answers["configuration"] = [(200, {"version": 3, "mode": "gate"})]
    beating.heart.beat()
    beating.heart.beat()
    assert (beating.heart.configuration.mode, beating.versions) == ("gate", [3])
    assert server.said("configuration/3") == [{"outcome": "taken", "why": ""}]
    beating.client.close()


def test_another_document_of_the_same_number_is_found_once_the_server_was_away(
    beating: Beating, server: Server
) -> None:
    server.answers["heartbeat"] = [answer(3), (503, {"title": "Not now."}), answer(3)]
    server.answers["configuration"] = [
        (200, {"version": 3, "mode": "change"}),
        (200, {}),
        (200, {"version": 3, "mode": "gate"}),
    ]
    beating.heart.keep_beating(Beats(server, 3))
    assert (beating.heart.configuration.mode, beating.versions) == ("gate", [3, 3])


def test_another_node_with_the_same_key_is_told_of_once(beating: Beating, server: Server) -> None:
    server.answers["heartbeat"] = [answer(twin=each) for each in (False, True, True, False, True)]
    told = []
    for _ in range(5):
        beating.heart.beat()
        told.append(sum("Another node uses this camera's key" in each for each in beating.said))
    assert told == [0, 1, 1, 1, 2]


def test_a_wrong_one_is_refused_once_and_the_next_is_taken(beating: Beating, server: Server) -> None:
    server.answers["heartbeat"] = [answer(3), answer(3), answer(4)]
    server.answers["configuration"] = [
        (200, {"version": 3, "interval_s": -1}),
        (200, {}),
        (200, {"version": 4}),
    ]
    for _ in range(3):
        beating.heart.beat()
    assert beating.versions == [4]
    [told] = server.said("configuration/3")
    assert (told["outcome"], "interval_s" in told["why"]) == ("refused", True)


def test_an_outcome_that_did_not_arrive_is_told_with_the_next_heartbeat(beating: Beating, server: Server) -> None:
    server.answers["heartbeat"] = [answer(3), answer(3)]
    server.answers["configuration"] = [(200, {"version": 3}), (503, {})]
    with pytest.raises(httpx.HTTPStatusError):
        beating.heart.beat()
    beating.heart.beat()
    assert len(server.said("configuration/3")) == 2
    assert beating.versions == [3]


def test_a_new_key_signs_the_next_request(beating: Beating, server: Server, key_file: Path) -> None:
    old = key_file.read_text().strip()
    server.answers["heartbeat"] = [answer(key={"id": "1", "key": "the-new-one"}), answer()]
    beating.heart.beat()
    beating.heart.beat()
    assert [key for _, _, key, _ in server.requests] == [old, "the-new-one"]
    assert key_file.read_text() == "the-new-one\n"


def test_a_refused_new_key_is_left_in_the_same_breath(beating: Beating, server: Server, key_file: Path) -> None:
    old = key_file.read_text().strip()
    beating.keys.offer("1", "the-new-one")
    server.answers["heartbeat"] = [(401, {}), answer()]
    beating.heart.beat()
    assert [key for _, _, key, _ in server.requests] == ["the-new-one", old]


def test_a_clock_that_is_a_day_off_is_set_by_the_refusal(beating: Beating, server: Server) -> None:
    server.date = "Sun, 22 Nov 2026 10:00:00 GMT"
    server.answers["heartbeat"] = [(401, {}), answer()]
    beating.heart.beat()
    assert beating.clock.compared
    assert len(server.requests) == 2


def test_a_server_that_is_away_is_told_once_and_when_it_is_back(beating: Beating, server: Server) -> None:
    server.answers["heartbeat"] = [(503, {"detail": "Not now"})] * 3 + [answer()]
    beating.heart.keep_beating(Beats(server, 4))
    assert beating.said == ["The heartbeat was refused: the server answered 503: Not now.", "The server answers again."]
    assert beating.heart.trouble == ""
    assert beating.reached == 1


def test_what_is_said_is_what_the_wire_names() -> None:
    vitals = Vitals(uptime_s=1.5, boot="b", temperature_c=None, throttled=("hot",), disk_free_bytes=7)
    said = describe(
        vitals,
        SpoolState(pictures=2),
        CaptureState(),
        instance="run 1",
        rate_per_s=0.5,
        clock_offset_s=None,
        running_s=2.5,
        last_error="x" * 999,
    )
    assert (said["uptime_s"], said["running_s"], said["instance"]) == (1.5, 2.5, "run 1")
    assert (said["throttled"], said["spool"]["pictures"], said["capture"]["running"]) == (["hot"], 2, False)
    assert len(said["last_error"]) == 300
    assert json.loads(json.dumps(said)) == said
