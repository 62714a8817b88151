"""What people say of spots: it stands for a while, it measures the engine, and it is what a lot's head is fitted to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from parkhub.domain.spots import Polygon, SpotState

HOLD_S: Final = 900.0
"""How long a person's word stands against an engine that never agrees with it: long enough that a shadow moves on,
short enough that a car that comes meanwhile is not overlooked for long."""

GROUPS_MIN: Final = 5

TELLING_MIN: Final = 10
"""Labels of each state there must be before a percentage of them says anything: one more or less is a tenth then."""


class Crop(StrEnum):
    """What became of a label's picture: not cut yet, cut and kept, or gone before it could be."""

    WAITING = "waiting"
    CUT = "cut"
    NONE = "none"


class Word(StrEnum):
    """Whose word a label is: a person's, only the engine's own, which nobody has looked at yet, or a person's that its
    crop is of no use. Only what is said measures and teaches.
    """

    SAID = "said"
    PROPOSED = "proposed"
    UNUSABLE = "unusable"


class Origin(StrEnum):
    """How a label came to be: by a person's word on the spot, as a crop saved from a picture, or as such a crop whose
    spot a person then corrected. Only a word on the spot changes what it shows; one on a crop does not.
    """

    SAID = "said"
    PROPOSED = "proposed"
    CORRECTED = "corrected"


@dataclass(frozen=True, slots=True)
class NewLabel:
    """A person's word on one spot, on its way into the database.

    ``name`` and ``polygon`` (0..1 picture coordinates) are the spot's at that time. ``at``: when the picture was taken,
    or when the person spoke if there is none; ``picture_sha256`` is "" then. ``before``: the state that was shown.
    ``said`` and ``confidence``: the engine's opinion of that picture, None when it had none. ``account_id`` None: said
    by a command.
    """

    lot_id: int
    camera_id: int | None
    spot_id: int | None
    frame_id: int | None
    account_id: int | None
    name: str
    picture_sha256: str
    occupied: bool
    at: datetime
    created_at: datetime
    polygon: Polygon
    before: SpotState
    said: SpotState | None
    confidence: float | None


@dataclass(frozen=True, slots=True)
class SpotLabel(NewLabel):
    """A kept label. Camera, spot, frame and account are None once they are gone.

    ``crop_polygon``: the polygon in 0..1 coordinates of the kept crop, which shows the spot with its surroundings.
    """

    id: int
    crop: Crop
    crop_polygon: Polygon | None
    word: Word = Word.SAID
    origin: Origin = Origin.SAID

    @property
    def state(self) -> SpotState:
        """What the person said."""
        return state_of(occupied=self.occupied)


@dataclass(frozen=True, slots=True)
class LabelCount:
    """So many labels of a camera, None once it is gone, by what people and the engine said, and by their crop."""

    camera_id: int | None
    occupied: bool
    said: SpotState | None
    crop: Crop
    count: int


@dataclass(frozen=True, slots=True)
class LotAccuracy:
    """How the engine did where people spoke: labels of each state, and how many of these it had right.

    ``unseen``: labels on which it had no opinion, in none of the other counts. People correct what is wrong more often
    than they confirm what is right, so this is less than the share of all looks that were right.
    """

    free: int
    free_right: int
    occupied: int
    occupied_right: int
    unseen: int

    @property
    def balanced(self) -> float | None:
        """Mean of the shares right of both states, 0..1; None while one of them has no label."""
        if not self.free or not self.occupied:
            return None
        return (self.free_right / self.free + self.occupied_right / self.occupied) / 2

    @property
    def count(self) -> int:
        """Labels on which the engine had an opinion."""
        return self.free + self.occupied

    @property
    def agreed(self) -> int:
        """On how many of them it was right."""
        return self.free_right + self.occupied_right

    @property
    def too_few(self) -> bool:
        """Whether a percentage of so few would be chance more than anything else."""
        return min(self.free, self.occupied) < TELLING_MIN


def state_of(*, occupied: bool) -> SpotState:
    """A label's word as a state."""
    return SpotState.OCCUPIED if occupied else SpotState.FREE


def measure(labels: Sequence[SpotLabel]) -> LotAccuracy:
    """Count how often the engine had said what people then said."""
    return measure_counts([LabelCount(each.camera_id, each.occupied, each.said, each.crop, 1) for each in labels])


def measure_counts(counts: Sequence[LabelCount]) -> LotAccuracy:
    """The same of labels that are counted already."""

    def total(*, occupied: bool, right: bool) -> int:
        said = (state_of(occupied=occupied),) if right else (SpotState.FREE, SpotState.OCCUPIED)
        return sum(each.count for each in counts if each.occupied is occupied and each.said in said)

    free, taken = total(occupied=False, right=False), total(occupied=True, right=False)
    return LotAccuracy(
        free=free,
        free_right=total(occupied=False, right=True),
        occupied=taken,
        occupied_right=total(occupied=True, right=True),
        unseen=sum(each.count for each in counts) - free - taken,
    )


def together(labels: Sequence[SpotLabel]) -> list[int]:
    """A group number for each label: what shares one was seen so much alike that it must not be held back in part.

    A car stands for hours and a shadow comes back the same day, so days are kept apart, or hours, or at least pictures:
    the longest of these of which there are enough.
    """
    keys: list[object] = []
    for key in _TOGETHER:
        keys = [key(label) for label in labels]
        if len(set(keys)) >= GROUPS_MIN:
            break
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    return [numbers[key] for key in keys]


def _day(label: SpotLabel) -> object:
    return label.at.astimezone(UTC).date()


def _hour(label: SpotLabel) -> object:
    return label.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _picture(label: SpotLabel) -> object:
    return label.camera_id, label.picture_sha256 or label.at


_TOGETHER: Final[tuple[Callable[[SpotLabel], object], ...]] = (_day, _hour, _picture)
