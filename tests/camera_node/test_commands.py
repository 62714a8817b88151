"""Commands for a node's relay: only the server's, only in time, each once, also over a restart."""

import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from camera_node.commands import Command, CommandLine, Done, ServerClock, read_command, read_events
from camera_node.orders import Hand, OrderError, Orders
from camera_node.relay import GpioRelay, PretendRelay, RelayError
from camera_node.run_relay import relay_hand
from camera_node.server_line import MachineClock, OneKey, ServerLine

KEY = "a-key-of-a-camera"
AT = 1_795_255_200.0


def told(expires_s: float = AT + 8, key: str = KEY, **changed: Any) -> dict[str, Any]:
    """A command as a server sends it."""
    expires = datetime.fromtimestamp(expires_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    command = {"id": "abc-DEF_1", "barrier": "north-1", "action": "open", "pulse_ms": 20, "expires_at": expires}
    text = "\n".join(str(command[name]) for name in ("id", "barrier", "action", "pulse_ms", "expires_at"))
    secret = hashlib.sha256(key.encode()).hexdigest()
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {**command, "signature": signature, **changed}


class Pin:
    """A relay that counts."""

    def __init__(self, fault: str = "") -> None:
        self.pulses: list[int] = []
        self._fault = fault

    def pulse(self, pulse_ms: int) -> None:
        if self._fault:
            raise RelayError(self._fault)
        self.pulses.append(pulse_ms)

    def close(self) -> None:
        """Nothing to let go of."""


class Line(CommandLine):
    """A line whose answers are kept, at a server where it is `AT` at most."""

    def __init__(self) -> None:
        super().__init__(ServerLine(httpx.Client(), "http://127.0.0.1:9", "north", OneKey(KEY), MachineClock()))
        self.key = KEY
        self.answers: list[tuple[str, str, str]] = []
        self.clock = ServerClock(lambda: 0.0)
        self.clock.told(AT, self.clock.asked())

    def answer(self, command_id: str, outcome: str, why: str = "") -> None:
        self.answers.append((command_id, outcome, why))


def a_keeper(folder: Path, pin: Pin) -> tuple[Orders, Line]:
    line = Line()
    return Orders(line, Done(folder / "north.commands"), {"open": relay_hand(pin)}, lambda _: None), line


def test_a_command_is_carried_out_once_and_answered_also_after_a_restart(tmp_path: Path) -> None:
    pin = Pin()
    keeper, line = a_keeper(tmp_path, pin)
    assert [keeper.hear(told()) for _ in range(3)] == ["acknowledged", "", ""]
    restarted, _ = a_keeper(tmp_path, pin)
    assert restarted.hear(told()) == ""
    assert (pin.pulses, line.answers) == ([20], [("abc-DEF_1", "acknowledged", "")])


LEFT = {
    "signed by another": told(key="another key"),
    "with another end": told(expires_at="2030-01-01T00:00:00.000Z"),
    "without a signature": {name: value for name, value in told().items() if name != "signature"},
    "with no number": told(pulse_ms="long"),
    "too late": told(AT),
}


@pytest.mark.parametrize("command", LEFT.values(), ids=LEFT)
def test_what_is_not_the_servers_or_not_in_time_is_left(tmp_path: Path, command: dict[str, Any]) -> None:
    pin = Pin()
    keeper, line = a_keeper(tmp_path, pin)
    assert keeper.hear(command) == ""
    assert pin.pulses == [] == line.answers


def test_a_relay_that_fails_is_told_as_refused_and_not_tried_again(tmp_path: Path) -> None:
    keeper, line = a_keeper(tmp_path, Pin("the pin is taken"))
    assert keeper.hear(told()) == "refused"
    assert line.answers == [("abc-DEF_1", "refused", "the pin is taken")]
    assert keeper.hear(told()) == ""


def signed(action: str, command_id: str = "abc-DEF_1") -> dict[str, Any]:
    """A command to the node itself."""
    said = told() | {"id": command_id, "barrier": "", "action": action, "pulse_ms": 0}
    text = "\n".join(str(said[name]) for name in ("id", "barrier", "action", "pulse_ms", "expires_at"))
    secret = hashlib.sha256(KEY.encode()).hexdigest()
    return said | {"signature": hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()}


def test_an_action_that_nobody_knows_is_refused_once(tmp_path: Path) -> None:
    keeper, line = a_keeper(tmp_path, Pin())
    assert [keeper.hear(signed("dance")) for _ in range(2)] == ["refused", ""]
    assert line.answers == [("abc-DEF_1", "refused", "this node does not know 'dance'")]


def test_a_restart_is_answered_before_it_happens(tmp_path: Path) -> None:
    line, seen = Line(), []
    hands = {"restart": Hand(afterwards=lambda _: seen.append(list(line.answers)))}
    assert Orders(line, Done(tmp_path / "done"), hands, lambda _: None).hear(signed("restart")) == "acknowledged"
    assert seen == [[("abc-DEF_1", "acknowledged", "")]]


def test_a_barrier_does_not_wait_for_what_takes_long(tmp_path: Path) -> None:
    line, pin, go_on = Line(), Pin(), threading.Event()
    hands = {"logs": Hand(act=lambda _: _wait(go_on), aside=True), "open": relay_hand(pin)}
    orders = Orders(line, Done(tmp_path / "done"), hands, lambda _: None)
    assert orders.hear(signed("logs", "first")) == "begun"
    assert orders.hear(told()) == "acknowledged"
    assert line.answers == [("abc-DEF_1", "acknowledged", "")]
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "logs":
            thread.join()
    assert line.answers[1:] == [("first", "acknowledged", "")]


def _wait(event: threading.Event) -> None:
    assert event.wait(60)


def test_a_hand_that_fails_is_answered_with_why(tmp_path: Path) -> None:
    def fail(_: Command) -> None:
        raise OrderError("The camera is away.")

    def stumble(_: Command) -> None:
        raise ZeroDivisionError("by nothing")

    line = Line()
    hands = {"snapshot": Hand(act=fail), "focus": Hand(act=stumble)}
    orders = Orders(line, Done(tmp_path / "done"), hands, lambda _: None)
    assert [orders.hear(signed("snapshot", "a")), orders.hear(signed("focus", "b"))] == ["refused", "refused"]
    assert [why for _, _, why in line.answers] == ["The camera is away.", "ZeroDivisionError: by nothing"]


@pytest.mark.parametrize("action", ["open", "restart"])
def test_a_disk_that_keeps_nothing_lets_no_barrier_open_and_nothing_restart_but_a_log_be_fetched(
    tmp_path: Path, action: str
) -> None:
    seen: list[str] = []
    hands = {
        "logs": Hand(act=lambda command: seen.append(command.action), aside=True),
        "restart": Hand(afterwards=lambda command: seen.append(command.action)),
        "open": Hand(act=lambda command: seen.append(command.action)),
    }
    line, nowhere = Line(), tmp_path / "file" / "done"
    done = Done(nowhere)
    (tmp_path / "file").write_text("no folder")
    orders = Orders(line, done, hands, lambda _: None)
    assert orders.hear(told() if action == "open" else signed("restart")) == "refused"
    assert [orders.hear(signed("logs", "log")) for _ in range(2)] == ["begun", ""]
    for thread in threading.enumerate():
        if thread.name == "logs":
            thread.join()
    assert seen == ["logs"]
    assert [outcome for _, outcome, _ in line.answers] == ["refused", "acknowledged"]


@pytest.mark.parametrize("said", ["nan", "inf", "soon", "", "1e15", "-5"])
def test_a_server_that_does_not_say_its_time_opens_nothing(tmp_path: Path, said: str) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Parkhub-Time": said}, text=f"event: commands\ndata: {waiting}\n\n")

    waiting = json.dumps({"commands": [told(AT + 1e6)]})
    pin = Pin()
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        line = CommandLine(ServerLine(client, "http://server", "north", OneKey(KEY), MachineClock()))
        heard: list[str] = []
        Orders(line, Done(tmp_path / "done"), {"open": relay_hand(pin)}, heard.append).listen()
    assert (pin.pulses, heard) == ([], ["Command abc-DEF_1 came too late; it is left."])


def test_the_servers_clock_is_never_taken_to_be_earlier_than_it_is() -> None:
    seconds = iter([100.0, 103.0])
    clock = ServerClock(lambda: next(seconds))
    assert clock.now() == float("inf")
    clock = ServerClock(iter([100.0, 103.0]).__next__)
    clock.told(AT, clock.asked())  # however long the answer took
    assert clock.now() == AT + 3


def test_only_lists_of_commands_are_read_from_the_stream() -> None:
    lines = ["retry: 2000", "", "event: commands", 'data: {"commands": [{"id": "a"}]}', "", ": ping", "event: ping"]
    lines += ["data: 1", "", "event: commands", "data: {broken", "", "event: commands", 'data: {"commands": []}', ""]
    assert list(read_events(lines)) == [[{"id": "a"}], []]


def test_a_command_tells_its_pulse_and_its_end() -> None:
    found = read_command(told(AT + 2), KEY)
    assert found is not None
    assert (found.id, found.pulse_ms, found.expires_at) == ("abc-DEF_1", 20, AT + 2)


def test_without_the_pis_library_it_is_said_what_to_install() -> None:
    with pytest.raises(RelayError, match="python3-gpiozero"):
        GpioRelay(17)
    said: list[str] = []
    PretendRelay(said.append).pulse(500)
    assert said == ["Pretending: the relay would close for 500 ms."]
