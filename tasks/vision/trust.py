"""Whether a picture can be trusted: frozen, dark, blown out, blocked, blurred, or taken by a camera that has moved."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parkhub.domain.spots import SpotShape
from parkhub.domain.trust import Shift, Trouble
from tasks.vision.engine import Look, SpotEngine
from tasks.vision.picture import Picture

Cells = NDArray[np.bool_]
"""Rows x columns over the whole picture."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What one picture looks like beside those before it.

    ``shift``: how the view moved since the reference, to be handed to `parkhub.domain.trust.realign`; None: it did not.
    ``memory``: wanted again with this camera's next picture; belongs to the spots as they are marked now, so whoever
    marks them anew deletes it. ``blind``: cells where something hides the view, None when there are none.
    """

    trouble: Trouble | None
    shift: Shift | None
    memory: bytes
    blind: Cells | None = None


def inspect(picture: Picture, memory: bytes | None) -> Inspection:
    """Compare one camera's picture with what ``memory`` holds of its former ones; a spoiled memory counts as none.

    Pictures of one camera come in the order of their times and may differ in size. FROZEN is said of every picture that
    shows the same as the one before; `parkhub.domain.trust.watch` decides when that is a trouble.
    """
    return Inspection(None, None, memory or b"")


def look_with_trust(
    engine: SpotEngine,
    picture: Picture,
    spots: Sequence[SpotShape],
    memory: bytes | None,
    inspection: Inspection,
) -> Look:
    """The engine's look at the spots where they lie in this picture; those that something hides are UNKNOWN.

    In a picture of any trouble but FROZEN all are UNKNOWN, without the engine's looking and without a new memory.
    """
    return engine.look(picture, spots, memory)
