"""The models at hand: those shipped, and those an operator added to the data folder, each with its card."""

import hashlib
import json
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from parkhub.errors import EngineError, InvalidInputError, NotFoundError
from tasks.vision.trial import SHIPPED, Trial, try_any, try_detector

VEHICLES: Final = "vehicles"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Item:
    """One model file and what its card says."""

    path: Path
    shipped: bool
    card: dict[str, Any]

    @property
    def name(self) -> str:
        """What --model calls it."""
        return self.path.stem

    @property
    def task(self) -> str:
        """What it is for: spots, plates or vehicles."""
        return self.name.split("_")[0] if self.shipped else VEHICLES


def items(added: Path) -> list[Item]:
    """All models, the shipped ones first; a file without a readable card has an empty one."""
    return [
        Item(path, folder == SHIPPED, _card(path))
        for folder in (SHIPPED, added)
        for path in sorted(folder.glob("*.onnx"))
    ]


def try_out(item: Item) -> Trial:
    """Let it look once. Raises EngineError."""
    return try_detector(item.path) if item.task == VEHICLES else try_any(item.path)


def verify(item: Item) -> Trial:
    """Hold the file against its card and let it look once. Raises EngineError with what is wrong."""
    if not item.card.get("sha256"):
        raise EngineError(f"{item.path.name} has no card that says its SHA-256.")
    if item.card["sha256"] != sha256(item.path):
        raise EngineError(f"{item.path.name} is not the file its card describes: the SHA-256 differs.")
    return try_out(item)


def add(file: Path, name: str, added: Path) -> Item:
    """Take a detector in under a name: tried out first, then its file and its card appear, each whole.

    The same file again is no error. Raises InvalidInputError for a name that cannot be or is another model's, and
    EngineError for a file that is no detector that can be read.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInputError(f"{name!r} cannot be a model's name: letters, digits, dots, dashes, up to 64.")
    if any(item.shipped and item.name == name for item in items(added)):
        raise InvalidInputError(f"A shipped model is named {name}; give --name.")
    if not file.is_file():
        raise InvalidInputError(f"{file} cannot be read: there is no such file.")
    added.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".adding-", dir=added) as scratch:
        copy = Path(scratch) / f"{name}.onnx"
        try:
            shutil.copyfile(file, copy)
        except OSError as error:
            raise InvalidInputError(f"{file} cannot be read: {error.strerror}.") from None
        digest, kept = sha256(copy), added / copy.name
        if kept.exists() and _card(kept) and sha256(kept) != digest:
            raise InvalidInputError(f"Another model is named {name}; remove it first, or give --name.")
        trial = _try_alone(copy)
        card = {
            "file": kept.name,
            "sha256": digest,
            "file_bytes": copy.stat().st_size,
            "task": VEHICLES,
            "family": trial.family,
            "input": trial.input,
            "kinds": list(trial.kinds),
            "licence": trial.licence,
            "source": file.name,
        }
        written = Path(scratch) / f"{name}.json"
        written.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n")
        copy.replace(kept)
        written.replace(kept.with_suffix(".json"))
    return Item(kept, shipped=False, card=card)


def _try_alone(copy: Path) -> Trial:
    try:
        return try_detector(copy)
    except EngineError as error:
        if "External data path" not in str(error):  # ONNX Runtime's words for it; it refuses any way out of the folder
            raise
        raise EngineError(f"{copy.name} keeps its weights in other files; save it again as one file.") from error


def remove(name: str, added: Path) -> Item:
    """Take an added model off the shelf. Raises NotFoundError, InvalidInputError for a shipped one."""
    for item in items(added):
        if item.name == name:
            if item.shipped:
                raise InvalidInputError(f"{name} is shipped with ParkHub and stays.")
            item.path.with_suffix(".json").unlink(missing_ok=True)
            item.path.unlink()
            return item
    raise NotFoundError(f"There is no added model named {name}.")


def sha256(path: Path) -> str:
    """Of the file's content, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _card(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.with_suffix(".json").read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
