"""What this node does when told to: open its barrier, take a picture, restart, hand in its log, help to focus."""

import json
import threading
import time
from collections.abc import Callable
from typing import Protocol

import httpx

from camera_node.capture_state import Order
from camera_node.commands import OPEN, Command, CommandLine
from camera_node.orders import Hand, OrderError
from camera_node.relay import GpioRelay, PretendRelay, Relay, RelayError
from camera_node.run_relay import relay_hand
from camera_node.server_line import refusal
from camera_node.settings import RelaySettings

SNAPSHOT_S = 30.0
FOCUS_EVERY_S = 0.5
BEGIN_S = 10.0
"""A camera that has just been started is waited for."""

TEXT = "text/plain; charset=utf-8"


class Camera(Protocol):
    """See `camera_node.capture.CaptureProcess`."""

    def order(self, action: str) -> Order:
        """Ask for a "snapshot" or for help with the "focus"."""

    def alive(self) -> bool:
        """Say whether pictures can come."""


class Hands:
    """The hands of one node; each is given to `Orders` under its action."""

    def __init__(
        self,
        line: CommandLine,
        camera: Camera,
        relay: Relay | str,
        *,
        bundle: Callable[[], bytes],
        restart: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        """``relay`` is a relay, or the sentence why there is none."""
        self._line, self._camera, self._relay = line, camera, relay
        self._bundle, self._restart, self._say = bundle, restart, say
        self._focusing = ""

    def all(self) -> dict[str, Hand]:
        """Each under its action."""
        relay = self._relay
        return {
            OPEN: Hand(act=self._no_relay) if isinstance(relay, str) else relay_hand(relay),
            "snapshot": Hand(act=self._snapshot, aside=True),
            "restart": Hand(afterwards=lambda _: self._restart()),
            "logs": Hand(act=self._logs, aside=True),
            "focus": Hand(act=self._can_focus, afterwards=self._focus, aside=True),
        }

    def _no_relay(self, _: Command) -> None:
        raise OrderError(str(self._relay))

    def _snapshot(self, _: Command) -> None:
        order = self._camera.order("snapshot")
        if not order.wait(SNAPSHOT_S):
            raise OrderError(f"The camera gave no picture within {SNAPSHOT_S:.0f} s.")
        if order.problem:
            raise OrderError(order.problem)

    def _logs(self, command: Command) -> None:
        try:
            self._line.report(command.id, self._bundle(), TEXT)
        except httpx.HTTPStatusError as error:
            raise OrderError(refusal(error.response)) from None

    def _can_focus(self, _: Command) -> None:
        until_s = time.monotonic() + BEGIN_S
        while not self._camera.alive():
            if time.monotonic() > until_s:
                raise OrderError("The camera gives no pictures now.")
            time.sleep(FOCUS_EVERY_S)

    def _focus(self, command: Command) -> None:
        """Report twice a second how sharp the last picture was, until the command's end or the next one's begin."""
        self._focusing = command.id
        pictures, best, order = 0, 0.0, self._camera.order("focus")
        seen = 0
        while self._focusing == command.id and self._line.clock.now() < command.expires_at:
            ended = order.wait(FOCUS_EVERY_S)
            fresh = order.marks[seen:]
            seen += len(fresh)
            if fresh:
                pictures += len(fresh)
                best = max(best, *(mark.value for mark in fresh))
                said = {"sharpness": fresh[-1].value, "best": best, "pictures": pictures}
                if not self._report(command, said):
                    return
            if ended and self._focusing == command.id:
                if order.problem:
                    self._say(f"Focus help: {order.problem}")
                    time.sleep(FOCUS_EVERY_S)
                order, seen = self._camera.order("focus"), 0

    def _report(self, command: Command, said: dict[str, float]) -> bool:
        try:
            self._line.report(command.id, json.dumps(said).encode(), "application/json")
        except httpx.HTTPStatusError as error:
            # 404: its time is over, or nobody looks any more.
            return error.response.status_code not in (403, 404)
        except httpx.HTTPError:
            return True
        return True


def open_relay(settings: RelaySettings, say: Callable[[str], None]) -> Relay | str:
    """Return the relay that is set up, or the sentence why there is none."""
    if settings.pretend:
        return PretendRelay(say)
    if settings.pin is None:
        return "This node has no relay: set pin under [relay] in its node.toml."
    try:
        return GpioRelay(settings.pin, active_low=settings.active_low)
    except RelayError as error:
        say(str(error))
        return str(error)


def start(name: str, work: Callable[[], None]) -> threading.Thread:
    """Start a thread that does not keep the process from ending."""
    thread = threading.Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread
