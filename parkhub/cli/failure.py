"""How a command ends that could not do its work: one sentence on standard error and an exit status; or by Ctrl-C."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from parkhub.errors import ParkHubError, SettingsError

FAILED = 1
WRONG_USAGE = 2


def fail(error: ParkHubError) -> NoReturn:
    """Say what was wrong and exit: 2 for a wrong setting, which is wrong usage, else 1."""
    print(f"parkhub: {error}", file=sys.stderr, flush=True)
    raise SystemExit(WRONG_USAGE if isinstance(error, SettingsError) else FAILED)


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Ctrl-C ends the program as the system does, without a word: for work that leaves nothing half done.

    What Python raises for it in the middle of OpenCV's work can crash there.
    """
    handler = signal.getsignal(signal.SIGINT)
    if handler is not signal.default_int_handler:  # it is ignored, or somebody's own
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
