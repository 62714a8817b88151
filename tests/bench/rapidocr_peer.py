"""RapidOCR as it comes out of the box over a whole picture: the peer that plate reading is measured against."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from parkhub.domain.plates import normalise
from tasks.vision.picture import Picture, decode

Row = dict[str, Any]


def open_peer() -> Callable[[Picture], list[Row]]:
    """Its own settings on one thread; its plates are its lines of 4 to 9 letters and digits with a digit among them."""
    from rapidocr import RapidOCR

    engine = RapidOCR(
        params={
            "Global.log_level": "error",
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )

    def read(picture: Picture) -> list[Row]:
        answer = engine(picture)
        found = [part if part is not None else () for part in (answer.boxes, answer.txts, answer.scores)]
        rows = []
        for box, text, chance in zip(*found, strict=True):
            plain = normalise(text)
            if 4 <= len(plain) <= 9 and any(c.isdigit() for c in plain):
                left, top = np.min(box, axis=0)
                right, bottom = np.max(box, axis=0)
                here = [float(left), float(top), float(right - left), float(bottom - top)]
                rows.append({"text": plain, "confidence": float(chance), "box": here})
        return rows

    return read


def answers(read: Callable[[Picture], list[Row]], paths: Iterable[Path]) -> list[Row]:
    """One line per picture in the form of `parkhub plates`."""
    lines = []
    for path in paths:
        start = time.perf_counter()
        plates = read(decode(path.read_bytes()))
        lines.append({"image": str(path), "plates": plates, "ms": (time.perf_counter() - start) * 1000})
    return lines
