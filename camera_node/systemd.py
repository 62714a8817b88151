"""Tells systemd how the service is: ready, alive, ending, and a line of status. Elsewhere it does nothing.

The protocol is sd_notify(3): one datagram of lines to the socket that NOTIFY_SOCKET names.
"""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """The way to the service manager."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._watchdog_s = _watchdog_s(environment)

    @property
    def watchdog_s(self) -> float | None:
        """How long the service may be silent; None when nobody watches."""
        return self._watchdog_s if self._address else None

    def ready(self, status: str) -> None:
        """The service has started."""
        self._send("READY=1", f"STATUS={status}")

    def alive(self) -> None:
        """The service works."""
        self._send("WATCHDOG=1")

    def status(self, sentence: str) -> None:
        """What `systemctl status` shows."""
        self._send(f"STATUS={sentence}")

    def stopping(self) -> None:
        """The service ends."""
        self._send("STOPPING=1", "STATUS=Ending.")

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        text = "\n".join(line.replace("\n", " ") for line in lines)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as way:
            way.setblocking(False)
            try:
                way.sendto(text.encode(), self._address)
            except OSError:
                # A service manager that does not listen is no reason to end.
                return


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    said, for_whom = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not said.isdigit() or int(said) == 0 or (for_whom and for_whom != str(os.getpid())):
        return None
    return int(said) / 1_000_000
