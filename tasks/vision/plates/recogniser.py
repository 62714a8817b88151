"""What a strip says, by a recogniser that learnt plates (`tasks/training/plate_reader.py`).

The network answers, for every eighth column of a strip, how likely each character and "none" (blank) is (CTC, Graves
et al., 2006). A run of columns with one best character is one character; its alternatives are kept. States, slogans,
stickers and crests are nothing to it, and so is what is no plate.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.plate_looks import HEIGHT_PX, WIDTH_PX
from parkhub.domain.plates import Letter, Reading
from parkhub.errors import EngineError
from tasks.vision.model import PROVIDERS, open_session
from tasks.vision.picture import Picture

MODEL: Final = Path(__file__).parents[1] / "models" / "plates_read.onnx"
BLANK: Final = 0
ALTERNATIVES_MAX: Final = 4
ALTERNATIVE_MIN: Final = 0.005


class Recogniser:
    """The recogniser, opened once; thread-safe. Its characters are written in the file."""

    def __init__(self, model: Path = MODEL, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> None:
        self._session = open_session(model, threads, providers)
        self._input = self._session.get_inputs()[0].name
        self.characters = ["", *self._session.get_modelmeta().custom_metadata_map.get("characters", "")]
        classes = self._session.get_outputs()[0].shape[-1]
        if classes != len(self.characters):
            raise EngineError(f"{model.name} has {classes} classes but names {len(self.characters)} characters.")

    def read(self, strips: Sequence[Picture]) -> list[Reading]:
        """One reading per strip; strips of another size are brought to the network's. Raises EngineError."""
        return [decode(rows, self.characters) for rows in self.chances(strips)]

    def chances(self, strips: Sequence[Picture]) -> NDArray[np.float32]:
        """Strips x columns x characters, 0..1."""
        if not strips:
            return np.zeros((0, 0, len(self.characters)), np.float32)
        try:
            (answer,) = self._session.run(None, {self._input: np.stack([_sized(strip) for strip in strips])})
        except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
            raise EngineError(f"The plate recogniser failed: {str(error)[:200]}") from error
        return np.asarray(answer, np.float32)


def _sized(strip: Picture) -> Picture:
    if strip.shape[:2] == (HEIGHT_PX, WIDTH_PX):
        return strip
    return np.asarray(cv2.resize(strip, (WIDTH_PX, HEIGHT_PX), interpolation=cv2.INTER_LINEAR), np.uint8)


def decode(rows: NDArray[np.float32], characters: Sequence[str]) -> Reading:
    """Columns x characters to a reading; each letter is judged at its surest column."""
    best = rows.argmax(axis=1)
    letters: list[Letter] = []
    column = 0
    while column < len(best):
        end = column
        while end < len(best) and best[end] == best[column]:
            end += 1
        if best[column] != BLANK:
            peak = column + int(rows[column:end, best[column]].argmax())
            letters.append(_letter(rows[peak], characters))
        column = end
    return Reading(tuple(letters))


def _letter(row: NDArray[np.float32], characters: Sequence[str]) -> Letter:
    order = np.argsort(-row)[: ALTERNATIVES_MAX + 1]
    likely = [(characters[i], float(row[i])) for i in order if i != BLANK and row[i] >= ALTERNATIVE_MIN]
    return tuple(likely[:ALTERNATIVES_MAX])
