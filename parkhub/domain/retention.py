"""How long a lot keeps what tells who was there, and what stays of a plate afterwards."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from parkhub.domain.lot_rules import LotRules

PURPOSE: Final = b"parkhub: plates of a lot, for statistics: "


class Kind(StrEnum):
    """What retention deletes, in its order."""

    GATE_PICTURES = "gate_pictures"
    CROPS = "crops"  # of passages: what was cut out of the pictures
    READS = "reads"  # passages with all that was read of them
    AUDIT_PLATES = "audit_plates"
    BOOKING_PLATES = "booking_plates"
    RECEIPT_EMAILS = "receipt_emails"
    PAID_PLATES = "paid_plates"  # of sessions: what the others go by, so they go last
    UNPAID_PLATES = "unpaid_plates"


Cutoffs = Mapping[Kind, datetime]


@dataclass(frozen=True, slots=True)
class Deletion:
    """How many things of a kind went, or would go, in a lot, and since when they must have been over."""

    lot_id: int
    kind: Kind
    deleted: int
    older_than: datetime


def cutoffs(rules: LotRules, now: datetime) -> Cutoffs:
    """By kind, before when what goes must have been over.

    A booking's plate and where a receipt was sent go with the plates of paid stays, the plates of the audit log with
    the last of a session's.
    """
    paid, unpaid = now - timedelta(days=rules.paid_keep_days), now - timedelta(days=rules.unpaid_keep_days)
    pictures = now - timedelta(days=rules.picture_keep_days)
    return {
        Kind.GATE_PICTURES: pictures,
        Kind.CROPS: pictures,
        Kind.READS: now - timedelta(days=rules.read_keep_days),
        Kind.PAID_PLATES: paid,
        Kind.UNPAID_PLATES: unpaid,
        Kind.BOOKING_PLATES: paid,
        Kind.RECEIPT_EMAILS: paid,
        Kind.AUDIT_PLATES: min(paid, unpaid),
    }


def plate_key(secret: str, lot_id: int) -> bytes:
    """The key of a lot's plate hashes, so that nobody can tell from them who was in another lot too."""
    return hmac.digest(secret.encode(), PURPOSE + str(lot_id).encode(), hashlib.sha256)


def hash_plate(key: bytes, folded: str) -> str:
    """What stays of a plate: HMAC-SHA256, hex.

    The same vehicle gives the same again, and without the key nobody can try plates.
    """
    return hmac.new(key, folded.encode(), hashlib.sha256).hexdigest()
