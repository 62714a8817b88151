"""What the spot editor asks of vision, because the web process looks at no picture itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

KEPT_S: Final = 3600
TOLD_S: Final = 120
"""How long an answer is told to editors that watch; each asks for its own."""


class AskKind(StrEnum):
    """LOOK: how the engine judges outlines that are not saved. ROWS: where spots may lie, by the vehicles in the
    picture. FILE: what a spots file says, before anybody accepts it."""

    LOOK = "look"
    ROWS = "rows"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class SpotAsk:
    """One question about a camera's newest picture. Answered, it has an ``answer`` or an ``error``, a sentence.

    LOOK: ``question`` {"shapes": {key: polygon}}, ``answer`` {"spots": {key: [state, percent]}}.
    ROWS: ``question`` {"drawn": […]}, ``answer`` {"polygons": […], "vehicles": how many}.
    FILE: ``question`` {"file_key", "kind", "box"}, ``answer`` a SPOTS.json.
    Polygons of LOOK and ROWS are in 0..1 of the picture.
    """

    uid: str
    camera_id: int
    kind: AskKind
    question: dict[str, Any]
    answer: dict[str, Any] | None
    error: str
    created_at: datetime
    answered_at: datetime | None
