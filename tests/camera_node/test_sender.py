"""What becomes of waiting pictures: by each answer, with each pause, and when the node is stopped."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from node_machines import NOON_S, Machine
from processes import free_port, wait_for
from receivers import Receiver

from camera_node.backoff import Backoff
from camera_node.configuration import Limits
from camera_node.picture import Kind, Picture
from camera_node.picture_line import PictureLine
from camera_node.sender import IDLE_S, NOT_ASKED, ODD_TRIES_MAX, Sender
from camera_node.server_line import OneKey
from camera_node.sources.frame import FrameError
from camera_node.spool import Spool

DAY_S = 86_400.0


class Node:
    """A spool and a sender on one machine, driven step by step."""

    def __init__(self, folder: Path, url: str, limits: Limits | None = None, **given: Any) -> None:
        self.machine = Machine(wall_s=time.time())
        self.clock = self.machine.clock(folder / "clock")
        self.clock.told(self.machine.wall_s, self.clock.asked())
        self.spool = Spool(folder / "spool", 10**9, clock=self.clock, reserve_bytes=0)
        self.client = httpx.Client(verify=False)
        self.heard: list[str] = []
        line = PictureLine(self.client, url, "gate", OneKey("secret"), self.clock)
        self.sender = Sender(
            self.spool,
            line,
            lambda: limits or Limits(pictures_per_s=1000),
            clock=self.clock,
            backoff=Backoff(lambda: 1.0),
            tell=self.heard.append,
            **given,
        )

    def put(self, name: str, kind: Kind = Kind.OVERVIEW, size: int = 1000) -> int:
        sequence = self.spool.put(self.machine.take(name, kind, size))
        assert sequence is not None
        return sequence

    def run_for(self, seconds: float) -> list[float]:
        """Step for so long by the machine's clock; when each step was, since its beginning."""
        began, steps = self.machine.up_s, []
        while (left := began + seconds - self.machine.up_s) > 0:
            steps.append(self.machine.up_s - began)
            self.machine.wait(min(left, max(self.sender.step(), 1e-9)))
        return steps

    def close(self) -> None:
        self.client.close()
        self.spool.close()


@pytest.fixture
def node(tmp_path: Path, receiver: Receiver) -> Iterator[Node]:
    receiver.dated = False
    found = Node(tmp_path, receiver.url)
    yield found
    found.close()


def names(receiver: Receiver) -> list[str]:
    return [headers["parkhub-sequence"] for _, headers, _ in receiver.requests]


@pytest.mark.parametrize("status", [200, 201])
def test_what_the_server_has_is_forgotten_here(node: Node, receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {})]
    node.put("a")
    node.run_for(1)
    assert node.sender.step() == IDLE_S
    assert node.spool.state().pictures == 0
    assert (node.sender.state().sent, node.sender.state().repeats) == (1, int(status == 200))


@pytest.mark.parametrize("status", [409, 413, 415, 422])
def test_what_is_never_taken_is_dropped_and_counted_by_its_status(node: Node, receiver: Receiver, status: int) -> None:
    receiver.answers = [(status, {})]
    node.put("a")
    node.put("b")
    node.run_for(10)
    assert len(receiver.requests) == 2
    assert node.spool.state().refused_why == {str(status): 1}
    assert any(f"No, {status}" in said for said in node.heard)


def test_what_nobody_asked_to_be_recognised_here_is_dropped_and_counted(node: Node, receiver: Receiver) -> None:
    receiver.answers = [(403, {})]
    receiver.words = f"{NOT_ASKED.capitalize()}. Switch it on."
    node.put("a")
    node.put("b")
    node.run_for(10)
    assert (len(receiver.requests), node.spool.state().pictures) == (2, 0)
    assert node.spool.state().refused_why == {"403": 1}


def test_what_may_not_leave_waits_goes_as_what_may_or_is_given_up(tmp_path: Path, receiver: Receiver) -> None:
    receiver.dated, allowed = False, list[bool]()

    def in_place_of(picture: Picture) -> Picture | None:
        if picture.name == "broken":
            raise FrameError("No picture.")
        return replace(picture, data=b"{}", media_type="application/json") if allowed else None

    node = Node(tmp_path, receiver.url, in_place_of=in_place_of)
    for name in ("kept", "broken"):
        node.put(name)
    node.run_for(60)
    assert receiver.requests == []
    assert (node.spool.state().pictures, node.spool.state().refused) == (1, 1)
    allowed.append(True)
    node.run_for(400)
    assert [body for _, _, body in receiver.requests] == [b"{}"]
    assert node.spool.state().pictures == 0
    node.close()


def test_a_number_that_was_used_is_left_behind(node: Node, receiver: Receiver) -> None:
    receiver.answers = [(409, {})]
    first = node.put("a")
    node.sender.step()
    assert abs(node.put("b") - first) > 1


@pytest.mark.parametrize("status", [401, 403, 404, 407, 301, 308])
def test_where_a_person_must_look_nothing_is_lost_and_nobody_is_hammered(
    node: Node, receiver: Receiver, status: int
) -> None:
    receiver.answers = [(status, {"Location": "http://127.0.0.1:1/"})] * 200
    for number in range(3):
        node.put(str(number), Kind.GATE)
    steps = node.run_for(3600)
    assert len(receiver.requests) <= 10
    assert len(steps) >= len(receiver.requests)
    assert node.spool.state().gate_pictures == 3
    assert node.sender.state().needs_person
    assert str(status) in node.sender.state().trouble
    assert len([said for said in node.heard if str(status) in said]) == 1


def test_somebody_who_has_put_it_right_need_not_wait(node: Node, receiver: Receiver) -> None:
    receiver.answers = [(401, {})]
    node.put("a")
    node.run_for(1)
    assert node.spool.state().pictures == 1
    node.sender.retry_now()
    node.run_for(1)
    assert node.spool.state().pictures == 0
    assert (node.sender.state().trouble, node.sender.state().needs_person) == ("", False)
    assert node.heard[-1] == "The server takes pictures again."


def test_a_server_that_was_reached_otherwise_is_no_longer_said_to_be_away(tmp_path: Path) -> None:
    node = Node(tmp_path, f"http://127.0.0.1:{free_port()}")
    try:
        node.put("a")
        node.run_for(1)
        away = node.sender.state()
        assert (away.unreachable, "Nothing listens" in away.trouble) == (True, True)
        node.sender.reached()
        assert (node.sender.state().unreachable, node.sender.state().trouble) == (False, "")
        node.run_for(1)
        assert node.sender.state().unreachable
        assert len(node.heard) == 1
    finally:
        node.close()


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504, 0])
def test_a_server_that_takes_nothing_is_left_alone_for_growing_pauses(
    node: Node, receiver: Receiver, status: int
) -> None:
    receiver.answers = [(status, {})] * 12
    node.put("a")
    node.run_for(600)
    assert len(receiver.requests) == 13  # 0.5 s doubling to half a minute: twelve pauses are 211 s
    assert len(set(names(receiver))) == 1
    assert node.spool.state().pictures == 0


@pytest.mark.parametrize("value", ["7", "Fri, 31 Dec 2100 00:00:00 GMT"], ids=["seconds", "a date far off"])
def test_what_the_server_asks_for_is_waited(node: Node, receiver: Receiver, value: str) -> None:
    receiver.answers = [(503, {"Retry-After": value})]
    node.put("a", Kind.GATE)
    node.run_for(6.9)
    assert len(receiver.requests) == 1
    node.run_for(10 if value == "7" else 3600)
    assert len(receiver.requests) == 2


def test_a_picture_that_the_server_trips_over_does_not_hold_up_the_others(node: Node, receiver: Receiver) -> None:
    receiver.answers = [(500, {})] * 3
    bad = node.put("bad", Kind.GATE)
    node.put("good")
    node.run_for(60)
    assert node.spool.state().pictures == 1
    assert names(receiver)[:3] == [str(bad)] * 3
    node.run_for(600)
    assert node.spool.state().pictures == 0


def test_a_picture_that_the_server_trips_over_while_it_takes_others_is_given_up_in_the_end(
    node: Node, receiver: Receiver
) -> None:
    bad = str(node.put("bad", Kind.GATE))
    receiver.broken = {bad}
    for number in range(180):
        node.put(str(number))
        node.run_for(60)
    assert names(receiver).count(bad) == ODD_TRIES_MAX
    assert node.spool.state().refused_why == {"500": 1}
    assert node.sender.state().sent == 180


def test_a_server_that_trips_over_everything_for_days_costs_no_picture(node: Node, receiver: Receiver) -> None:
    receiver.answers = [(500, {})] * 100_000
    for number in range(3):
        node.put(str(number), Kind.GATE)
    node.run_for(6 * 3600)
    assert len(receiver.requests) > 3 * ODD_TRIES_MAX
    receiver.answers = []
    node.run_for(600)
    assert (node.spool.state().pictures, node.spool.state().refused) == (0, 0)


def test_a_gate_picture_goes_before_the_backlog_and_need_not_wait_its_turn(tmp_path: Path, receiver: Receiver) -> None:
    receiver.dated = False
    node = Node(tmp_path, receiver.url, Limits(pictures_per_s=0.1))
    backlog = {str(node.put(str(number))) for number in range(5)}
    node.run_for(0.5)
    gate = str(node.put("gate", Kind.GATE))
    node.run_for(0.5)
    assert names(receiver)[1:] == [gate]
    assert names(receiver)[0] in backlog
    node.close()


def test_no_more_pictures_a_second_are_sent_than_may_be(tmp_path: Path, receiver: Receiver) -> None:
    receiver.dated = False
    node = Node(tmp_path, receiver.url, Limits(pictures_per_s=4.0))
    for number in range(60):
        node.put(str(number))
    node.run_for(10)
    assert len(receiver.requests) == 40
    node.close()


def test_a_picture_that_is_too_old_for_the_server_is_not_sent(node: Node, receiver: Receiver) -> None:
    node.put("old")
    node.machine.wait(7 * DAY_S)
    node.put("new")
    node.run_for(10)
    assert len(receiver.requests) == 1
    assert node.spool.state().refused_why == {"taken over 7 days ago": 1}


def test_a_machine_whose_clock_is_wrong_asks_for_the_time_and_signs_by_it(tmp_path: Path, receiver: Receiver) -> None:
    machine = Machine(wall_s=0.0)
    clock = machine.clock()
    with Spool(tmp_path / "spool", 10**9, clock=clock, reserve_bytes=0) as spool, httpx.Client(verify=False) as client:
        spool.put(machine.take("a"))
        line = PictureLine(client, receiver.url, "gate", OneKey("secret"), clock)
        Sender(spool, line, Limits, clock=clock).step()
    [(_, headers, _)] = receiver.requests
    assert "parkhub-clock" not in headers
    assert abs(int(headers["parkhub-time"]) - time.time()) < 5


def test_a_machine_that_could_not_ask_for_the_time_first_sends_no_picture_as_unsure(
    tmp_path: Path, receiver: Receiver
) -> None:
    receiver.live = 503
    machine = Machine(wall_s=0.0)
    clock = machine.clock()
    with Spool(tmp_path / "spool", 10**9, clock=clock, reserve_bytes=0) as spool, httpx.Client(verify=False) as client:
        spool.put(machine.take("a"))
        sender = Sender(spool, PictureLine(client, receiver.url, "gate", OneKey("secret"), clock), Limits, clock=clock)
        sender.step()
        assert receiver.requests == []
        receiver.live = 404  # a server that says nothing there, and refuses what was signed in 1970
        receiver.answers = [(401, {})]
        sender.retry_now()
        while spool.state().pictures:
            machine.wait(max(sender.step(), 1e-6))
    assert ["parkhub-clock" in headers for _, headers, _ in receiver.requests] == [True, False]


def test_pictures_of_a_boot_that_never_heard_the_server_are_marked(tmp_path: Path, receiver: Receiver) -> None:
    machine = Machine(wall_s=NOON_S, boot="lonely")
    with Spool(tmp_path / "spool", 10**9, clock=machine.clock(tmp_path / "clock"), reserve_bytes=0) as spool:
        spool.put(machine.take("a"))
    machine.restart("boot-2", time.time())
    clock = machine.clock(tmp_path / "clock")
    with (
        Spool(tmp_path / "spool", 10**9, clock=clock, reserve_bytes=0) as spool,
        httpx.Client(verify=False) as client,
    ):
        line = PictureLine(client, receiver.url, "gate", OneKey("secret"), clock)
        Sender(spool, line, Limits, clock=clock).step()
    [(_, headers, _)] = receiver.requests
    assert headers["parkhub-clock"] == "unsure"


def test_something_else_that_answers_yes_gets_no_picture(node: Node) -> None:
    """A hotel's page that wants a login answers 200 to everything."""
    with socket.create_server(("127.0.0.1", 0)) as portal:
        portal.settimeout(60)

        def greet() -> None:
            connection, _ = portal.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nWelcome")

        thread = threading.Thread(target=greet)
        thread.start()
        url = f"http://127.0.0.1:{portal.getsockname()[1]}"
        line = PictureLine(node.client, url, "gate", OneKey("secret"), node.clock)
        node.put("a")
        Sender(node.spool, line, Limits, clock=node.clock, tell=node.heard.append).step()
        thread.join()
    assert node.spool.state().pictures == 1
    assert "not ParkHub" in node.heard[0]


def test_a_name_that_leads_nowhere_is_said_in_words(tmp_path: Path) -> None:
    node = Node(tmp_path, f"http://127.0.0.1:{free_port()}")
    node.put("a")
    node.sender.step()
    assert "Nothing listens at" in node.sender.state().trouble
    node.close()


def test_what_nobody_thought_of_ends_no_sender_and_makes_no_storm(tmp_path: Path, receiver: Receiver) -> None:
    node = Node(tmp_path, receiver.url)
    tries: list[float] = []

    def limits() -> Limits:
        tries.append(node.machine.up_s)
        raise ZeroDivisionError("by nothing")

    node.put("a")
    sender = Sender(
        node.spool,
        PictureLine(node.client, receiver.url, "gate", OneKey("secret"), node.clock),
        limits,
        clock=node.clock,
        tell=node.heard.append,
    )
    sender.start()
    wait_for(lambda: node.heard, "the sender to stumble")
    assert sender.runs()
    sender.stop()
    assert node.heard == ["The sender stumbled: ZeroDivisionError: by nothing."]
    assert (len(tries), node.spool.state().pictures) == (1, 1)  # the machine's clock stands still, so it waits
    node.close()


def test_what_the_line_carries_is_measured(node: Node, receiver: Receiver) -> None:
    assert node.sender.state().throughput.bytes_per_s is None
    for number in range(3):
        node.put(str(number), size=100_000)
    node.run_for(1)
    found = node.sender.state()
    assert found.throughput.bytes_per_s is not None
    assert found.throughput.latency_s is not None
    assert found.throughput.bytes_per_s == pytest.approx(100_000 / found.throughput.latency_s)
    assert found.rate_per_s == pytest.approx(3 / 60)


class SilentServer:
    """Takes connections and bytes, and never answers; slowly if it is told to."""

    def __init__(self, *, reads: bool) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.1)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.connections: list[socket.socket] = []
        self._reads = reads
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            if self._reads:
                connection.recv(65536)
            self.connections.append(connection)

    def close(self) -> None:
        self._ended.set()
        self._thread.join()
        for connection in [*self.connections, self._listener]:
            connection.close()


@pytest.mark.parametrize("reads", [True, False], ids=["waiting for an answer", "in the middle of a picture"])
def test_it_stops_in_the_middle_of_anything(tmp_path: Path, reads: bool) -> None:
    server = SilentServer(reads=reads)
    node = Node(tmp_path, server.url)
    node.put("a", Kind.GATE, size=1000 if reads else 20_000_000)
    node.sender.start()
    wait_for(lambda: server.connections, "the sender to connect")
    time.sleep(0.2)
    node.sender.stop()
    assert not node.sender.runs(), "the thread had to be left behind"
    server.close()
    assert node.spool.state().gate_pictures == 1
    node.close()


def test_a_gate_picture_does_not_wait_for_a_large_one_to_end(tmp_path: Path) -> None:
    server = SilentServer(reads=False)
    node = Node(tmp_path, server.url)
    node.put("large", size=20_000_000)
    stepping = threading.Thread(target=node.sender.step)
    stepping.start()
    wait_for(lambda: server.connections, "the sender to connect")
    node.put("gate", Kind.GATE)
    time.sleep(0.1)
    server.connections[0].settimeout(5)
    while stepping.is_alive():  # what the system had taken already goes on its way
        server.connections[0].recv(1 << 20)
    stepping.join()
    found = node.spool.next()
    assert found is not None
    assert found.picture.name == "gate"
    assert node.spool.state().pictures == 2
    server.close()
    node.close()
