"""One web process: `python -m parkhub.cli.serve [--fd N]`.

With ``--fd`` it answers on a listening socket that the supervisor has opened and keeps open, so that a restart loses
no connection and several web processes can share one port. Without, it opens the configured address by itself.
"""

import argparse
import resource
import socket
from typing import Final

import uvicorn

from parkhub.cli.failure import fail
from parkhub.cli.listen import listen
from parkhub.errors import ParkHubError
from parkhub.logs import set_up_logs
from parkhub.settings import Settings, load_settings

STOP_S: Final = 2
"""Open answers, such as event streams, are cut off this long after the stop signal."""
HEAD_BYTES_MAX: Final = 32 * 1024
"""Of one request: the path and all headers."""
FILES_KEPT: Final = 128
"""Files that connections leave to the database, Redis, pictures and libraries."""


def main() -> None:
    """Answer requests until a stop signal comes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fd", type=int, help="a listening socket")
    fd: int | None = parser.parse_args().fd
    try:
        settings = load_settings()
        set_up_logs(settings, process="" if fd is not None else "web")
        listening = socket.socket(fileno=fd) if fd is not None else listen(settings.host, settings.port)
        uvicorn.Server(configuration(settings, files_max())).run(sockets=[listening])
    except ParkHubError as error:
        fail(error)


def files_max() -> int:
    """How many files and connections this process may have open, after asking for all that the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def configuration(settings: Settings, files: int) -> uvicorn.Config:
    """How uvicorn answers, with ``files`` open at most: above that, whoever comes is asked to come later (503)."""
    return uvicorn.Config(
        "parkhub.app:create_app",
        factory=True,
        log_config=None,
        access_log=False,  # addresses of people and, later, plates are in it
        lifespan="on",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
        http="h11",  # httptools, uvicorn's first choice, keeps headers of any size in memory
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        limit_concurrency=max(FILES_KEPT, files - FILES_KEPT),
        # anybody could write another's address there: it is believed only from whom the operator names
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
    )


if __name__ == "__main__":
    main()
