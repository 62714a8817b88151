"""Runs a list of programs until told to stop: starts again what dies, stops all in time, leaves no orphan.

Knows nothing of ParkHub but its logs. Starts children from the main thread only: a child is tied to the thread that
started it (PR_SET_PDEATHSIG). Signals only wake the loop.
"""

import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from types import FrameType, TracebackType
from typing import Any, Self

import structlog

from parkhub.cli.children import Child, ProcessSpec

log = structlog.get_logger()

STOP_KILL_S = 4.0
"""This long after the stop signal, processes that have not ended are killed."""
STOP_KILL_LAST_S = 4.6
"""The same for processes others depend on, which are stopped after them."""

_TURN_S = 0.5


class StopRequestedError(Exception):
    """A person or the system asked the supervisor to stop."""


class Supervisor:
    """Starts programs and keeps them running; a context manager that stops them all at its end.

    Must live in the main thread: it takes over SIGTERM, SIGINT and SIGHUP while it is entered.
    """

    def __init__(self) -> None:
        self._children: dict[str, Child] = {}
        self._selector = selectors.DefaultSelector()
        self._stop_at: float | None = None
        self._hurry = False
        self._handlers_before: dict[int, Any] = {}
        self._wakeup_before = -1

    def __enter__(self) -> Self:
        self._wake_r, self._wake_w = os.pipe()
        for end in (self._wake_r, self._wake_w):
            os.set_blocking(end, False)
        self._selector.register(self._wake_r, selectors.EVENT_READ)
        self._wakeup_before = signal.set_wakeup_fd(self._wake_w, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started with nohup: the terminal may go
            self._handlers_before[number] = signal.signal(number, self._on_stop)
        self._handlers_before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._selector.close()
        os.close(self._wake_r)
        os.close(self._wake_w)

    @property
    def stop_requested(self) -> bool:
        """Whether a stop signal has come."""
        return self._stop_at is not None

    def start(self, spec: ProcessSpec) -> None:
        """Start a program and start it again whenever it ends."""
        self._children[spec.name] = Child(spec, once=False)
        self._spawn(self._children[spec.name])

    def run_once(self, spec: ProcessSpec) -> int:
        """Run a program to its end and return its exit status, negative when a signal ended it.

        Raises StopRequestedError when a stop signal comes first.
        """
        child = self._children[spec.name] = Child(spec, once=True)
        self._spawn(child)
        while child.exit_status is None:
            self._turn(_TURN_S)
            self._raise_when_stopping()
        del self._children[spec.name]
        return child.exit_status

    def wait_until(self, ready: Callable[[], bool], timeout_s: float, interval_s: float = 0.1) -> bool:
        """Look every ``interval_s`` whether ``ready``; False when it is not so in time.

        ``ready`` must answer quickly. Raises StopRequestedError when a stop signal comes first.
        """
        deadline = time.monotonic() + timeout_s
        while not ready():
            if time.monotonic() >= deadline:
                return False
            self._turn(interval_s)
            self._raise_when_stopping()
        return True

    def run(self) -> None:
        """Keep everything running until a stop signal comes."""
        while not self.stop_requested:
            self._turn(_TURN_S)

    def deaths(self, name: str) -> int:
        """How often a program has ended by itself since `start`."""
        return self._children[name].deaths

    def exit_status(self, name: str) -> int | None:
        """How a program ended last, None when it has not; negative: the signal that ended it."""
        return self._children[name].exit_status

    def stop(self) -> None:
        """End all programs: a polite signal first, those others depend on last, SIGKILL when time is up."""
        if self._stop_at is None:
            self._stop_at = time.monotonic()
        for last, kill_s in ((False, STOP_KILL_S), (True, STOP_KILL_LAST_S)):
            children = [child for child in self._children.values() if child.spec.last is last]
            for child in children:
                child.signal(signal.SIGTERM)
            while any(child.pid is not None for child in children):
                left_s = self._stop_at + kill_s - time.monotonic()
                if left_s <= 0 or self._hurry:
                    self._kill(children)
                    break
                self._turn(min(left_s, _TURN_S))

    def _kill(self, children: Sequence[Child]) -> None:
        for child in children:
            if child.pid is not None:
                log.warning("killed: did not stop in time", name=child.spec.name, pid=child.pid)
                child.signal(signal.SIGKILL)
        for child in children:
            self._collect(child)

    def _on_stop(self, number: int, _frame: FrameType | None) -> None:
        if self._stop_at is None:
            self._stop_at = time.monotonic()
        elif number == signal.SIGINT:
            self._hurry = True  # a second Ctrl-C

    def _raise_when_stopping(self) -> None:
        if self.stop_requested:
            raise StopRequestedError

    def _turn(self, timeout_s: float) -> None:
        """Wait for something to happen, at most ``timeout_s``, and see to it."""
        children = list(self._children.values())
        if not self.stop_requested:
            now = time.monotonic()
            timeout_s = max(0.0, min([timeout_s, *(at - now for c in children if (at := c.start_at) is not None)]))
        for key, _ in self._selector.select(timeout_s):
            if key.fd == self._wake_r:
                os.read(self._wake_r, 4096)
            elif not key.data.read_output():
                self._selector.unregister(key.fd)
        for child in children:
            if child.has_ended():
                self._collect(child)
        if self.stop_requested:
            return
        now = time.monotonic()
        for child in children:
            if child.start_at is not None and child.start_at <= now:
                self._spawn(child)

    def _spawn(self, child: Child) -> None:
        try:
            child.start()
        except OSError as error:  # no memory or no process left; both may pass
            if child.once:
                raise
            child.plan_restart(str(error), None)
            return
        if child.output_fd is not None:
            self._selector.register(child.output_fd, selectors.EVENT_READ, child)

    def _collect(self, child: Child) -> None:
        if child.output_fd is not None and child.output_fd in self._selector.get_map():
            child.read_output()
            self._selector.unregister(child.output_fd)
        child.collect(again=not child.once and not self.stop_requested)
