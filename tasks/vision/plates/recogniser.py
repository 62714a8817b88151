"""What a strip of picture says, by PP-OCR's recogniser cut down to the characters that plates have.

The network answers, for every eighth column of a strip 48 pixels high, how likely each character and "none" (blank) is
(CTC, Graves et al., 2006). A run of columns with one best character is one character; its alternatives are kept.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from parkhub.domain.plates import Letter, Reading
from parkhub.errors import EngineError
from tasks.vision.model import PROVIDERS, open_session
from tasks.vision.picture import Picture

MODEL: Final = Path(__file__).parents[1] / "models" / "plates_read.onnx"
HEIGHT_PX: Final = 48
WIDTH_MIN_PX: Final = 64
WIDTH_MAX_PX: Final = 480
WIDTH_STEP_PX: Final = 32  # few different shapes, so that memory stays flat
BLANK: Final = 0
ALTERNATIVES_MAX: Final = 4
ALTERNATIVE_MIN: Final = 0.005


class Recogniser:
    """The recogniser, opened once; thread-safe. Its characters are written in the file."""

    def __init__(self, model: Path = MODEL, threads: int = 1, providers: Sequence[str] = PROVIDERS) -> None:
        self._session = open_session(model, threads, providers)
        self._input = self._session.get_inputs()[0].name
        written = self._session.get_modelmeta().custom_metadata_map.get("character", "")
        self.characters = ["", *written.splitlines(), " "]
        classes = self._session.get_outputs()[0].shape[-1]
        if classes != len(self.characters):
            raise EngineError(f"{model.name} has {classes} classes but names {len(self.characters)} characters.")

    def read(self, strips: Sequence[Picture]) -> list[Reading]:
        """One reading per strip: a line of text upright, cut close, of any size. Raises EngineError."""
        return [decode(rows, self.characters) for rows in self.chances(strips)]

    def chances(self, strips: Sequence[Picture]) -> NDArray[np.float32]:
        """Strips x columns x characters, 0..1."""
        if not strips:
            return np.zeros((0, 0, len(self.characters)), np.float32)
        widths = [strip_width(strip) for strip in strips]
        padded = -(-max(widths) // WIDTH_STEP_PX) * WIDTH_STEP_PX
        blob = np.zeros((len(strips), 3, HEIGHT_PX, padded), np.float32)
        for number, (strip, width) in enumerate(zip(strips, widths, strict=True)):
            sized = cv2.resize(strip, (width, HEIGHT_PX), interpolation=cv2.INTER_LINEAR)
            blob[number, :, :, :width] = sized.transpose(2, 0, 1) * np.float32(1 / 127.5) - np.float32(1)
        try:
            (answer,) = self._session.run(None, {self._input: blob})
        except Exception as error:  # the edge to ONNX Runtime, whose errors share no base class
            raise EngineError(f"The plate recogniser failed: {str(error)[:200]}") from error
        return np.asarray(answer, np.float32)


def strip_width(strip: Picture) -> int:
    """Width of a strip brought to the network's height."""
    return int(np.clip(np.ceil(HEIGHT_PX * strip.shape[1] / strip.shape[0]), WIDTH_MIN_PX, WIDTH_MAX_PX))


def decode(rows: NDArray[np.float32], characters: Sequence[str]) -> Reading:
    """Columns x characters to a reading; each letter is judged at its surest column."""
    best = rows.argmax(axis=1)
    letters: list[Letter] = []
    column = 0
    while column < len(best):
        end = column
        while end < len(best) and best[end] == best[column]:
            end += 1
        if best[column] != BLANK and characters[best[column]].strip():
            peak = column + int(rows[column:end, best[column]].argmax())
            letters.append(_letter(rows[peak], characters))
        column = end
    return Reading(tuple(letters))


def _letter(row: NDArray[np.float32], characters: Sequence[str]) -> Letter:
    order = np.argsort(-row)[: ALTERNATIVES_MAX + 1]
    return tuple(
        (characters[i], float(row[i]))
        for i in order
        if i != BLANK and characters[i].strip() and row[i] >= ALTERNATIVE_MIN
    )[:ALTERNATIVES_MAX]
