"""How a command ends that could not do its work: one sentence on standard error and an exit status."""

import sys
from typing import NoReturn

from parkhub.errors import ParkHubError, SettingsError

FAILED = 1
WRONG_USAGE = 2


def fail(error: ParkHubError) -> NoReturn:
    """Say what was wrong and exit: 2 for a wrong setting, which is wrong usage, else 1."""
    print(f"parkhub: {error}", file=sys.stderr, flush=True)
    raise SystemExit(WRONG_USAGE if isinstance(error, SettingsError) else FAILED)
