"""The listening socket of the web server."""

import errno
import socket

from parkhub.errors import ConflictError, SettingsError
from parkhub.settings import PREFIX

BACKLOG = 2048
"""Connections that wait while a web process starts again."""


def listen(host: str, port: int) -> socket.socket:
    """Listen on a TCP address. Raises ConflictError when the port is taken, SettingsError when the address is wrong."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise SettingsError(f"{PREFIX}HOST is wrong: {host!r} is no address of this machine.") from None
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise _explain(error, host, port) from None
    return listening


def _explain(error: OSError, host: str, port: int) -> ConflictError | SettingsError:
    if error.errno == errno.EADDRINUSE:
        return ConflictError(
            f"Port {port} on {host} is taken by another program: stop that one, or choose another port with --port."
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return SettingsError(f"{PREFIX}PORT is wrong: this user may not listen on port {port}.")
    if error.errno == errno.EADDRNOTAVAIL:
        return SettingsError(f"{PREFIX}HOST is wrong: {host!r} is no address of this machine.")
    return SettingsError(f"{PREFIX}HOST is wrong: cannot listen on {host!r} ({error.strerror}).")


def web_address(host: str, port: int) -> str:
    """What to type into a browser on this machine."""
    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not listened on
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
