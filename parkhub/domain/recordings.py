"""Recordings: a video somebody uploaded, analysed spot by spot."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from parkhub.domain.cameras import Engine


class RecordingStatus(StrEnum):
    """Where an analysis stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Nothing more will happen."""
        return self in (RecordingStatus.DONE, RecordingStatus.CANCELLED, RecordingStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Recording:
    """One analysis. ``progress`` 0..1. ``summary`` is what `summary.json` holds, once done. ``folder`` is the key
    prefix of its files in the picture store."""

    id: int
    title: str
    account_id: int
    engine: Engine
    status: RecordingStatus
    progress: float
    folder: str
    created_at: datetime
    started_at: datetime | None
    alive_at: datetime | None
    ended_at: datetime | None
    error: str
    summary: dict[str, Any] | None
