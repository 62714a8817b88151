"""Where files lie that were fetched: each under its hash, and last the document that names them.

A power cut at any moment leaves the old document with its files or the new one with its own.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from camera_node.durable import write_durably
from camera_node.edge.engines import Engines, File, read_engines
from camera_node.edge.error import EdgeError

DOCUMENT = "engines.json"


class Shelf:
    """A folder of one camera."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> tuple[Engines, dict[str, bytes]] | None:
        """Return the last good document and its files by name; None when nothing was kept. Raises EdgeError."""
        try:
            engines = read_engines((self._folder / DOCUMENT).read_bytes())
            files = {file.name: check(file, self._place(file).read_bytes()) for file in engines.files}
        except FileNotFoundError:
            return None
        except OSError as error:
            raise EdgeError(f"What this node recognises with cannot be read ({error}). It is fetched anew.") from None
        return engines, files

    def find(self, file: File) -> bytes | None:
        """Return a file that is here already, whole."""
        try:
            return check(file, self._place(file).read_bytes())
        except (OSError, EdgeError):
            return None

    def keep(self, document: bytes, engines: Engines, files: Mapping[str, bytes]) -> None:
        """Keep a document with its files; they are on disk when this returns. Raises OSError."""
        for file in engines.files:
            if self.find(file) is None:
                write_durably(self._place(file), files[file.name])
        write_durably(self._folder / DOCUMENT, document)
        held = {DOCUMENT, *(file.sha256 for file in engines.files)}
        for each in self._folder.iterdir():
            if each.name not in held:
                each.unlink(missing_ok=True)

    def _place(self, file: File) -> Path:
        return self._folder / file.sha256


def check(file: File, data: bytes) -> bytes:
    """Return ``data`` if it is that file. Raises EdgeError."""
    if len(data) != file.bytes or hashlib.sha256(data).hexdigest() != file.sha256:
        raise EdgeError(f"{file.name} is not the file that the server named (another SHA-256); it is not used.")
    return data
