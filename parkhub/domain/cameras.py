"""Cameras: which engine looks, how patient it is, when a picture is too old."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parkhub.domain.spots import Debounce


class Engine(StrEnum):
    """How a camera's spots are judged."""

    CLASSIFIER = "classifier"
    DIFFERENCE = "difference"
    DETECTOR = "detector"


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera of one lot.

    ``public_id`` is what the node knows it by. ``key_hash``: SHA-256 of the node's key, hex; the key itself is shown
    once. ``stale_after_s``: its spots turn unknown when the last good look is older. Sequence and time of the last
    picture that was read guard against late ones.
    """

    id: int
    public_id: str
    lot_id: int
    name: str
    key_hash: str
    engine: Engine
    debounce: Debounce
    stale_after_s: float
    enabled: bool
    last_frame_id: int | None = None
    last_captured_at: datetime | None = None
