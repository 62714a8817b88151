"""What the service manager hears, over a socket as systemd has it."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from camera_node.systemd import Notifier


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.bind(str(tmp_path / "notify"))
        found.setblocking(False)
        yield found


def test_each_word_arrives(manager: socket.socket) -> None:
    notifier = Notifier({"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "60000000"})
    notifier.ready("Begun.")
    notifier.alive()
    notifier.status("Two\nlines.")
    notifier.stopping()
    heard = [manager.recv(200).decode() for _ in range(4)]
    assert heard == ["READY=1\nSTATUS=Begun.", "WATCHDOG=1", "STATUS=Two lines.", "STOPPING=1\nSTATUS=Ending."]
    assert notifier.watchdog_s == 60.0


def test_a_name_that_is_no_file_is_reached() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0parkhub-test-{os.getpid()}")
        manager.settimeout(5)
        Notifier({"NOTIFY_SOCKET": f"@parkhub-test-{os.getpid()}"}).alive()
        assert manager.recv(100) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    "environment",
    [{}, {"NOTIFY_SOCKET": "/nowhere/notify"}, {"NOTIFY_SOCKET": "@nobody", "WATCHDOG_USEC": "0"}],
    ids=["no manager", "one that is gone", "one that never was"],
)
def test_without_a_manager_nothing_happens(environment: dict[str, str]) -> None:
    notifier = Notifier(environment)
    notifier.ready("Begun.")
    assert notifier.watchdog_s is None


def test_a_watchdog_for_another_process_is_not_ours(manager: socket.socket) -> None:
    said = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    assert Notifier(said).watchdog_s is None
