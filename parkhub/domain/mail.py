"""Letters to people: whom they may go to, and when one that could not be sent is tried again."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.domain.text import printable

ADDRESS_LENGTH_MAX: Final = 254
TRIED_FOR: Final = timedelta(days=3)
"""So long a letter is tried that no server takes."""
RETRY_FIRST: Final = timedelta(seconds=30)
RETRY_MAX: Final = timedelta(hours=4)

# Less than RFC 5322 allows, and all that mailboxes use: one @, no white space, nothing that ends or splits a header.
_ADDRESS: Final = re.compile(r"[^@\s<>()\[\],;:\\\"]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W_][\w-]{0,61}[^\W_]")


class LetterState(StrEnum):
    """What became of a letter. All but WAITING are ends."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"  # by a server, for good
    GIVEN_UP = "given_up"


def read_address(text: str) -> str | None:
    """An e-mail address as it is compared and kept: in lower case, its domain in ASCII; None for what is none."""
    found = text.strip().lower()
    if len(found) > ADDRESS_LENGTH_MAX or not printable(found) or not _ADDRESS.fullmatch(found):
        return None
    name, _, domain = found.rpartition("@")
    try:
        return f"{name}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return None


def retry_at(now: datetime, tries: int) -> datetime:
    """When a letter is tried again after so many tries, ever more seldom."""
    return now + min(RETRY_MAX, RETRY_FIRST * (1 << min(max(0, tries - 1), 12)))
