"""A process that is killed, and one that a driver does not let go of."""

import multiprocessing
import threading
import time

import psutil

from camera_node.child_end import HELD, end_child


class Held:
    """A process in a driver: it ends after so many looks, however often it is killed."""

    def __init__(self, looks: int) -> None:
        self.exitcode: int | None = None
        self.closed = False
        self.looks = looks

    def kill(self) -> None:
        """The system notes it."""

    def join(self, timeout: float | None = None) -> None:
        """In vain."""

    def close(self) -> None:
        assert self.exitcode is not None
        self.closed = True


class Looks(threading.Event):
    """Nobody stops; each wait is a look, after the last of which the driver lets go."""

    def __init__(self, child: Held) -> None:
        super().__init__()
        self._child = child

    def wait(self, timeout: float | None = None) -> bool:
        self._child.looks -= 1
        if self._child.looks == 0:
            self._child.exitcode = -9
        return self.is_set()


def test_a_process_that_runs_is_gone_at_once() -> None:
    child = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(600,), daemon=True)
    child.start()
    pid, told = child.pid, list[str]()
    assert end_child(child, 30.0, threading.Event(), told.append) == -9
    assert not psutil.pid_exists(pid or 0)
    assert told == []


def test_one_that_a_driver_holds_is_told_and_waited_for_rather_than_joined_by_another() -> None:
    child, told = Held(looks=5), list[str]()
    assert end_child(child, 0.0, Looks(child), told.append) == -9
    assert (child.looks, child.closed, told) == (0, True, [HELD])


def test_a_node_that_is_to_end_does_not_wait_for_a_driver() -> None:
    child, stopping = Held(looks=5), threading.Event()
    stopping.set()
    assert end_child(child, 0.0, stopping, lambda _: None) is None
    assert not child.closed
