"""One web process: `python -m parkhub.cli.serve [--fd N]`.

With ``--fd`` it answers on a listening socket that the supervisor has opened and keeps open, so that a restart loses
no connection and several web processes can share one port. Without, it opens the configured address by itself.
"""

import argparse
import socket

import uvicorn

from parkhub.cli.failure import fail
from parkhub.cli.listen import listen
from parkhub.errors import ParkHubError
from parkhub.logs import set_up_logs
from parkhub.settings import load_settings

STOP_S = 2
"""Open answers, such as event streams, are cut off this long after the stop signal."""


def main() -> None:
    """Answer requests until a stop signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, help="a listening socket")
    fd: int | None = parser.parse_args().fd
    try:
        settings = load_settings()
        set_up_logs(settings, process="" if fd is not None else "web")
        listening = socket.socket(fileno=fd) if fd is not None else listen(settings.host, settings.port)
        _answer(listening)
    except ParkHubError as error:
        fail(error)


def _answer(listening: socket.socket) -> None:
    config = uvicorn.Config(
        "parkhub.app:create_app",
        factory=True,
        log_config=None,
        access_log=False,  # addresses of people and, later, plates are in it
        lifespan="on",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
    )
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    main()
