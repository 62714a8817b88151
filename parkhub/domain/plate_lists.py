"""The allow list and the deny list: plates that park free, and plates that staff want to know of.

An entry is for one lot or for all, with a reason, for good or until an instant. A car on the deny list is not stopped
and pays as any other: it raises an alert, once for each time that it comes. Who is on both lists parks free and still
raises it. The alert is a question to staff (`parkhub.domain.reviews`): plates are compared with look-alikes made
equal, so it asks somebody to look, and proves nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from parkhub.domain.permits import PLATE_LENGTHS, is_plate
from parkhub.domain.text import printable

REASON_LENGTH_MAX: Final = 200


class PlateList(StrEnum):
    """Which of the two."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class ListedPlate:
    """An entry. ``lot_id`` None: in all lots. ``valid_until`` None: for good. ``id`` 0: not stored yet."""

    list: PlateList
    plate: str
    lot_id: int | None
    reason: str
    valid_until: datetime | None = None
    id: int = 0


def faults(listed: ListedPlate) -> dict[str, str]:
    """What is wrong with an entry, a sentence by field."""
    wrong = {}
    if not is_plate(listed.plate):
        wrong["plate"] = f"A plate has {PLATE_LENGTHS[0]} to {PLATE_LENGTHS[-1]} letters and digits."
    if not listed.reason.strip():
        wrong["reason"] = "Say why."
    elif len(listed.reason) > REASON_LENGTH_MAX:
        wrong["reason"] = f"Use at most {REASON_LENGTH_MAX} letters."
    elif not printable(listed.reason):
        wrong["reason"] = "Use letters, digits and signs on one line only."
    return wrong
