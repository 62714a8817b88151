"""What the node says while it runs: to standard error as the journal wants it, and into memory for a log bundle.

Secrets are taken out before a line is said, so that none stands in a journal or a bundle.
"""

import os
import re
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from enum import IntEnum
from typing import TextIO

LINES_KEPT = 1000
LETTERS_MAX = 2000
HIDDEN = "***"

_IN_ADDRESS = re.compile(r"(?P<scheme>\b[a-z][a-z0-9+.-]{0,15}://)[^\s'\"]+@", re.IGNORECASE)
"""Up to the last @: people write passwords with / and @ in them as they are."""

_IN_QUERY = re.compile(
    r"(?P<name>[?&](?:user|usr|login|pass|passwd|password|pwd|token|key|auth|secret|sig|signature)[a-z_]*=)[^&\s'\"]+",
    re.IGNORECASE,
)
_KEY_LIKE = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")
"""A camera's key is 32 random bytes in base64."""


class Priority(IntEnum):
    """As syslog numbers them."""

    ERROR = 3
    WARNING = 4
    INFO = 6


class Log:
    """Says sentences and keeps the last thousand; safe to share between threads."""

    def __init__(self, stream: TextIO | None = None, secrets: Callable[[], Iterable[str]] = tuple) -> None:
        """``secrets`` are asked for with each line, because keys change."""
        self._stream = stream if stream is not None else sys.stderr
        self._journal = _is_journal(self._stream)
        self._secrets = secrets
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._lock = threading.Lock()

    def hide(self, secrets: Callable[[], Iterable[str]]) -> None:
        """Take these out of every line from now on."""
        self._secrets = secrets

    def info(self, sentence: str) -> None:
        """Something happened."""
        self._say(Priority.INFO, sentence)

    def warning(self, sentence: str) -> None:
        """Something may need a person."""
        self._say(Priority.WARNING, sentence)

    def problem(self, sentence: str) -> None:
        """Something does not work."""
        self._say(Priority.ERROR, sentence)

    def lines(self) -> list[str]:
        """The last lines, the newest last."""
        with self._lock:
            return list(self._lines)

    def _say(self, priority: Priority, sentence: str) -> None:
        plain = mask(" ".join(sentence.split()), self._secrets())[:LETTERS_MAX]
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        with self._lock:
            self._lines.append(f"{now} {priority.name} {plain}")
            shown = f"<{priority.value}>{plain}" if self._journal else f"{now} {plain}"
            try:
                print(shown, file=self._stream, flush=True)
            except (OSError, ValueError):
                # Nobody reads any more; what is said goes on being kept here.
                return


def mask(text: str, secrets: Iterable[str] = ()) -> str:
    """Return ``text`` without these secrets, names and passwords in addresses, and what looks like a key."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    text = _IN_ADDRESS.sub(rf"\g<scheme>{HIDDEN}@", text)
    text = _IN_QUERY.sub(rf"\g<name>{HIDDEN}", text)
    return _KEY_LIKE.sub(HIDDEN, text)


def _is_journal(stream: TextIO) -> bool:
    """Systemd names the journal's stream by device and inode; the priority in front of a line is for it alone."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):
        return False
    return (device, inode) == (str(found.st_dev), str(found.st_ino))
