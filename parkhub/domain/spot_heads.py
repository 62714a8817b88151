"""The classifier's last layer fitted anew to one lot from people's labels, and when it may judge there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import isfinite
from typing import Final

LABELS_MIN: Final = 20
"""Fewer labels than this tell a lot's habits from chance too badly."""

LABELS_EACH_MIN: Final = 4
"""Labels there must be of free spots, and of occupied ones."""

LABELS_MAX: Final = 500
"""More are not used: the newest of them tell what the lot looks like now."""

GAIN_MIN: Final = 0.005
"""By how much the balanced accuracy must rise: below it a head wins by one lucky label of hundreds."""

WEIGHTS_MAX: Final = 4096

FIT_PATIENCE: Final = timedelta(minutes=5)
"""A fit takes seconds, and is tried three times within a minute each; one that has not ended after this is lost."""


@dataclass(frozen=True, slots=True)
class SpotHead:
    """A last layer: the logit of "occupied" is ``(features @ weights + bias) / temperature``.

    ``model_sha256``: hex, of the model file whose features it was fitted to; it means nothing on those of another.
    Raises ValueError for numbers that no fit gives.
    """

    weights: tuple[float, ...]
    bias: float
    temperature: float
    model_sha256: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.weights) <= WEIGHTS_MAX or self.temperature <= 0:
            raise ValueError("a head has at least one weight and a temperature above zero")
        if not all(isfinite(number) for number in (*self.weights, self.bias, self.temperature)):
            raise ValueError("a head has finite numbers only")


@dataclass(frozen=True, slots=True)
class HeadTrial:
    """How a head did beside the shipped one, both on labels it had not seen.

    ``labels``: all there were. ``held_back``: labels that were judged by a head fitted without them, over all folds.
    ``before`` and ``after``: balanced accuracy 0..1 of the shipped head and of the fitted one on these.
    """

    labels: int
    held_back: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class HeadVersion:
    """A head that was fitted to a lot. ``version`` counts from 1 in each lot; at most one of a lot is ``active``."""

    lot_id: int
    version: int
    head: SpotHead
    trial: HeadTrial
    created_at: datetime
    active: bool


@dataclass(frozen=True, slots=True)
class Fit:
    """The last fit of a lot that was asked for in the background.

    ``ended_at`` None: not done yet. ``error``: why it made no version, a sentence; empty when it did.
    """

    asked_at: datetime
    ended_at: datetime | None
    error: str

    def trouble(self, now: datetime) -> str:
        """What there is to say of it at ``now``, in a sentence; empty when it did what it was asked for."""
        if self.error:
            return f"The fit that was asked for failed: {self.error}"
        if self.ended_at is not None:
            return ""
        if now - self.asked_at < FIT_PATIENCE:
            return "A fit was asked for and is under way."
        return "A fit was asked for and has not ended. Ask again; the worker's log may say why."


def wins(trial: HeadTrial) -> bool:
    """Whether a fitted head did so much better on labels it had not seen that it should judge the lot."""
    return trial.held_back > 0 and trial.after - trial.before >= GAIN_MIN


def too_few(free: int, occupied: int) -> str:
    """Why so many labels of each state are not enough to fit a head, in a sentence; "" when they are."""
    missing = LABELS_MIN - free - occupied
    if missing > 0:
        noun = "label" if missing == 1 else "labels"
        return f"{missing} more {noun} needed: {LABELS_MIN} are the least, there are {free + occupied}."
    for state, count in (("free", free), ("occupied", occupied)):
        if count < LABELS_EACH_MIN:
            return f"Only {count} of the labels say {state}; {LABELS_EACH_MIN} are the least of each state."
    return ""
