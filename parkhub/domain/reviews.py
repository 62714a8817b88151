"""Questions to staff about what the cameras could not tell."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from parkhub.domain.matching import Suggestion


class Question(StrEnum):
    """What is asked."""

    DOUBTFUL_EXIT = "doubtful_exit"  # which of these sessions does this car belong to?
    EXIT_WITHOUT_ENTRY = "exit_without_entry"  # a car left of which nobody saw the entry
    EXIT_WITHOUT_PLATE = "exit_without_plate"
    ENTRY_WITHOUT_PLATE = "entry_without_plate"  # what does the plate say?
    SECOND_ENTRY = "second_entry"  # this plate is inside already
    EXIT_MISSED = "exit_missed"  # it came in again: when did it leave, and what does the first stay cost?
    DIRECTION = "direction"  # did it come or go?
    TOO_LONG = "too_long"  # open for longer than the lot allows
    DENIED = "denied"  # a plate on the deny list came in
    CLOCK = "clock"  # a car went by, but its camera did not know the time


EXITS: Final = frozenset(
    {Question.DOUBTFUL_EXIT, Question.EXIT_WITHOUT_ENTRY, Question.EXIT_WITHOUT_PLATE, Question.DIRECTION}
)
"""Questions about a car that has left, or may have."""

PRICES: Final = frozenset({Question.EXIT_MISSED, Question.TOO_LONG})
"""Questions that wait as long as a session has ended without a price."""


@dataclass(frozen=True, slots=True)
class Review:
    """One question. ``decision`` says in a word what a person decided; "" while it is open."""

    id: int
    lot_id: int
    question: Question
    passage_id: int | None
    session_id: int | None
    suggestions: tuple[Suggestion, ...]
    created_at: datetime
    decided_at: datetime | None = None
    decided_by: int | None = None
    decision: str = ""
