"""Labelled crops as they are taken out: a table, a folder for each class, and a page that explains them."""

import csv
import io
from collections.abc import Sequence
from typing import Final

from parkhub.domain.corrections import SpotLabel, Word

EXPORT_MAX: Final = 20_000
"""More are not put into one file: the newest are."""

COLUMNS: Final = ("file", "state", "spot", "camera", "taken_at", "engine_said", "engine_confidence", "polygon")

_README: Final = """# Labelled crops of {name}

{free} free and {occupied} occupied places, each cut out of a camera's picture with its surroundings, as people said
they are. Crops that nobody has looked at, and those that people found of no use, are not in here.

- `free/` and `occupied/`: one PNG for each label, by its number.
- `labels.csv`: one line for each (UTF-8, with a head), in this order:
  - `file`: the crop, from this folder on.
  - `state`: `free` or `occupied`, what a person said.
  - `spot`: the name of the place; `camera`: the camera's id, empty when it is gone.
  - `taken_at`: when the picture was taken (ISO 8601, UTC). Crops of one camera and one time are of one picture: keep
    them together when you split the set, or what is tested was seen in training.
  - `engine_said`, `engine_confidence`: what the engine had said of that picture (`free`, `occupied`, `unknown`) and how
    sure it was, 0 to 1; empty when it had not looked.
  - `polygon`: the place's outline in the crop, `x y` pairs in 0 to 1 of its width and height, parted by semicolons.

ParkHub's own training reads the unpacked folder: `python -m tasks.training.spots --labelled FOLDER ...`.

The crops show vehicles as cameras saw them from afar. They are personal data where somebody can tell whose these are:
keep them no longer than you need them. ParkHub itself deletes labels after {keep_days} days.
"""


def file_of(label: SpotLabel) -> str:
    """Where a label's crop lies in the set."""
    return f"{label.state.value}/{label.id}.png"


def table(labels: Sequence[SpotLabel], cameras: dict[int, str]) -> str:
    """``labels.csv``; ``cameras``: the ids that nodes know cameras by, by row."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for label in labels:
        polygon = ";".join(f"{x:.5f} {y:.5f}" for x, y in label.crop_polygon or ())
        rows.writerow(
            [
                file_of(label),
                label.state.value,
                _plain(label.name),
                cameras.get(label.camera_id or 0, ""),
                label.at.isoformat(),
                label.said.value if label.said else "",
                "" if label.confidence is None else f"{label.confidence:.4f}",
                polygon,
            ]
        )
    return out.getvalue()


def _plain(text: str) -> str:
    """Nothing that a spreadsheet would take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def readme(name: str, labels: Sequence[SpotLabel], keep_days: int) -> str:
    """The page that explains the set."""
    occupied = sum(label.occupied for label in labels)
    return _README.format(name=name, free=len(labels) - occupied, occupied=occupied, keep_days=keep_days)


def taken_out(labels: Sequence[SpotLabel]) -> list[SpotLabel]:
    """Those that belong into a set: said by a person, with a crop."""
    return [label for label in labels if label.word is Word.SAID and label.crop_polygon is not None]
